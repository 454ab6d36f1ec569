#include "core/base/u256.h"

#include "core/base/text.h"

#include <endian.h>
#include <string.h>

/* Limbs for arithmetic: 32 bits each, least significant first, so that products fit in 64. */
enum { LIMBS = 8 };

static void to_limbs(const struct u256 *a, uint32_t limbs[static LIMBS])
{
    for (size_t i = 0; i < LIMBS; i++) {
        uint32_t limb;
        memcpy(&limb, a->bytes + 28 - 4 * i, sizeof limb);
        limbs[i] = be32toh(limb);
    }
}

static struct u256 of_limbs(const uint32_t limbs[static LIMBS])
{
    struct u256 a;
    for (size_t i = 0; i < LIMBS; i++) {
        const uint32_t limb = htobe32(limbs[i]);
        memcpy(a.bytes + 28 - 4 * i, &limb, sizeof limb);
    }
    return a;
}

const struct u256 U256_MAX = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 } };

struct u256 u256_of(uint64_t value)
{
    const uint64_t words[] = { 0, 0, 0, htobe64(value) };
    struct u256 a;
    memcpy(a.bytes, words, sizeof a.bytes);
    return a;
}

bool u256_is_zero(const struct u256 *a)
{
    return u256_minimal(a).len == 0;
}

int u256_compare(const struct u256 *a, const struct u256 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static uint64_t word_at(const struct u256 *a, size_t at)
{
    uint64_t word;
    memcpy(&word, a->bytes + at, sizeof word);
    return be64toh(word);
}

bool u256_fits_u64(const struct u256 *a, uint64_t *value)
{
    if ((word_at(a, 0) | word_at(a, 8) | word_at(a, 16)) != 0)
        return false;
    *value = word_at(a, 24);
    return true;
}

bool u256_add(const struct u256 *a, const struct u256 *b, struct u256 *sum)
{
    uint32_t x[LIMBS], y[LIMBS];
    uint64_t carry = 0;
    to_limbs(a, x);
    to_limbs(b, y);
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)x[i] + y[i];
        x[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        return false;
    *sum = of_limbs(x);
    return true;
}

bool u256_sub(const struct u256 *a, const struct u256 *b, struct u256 *difference)
{
    uint32_t x[LIMBS], y[LIMBS];
    uint64_t borrow = 0;
    to_limbs(a, x);
    to_limbs(b, y);
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t left = (uint64_t)x[i] - y[i] - borrow;
        x[i] = (uint32_t)left;
        borrow = left >> 63;
    }
    if (borrow != 0)
        return false;
    *difference = of_limbs(x);
    return true;
}

bool u256_mul(const struct u256 *a, const struct u256 *b, struct u256 *product)
{
    uint32_t x[LIMBS], y[LIMBS], wide[2 * LIMBS] = { 0 };
    to_limbs(a, x);
    to_limbs(b, y);
    for (size_t i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < LIMBS; j++) {
            carry += (uint64_t)x[i] * y[j] + wide[i + j];
            wide[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        wide[i + LIMBS] = (uint32_t)carry;
    }
    for (size_t i = LIMBS; i < sizeof wide / sizeof *wide; i++)
        if (wide[i] != 0)
            return false;
    *product = of_limbs(wide);
    return true;
}

bool u256_div_u64(const struct u256 *a, uint64_t b, struct u256 *quotient)
{
    if (b == 0)
        return false;
    struct u256 result = { { 0 } };
    __extension__ unsigned __int128 rest = 0;
    for (size_t i = 0; i < sizeof a->bytes; i++) {
        rest = rest << 8 | a->bytes[i];
        result.bytes[i] = (uint8_t)(rest / b);
        rest %= b;
    }
    *quotient = result;
    return true;
}

/* value * base + digit, false when it would not fit */
static bool push(uint32_t limbs[static LIMBS], uint32_t base, uint32_t digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)limbs[i] * base;
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

static bool read_digits(struct bytes digits, uint32_t base, struct u256 *value)
{
    uint32_t limbs[LIMBS] = { 0 };
    uint32_t some = 0, scale = 1; /* the last few digits, to be pushed at once */
    if (digits.len == 0)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.data[i];
        uint32_t digit = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10)
                                                              : base;
        if (digit >= base)
            return false;
        if (scale > UINT32_MAX / base) {
            if (!push(limbs, scale, some))
                return false;
            some = 0;
            scale = 1;
        }
        some = some * base + digit;
        scale *= base;
    }
    if (!push(limbs, scale, some))
        return false;
    *value = of_limbs(limbs);
    return true;
}

bool u256_read_decimal(struct bytes digits, struct u256 *value)
{
    return read_digits(digits, 10, value);
}

bool u256_read_hex(struct bytes digits, struct u256 *value)
{
    return read_digits(digits, 16, value);
}

bool u256_read_bytes(struct bytes big_endian, struct u256 *value)
{
    if (big_endian.len > sizeof value->bytes)
        return false;
    *value = (struct u256){ { 0 } };
    if (big_endian.len > 0)
        memcpy(value->bytes + sizeof value->bytes - big_endian.len, big_endian.data, big_endian.len);
    return true;
}

struct bytes u256_minimal(const struct u256 *a)
{
    for (size_t zeros = 0; zeros < sizeof a->bytes; zeros += 8) {
        const uint64_t word = word_at(a, zeros);
        if (word != 0) {
            zeros += (size_t)__builtin_clzll(word) / 8;
            return (struct bytes){ a->bytes + zeros, sizeof a->bytes - zeros };
        }
    }
    return (struct bytes){ a->bytes + sizeof a->bytes, 0 };
}

struct u256_text u256_text(const struct u256 *a)
{
    struct u256_text text;
    uint32_t limbs[LIMBS];
    char digits[U256_DECIMAL_MAX];
    size_t at = sizeof digits;
    bool rest = true;
    to_limbs(a, limbs);
    while (rest) {
        uint64_t remainder = 0;
        rest = false;
        for (size_t i = LIMBS; i-- > 0;) {
            remainder = remainder << 32 | limbs[i];
            limbs[i] = (uint32_t)(remainder / 10);
            remainder %= 10;
            rest = rest || limbs[i] != 0;
        }
        digits[--at] = (char)('0' + remainder);
    }
    memcpy(text.text, digits + at, sizeof digits - at);
    text.text[sizeof digits - at] = '\0';
    return text;
}

void u256_put_decimal(struct writer *out, const struct u256 *a)
{
    uint64_t small;
    if (u256_fits_u64(a, &small)) {
        text_put_uint(out, small);
        return;
    }
    struct u256_text text = u256_text(a);
    writer_text(out, text.text);
}
