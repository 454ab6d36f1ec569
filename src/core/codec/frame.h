/* frame: the envelope of the RPC protocol: 4 bytes big-endian length, then that many bytes of JSON. */
#ifndef CORE_CODEC_FRAME_H
#define CORE_CODEC_FRAME_H

#include "core/base/bytes.h"

enum {
    FRAME_HEADER = 4,
    FRAME_MAX = 1 << 20, /* bytes of body; a policy with 16,384 recipients is 740 KB */
};

enum frame_state {
    FRAME_PARTIAL,  /* more bytes are needed */
    FRAME_WHOLE,    /* *body is set, *used is the header's and the body's length */
    FRAME_TOO_LONG, /* the header announces more than max */
};

/* Looks at what has arrived so far. `max` is the limit in force, at most FRAME_MAX. */
enum frame_state frame_read(struct bytes arrived, size_t max, struct bytes *body, size_t *used) MUST_USE;

/* Writes the header; the body follows by other means. A body over FRAME_MAX fails the writer. */
void frame_write_header(struct writer *out, size_t body_len);

#endif
