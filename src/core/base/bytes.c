#include "core/base/bytes.h"

#include <string.h>

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct reader reader_of(struct bytes input)
{
    return (struct reader){ .rest = input };
}

void reader_fail(struct reader *in)
{
    *in = (struct reader){ .failed = true };
}

struct bytes reader_take(struct reader *in, size_t len)
{
    if (in->failed || len > in->rest.len) {
        reader_fail(in);
        return (struct bytes){ 0 };
    }
    struct bytes taken = { in->rest.data, len };
    if (len > 0)
        in->rest.data += len;
    in->rest.len -= len;
    return taken;
}

uint64_t reader_be(struct reader *in, size_t len)
{
    struct bytes taken = reader_take(in, len);
    uint64_t value = 0;
    if (len > 8)
        reader_fail(in);
    else
        for (size_t i = 0; i < taken.len; i++)
            value = value << 8 | taken.data[i];
    return value;
}

uint8_t reader_u8(struct reader *in)
{
    return (uint8_t)reader_be(in, 1);
}

struct reader reader_within(struct reader *in, size_t len)
{
    struct reader inner = reader_of(reader_take(in, len));
    inner.failed = in->failed;
    return inner;
}

bool reader_done(const struct reader *in)
{
    return !in->failed && in->rest.len == 0;
}

struct writer writer_of(uint8_t *data, size_t cap)
{
    return (struct writer){ .data = data, .cap = cap };
}

static void drain(struct writer *out)
{
    if (out->len > 0)
        out->drain(out->context, (struct bytes){ out->data, out->len });
    out->len = 0;
}

void writer_put_beyond(struct writer *out, struct bytes bytes)
{
    if (out->failed)
        return;
    if (out->drain == NULL) {
        out->failed = true;
        return;
    }
    drain(out);
    if (bytes.len > out->cap)
        out->drain(out->context, bytes);
    else
        writer_put(out, bytes);
}

void writer_be(struct writer *out, uint64_t value, size_t len)
{
    uint8_t tail[8];
    for (size_t i = 0; i < sizeof tail; i++)
        tail[i] = (uint8_t)(value >> (56 - 8 * i));
    if (len > sizeof tail)
        out->failed = true;
    else
        writer_put(out, (struct bytes){ tail + sizeof tail - len, len });
}

void writer_u8_beyond(struct writer *out, uint8_t byte)
{
    writer_put(out, (struct bytes){ &byte, 1 });
}

void writer_text(struct writer *out, const char *text)
{
    writer_put(out, bytes_of_text(text));
}

void writer_fail(struct writer *out)
{
    out->failed = true;
}

bool writer_done(struct writer *out, struct bytes *written)
{
    if (out->failed)
        return false;
    if (out->drain != NULL)
        drain(out);
    *written = (struct bytes){ out->data, out->len };
    return true;
}
