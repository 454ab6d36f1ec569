#include "image/cpio.h"

#include <limits.h>
#include <zlib.h>

enum {
    LEVEL = 9,
    MEMORY = 9,
    WINDOW_GZIP = 15 + 16, /* zlib.h: 16 more asks for gzip's wrapper */
    OS_UNIX = 3,
};

size_t gzip_bound(size_t len)
{
    return compressBound(len) + 32;
}

bool gzip_put(struct writer *out, struct bytes data, struct fault *why)
{
    z_stream stream = { 0 };
    gz_header header = { .os = OS_UNIX }; /* no name, no time */
    if (data.len > UINT_MAX || out->failed || out->cap - out->len > UINT_MAX)
        return fault_set(why, FAULT_LIMIT, "%zu bytes are too many to compress at once", data.len);
    must(deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK);
    must(deflateSetHeader(&stream, &header) == Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data.data;
    stream.avail_in = (uInt)data.len;
    stream.next_out = out->data + out->len;
    stream.avail_out = (uInt)(out->cap - out->len);
    int end = deflate(&stream, Z_FINISH);
    out->len += stream.total_out;
    (void)deflateEnd(&stream);
    return end == Z_STREAM_END || fault_set(why, FAULT_LIMIT, "no room to compress %zu bytes", data.len);
}

bool gzip_read(struct bytes member, uint8_t *out, size_t cap, size_t *len, struct fault *why)
{
    z_stream stream = { 0 };
    if (member.len > UINT_MAX || cap > UINT_MAX)
        return fault_set(why, FAULT_LIMIT, "%zu bytes are too many to unpack at once", member.len);
    must(inflateInit2(&stream, WINDOW_GZIP) == Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)member.data;
    stream.avail_in = (uInt)member.len;
    stream.next_out = out;
    stream.avail_out = (uInt)cap;
    int end = inflate(&stream, Z_FINISH);
    bool whole = end == Z_STREAM_END && stream.avail_in == 0;
    bool no_room = end == Z_BUF_ERROR && stream.avail_out == 0;
    *len = stream.total_out;
    (void)inflateEnd(&stream);
    if (whole)
        return true;
    return fault_set(why, FAULT_INPUT, "%s",
                     no_room               ? "the gzip member unpacks to more than is allowed"
                     : end == Z_STREAM_END ? "bytes after the gzip member: wanted exactly one member"
                                           : "no whole gzip member (truncated or damaged)");
}
