/* json_text: the few steps over JSON text that reading and looking up share. Not for use outside json*.c. */
#ifndef CORE_CODEC_JSON_TEXT_H
#define CORE_CODEC_JSON_TEXT_H

#include "core/codec/utf8.h"

#include <endian.h>
#include <string.h>

static inline bool json_is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#define JSON_EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static inline uint64_t json_eight(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return le64toh(word);
}

/* Bit 7 of each of eight bytes that is a quote, a backslash or a control character: the usual zero-byte trick on words,
 * exact up to the first that it finds, the lowest. */
static inline uint64_t json_specials(uint64_t word)
{
    const uint64_t quote = word ^ JSON_EACH_BYTE('"'), backslash = word ^ JSON_EACH_BYTE('\\');
    return (((quote - JSON_EACH_BYTE(1)) & ~quote) | ((backslash - JSON_EACH_BYTE(1)) & ~backslash) |
            ((word - JSON_EACH_BYTE(0x20)) & ~word)) &
           JSON_EACH_BYTE(0x80);
}

/* From `at` on over what is none of those, by eights: to the first, or to where fewer than eight bytes are left. */
static inline size_t json_skip_plain(struct bytes text, size_t at)
{
    for (; text.len - at >= 8; at += 8) {
        const uint64_t specials = json_specials(json_eight(text.data + at));
        if (specials != 0)
            return at + (size_t)__builtin_ctzll(specials) / 8;
    }
    return at;
}

/* The next piece of a checked string's inside, with its escape resolved: one escaped character in `utf8`, or a view of
 * all that stands before the next escape. Empty at the end. */
struct bytes json_next_piece(struct bytes *inside, uint8_t utf8[static UTF8_MAX]) MUST_USE;

/* Whether two checked strings' insides are the same characters, however either is escaped. */
bool json_same_string(struct bytes a, struct bytes b) MUST_USE;

/* The value of a hex digit; 16 when it is none. */
unsigned json_hex_digit(uint8_t c) MUST_USE;

#endif
