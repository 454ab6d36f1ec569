#include "core/base/text.h"

#include "core/base/secret.h"

#include <endian.h>
#include <string.h>

/* Written in runs, as the writer's bounds cost more than the digits. */
enum { RUN = 64 };

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* The eight digits of four bytes, the first in the highest byte. No branch and no look-up, which a cache could tell of:
 * a nibble over 9 sets bit 4 when 6 is added, and jumps from behind '9' to 'a'. */
static uint64_t hex_digits(uint32_t bytes)
{
    uint64_t nibbles = bytes;
    nibbles = (nibbles | nibbles << 16) & UINT64_C(0x0000ffff0000ffff);
    nibbles = (nibbles | nibbles << 8) & UINT64_C(0x00ff00ff00ff00ff);
    nibbles = (nibbles | nibbles << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    const uint64_t over_9 = (nibbles + EACH_BYTE(6)) >> 4 & EACH_BYTE(1);
    return nibbles + EACH_BYTE('0') + over_9 * ('a' - '9' - 1);
}

static inline void put_four(const uint8_t bytes[static 4], uint8_t digits[static 8])
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    const uint64_t eight = htobe64(hex_digits(be32toh(four)));
    memcpy(digits, &eight, sizeof eight);
}

void text_put_hex(struct writer *out, struct bytes bytes)
{
    uint8_t run[RUN], last[4] = { 0 };
    size_t done = 0, filled = 0;
    for (; bytes.len - done >= sizeof last; done += sizeof last) {
        put_four(bytes.data + done, run + filled);
        filled += 8;
        if (filled == RUN) {
            writer_put(out, BYTES_OF(run));
            filled = 0;
        }
    }
    if (bytes.len > done) {
        memcpy(last, bytes.data + done, bytes.len - done);
        put_four(last, run + filled);
        filled += 2 * (bytes.len - done);
    }
    writer_put(out, (struct bytes){ run, filled });
}

/* `value` when `truth` is 1, 0 when it is 0. */
static unsigned when(unsigned truth, unsigned value)
{
    __asm__("" : "+r"(truth)); /* hides that it is 0 or 1, of which clang would make a branch */
    return (0u - truth) & value;
}

/* The four bytes of eight digits, the first in the highest byte; no branch, no look-up. *bad gets bit 7 of each byte
 * that is no digit. Sums of 7-bit characters stay in their bytes: bit 7 tells which are at least the first, and which
 * are over the last, of '0' to '9' and of 'a' to 'f'. */
