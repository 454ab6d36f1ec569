/* keccak: Keccak-256 as Ethereum uses it: FIPS 202's permutation with the padding of the 2011 submission (0x01). */
#ifndef CORE_CRYPTO_KECCAK_H
#define CORE_CRYPTO_KECCAK_H

#include "core/base/bytes.h"

struct hash32 {
    uint8_t bytes[32];
};

bool hash32_equal(const struct hash32 *a, const struct hash32 *b) MUST_USE;

struct keccak {
    uint64_t lanes[25];
    size_t fill; /* bytes of the current block, 0..135 */
};

struct keccak keccak_start(void) MUST_USE;
void keccak_add(struct keccak *state, struct bytes bytes);
struct hash32 keccak_end(struct keccak *state) MUST_USE;

struct hash32 keccak256(struct bytes bytes) MUST_USE;

#endif
