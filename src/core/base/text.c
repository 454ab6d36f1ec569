#include "core/base/text.h"

#include "core/base/secret.h"

#include <string.h>

/* Written in runs, as the writer's bounds cost more than the digits. */
enum { RUN = 64 };

static uint8_t hex_character(unsigned nibble)
{
    /* '0'..'9', then a jump to 'a' when nibble > 9, without a look-up that a cache could tell of */
    return (uint8_t)('0' + nibble + (((9 - nibble) >> 8) & ('a' - '0' - 10)));
}

void text_put_hex(struct writer *out, struct bytes bytes)
{
    uint8_t run[RUN];
    for (size_t done = 0, some; done < bytes.len; done += some) {
        some = bytes.len - done < RUN / 2 ? bytes.len - done : RUN / 2;
        for (size_t i = 0; i < some; i++) {
            run[2 * i] = hex_character((unsigned)bytes.data[done + i] >> 4);
            run[2 * i + 1] = hex_character(bytes.data[done + i] & 15);
        }
        writer_put(out, (struct bytes){ run, 2 * some });
    }
}

/* `value` when `truth` is 1, 0 when it is 0. */
static unsigned when(unsigned truth, unsigned value)
{
    __asm__("" : "+r"(truth)); /* hides that it is 0 or 1, of which clang would make a branch */
    return (0u - truth) & value;
}

enum { BAD_BIT = 31 };

/* 0..15, without branches or look-ups that depend on the character. Another sets the BAD_BIT of *bad: a difference that
 * is below zero has it. */
static unsigned hex_digit(unsigned c, unsigned *bad)
{
    const unsigned letter = c | 32;
    const unsigned no_digit = (c - '0') | ('9' - c), no_letter = (letter - 'a') | ('f' - letter);
    *bad |= no_digit & no_letter;
    return (c & 15) + 9 * (c >> 6); /* letters have bit 6, and 'a' and 'A' end in 1 */
}

bool text_read_hex(struct bytes hex, uint8_t *out)
{
    unsigned bad = 0;
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        const unsigned high = hex_digit(hex.data[i], &bad), low = hex_digit(hex.data[i + 1], &bad);
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    bad = bad >> BAD_BIT | hex.len % 2;
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
