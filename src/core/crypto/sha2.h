/* sha2: SHA-256 and SHA-384 (FIPS 180-4), by libcrypto. */
#ifndef CORE_CRYPTO_SHA2_H
#define CORE_CRYPTO_SHA2_H

#include "core/base/bytes.h"
#include "core/crypto/keccak.h" /* struct hash32 */

struct hash48 {
    uint8_t bytes[48];
};

struct hash32 sha256(struct bytes bytes) MUST_USE;
struct hash48 sha384(struct bytes bytes) MUST_USE;

/* In pieces. The state is libcrypto's, held by value: opaque, copyable, nothing to free. */
struct sha256_state {
    _Alignas(16) uint8_t opaque[128];
};
struct sha256_state sha256_start(void) MUST_USE;
void sha256_add(struct sha256_state *state, struct bytes bytes);
struct hash32 sha256_end(struct sha256_state *state) MUST_USE;

#endif
