/* http1: one HTTP/1.1 exchange as bytes (RFC 9112), for talking to KMS and for serving in the stand-ins.
 *
 * Bodies by Content-Length or chunked. Strict: HTTP/1.1 only, no obsolete folding, no white space before a colon, one
 * framing header in all (RFC 9112 section 6.3), no transfer coding but chunked, no trailers, no control characters, at
 * most HTTP_HEADERS_MAX headers, CRLF line ends. Chunk extensions are passed over.
 */
#ifndef CORE_CODEC_HTTP1_H
#define CORE_CODEC_HTTP1_H

#include "core/base/bytes.h"

enum {
    HTTP_HEADERS_MAX = 64,
    HTTP_HEAD_MAX = 16384,   /* bytes of the start line and headers */
    HTTP_CHUNKS_MAX = 16384, /* of a body: they are walked anew each time more of it has arrived */
};

struct http_header {
    struct bytes name, value; /* views; value without white space at its ends */
};

struct http_head {
    struct bytes method, target; /* of a request */
    unsigned status;             /* of a response: 100 to 599 */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    bool is_whole; /* the start line and all headers are there */
};

enum http_state {
    HTTP_PARTIAL,   /* more bytes are needed */
    HTTP_WHOLE,     /* head, *body and *used are set */
    HTTP_MALFORMED, /* will never become one */
    HTTP_TOO_LARGE, /* over the limits: head, headers, or body_max */
};

/* Looks at what has arrived. A chunked body is joined in place, which is why `arrived` is written to; call again with
 * the same bytes and more only after HTTP_PARTIAL, which leaves them as they were. A response has one of the two
 * framings, or it is malformed, except 204; so an interim response (1xx) is malformed too: we never ask for one.
 * `head` is overwritten in every case, and is of use with HTTP_WHOLE, or with HTTP_PARTIAL when it is_whole; the views
 * are into `arrived`. */
enum http_state http_read_request(uint8_t *arrived, size_t len, size_t body_max, struct http_head *head,
                                  struct bytes *body, size_t *used) MUST_USE;
enum http_state http_read_response(uint8_t *arrived, size_t len, size_t body_max, struct http_head *head,
                                   struct bytes *body, size_t *used) MUST_USE;

/* The header of that name (any case); false when absent or there twice. */
bool http_header(const struct http_head *head, struct bytes name, struct bytes *value) MUST_USE;

#endif
