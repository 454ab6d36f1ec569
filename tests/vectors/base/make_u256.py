"""Writes u256.txt with Python's integers.

    python3 make_u256.py > u256.txt

Pairs at the edges and at random widths; a result that does not exist in 256 bits is "-".
"""
import random

LIMIT = 1 << 256


def shown(value):
    return str(value) if 0 <= value < LIMIT else "-"


rng = random.Random(256)
edges = [0, 1, 2, 255, 256, 10**18, (1 << 32) - 1, 1 << 32, (1 << 64) - 1, 1 << 64, (1 << 128) - 1, 1 << 128,
         LIMIT // 2, LIMIT - 2, LIMIT - 1]
pairs = [(a, b) for a in edges for b in edges]
pairs += [(rng.getrandbits(rng.randrange(1, 257)), rng.getrandbits(rng.randrange(1, 257))) for _ in range(150)]

print("# a, b, a + b, a - b, a * b, a / (b mod 2^64), a in hex; '-' where there is none; by make_u256.py")
for a, b in pairs:
    small = b % (1 << 64)
    print(a, b, shown(a + b), shown(a - b), shown(a * b), a // small if small else "-", f"{a:064x}")
