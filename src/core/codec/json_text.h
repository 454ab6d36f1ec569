/* json_text: the few steps over JSON text that reading and looking up share. Not for use outside json*.c. */
#ifndef CORE_CODEC_JSON_TEXT_H
#define CORE_CODEC_JSON_TEXT_H

#include "core/codec/utf8.h"

static inline bool json_is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next piece of a checked string's inside, with its escape resolved: one escaped character in `utf8`, or a view of
 * all that stands before the next escape. Empty at the end. */
struct bytes json_next_piece(struct bytes *inside, uint8_t utf8[static UTF8_MAX]) MUST_USE;

/* Whether two checked strings' insides are the same characters, however either is escaped. */
bool json_same_string(struct bytes a, struct bytes b) MUST_USE;

/* The value of a hex digit; 16 when it is none. */
unsigned json_hex_digit(uint8_t c) MUST_USE;

#endif
