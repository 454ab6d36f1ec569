#include "core/codec/json_text.h"

#include "core/base/fault.h"

#include <string.h>

unsigned json_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 32;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static uint32_t four_digits(const uint8_t *digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++)
        value = value << 4 | json_hex_digit(digits[i]);
    return value;
}

static uint8_t short_escape(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter; /* quote, backslash, slash */
    }
}

/* The text was checked, so that an escape is whole and a high surrogate has its low one. */
static size_t resolve_escape(const uint8_t *escape, uint8_t utf8[static UTF8_MAX], size_t *escape_len)
{
    *escape_len = 2;
    if (escape[1] != 'u') {
        utf8[0] = short_escape(escape[1]);
        return 1;
    }
    *escape_len = 6;
    uint32_t code_point = four_digits(escape + 2);
    if (code_point >= 0xd800 && code_point <= 0xdbff) {
        *escape_len = 12;
        code_point = 0x10000 + ((code_point - 0xd800) << 10) + (four_digits(escape + 8) - 0xdc00);
    }
    return utf8_encode(code_point, utf8);
}

struct bytes json_next_piece(struct bytes *inside, uint8_t utf8[static UTF8_MAX])
{
    struct bytes piece = *inside;
    if (piece.len == 0)
        return piece;
    size_t taken;
    if (piece.data[0] == '\\') {
        piece = (struct bytes){ utf8, resolve_escape(inside->data, utf8, &taken) };
    } else {
        const uint8_t *escape = memchr(piece.data, '\\', piece.len);
        if (escape != NULL)
            piece.len = (size_t)(escape - piece.data);
        taken = piece.len;
    }
    must(taken <= inside->len);
    *inside = (struct bytes){ inside->data + taken, inside->len - taken };
    return piece;
}

bool json_same_string(struct bytes a, struct bytes b)
{
    uint8_t utf8_a[UTF8_MAX], utf8_b[UTF8_MAX];
    struct bytes piece_a = { 0 }, piece_b = { 0 };
    for (;;) {
        if (piece_a.len == 0)
            piece_a = json_next_piece(&a, utf8_a);
        if (piece_b.len == 0)
            piece_b = json_next_piece(&b, utf8_b);
        size_t shared = piece_a.len < piece_b.len ? piece_a.len : piece_b.len;
        if (shared == 0)
            return piece_a.len == piece_b.len;
        if (memcmp(piece_a.data, piece_b.data, shared) != 0)
            return false;
        piece_a = (struct bytes){ piece_a.data + shared, piece_a.len - shared };
        piece_b = (struct bytes){ piece_b.data + shared, piece_b.len - shared };
    }
}
