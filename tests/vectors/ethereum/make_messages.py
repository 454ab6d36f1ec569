"""Writes messages.txt with eth-account: length, EIP-191 digest. Byte i of a message of length n is (7 * i + n) mod 256.

    python3 make_messages.py > messages.txt
"""
from eth_account.messages import _hash_eip191_message, encode_defunct

print("# length, EIP-191 digest of the bytes (7 * i + length) mod 256; by make_messages.py")
for n in [*range(0, 34), 65, 99, 100, 101, 135, 136, 137, 999, 1000, 9999, 10000, 65535]:
    message = bytes((7 * i + n) % 256 for i in range(n))
    print(n, _hash_eip191_message(encode_defunct(primitive=message)).hex())
