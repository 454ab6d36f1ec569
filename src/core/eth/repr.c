#include "core/eth/repr.h"

#include <string.h>

enum { SHOWN_MAX = 200 }; /* characters of one string */

static void put_char(struct repr *repr, char c)
{
    if (repr->cut)
        return;
    if (repr->len == REPR_MAX) {
        memcpy(repr->text + REPR_MAX, "...", 4);
        repr->cut = true;
        return;
    }
    repr->text[repr->len++] = c;
    repr->text[repr->len] = '\0';
}

void repr_put_text(struct repr *repr, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(repr, *text);
}

static void put_byte(struct repr *repr, uint8_t byte, char quote)
{
    static const char digits[] = "0123456789abcdef";
    const char *escape = byte == '\n'   ? "\\n"
                         : byte == '\r' ? "\\r"
                         : byte == '\t' ? "\\t"
                         : byte == '\\' ? "\\\\"
                                        : NULL;
    if (escape != NULL) {
        repr_put_text(repr, escape);
    } else if (byte < 0x20 || byte > 0x7e) {
        const char hex[] = { '\\', 'x', digits[byte >> 4], digits[byte & 15], '\0' };
        repr_put_text(repr, hex);
    } else {
        if (byte == (uint8_t)quote)
            put_char(repr, '\\');
        put_char(repr, (char)byte);
    }
}

/* `quote` is what stands round it; 0 for none. */
static void put_string(struct repr *repr, struct json value, bool quoted)
{
    uint8_t room[SHOWN_MAX];
    struct writer out = writer_of(room, sizeof room);
    bool whole = json_string(value, &out);
    struct bytes shown = { room, out.len }, plain;
    if (!whole && json_plain_string(value, &plain))
        shown = (struct bytes){ plain.data, SHOWN_MAX };
    /* Python takes ' unless the text holds ' and no " */
    bool has_single = shown.len > 0 && memchr(shown.data, '\'', shown.len) != NULL;
    bool has_double = shown.len > 0 && memchr(shown.data, '"', shown.len) != NULL;
    char quote = !quoted ? '\0' : has_single && !has_double ? '"' : '\'';
    if (quoted)
        put_char(repr, quote);
    for (size_t i = 0; i < shown.len; i++)
        put_byte(repr, shown.data[i], quote);
    if (!whole)
        repr_put_text(repr, "...");
    if (quoted)
        put_char(repr, quote);
}

/* The length of the string token that checked JSON text begins with. */
static size_t string_token(struct bytes text)
{
    size_t at = 1;
    while (at < text.len && text.data[at] != '"')
        at += text.data[at] == '\\' ? 2 : 1;
    return at < text.len ? at + 1 : text.len;
}

/* Token by token, so that nesting costs nothing: Python's form differs from JSON's only in its words and spaces. */
void repr_put(struct repr *repr, struct json value)
{
    struct bytes rest = value.text;
    if (rest.len == 0)
        repr_put_text(repr, "None");
    while (rest.len > 0 && !repr->cut) {
        size_t len = 1;
        switch (rest.data[0]) {
        case '"':
            len = string_token(rest);
            put_string(repr, (struct json){ { rest.data, len } }, true);
            break;
        case 't':
            len = 4;
            repr_put_text(repr, "True");
            break;
        case 'f':
            len = 5;
            repr_put_text(repr, "False");
            break;
        case 'n':
            len = 4;
            repr_put_text(repr, "None");
            break;
        case ',':
            repr_put_text(repr, ", ");
            break;
        case ':':
            repr_put_text(repr, ": ");
            break;
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            break;
        default: /* a digit, a sign, a bracket */
            put_char(repr, (char)rest.data[0]);
        }
        must(len <= rest.len);
        rest = (struct bytes){ rest.data + len, rest.len - len };
    }
}

void repr_put_str(struct repr *repr, struct json value)
{
    if (json_kind(value) == JSON_STRING)
        put_string(repr, value, false);
    else
        repr_put(repr, value);
}
