/* A frame is found when its last byte has come, not before, and framing its body gives its bytes. */
#include "fuzz.h"

#include "core/codec/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum { MAX = 512 };
    uint8_t *const arrived = exact_copy(data, len);
    struct bytes body = { 0 }, header;
    size_t used = 0;
    const enum frame_state state = frame_read((struct bytes){ arrived, len }, MAX, &body, &used);
    if (state == FRAME_WHOLE) {
        uint8_t bytes[FRAME_HEADER];
        struct writer out = writer_of(bytes, sizeof bytes);
        struct bytes shorter = { 0 };
        size_t unused;
        frame_write_header(&out, body.len);
        must(writer_done(&out, &header) && body.len <= MAX && used == FRAME_HEADER + body.len && used <= len);
        must(memcmp(arrived, header.data, header.len) == 0 && body.data == arrived + FRAME_HEADER);
        must(frame_read((struct bytes){ arrived, used - 1 }, MAX, &shorter, &unused) == FRAME_PARTIAL);
    }
    if (state == FRAME_TOO_LONG) /* the header alone tells */
        must(frame_read((struct bytes){ arrived, FRAME_HEADER }, MAX, &body, &used) == FRAME_TOO_LONG);
    free(arrived);
    return 0;
}
