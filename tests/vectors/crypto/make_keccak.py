"""Writes keccak256.txt with pycryptodome's Keccak: length, digest. Byte i of a message of length n is (7 * i + n) mod 256.

    python3 make_keccak.py > keccak256.txt
"""
from Crypto.Hash import keccak

print("# length, Keccak-256 of the bytes (7 * i + length) mod 256; by make_keccak.py")
for n in [*range(0, 280), 407, 408, 409, 1000, 4095, 4096, 65536]:
    message = bytes((7 * i + n) % 256 for i in range(n))
    print(n, keccak.new(digest_bits=256, data=message).hexdigest())
