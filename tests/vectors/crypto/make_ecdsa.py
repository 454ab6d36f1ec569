"""Writes ecdsa.txt with eth-keys (pure Python, no libsecp256k1): private key, digest, r || s || y parity, address.

    python3 make_ecdsa.py > ecdsa.txt
"""
import random
from eth_keys import keys
from eth_keys.backends import NativeECCBackend

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
rng = random.Random("ensign ecdsa")
edges = [1, 2, 3, N - 1, N - 2, N // 2, N // 2 + 1, 2**255, 1 << 128]
digests = [0, 1, N - 1, N, N + 1, 2**256 - 1]
cases = [(k, d) for k in edges for d in digests] + [(rng.randrange(1, N), rng.getrandbits(256)) for _ in range(200)]
print("# private key, digest, r s y-parity, address (EIP-55); by make_ecdsa.py")
for k, d in cases:
    key = keys.PrivateKey(k.to_bytes(32, "big"), NativeECCBackend())
    sig = key.sign_msg_hash(d.to_bytes(32, "big"))
    print(f"{k:064x} {d:064x} {sig.r:064x}{sig.s:064x}{sig.v:02x} {key.public_key.to_checksum_address()}")
