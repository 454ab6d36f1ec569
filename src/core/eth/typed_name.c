#include "core/eth/typed_name.h"

#include "core/base/text.h"

#include <string.h>

bool typed_name_read(struct json value, struct bytes *name)
{
    if (!json_plain_string(value, name) || name->len == 0 || name->len > TYPED_NAME_MAX || !text_is_printable(*name))
        return false;
    for (size_t i = 0; i < name->len; i++)
        if (memchr(" ()[],", name->data[i], 6) != NULL)
            return false;
    return true;
}

/* A decimal of 1 to `max` without leading zeros, and nothing else. */
static bool read_size(struct bytes digits, uint64_t max, uint64_t *size)
{
    return text_read_uint(digits, size) && *size > 0 && *size <= max;
}

bool typed_name_element(struct bytes *type, uint64_t *len)
{
    size_t open = type->len;
    uint64_t size = 0;
    if (type->len == 0 || type->data[type->len - 1] != ']')
        return false;
    while (open > 0 && type->data[open - 1] != '[')
        open--;
    if (open == 0)
        return false;
    struct bytes digits = { type->data + open, type->len - open - 1 };
    if (digits.len > 0 && !read_size(digits, UINT32_MAX, &size))
        return false;
    *len = size;
    *type = (struct bytes){ type->data, open - 1 };
    return true;
}

static bool sized(struct bytes type, struct bytes stem, uint64_t max, unsigned *size)
{
    uint64_t number;
    if (!text_starts_with(type, stem) ||
        !read_size((struct bytes){ type.data + stem.len, type.len - stem.len }, max, &number))
        return false;
    *size = (unsigned)number;
    return true;
}

bool typed_name_elementary(struct bytes type, struct typed_field *field)
{
    static const struct {
        struct bytes name;
        enum typed_kind kind;
    } plain[] = {
        { BYTES_INIT("address"), TYPED_ADDRESS },
        { BYTES_INIT("bool"), TYPED_BOOL },
        { BYTES_INIT("string"), TYPED_STRING },
        { BYTES_INIT("bytes"), TYPED_BYTES },
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (bytes_equal(type, plain[i].name)) {
            field->kind = plain[i].kind;
            return true;
        }
    }
    if (sized(type, BYTES_LIT("bytes"), 32, &field->size)) {
        field->kind = TYPED_FIXED_BYTES;
        return true;
    }
    bool is_signed = sized(type, BYTES_LIT("int"), 256, &field->size);
    field->kind = is_signed ? TYPED_INT : TYPED_UINT;
    return (is_signed || sized(type, BYTES_LIT("uint"), 256, &field->size)) && field->size % 8 == 0;
}

bool typed_name_is_reserved(struct bytes name)
{
    static const struct bytes stems[] = { BYTES_INIT("int"), BYTES_INIT("uint"), BYTES_INIT("bytes") };
    struct typed_field elementary;
    struct bytes stem = name;
    while (stem.len > 0 && stem.data[stem.len - 1] >= '0' && stem.data[stem.len - 1] <= '9')
        stem.len--;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        if (bytes_equal(stem, stems[i]))
            return true;
    return typed_name_elementary(name, &elementary);
}
