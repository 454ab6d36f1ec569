#include "core/codec/frame.h"

enum frame_state frame_read(struct bytes arrived, size_t max, struct bytes *body, size_t *used)
{
    struct reader in = reader_of(arrived);
    const size_t len = (size_t)reader_be(&in, FRAME_HEADER);
    if (in.failed)
        return FRAME_PARTIAL;
    if (len > max || len > FRAME_MAX)
        return FRAME_TOO_LONG;
    struct bytes whole = reader_take(&in, len);
    if (in.failed)
        return FRAME_PARTIAL;
    *body = whole;
    *used = FRAME_HEADER + len;
    return FRAME_WHOLE;
}

void frame_write_header(struct writer *out, size_t body_len)
{
    if (body_len > FRAME_MAX)
        writer_fail(out);
    else
        writer_be(out, body_len, FRAME_HEADER);
}
