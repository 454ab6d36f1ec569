/* cbor_skip takes what a second reading of RFC 8949 takes; what is written anew reads as the same, and is the same when
 * it was in shortest form. */
#include "fuzz.h"

#include "core/codec/cbor.h"

enum { WRITTEN_MAX = 1 << 16 };

/* The standard's appendix C (well-formedness), narrowed to what we take. Returns the length of the item, or 0.
 * *plain is cleared by what cbor_put_* would write otherwise. */
static size_t well_formed(const uint8_t *data, size_t len, unsigned depth, bool *plain)
{
    size_t at = 1;
    if (len == 0)
        return 0;
    const unsigned major = data[0] >> 5, info = data[0] & 31;
    uint64_t value = info;
    if (info >= 24 && info <= 27) {
        const size_t extra = (size_t)1 << (info - 24);
        if (len < 1 + extra)
            return 0;
        value = 0;
        for (size_t i = 0; i < extra; i++)
            value = value << 8 | data[at++];
        const uint64_t least[] = { 24, 1 << 8, 1 << 16, (uint64_t)1 << 32 };
        if (value < least[info - 24])
            *plain = false;
    } else if (info >= 28 && (info != 31 || (major != 4 && major != 5))) {
        return 0;
    }
    switch (major) {
    case 0:
    case 1:
        return at;
    case 2:
    case 3:
        return value <= len - at ? at + (size_t)value : 0;
    case 6: {
        const size_t inner = well_formed(data + at, len - at, depth, plain);
        return inner == 0 ? 0 : at + inner;
    }
    case 7:
        return info >= 20 && info <= 22 ? at : 0;
    default:
        break;
    }
    if (depth == CBOR_DEPTH_MAX)
        return 0;
    if (info == 31 && major == 4)
        *plain = false;
    if (info != 31 && value > len)
        return 0;
    for (uint64_t i = 0; info == 31 || i < (major == 5 ? 2 * value : value); i++) {
        if (info == 31 && at < len && data[at] == 0xff && (major == 4 || i % 2 == 0))
            return at + 1;
        const size_t inner = well_formed(data + at, len - at, depth + 1, plain);
        if (inner == 0)
            return 0;
        at += inner;
    }
    return at;
}

/* Only for what cbor_skip has taken: at most CBOR_DEPTH_MAX deep. */
static void write_again(struct reader *in, struct writer *out)
{
    struct cbor_items items;
    for (;;) {
        struct reader copy = *in;
        uint64_t tag = 0;
        if (cbor_peek(in) != CBOR_TAG)
            break;
        const unsigned info = reader_u8(&copy) & 31;
        tag = info < 24 ? info : reader_be(&copy, (size_t)1 << (info - 24));
        must(!cbor_read_tag(in, tag + 1) && cbor_read_tag(in, tag));
        cbor_put_tag(out, tag);
    }
    switch (cbor_peek(in)) {
    case CBOR_UINT:
        cbor_put_uint(out, cbor_read_uint(in));
        break;
    case CBOR_NEGATIVE:
        cbor_put_int(out, cbor_read_int(in)); /* fails the reader below -2^63, which cbor_skip takes */
        break;
    case CBOR_BYTES:
        cbor_put_bytes(out, cbor_read_bytes(in));
        break;
    case CBOR_TEXT:
        cbor_put_text(out, cbor_read_text(in));
        break;
    case CBOR_BOOL:
        cbor_put_bool(out, cbor_read_bool(in));
        break;
    case CBOR_NULL:
        must(cbor_read_null(in));
        cbor_put_null(out);
        break;
    case CBOR_MAP:
        items = cbor_read_map(in);
        if (items.indefinite)
            cbor_put_indefinite_map(out);
        else
            cbor_put_map(out, items.left);
        const bool indefinite = items.indefinite;
        while (cbor_more(in, &items)) {
            write_again(in, out);
            write_again(in, out);
        }
        if (indefinite)
            cbor_put_break(out);
        break;
    case CBOR_ARRAY: {
        struct reader look = *in;
        uint64_t count = 0;
        for (items = cbor_read_array(&look); cbor_more(&look, &items); count++)
            cbor_skip(&look);
        cbor_put_array(out, count);
        for (items = cbor_read_array(in); cbor_more(in, &items);)
            write_again(in, out);
        break;
    }
    case CBOR_TAG:
    case CBOR_END:
    case CBOR_OTHER:
        must(in->failed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t buffer[WRITTEN_MAX];
    uint8_t *const input = exact_copy(data, len);
    const struct bytes whole = { input, len };
    struct reader in = reader_of(whole);
    bool plain = true;
    const size_t expected = well_formed(input, len, 0, &plain);
    cbor_skip(&in);
    must(in.failed == (expected == 0));
    must(in.failed || len - in.rest.len == expected);
    if (expected > 0) {
        struct bytes written;
        struct writer out = writer_of(buffer, sizeof buffer);
        in = reader_of((struct bytes){ input, expected });
        write_again(&in, &out);
        if (!in.failed) {
            must(reader_done(&in) && writer_done(&out, &written));
            must(!plain || bytes_equal(written, (struct bytes){ input, expected }));
            bool shortest = true;
            must(well_formed(written.data, written.len, 0, &shortest) == written.len && shortest);
        }
    }
    free(input);
    return 0;
}
