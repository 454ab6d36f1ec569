/* text: hex and base64 (RFC 4648), and small questions about ASCII.
 *
 * Keys and credentials pass through the decoders, so their running time depends on lengths alone.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include "core/base/bytes.h"

void text_put_hex(struct writer *out, struct bytes bytes);    /* lower case, no 0x */
void text_put_base64(struct writer *out, struct bytes bytes); /* standard alphabet, padded, one line */
void text_put_uint(struct writer *out, uint64_t value);       /* decimal */

/* Exactly 2 * len digits, either case, no 0x; `out` holds hex.len / 2 bytes. False: odd length or another character;
 * `out` is then zeroes. */
bool text_read_hex(struct bytes hex, uint8_t *out) MUST_USE;

/* Strict: standard alphabet, padded, canonical (unused bits zero), no white space. `cap` of at least 3/4 of the
 * length is always enough. False: malformed or does not fit; whatever was written to `out` is then zeroes, and *len
 * untouched. */
bool text_read_base64(struct bytes base64, uint8_t *out, size_t cap, size_t *len) MUST_USE;

bool text_read_uint(struct bytes decimal, uint64_t *value) MUST_USE; /* 1 to 20 digits, no sign, no leading zero */

struct bytes text_trim(struct bytes text) MUST_USE; /* without ASCII white space at both ends, as Python's strip */
bool text_equal_nocase(struct bytes a, struct bytes b) MUST_USE; /* ASCII */
bool text_starts_with(struct bytes text, struct bytes prefix) MUST_USE;
bool text_starts_with_nocase(struct bytes text, struct bytes prefix) MUST_USE;
bool text_is_printable(struct bytes text) MUST_USE; /* 0x20..0x7e only */
void text_make_printable(char *text);               /* NUL-terminated; every other byte becomes '?' */

#endif
