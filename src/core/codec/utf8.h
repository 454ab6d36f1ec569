/* utf8: RFC 3629, checked and built. */
#ifndef CORE_CODEC_UTF8_H
#define CORE_CODEC_UTF8_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum { UTF8_MAX = 4 }; /* bytes of one character */

/* Checks the whole text: no overlong forms, no surrogates, nothing above U+10FFFF. FAULT_INPUT in the words of Python's
 * decoder, which the RPC protocol promises: "'utf-8' codec can't decode byte 0xff in position 11: invalid start byte".
 */
bool utf8_check(struct bytes text, struct fault *why) MUST_USE;

/* Bytes of the well-formed character that text begins with: 1 to UTF8_MAX; 0 when there is none. */
size_t utf8_first(struct bytes text) MUST_USE;

/* The code point of one well-formed character (1 to UTF8_MAX bytes, as utf8_first tells). */
uint32_t utf8_code_point(struct bytes character) MUST_USE;

/* Writes a code point of at most U+10FFFF that is no surrogate; returns how many bytes. */
size_t utf8_encode(uint32_t code_point, uint8_t out[static UTF8_MAX]);

#endif
