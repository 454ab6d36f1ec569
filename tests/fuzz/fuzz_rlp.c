/* What decodes encodes back to the same bytes. */
#include "fuzz.h"

#include "core/codec/rlp.h"

enum { DEPTH_MAX = 64, WRITTEN_MAX = 1 << 16 };

/* Writes the items in `in`, and those in them, anew; false when one is malformed or too deep. */
static bool write_again(struct reader in, struct writer *out)
{
    struct reader open[DEPTH_MAX];
    size_t depth = 0;
    open[depth++] = in;
    while (depth > 0) {
        struct reader *const at = &open[depth - 1];
        if (at->failed)
            return false;
        if (at->rest.len == 0) {
            depth--;
            continue;
        }
        const struct rlp_item item = rlp_read(at);
        if (at->failed || depth == DEPTH_MAX)
            return false;
        if (item.is_list) {
            rlp_write_list_header(out, item.payload.len);
            open[depth++] = reader_of(item.payload);
        } else {
            rlp_write_string(out, item.payload);
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t buffer[WRITTEN_MAX];
    uint8_t *const input = exact_copy(data, len);
    struct reader in = reader_of((struct bytes){ input, len });
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    if (write_again(in, &out))
        must(writer_done(&out, &written) && bytes_equal(written, (struct bytes){ input, len }));

    const struct reader before = in;
    const struct u256 value = rlp_read_u256(&in);
    if (!in.failed) {
        out = writer_of(buffer, sizeof buffer);
        rlp_write_u256(&out, &value);
        must(writer_done(&out, &written) && written.len == before.rest.len - in.rest.len);
        must(memcmp(written.data, input, written.len) == 0);
    }
    free(input);
    return 0;
}
