/* u256: unsigned integers of 256 bits, big endian, as Ethereum has them. All arithmetic is checked. */
#ifndef CORE_BASE_U256_H
#define CORE_BASE_U256_H

#include "core/base/bytes.h"

struct u256 {
    uint8_t bytes[32];
};

enum { U256_DECIMAL_MAX = 78 }; /* digits of 2^256 - 1 */

/* A decimal with its NUL, for messages: u256_text(&value).text */
struct u256_text {
    char text[U256_DECIMAL_MAX + 1];
};

struct u256 u256_of(uint64_t value) MUST_USE;
extern const struct u256 U256_MAX;

bool u256_is_zero(const struct u256 *a) MUST_USE;
int u256_compare(const struct u256 *a, const struct u256 *b) MUST_USE; /* <0, 0, >0 */
bool u256_fits_u64(const struct u256 *a, uint64_t *value) MUST_USE;    /* false: larger; *value untouched */

/* False on overflow (of sub: below zero; of div: by zero), the result untouched. */
bool u256_add(const struct u256 *a, const struct u256 *b, struct u256 *sum) MUST_USE;
bool u256_sub(const struct u256 *a, const struct u256 *b, struct u256 *difference) MUST_USE;
bool u256_mul(const struct u256 *a, const struct u256 *b, struct u256 *product) MUST_USE;
bool u256_div_u64(const struct u256 *a, uint64_t b, struct u256 *quotient) MUST_USE;

/* One or more digits, nothing else; leading zeros are allowed (callers that want the canonical form compare). */
bool u256_read_decimal(struct bytes digits, struct u256 *value) MUST_USE;
/* One or more hex digits without 0x, either case, leading zeros allowed; false when over 256 bits. */
bool u256_read_hex(struct bytes digits, struct u256 *value) MUST_USE;
bool u256_read_bytes(struct bytes big_endian, struct u256 *value) MUST_USE; /* 0 to 32 bytes */

struct bytes u256_minimal(const struct u256 *a) MUST_USE; /* the view without leading zeros; zero is empty */
struct u256_text u256_text(const struct u256 *a) MUST_USE;
void u256_put_decimal(struct writer *out, const struct u256 *a);

#endif
