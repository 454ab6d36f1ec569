/* Looking things up in a text that json_read has checked. */
#include "core/codec/json.h"

#include "core/codec/json_text.h"

#include <string.h>

enum { UINT64_DECIMAL_MAX = 20 }; /* digits of 2^64 - 1: every number of fewer fits */

enum json_kind json_kind(struct json value)
{
    if (value.text.len == 0)
        return JSON_NONE;
    switch (value.text.data[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

const char *json_kind_name(enum json_kind kind)
{
    switch (kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "true or false";
    case JSON_NUMBER:
        return "a number";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    case JSON_NONE:
        break;
    }
    return "nothing";
}

static struct bytes without_first(struct bytes text, size_t len)
{
    must(len <= text.len);
    return (struct bytes){ text.data + len, text.len - len };
}

static inline struct bytes without_space(struct bytes text)
{
    size_t spaces = 0;
    while (spaces < text.len && json_is_space(text.data[spaces]))
        spaces++;
    return without_first(text, spaces);
}

/* A string's length with its quotes: up to the first quote with an even number of backslashes before it. */
static inline size_t string_len(struct bytes text)
{
    for (size_t at = 1;; at++) {
        const uint8_t *quote = memchr(text.data + at, '"', text.len - at);
        must(quote != NULL);
        const size_t from = at;
        at = (size_t)(quote - text.data);
        size_t backslashes = 0;
        while (at - backslashes > from && text.data[at - backslashes - 1] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            return at + 1;
    }
}

static size_t container_len(struct bytes text)
{
    size_t depth = 0, at = 0;
    do {
        must(at < text.len);
        if (text.data[at] == '"') {
            at += string_len(without_first(text, at));
            continue;
        }
        const unsigned bracket = text.data[at++] | 0x20u; /* '[' becomes '{', and ']' becomes '}' */
        depth += bracket == '{';
        depth -= bracket == '}';
    } while (depth > 0);
    return at;
}

/* The length of the value that the text begins with. */
static size_t value_len(struct bytes text)
{
    must(text.len > 0);
    if (text.data[0] == '"')
        return string_len(text);
    if (text.data[0] == '{' || text.data[0] == '[')
        return container_len(text);
    size_t len = 0;
    while (len < text.len && text.data[len] != ',' && !json_is_space(text.data[len]))
        len++;
    return len;
}

static inline struct json take_value(struct bytes *rest)
{
    struct json value = { { rest->data, value_len(*rest) } };
    *rest = without_space(without_first(*rest, value.text.len));
    return value;
}

struct json_cursor json_items(struct json array_or_object)
{
    enum json_kind kind = json_kind(array_or_object);
    if (kind != JSON_ARRAY && kind != JSON_OBJECT)
        return (struct json_cursor){ 0 };
    struct bytes inside = { array_or_object.text.data + 1, array_or_object.text.len - 2 };
    return (struct json_cursor){ .rest = without_space(inside), .in_object = kind == JSON_OBJECT };
}

bool json_next(struct json_cursor *cursor, struct json *key, struct json *value)
{
    struct bytes *rest = &cursor->rest;
    if (rest->len == 0)
        return false;
    *key = (struct json){ 0 };
    if (cursor->in_object) {
        *key = take_value(rest);
        *rest = without_space(without_first(*rest, 1)); /* the colon */
    }
    *value = take_value(rest);
    if (rest->len > 0)
        *rest = without_space(without_first(*rest, 1)); /* the comma */
    return true;
}

size_t json_count(struct json array_or_object)
{
    struct json_cursor cursor = json_items(array_or_object);
    struct json key, value;
    size_t count = 0;
    while (json_next(&cursor, &key, &value))
        count++;
    return count;
}

struct json json_member(struct json object, struct bytes name)
{
    if (json_kind(object) != JSON_OBJECT)
        return (struct json){ 0 };
    struct json_cursor cursor = json_items(object);
    struct json key, value;
    while (json_next(&cursor, &key, &value))
        if (json_string_is(key, name))
            return value;
    return (struct json){ 0 };
}

static bool inside_of(struct json value, struct bytes *inside)
{
    if (json_kind(value) != JSON_STRING)
        return false;
    *inside = (struct bytes){ value.text.data + 1, value.text.len - 2 };
    return true;
}

bool json_string(struct json value, struct writer *out)
{
    uint8_t utf8[UTF8_MAX];
    struct bytes inside;
    if (!inside_of(value, &inside))
        return false;
    for (struct bytes piece = json_next_piece(&inside, utf8); piece.len > 0; piece = json_next_piece(&inside, utf8))
        writer_put(out, piece);
    return !out->failed;
}

bool json_plain_string(struct json value, struct bytes *text)
{
    struct bytes inside;
    if (!inside_of(value, &inside) || memchr(inside.data, '\\', inside.len) != NULL)
        return false;
    *text = inside;
    return true;
}

bool json_string_is(struct json value, struct bytes text)
{
    uint8_t utf8[UTF8_MAX];
    struct bytes inside;
    if (!inside_of(value, &inside))
        return false;
    /* Resolving an escape makes a string shorter: mostly the lengths tell. */
    if (inside.len <= text.len)
        return bytes_equal(inside, text) && memchr(inside.data, '\\', inside.len) == NULL;
    if (memchr(inside.data, '\\', inside.len) == NULL)
        return false;
    for (struct bytes piece = json_next_piece(&inside, utf8); piece.len > 0; piece = json_next_piece(&inside, utf8)) {
        if (piece.len > text.len || memcmp(piece.data, text.data, piece.len) != 0)
            return false;
        text = without_first(text, piece.len);
    }
    return text.len == 0;
}

bool json_bool(struct json value, bool *truth)
{
    if (json_kind(value) != JSON_BOOL)
        return false;
    *truth = value.text.data[0] == 't';
    return true;
}

enum json_integer json_integer(struct json value, struct u256 *integer)
{
    struct bytes digits = value.text;
    if (json_kind(value) != JSON_NUMBER)
        return JSON_INTEGER_NOT;
    bool negative = digits.data[0] == '-';
    if (negative)
        digits = without_first(digits, 1);
    uint64_t small = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return JSON_INTEGER_NOT;
        small = small * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (negative && digits.data[0] != '0')
        return JSON_INTEGER_NEGATIVE;
    if (digits.len < UINT64_DECIMAL_MAX) {
        *integer = u256_of(small);
        return JSON_INTEGER_OK;
    }
    /* JSON has no leading zeros, so that the number of digits bounds the work as well */
    return digits.len <= U256_DECIMAL_MAX && u256_read_decimal(digits, integer) ? JSON_INTEGER_OK
                                                                                : JSON_INTEGER_TOO_LARGE;
}

bool json_u64(struct json value, uint64_t *integer)
{
    struct u256 wide;
    return json_integer(value, &wide) == JSON_INTEGER_OK && u256_fits_u64(&wide, integer);
}
