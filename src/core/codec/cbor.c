#include "core/codec/cbor.h"

/* An item's first byte: major type in the upper three bits; in the lower five its argument, or how many bytes of
 * argument follow:
 *
 *     0..23 itself | 24 one byte | 25 two | 26 four | 27 eight | 28..30 reserved | 31 indefinite, or a break
 */
enum {
    MAJOR_UINT,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE,
    INFO_ONE_BYTE = 24,
    INFO_RESERVED = 28,
    INFO_INDEFINITE = 31,
    BYTE_FALSE = 0xf4,
    BYTE_TRUE = 0xf5,
    BYTE_NULL = 0xf6,
    BYTE_INDEFINITE_MAP = 0xbf,
    BYTE_BREAK = 0xff,
};

enum cbor_kind cbor_peek(const struct reader *in)
{
    static const enum cbor_kind kinds[] = { CBOR_UINT,  CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT,
                                            CBOR_ARRAY, CBOR_MAP,      CBOR_TAG,   CBOR_OTHER };
    if (in->failed || in->rest.len == 0)
        return CBOR_END;
    const uint8_t byte = in->rest.data[0];
    const unsigned major = byte >> 5, info = byte & 31;
    if (byte == BYTE_FALSE || byte == BYTE_TRUE)
        return CBOR_BOOL;
    if (byte == BYTE_NULL)
        return CBOR_NULL;
    if (info >= INFO_RESERVED && !(info == INFO_INDEFINITE && (major == MAJOR_ARRAY || major == MAJOR_MAP)))
        return CBOR_OTHER;
    return kinds[major];
}

/* Takes the head of an item of that kind, and gives its argument; *indefinite is for arrays and maps. */
static uint64_t take_head(struct reader *in, enum cbor_kind kind, bool *indefinite)
{
    if (cbor_peek(in) != kind) {
        reader_fail(in);
        return 0;
    }
    const unsigned info = reader_u8(in) & 31;
    *indefinite = info == INFO_INDEFINITE;
    if (info < INFO_ONE_BYTE)
        return info;
    return *indefinite ? 0 : reader_be(in, (size_t)1 << (info - INFO_ONE_BYTE));
}

uint64_t cbor_read_uint(struct reader *in)
{
    bool indefinite;
    return take_head(in, CBOR_UINT, &indefinite);
}

int64_t cbor_read_int(struct reader *in)
{
    bool indefinite;
    const bool negative = cbor_peek(in) == CBOR_NEGATIVE;
    const uint64_t argument = take_head(in, negative ? CBOR_NEGATIVE : CBOR_UINT, &indefinite);
    if (argument > INT64_MAX) {
        reader_fail(in);
        return 0;
    }
    if (in->failed)
        return 0;
    return negative ? -1 - (int64_t)argument : (int64_t)argument;
}

static struct bytes take_string(struct reader *in, enum cbor_kind kind)
{
    bool indefinite;
    const uint64_t len = take_head(in, kind, &indefinite);
    if (len > in->rest.len) { /* before it is narrowed to a size_t */
        reader_fail(in);
        return (struct bytes){ 0 };
    }
    return reader_take(in, (size_t)len);
}

struct bytes cbor_read_bytes(struct reader *in)
{
    return take_string(in, CBOR_BYTES);
}

struct bytes cbor_read_text(struct reader *in)
{
    return take_string(in, CBOR_TEXT);
}

bool cbor_read_bool(struct reader *in)
{
    if (cbor_peek(in) != CBOR_BOOL)
        reader_fail(in);
    return reader_u8(in) == BYTE_TRUE;
}

bool cbor_read_null(struct reader *in)
{
    return cbor_peek(in) == CBOR_NULL && reader_u8(in) == BYTE_NULL;
}

bool cbor_read_tag(struct reader *in, uint64_t tag)
{
    bool indefinite;
    struct reader after = *in;
    if (take_head(&after, CBOR_TAG, &indefinite) != tag || after.failed)
        return false;
    *in = after;
    return true;
}

/* Every item takes a byte at least: a count that cannot be met is refused before anything is read. */
static struct cbor_items take_items(struct reader *in, enum cbor_kind kind, size_t least)
{
    struct cbor_items items = { 0 };
    items.left = take_head(in, kind, &items.indefinite);
    if (items.left > in->rest.len / least)
        reader_fail(in);
    return in->failed ? (struct cbor_items){ 0 } : items;
}

struct cbor_items cbor_read_array(struct reader *in)
{
    return take_items(in, CBOR_ARRAY, 1);
}