static uint32_t hex_bytes(uint64_t digits, uint64_t *bad)
{
    const uint64_t low = digits & EACH_BYTE(0x7f), letters = low | EACH_BYTE(0x20);
    const uint64_t is_digit = (low + EACH_BYTE(0x80 - '0')) & ~(low + EACH_BYTE(0x7f - '9'));
    const uint64_t is_letter = (letters + EACH_BYTE(0x80 - 'a')) & ~(letters + EACH_BYTE(0x7f - 'f'));
    *bad |= (digits | ~(is_digit | is_letter)) & EACH_BYTE(0x80);
    /* Letters have bit 6, and 'a' and 'A' end in 1. */
    uint64_t nibbles = (low & EACH_BYTE(0x0f)) + (low >> 6 & EACH_BYTE(1)) * 9;
    nibbles = (nibbles | nibbles >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    nibbles = (nibbles | nibbles >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(nibbles | nibbles >> 16);
}

static void read_eight(const uint8_t digits[static 8], uint8_t bytes[static 4], uint64_t *bad)
{
    uint64_t eight;
    memcpy(&eight, digits, sizeof eight);
    const uint32_t four = htobe32(hex_bytes(be64toh(eight), bad));
    memcpy(bytes, &four, sizeof four);
}

bool text_read_hex(struct bytes hex, uint8_t *out)
{
    uint64_t bad = hex.len % 2;
    size_t at = 0;
    for (; hex.len - at >= 8; at += 8)
        read_eight(hex.data + at, out + at / 2, &bad);
    if (hex.len - at >= 2) {
        uint8_t digits[8] = "00000000", bytes[4];
        const size_t pairs = (hex.len - at) / 2;
        memcpy(digits, hex.data + at, 2 * pairs);
        read_eight(digits, bytes, &bad);
        memcpy(out + at / 2, bytes, pairs);
        wipe(digits, sizeof digits);
        wipe(bytes, sizeof bytes);
    }
    declassify(&bad, sizeof bad); /* whether it was hex at all is told */
    if (bad != 0 && hex.len > 1)
        memset(out, 0, hex.len / 2);
    return bad == 0;
}

static uint8_t base64_character(unsigned sextet)
{
    unsigned character = sextet + 'A';
    character += ((25 - sextet) >> 8) & 6;  /* 26: 'a' is 6 past 'Z' */
    character -= ((51 - sextet) >> 8) & 75; /* 52: '0' */
    character -= ((61 - sextet) >> 8) & 15; /* 62: '+' */
    character += ((62 - sextet) >> 8) & 3;  /* 63: '/' */
    return (uint8_t)character;
}

void text_put_base64(struct writer *out, struct bytes bytes)
{
    uint8_t run[RUN];
    size_t filled = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        const size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        unsigned group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (j < have ? bytes.data[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            run[filled++] = j <= have ? base64_character(group >> (18 - 6 * j) & 63) : (uint8_t)'=';
        if (filled == RUN || have < 3 || i + 3 == bytes.len) {
            writer_put(out, (struct bytes){ run, filled });
            filled = 0;
        }
    }
}

/* 0..63, or a value with bit 8 set for another character. */
static unsigned base64_sextet(unsigned c)
{
    unsigned is_upper = c - 'A' < 26, is_lower = c - 'a' < 26, is_digit = c - '0' < 10;
    unsigned is_plus = c == '+', is_slash = c == '/';
    unsigned known = is_upper | is_lower | is_digit | is_plus | is_slash;
    return when(is_upper, c - 'A') | when(is_lower, c - 'a' + 26) | when(is_digit, c - '0' + 52) | when(is_plus, 62) |
           when(is_slash, 63) | (known ^ 1u) << 8;
}

/* 0 to 2. How many bytes there are is told; what the characters before the padding are is not. */
static size_t base64_padding(struct bytes base64)
{
    if (base64.len < 2)
        return 0;
    size_t last = base64.data[base64.len - 1] == '=', before = base64.data[base64.len - 2] == '=';
    size_t padding = last + (last & before);
    declassify(&padding, sizeof padding);
    return padding;
}

bool text_read_base64(struct bytes base64, uint8_t *out, size_t cap, size_t *len)
{
    if (base64.len % 4 != 0)
        return false;
    size_t padding = base64_padding(base64);
    size_t decoded = base64.len / 4 * 3 - padding;
    if (decoded > cap)
        return false;

    unsigned bad = 0;
    size_t at = 0;
    for (size_t i = 0; i < base64.len; i += 4) {
        unsigned group = 0;
        for (size_t j = 0; j < 4; j++) {
            bool is_padding = i + j >= base64.len - padding;
            unsigned sextet = is_padding ? 0 : base64_sextet(base64.data[i + j]);
            bad |= sextet & 0x100;
            group = group << 6 | (sextet & 63);
        }
        for (size_t j = 0; j < 3; j++) {
            uint8_t byte = (uint8_t)(group >> (16 - 8 * j));
            if (at < decoded)
                out[at++] = byte;
            else
                bad |= byte; /* RFC 4648 section 3.5: pad bits must be zero */
        }
    }
    declassify(&bad, sizeof bad);
    if (bad != 0) {
        memset(out, 0, decoded);
        return false;
    }
    *len = decoded;
    return true;
}

void text_put_uint(struct writer *out, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    writer_put(out, (struct bytes){ digits + at, sizeof digits - at });
}

bool text_read_uint(struct bytes decimal, uint64_t *value)
{
    uint64_t sum = 0;
    if (decimal.len == 0 || (decimal.len > 1 && decimal.data[0] == '0'))
        return false;
    for (size_t i = 0; i < decimal.len; i++) {
        unsigned digit = (unsigned)decimal.data[i] - '0';
        if (digit > 9 || sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); /* what Python's str.strip takes off */
}

struct bytes text_trim(struct bytes text)
{
    while (text.len > 0 && is_space(text.data[0]))
        text = (struct bytes){ text.data + 1, text.len - 1 };
    while (text.len > 0 && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool text_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool text_starts_with(struct bytes text, struct bytes prefix)
{
    return text.len >= prefix.len && bytes_equal((struct bytes){ text.data, prefix.len }, prefix);
}

bool text_starts_with_nocase(struct bytes text, struct bytes prefix)
{
    return text.len >= prefix.len && text_equal_nocase((struct bytes){ text.data, prefix.len }, prefix);
}

bool text_is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return true;
}

void text_make_printable(char *text)
{
    for (char *at = text; *at != '\0'; at++)
        if (!text_is_printable((struct bytes){ (const uint8_t *)at, 1 }))
            *at = '?';
}
