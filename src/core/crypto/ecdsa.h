/* ecdsa: recoverable signatures on secp256k1 (SEC 1, RFC 6979 nonces, s in the lower half as EIP-2 asks), by
 * libsecp256k1. The context is made once at the start and blinded with random bytes; afterwards it is only read, so
 * any number of threads may use it.
 */
#ifndef CORE_CRYPTO_ECDSA_H
#define CORE_CRYPTO_ECDSA_H

#include "core/base/secret.h"
#include "core/crypto/keccak.h"

struct address {
    uint8_t bytes[20];
};

struct signature {
    uint8_t r[32], s[32]; /* big endian */
    uint8_t y_parity;     /* 0 or 1 */
};

/* Makes and blinds the context. Call once before any other function here, from one thread. */
void ecdsa_start(const uint8_t seed[static 32]);
bool ecdsa_is_started(void) MUST_USE;

/* The key's uncompressed public key without its 0x04, 64 bytes. False: the key is zero or not below the group order. */
bool ecdsa_public(const struct secret32 *key, uint8_t public[static 64]) MUST_USE;
/* False: as above. */
bool ecdsa_address(const struct secret32 *key, struct address *address) MUST_USE;
/* False: as above. */
bool ecdsa_sign(const struct secret32 *key, const struct hash32 *digest, struct signature *signature) MUST_USE;
/* The signature is, the parity with it, what ecdsa_sign makes. Signs and compares in constant time, and wipes what it
 * made: that it is not the same tells nothing of the right one. False also: as above. */
bool ecdsa_made(const struct secret32 *key, const struct hash32 *digest, const struct signature *signature) MUST_USE;
/* The address of the key that made it. False: no such key, or s in the upper half. */
bool ecdsa_recover(const struct signature *signature, const struct hash32 *digest, struct address *address) MUST_USE;
/* The signer's uncompressed public key without its 0x04, 64 bytes. */
bool ecdsa_recover_public(const struct signature *signature, const struct hash32 *digest,
                          uint8_t public[static 64]) MUST_USE;

/* r, s, v as 65 bytes with v 27 or 28; and back (v 0, 1, 27, 28; s must be in the lower half, r and s not zero). */
void signature_put(struct writer *out, const struct signature *signature);
bool signature_read(struct bytes bytes65, struct signature *signature) MUST_USE;

#endif
