#include "core/codec/rlp.h"

#include <string.h>

enum {
    STRING_BASE = 0x80,
    LIST_BASE = 0xc0,
    SHORT_MAX = 55, /* longest payload whose length fits in the header byte */
};

static size_t significant_bytes(uint64_t value)
{
    size_t len = 0;
    for (; value != 0; value >>= 8)
        len++;
    return len;
}

static size_t read_long_length(struct reader *in, size_t length_bytes)
{
    uint64_t len = reader_be(in, length_bytes);
    if (len <= SHORT_MAX || significant_bytes(len) != length_bytes || len > SIZE_MAX)
        reader_fail(in); /* a shorter header would have done */
    return (size_t)len;
}

struct rlp_item rlp_read(struct reader *in)
{
    struct bytes before = in->rest;
    uint8_t head = reader_u8(in);

    if (in->failed)
        return (struct rlp_item){ 0 };
    if (head < STRING_BASE)
        return (struct rlp_item){ .payload = { before.data, 1 } };

    bool is_list = head >= LIST_BASE;
    size_t len = (size_t)(head - (is_list ? LIST_BASE : STRING_BASE));
    if (len > SHORT_MAX)
        len = read_long_length(in, len - SHORT_MAX);

    struct bytes payload = reader_take(in, len);
    if (!is_list && payload.len == 1 && payload.data[0] < STRING_BASE)
        reader_fail(in); /* a byte that stands for itself */
    return in->failed ? (struct rlp_item){ 0 } : (struct rlp_item){ is_list, payload };
}

struct reader rlp_read_list(struct reader *in)
{
    struct rlp_item item = rlp_read(in);
    if (!item.is_list)
        reader_fail(in);
    struct reader inner = reader_of(item.payload);
    inner.failed = in->failed;
    return inner;
}

struct bytes rlp_read_string(struct reader *in)
{
    struct rlp_item item = rlp_read(in);
    if (item.is_list)
        reader_fail(in);
    return in->failed ? (struct bytes){ 0 } : item.payload;
}

struct u256 rlp_read_u256(struct reader *in)
{
    struct bytes digits = rlp_read_string(in);
    struct u256 value = { { 0 } };
    if ((digits.len > 0 && digits.data[0] == 0) || !u256_read_bytes(digits, &value))
        reader_fail(in);
    return value;
}

uint64_t rlp_read_u64(struct reader *in)
{
    struct u256 wide = rlp_read_u256(in);
    uint64_t value = 0;
    if (!u256_fits_u64(&wide, &value))
        reader_fail(in);
    return value;
}

static void write_header(struct writer *out, uint8_t base, size_t len)
{
    if (len <= SHORT_MAX) {
        writer_u8(out, (uint8_t)(base + len));
    } else {
        size_t length_bytes = significant_bytes(len);
        writer_u8(out, (uint8_t)(base + SHORT_MAX + length_bytes));
        writer_be(out, len, length_bytes);
    }
}

void rlp_write_string(struct writer *out, struct bytes string)
{
    if (string.len != 1 || string.data[0] >= STRING_BASE)
        write_header(out, STRING_BASE, string.len);
    writer_put(out, string);
}

void rlp_write_uint(struct writer *out, uint64_t value)
{
    const struct u256 wide = u256_of(value);
    rlp_write_u256(out, &wide);
}

void rlp_write_list_header(struct writer *out, size_t payload_len)
{
    write_header(out, LIST_BASE, payload_len);
}

void rlp_write_u256(struct writer *out, const struct u256 *value)
{
    rlp_write_string(out, u256_minimal(value));
}

size_t rlp_begin_list(const struct writer *out)
{
    return out->len;
}

void rlp_end_list(struct writer *out, size_t began)
{
    uint8_t header[9];
    struct writer head = writer_of(header, sizeof header);
    if (out->failed)
        return;
    size_t payload_len = out->len - began;
    write_header(&head, LIST_BASE, payload_len);
    writer_put(out, (struct bytes){ header, head.len }); /* makes sure of the room */
    if (out->failed)
        return;
    memmove(out->data + began + head.len, out->data + began, payload_len);
    memcpy(out->data + began, header, head.len);
}
