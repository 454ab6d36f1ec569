"""Recovery of a signer by libsecp256k1 through its C interface, for thousands of answers a second. Neither this nor the
digests that it is given come from the code under test: those are made by ethereum.py."""

import ctypes
import ctypes.util

import ethereum as eth

_UNCOMPRESSED, _VERIFY = 1 << 1, 1 | 1 << 8  # SECP256K1_EC_UNCOMPRESSED, SECP256K1_CONTEXT_VERIFY
_library = ctypes.CDLL(ctypes.util.find_library("secp256k1") or "libsecp256k1.so.1")
_library.secp256k1_context_create.restype = ctypes.c_void_p
_context = ctypes.c_void_p(_library.secp256k1_context_create(_VERIFY))


def public_key(digest, r, s, parity):
    """64 bytes, x and y; None when r, s and the digest recover nobody. s must be in the lower half (EIP-2)."""
    signature, key, out, size = (ctypes.create_string_buffer(65), ctypes.create_string_buffer(64),
                                 ctypes.create_string_buffer(65), ctypes.c_size_t(65))
    if int.from_bytes(s, "big") > eth.N // 2 or \
            not _library.secp256k1_ecdsa_recoverable_signature_parse_compact(_context, signature, r + s, parity) or \
            not _library.secp256k1_ecdsa_recover(_context, key, signature, digest):
        return None
    _library.secp256k1_ec_pubkey_serialize(_context, out, ctypes.byref(size), key, _UNCOMPRESSED)
    return out.raw[1:]


def address_of(key):
    return eth.checksum(eth.keccak(key)[12:])
