/* json: RFC 8259, read strictly and without allocation, and written compactly.
 *
 * A value is a view into text that json_read has checked whole: one pass refuses everything malformed (bad UTF-8,
 * control characters, lone surrogates, NaN and Infinity, a byte-order mark, anything left over), duplicate keys
 * (compared after escapes are resolved), nesting over JSON_DEPTH_MAX, objects of more than JSON_MEMBERS_MAX members,
 * and more than JSON_OPEN_MEMBERS_MAX members in the objects that are open at one place. After that, looking something
 * up is a scan that cannot fail. Reading takes time linear in the text (the worst text of 1 MiB that is known, objects
 * of 256 short keys, 21 ms where a signing request takes 0.6 microseconds), and 25 KiB of stack.
 *
 * Integers are exact to 256 bits. A number with a fraction or an exponent is never an integer.
 */
#ifndef CORE_CODEC_JSON_H
#define CORE_CODEC_JSON_H

#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "core/base/u256.h"

enum {
    JSON_DEPTH_MAX = 32,
    JSON_MEMBERS_MAX = 256,       /* of one object; keeps the search for duplicates linear in the frame */
    JSON_OPEN_MEMBERS_MAX = 1024, /* of an object and those it stands in, so that the keys fit on the stack */
};

enum json_kind { JSON_NONE, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    struct bytes text; /* exactly the value, no white space around it; empty means JSON_NONE */
};

/* Checks the whole text and gives its one value, a view into it. FAULT_INPUT with what was wrong, and the place as
 * ": line L column C (char N)"; wording of Python's json module (3.7 to 3.12) where it has one. */
bool json_read(struct bytes text, struct json *value, struct fault *why) MUST_USE;

enum json_kind json_kind(struct json value) MUST_USE;
const char *json_kind_name(enum json_kind kind) MUST_USE; /* "a string", "an object", … for messages */

/* The member of that name; JSON_NONE when there is none or when `object` is no object. */
struct json json_member(struct json object, struct bytes name) MUST_USE;

/* Walks an array's items or an object's members, in order. `key` is a JSON_STRING for objects, JSON_NONE for arrays. */
struct json_cursor {
    struct bytes rest; /* begins with an item or a key; empty at the end */
    bool in_object;
};
struct json_cursor json_items(struct json array_or_object) MUST_USE; /* of anything else: no items */
bool json_next(struct json_cursor *cursor, struct json *key, struct json *value) MUST_USE;
size_t json_count(struct json array_or_object) MUST_USE;

/* Appends the string's UTF-8 with escapes resolved (NUL may be among it). False: not a string, or no room. */
bool json_string(struct json value, struct writer *out) MUST_USE;
/* The string's characters when it has no escapes (a view); false otherwise. Enough for hex, names and addresses. */
bool json_plain_string(struct json value, struct bytes *text) MUST_USE;
bool json_string_is(struct json value, struct bytes text) MUST_USE; /* after escapes are resolved */

bool json_bool(struct json value, bool *truth) MUST_USE;

enum json_integer {
    JSON_INTEGER_OK,
    JSON_INTEGER_NOT,       /* no number, or one with fraction or exponent */
    JSON_INTEGER_NEGATIVE,  /* below zero (-0 is zero) */
    JSON_INTEGER_TOO_LARGE, /* 2^256 or more */
};
enum json_integer json_integer(struct json value, struct u256 *integer) MUST_USE; /* set only when OK */
bool json_u64(struct json value, uint64_t *integer) MUST_USE;                     /* an integer of 0 to 2^64 - 1 */

/* Writing. Commas are put in by the writer; keys come in the order in which the caller gives them, which on our
 * wire is sorted. Strings are taken as UTF-8; everything outside printable ASCII leaves as \uXXXX (two of them above
 * U+FFFF), and every byte that is no UTF-8 as \ufffd. */
struct json_writer {
    struct writer *out;
    bool needs_comma;
};
struct json_writer json_writer_of(struct writer *out) MUST_USE;
void json_begin_object(struct json_writer *json);
void json_end_object(struct json_writer *json);
void json_begin_array(struct json_writer *json);
void json_end_array(struct json_writer *json);
void json_key(struct json_writer *json, const char *key); /* NUL-terminated */
void json_key_utf8(struct json_writer *json, struct bytes key);
void json_put_string(struct json_writer *json, struct bytes utf8);
void json_put_text(struct json_writer *json, const char *utf8); /* NUL-terminated */
void json_put_uint(struct json_writer *json, uint64_t value);
void json_put_u256(struct json_writer *json, const struct u256 *value);        /* as a number */
void json_put_u256_string(struct json_writer *json, const struct u256 *value); /* as a decimal string */
void json_put_bool(struct json_writer *json, bool truth);
void json_put_null(struct json_writer *json);
void json_put_hex(struct json_writer *json, struct bytes bytes);    /* "0x…" */
void json_put_digest(struct json_writer *json, struct bytes bytes); /* hex without 0x */
void json_put_base64(struct json_writer *json, struct bytes bytes);
void json_put_json(struct json_writer *json, struct json value); /* an already checked value, verbatim */

#endif
