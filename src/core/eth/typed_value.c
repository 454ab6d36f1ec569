#include "core/eth/typed_value.h"

#include "core/base/text.h"
#include "core/base/u256.h"
#include "core/eth/address.h"

#include <string.h>

static void hash_chunk(void *context, struct bytes chunk)
{
    keccak_add(context, chunk);
}

static const char *string_word(struct json value, struct hash32 *word)
{
    struct keccak state = keccak_start();
    uint8_t room[256];
    struct writer out = { .data = room, .cap = sizeof room, .drain = hash_chunk, .context = &state };
    struct bytes rest;
    if (!json_string(value, &out) || !writer_done(&out, &rest))
        return "a string is wanted";
    *word = keccak_end(&state);
    return NULL;
}

static bool hex_digits(struct json value, struct bytes *digits)
{
    struct bytes text;
    if (!json_plain_string(value, &text) || !text_starts_with(text, BYTES_LIT("0x")))
        return false;
    *digits = (struct bytes){ text.data + 2, text.len - 2 };
    return true;
}

static const char *bytes_word(struct json value, struct hash32 *word)
{
    struct keccak state = keccak_start();
    uint8_t room[1024];
    struct bytes digits;
    if (!hex_digits(value, &digits))
        return "bytes as 0x and hex digits are wanted";
    while (digits.len > 0) {
        size_t len = digits.len < 2 * sizeof room ? digits.len : 2 * sizeof room;
        if (!text_read_hex((struct bytes){ digits.data, len }, room))
            return "bytes as 0x and an even number of hex digits are wanted";
        keccak_add(&state, (struct bytes){ room, len / 2 });
        digits = (struct bytes){ digits.data + len, digits.len - len };
    }
    *word = keccak_end(&state);
    return NULL;
}

static const char *fixed_bytes_word(unsigned size, struct json value, struct hash32 *word)
{
    struct bytes digits;
    if (!hex_digits(value, &digits) || digits.len != 2 * (size_t)size || !text_read_hex(digits, word->bytes))
        return "0x and exactly two hex digits for each byte of the type are wanted";
    memset(word->bytes + size, 0, sizeof word->bytes - size);
    return NULL;
}

static const char *address_word(struct json value, struct hash32 *word)
{
    struct address address;
    struct bytes text;
    if (!json_plain_string(value, &text) || !address_read_unmixed(text, &address))
        return "an address is wanted (40 hex digits; of mixed case only EIP-55's)";
    memset(word->bytes, 0, 12);
    memcpy(word->bytes + 12, address.bytes, 20);
    return NULL;
}

/* A JSON integer, or a string: decimal with an optional minus, or 0x and hex digits. */
static bool read_integer(struct json value, struct u256 *magnitude, bool *negative)
{
    struct bytes text = value.text;
    *negative = false;
    if (json_kind(value) != JSON_NUMBER) {
        if (!json_plain_string(value, &text))
            return false;
        if (text_starts_with(text, BYTES_LIT("0x")))
            return u256_read_hex((struct bytes){ text.data + 2, text.len - 2 }, magnitude);
    }
    if (text_starts_with(text, BYTES_LIT("-"))) {
        *negative = true;
        text = (struct bytes){ text.data + 1, text.len - 1 };
    }
    return u256_read_decimal(text, magnitude);
}

static struct u256 negated(const struct u256 *a)
{
    struct u256 result;
    unsigned carry = 1;
    for (size_t i = sizeof a->bytes; i-- > 0; carry >>= 8) {
        carry += (uint8_t)~a->bytes[i];
        result.bytes[i] = (uint8_t)carry;
    }
    return result;
}

/* Whether every bit from number `from` up (0 is the lowest) is `bit`. */
static bool upper_bits_are(const struct u256 *word, unsigned from, unsigned bit)
{
    for (unsigned i = from; i < 256; i++)
        if (((unsigned)word->bytes[31 - i / 8] >> i % 8 & 1) != bit)
            return false;
    return true;
}

static const char *integer_word(const struct typed_field *field, struct json value, struct hash32 *word)
{
    struct u256 number;
    bool negative;
    if (!read_integer(value, &number, &negative))
        return "an integer of at most 256 bits is wanted (a number, decimal digits, or 0x and hex digits)";
    negative = negative && !u256_is_zero(&number);
    if (negative && field->kind == TYPED_UINT)
        return "an integer not below zero is wanted";
    if (negative)
        number = negated(&number);
    /* Two's complement: all bits above the type's are its sign. */
    unsigned from = field->kind == TYPED_INT ? field->size - 1 : field->size;
    if (!upper_bits_are(&number, from, negative ? 1 : 0))
        return "an integer within the type's range is wanted";
    memcpy(word->bytes, number.bytes, sizeof word->bytes);
    return NULL;
}

const char *typed_value_word(const struct typed_field *field, struct json value, struct hash32 *word)
{
    bool truth;
    switch (field->kind) {
    case TYPED_ADDRESS:
        return address_word(value, word);
    case TYPED_BOOL:
        if (!json_bool(value, &truth))
            return "true or false is wanted";
        *word = (struct hash32){ { 0 } };
        word->bytes[31] = truth;
        return NULL;
    case TYPED_STRING:
        return string_word(value, word);
    case TYPED_BYTES:
        return bytes_word(value, word);
    case TYPED_FIXED_BYTES:
        return fixed_bytes_word(field->size, value, word);
    case TYPED_UINT:
    case TYPED_INT:
        return integer_word(field, value, word);
    case TYPED_STRUCT:
        break;
    }
    must_fail();
}