struct cbor_items cbor_read_map(struct reader *in)
{
    return take_items(in, CBOR_MAP, 2);
}

bool cbor_more(struct reader *in, struct cbor_items *items)
{
    if (in->failed)
        return false;
    if (!items->indefinite) {
        if (items->left == 0)
            return false;
        items->left--;
        return true;
    }
    if (in->rest.len == 0) {
        reader_fail(in);
        return false;
    }
    if (in->rest.data[0] != BYTE_BREAK)
        return true;
    (void)reader_u8(in);
    *items = (struct cbor_items){ 0 };
    return false;
}

/* Takes what is not an array or a map, tags included; after a tag the item it stands before is still due. */
static void skip_head(struct reader *in, enum cbor_kind kind)
{
    bool indefinite;
    switch (kind) {
    case CBOR_UINT:
    case CBOR_NEGATIVE:
    case CBOR_TAG:
        (void)take_head(in, kind, &indefinite);
        break;
    case CBOR_BYTES:
    case CBOR_TEXT:
        (void)take_string(in, kind);
        break;
    case CBOR_BOOL:
    case CBOR_NULL:
        (void)reader_u8(in);
        break;
    case CBOR_ARRAY:
    case CBOR_MAP:
    case CBOR_END:
    case CBOR_OTHER:
        reader_fail(in);
        break;
    }
}

void cbor_skip(struct reader *in)
{
    struct {
        struct cbor_items items;
        bool is_map, value_due;
    } open[CBOR_DEPTH_MAX];
    size_t depth = 0;
    for (;;) { /* an item is due */
        const enum cbor_kind kind = cbor_peek(in);
        if (kind == CBOR_ARRAY || kind == CBOR_MAP) {
            if (depth == CBOR_DEPTH_MAX) {
                reader_fail(in);
                return;
            }
            open[depth].is_map = kind == CBOR_MAP;
            open[depth].value_due = false;
            open[depth++].items = kind == CBOR_MAP ? cbor_read_map(in) : cbor_read_array(in);
        } else {
            skip_head(in, kind);
            if (kind == CBOR_TAG)
                continue;
        }
        for (;;) { /* what ends with it */
            if (depth == 0 || in->failed)
                return;
            if (open[depth - 1].value_due) {
                open[depth - 1].value_due = false;
                break;
            }
            if (cbor_more(in, &open[depth - 1].items)) {
                open[depth - 1].value_due = open[depth - 1].is_map;
                break;
            }
            depth--;
        }
    }
}

static void put_head(struct writer *out, unsigned major, uint64_t argument)
{
    const unsigned size = argument < INFO_ONE_BYTE ? 0
                          : argument <= UINT8_MAX  ? 1
                          : argument <= UINT16_MAX ? 2
                          : argument <= UINT32_MAX ? 3
                                                   : 4;
    const uint64_t info = size == 0 ? argument : INFO_ONE_BYTE + size - 1;
    writer_u8(out, (uint8_t)(major << 5 | info));
    if (size > 0)
        writer_be(out, argument, (size_t)1 << (size - 1));
}

void cbor_put_uint(struct writer *out, uint64_t value)
{
    put_head(out, MAJOR_UINT, value);
}

void cbor_put_int(struct writer *out, int64_t value)
{
    if (value < 0)
        put_head(out, MAJOR_NEGATIVE, (uint64_t)(-(value + 1)));
    else
        put_head(out, MAJOR_UINT, (uint64_t)value);
}

void cbor_put_bytes(struct writer *out, struct bytes bytes)
{
    put_head(out, MAJOR_BYTES, bytes.len);
    writer_put(out, bytes);
}

void cbor_put_text(struct writer *out, struct bytes text)
{
    put_head(out, MAJOR_TEXT, text.len);
    writer_put(out, text);
}

void cbor_put_array(struct writer *out, uint64_t count)
{
    put_head(out, MAJOR_ARRAY, count);
}

void cbor_put_map(struct writer *out, uint64_t count)
{
    put_head(out, MAJOR_MAP, count);
}

void cbor_put_indefinite_map(struct writer *out)
{
    writer_u8(out, BYTE_INDEFINITE_MAP);
}

void cbor_put_break(struct writer *out)
{
    writer_u8(out, BYTE_BREAK);
}

void cbor_put_bool(struct writer *out, bool truth)
{
    writer_u8(out, truth ? BYTE_TRUE : BYTE_FALSE);
}

void cbor_put_null(struct writer *out)
{
    writer_u8(out, BYTE_NULL);
}

void cbor_put_tag(struct writer *out, uint64_t tag)
{
    put_head(out, MAJOR_TAG, tag);
}
