/* The one pass that checks a text. Python's scanner is the model for what is reported, and where. */
#include "core/codec/json.h"

#include "core/base/text.h"
#include "core/codec/json_keys.h"
#include "core/codec/json_text.h"
#include "core/codec/utf8.h"

#include <string.h>

enum { KEY_SHOWN_MAX = 64 }; /* characters of a key in a message */

struct scan {
    struct bytes text;
    size_t at;
    struct fault *why;
    size_t depth;
    struct {
        uint8_t closing; /* '}' or ']' */
        size_t first_key;
    } open[JSON_DEPTH_MAX];
    struct json_keys keys;
};

/* Python counts characters, not bytes; lines and columns from 1, char from 0. */
static bool fail_at(const struct scan *scan, size_t position, const char *what)
{
    size_t line = 1, column = 1, character = 0;
    for (size_t i = 0; i < position; i++) {
        if ((scan->text.data[i] & 0xc0) == 0x80)
            continue;
        character++;
        column++;
        if (scan->text.data[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return fault_set(scan->why, FAULT_INPUT, "%s: line %zu column %zu (char %zu)", what, line, column, character);
}

/* The byte at hand, or NUL at the end: a NUL in the text is refused wherever it stands, so the two need no telling
 * apart. */
static uint8_t peek(const struct scan *scan)
{
    return scan->at < scan->text.len ? scan->text.data[scan->at] : 0;
}

static inline void skip_space(struct scan *scan)
{
    while (json_is_space(peek(scan)))
        scan->at++;
}

static bool take_word(struct scan *scan, struct bytes word)
{
    struct bytes rest = { scan->text.data + scan->at, scan->text.len - scan->at };
    if (rest.len < word.len || !bytes_equal((struct bytes){ rest.data, word.len }, word))
        return false;
    scan->at += word.len;
    return true;
}

/* Four hex digits after "\u"; `u` is where the u stands. A quote must still follow. */
static bool scan_code_unit(struct scan *scan, size_t u, unsigned *unit)
{
    *unit = 0;
    for (size_t i = 1; i <= 4; i++) {
        unsigned digit = scan->text.len - u > 5 ? json_hex_digit(scan->text.data[u + i]) : 16;
        if (digit > 15)
            return fail_at(scan, u, "Invalid \\uXXXX escape");
        *unit = *unit << 4 | digit;
    }
    scan->at = u + 5;
    return true;
}

static bool scan_unicode_escape(struct scan *scan, size_t backslash)
{
    unsigned unit, low;
    if (!scan_code_unit(scan, backslash + 1, &unit))
        return false;
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit < 0xdc00 && take_word(scan, BYTES_LIT("\\u"))) {
        if (!scan_code_unit(scan, scan->at - 1, &low))
            return false;
        if (low >= 0xdc00 && low <= 0xdfff)
            return true;
    }
    return fail_at(scan, backslash, "Unpaired surrogate");
}

/* From the character after the opening quote to the one after the closing quote. */
static bool scan_string(struct scan *scan, struct bytes *inside)
{
    const size_t begin = ++scan->at;
    for (;;) {
        scan->at = json_skip_plain(scan->text, scan->at);
        if (scan->at == scan->text.len)
            return fail_at(scan, begin - 1, "Unterminated string starting at");
        uint8_t c = scan->text.data[scan->at];
        if (c == '"')
            break;
        if (c < 0x20)
            return fail_at(scan, scan->at, "Invalid control character at");
        if (c != '\\') {
            scan->at++;
            continue;
        }
        size_t backslash = scan->at++;
        if (scan->at == scan->text.len)
            return fail_at(scan, begin - 1, "Unterminated string starting at");
        uint8_t letter = scan->text.data[scan->at];
        if (letter == 'u') {
            if (!scan_unicode_escape(scan, backslash))
                return false;
        } else if (memchr("\"\\/bfnrt", letter, 8) == NULL) {
            return fail_at(scan, backslash, "Invalid \\escape");
        } else {
            scan->at++;
        }
    }
    *inside = (struct bytes){ scan->text.data + begin, scan->at - begin };
    scan->at++;
    return true;
}

static void skip_digits(struct scan *scan)
{
    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
}

/* Takes the longest number that begins here; what follows it is for the caller to refuse. False: none. */
static bool take_number(struct scan *scan)
{
    const size_t start = scan->at;
    scan->at += peek(scan) == '-';
    const size_t digits = scan->at;
    if (peek(scan) == '0')
        scan->at++;
    else
        skip_digits(scan);
    if (scan->at == digits) {
        scan->at = start;
        return false;
    }
    for (unsigned part = 0; part < 2; part++) { /* fraction, exponent */
        const size_t mark = scan->at;
        if (part == 0 ? peek(scan) != '.' : (peek(scan) | 32) != 'e')
            continue;
        scan->at++;
        if (part == 1 && (peek(scan) == '+' || peek(scan) == '-'))
            scan->at++;
        const size_t first = scan->at;
        skip_digits(scan);
        if (scan->at == first)
            scan->at = mark;
    }
    return true;
}

static bool scan_key(struct scan *scan)
{
    struct json_keys *keys = &scan->keys;
    const size_t start = scan->at, first = scan->open[scan->depth - 1].first_key;
    struct bytes key;
    if (peek(scan) != '"')
        return fail_at(scan, start, "Expecting property name enclosed in double quotes");
    if (!scan_string(scan, &key))
        return false;
    uint64_t hash = json_key_hash(key);
    if (json_keys_hold(keys, first, key, hash)) {
        char what[KEY_SHOWN_MAX + 32] = "Duplicate key";
        if (key.len <= KEY_SHOWN_MAX && text_is_printable(key)) {
            memcpy(what + 13, " \"", 2);
            memcpy(what + 15, key.data, key.len);
            memcpy(what + 15 + key.len, "\"", 2);
        }
        return fail_at(scan, start, what);
    }
    if (keys->count - first == JSON_MEMBERS_MAX)
        return fail_at(scan, start, "More than 256 members in one object");
    if (keys->count == JSON_OPEN_MEMBERS_MAX)
        return fail_at(scan, start, "More than 1024 members in the objects open here");
    keys->keys[keys->count] = key;
    keys->hashes[keys->count++] = hash;

    skip_space(scan);
    if (peek(scan) != ':')
        return fail_at(scan, scan->at, "Expecting ':' delimiter");
    scan->at++;
    skip_space(scan);
    return true;
}

static bool open_container(struct scan *scan, uint8_t closing)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return fail_at(scan, scan->at, "Nested deeper than 32 levels");
    scan->open[scan->depth].closing = closing;
    scan->open[scan->depth++].first_key = scan->keys.count;
    scan->at++;
    return true;
}

static bool scan_scalar(struct scan *scan)
{
    struct bytes ignored;
    if (peek(scan) == '"')
        return scan_string(scan, &ignored);
    if (take_number(scan) || take_word(scan, BYTES_LIT("null")) || take_word(scan, BYTES_LIT("true")) ||
        take_word(scan, BYTES_LIT("false")))
        return true;
    const size_t start = scan->at;
    if (take_word(scan, BYTES_LIT("NaN")) || take_word(scan, BYTES_LIT("Infinity")) ||
        take_word(scan, BYTES_LIT("-Infinity")))
        return fail_at(scan, start, "NaN and Infinity are not JSON");
    return fail_at(scan, start, "Expecting value");
}

static bool scan_value(struct scan *scan)
{
    for (;;) { /* a value is due */
        uint8_t c = peek(scan);
        if (c == '{' || c == '[') {
            if (!open_container(scan, c == '{' ? '}' : ']'))
                return false;
            skip_space(scan);
            if (c == '[' && peek(scan) != ']')
                continue;
            if (c == '{' && peek(scan) != '}') {
                if (!scan_key(scan))
                    return false;
                continue;
            }
        } else if (!scan_scalar(scan)) {
            return false;
        }
        for (;;) { /* what ends with it */
            if (scan->depth == 0)
                return true;
            skip_space(scan);
            if (peek(scan) != scan->open[scan->depth - 1].closing)
                break;
            scan->keys.count = scan->open[--scan->depth].first_key;
            scan->at++;
        }
        if (peek(scan) != ',')
            return fail_at(scan, scan->at, "Expecting ',' delimiter");
        scan->at++;
        skip_space(scan);
        if (scan->open[scan->depth - 1].closing == '}' && !scan_key(scan))
            return false;
    }
}

bool json_read(struct bytes text, struct json *value, struct fault *why)
{
    struct scan scan; /* not initialised as a whole: the tables of keys are 24 KiB */
    scan.text = text.len > 0 ? text : BYTES_LIT("");
    scan.at = 0;
    scan.why = why;
    scan.depth = 0;
    scan.keys.count = 0;

    if (!utf8_check(text, why))
        return false;
    if (take_word(&scan, BYTES_LIT("\xef\xbb\xbf")))
        return fail_at(&scan, 0, "Unexpected UTF-8 BOM (decode using utf-8-sig)");
    skip_space(&scan);
    const size_t start = scan.at;
    if (!scan_value(&scan))
        return false;
    const size_t end = scan.at;
    skip_space(&scan);
    if (scan.at != text.len)
        return fail_at(&scan, scan.at, "Extra data");
    value->text = (struct bytes){ scan.text.data + start, end - start };
    return true;
}
