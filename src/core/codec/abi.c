#include "core/codec/abi.h"

#include "core/base/fault.h"

#include <string.h>

enum { ADDRESS = 20, ADDRESS_PADDING = ABI_WORD - ADDRESS };

static const uint8_t zeros[ABI_WORD];

static size_t padding_after(size_t len)
{
    return (ABI_WORD - len % ABI_WORD) % ABI_WORD;
}

static void expect_zeros(struct reader *in, size_t len)
{
    if (!bytes_equal(reader_take(in, len), (struct bytes){ zeros, len }))
        reader_fail(in);
}

struct u256 abi_read_word(struct reader *in)
{
    struct u256 word = { { 0 } };
    if (!u256_read_bytes(reader_take(in, ABI_WORD), &word))
        reader_fail(in);
    return word;
}

size_t abi_read_length(struct reader *in)
{
    const struct u256 word = abi_read_word(in);
    uint64_t len = 0;
    if (!u256_fits_u64(&word, &len) || len > in->rest.len) {
        reader_fail(in);
        return 0;
    }
    return (size_t)len;
}

void abi_read_address(struct reader *in, uint8_t address[static 20])
{
    memset(address, 0, ADDRESS);
    expect_zeros(in, ADDRESS_PADDING);
    struct bytes bytes = reader_take(in, ADDRESS);
    if (bytes.len > 0)
        memcpy(address, bytes.data, bytes.len);
}

struct bytes abi_read_bytes_tail(struct reader *in)
{
    struct bytes data = reader_take(in, abi_read_length(in));
    expect_zeros(in, padding_after(data.len));
    return in->failed ? (struct bytes){ 0 } : data;
}

void abi_expect_offset(struct reader *in, uint64_t offset)
{
    const struct u256 found = abi_read_word(in), wanted = u256_of(offset);
    if (u256_compare(&found, &wanted) != 0)
        reader_fail(in);
}

void abi_put_word(struct writer *out, const struct u256 *word)
{
    writer_put(out, BYTES_OF(word->bytes));
}

void abi_put_uint(struct writer *out, uint64_t value)
{
    const struct u256 word = u256_of(value);
    abi_put_word(out, &word);
}

void abi_put_address(struct writer *out, struct bytes address)
{
    must(address.len == ADDRESS);
    writer_put(out, (struct bytes){ zeros, ADDRESS_PADDING });
    writer_put(out, address);
}

void abi_put_bytes_tail(struct writer *out, struct bytes bytes)
{
    abi_put_uint(out, bytes.len);
    writer_put(out, bytes);
    writer_put(out, (struct bytes){ zeros, padding_after(bytes.len) });
}
