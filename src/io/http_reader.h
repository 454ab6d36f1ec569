/* http_reader: the requests of one connection, one after another, as they arrive (core/codec/http1.h reads them).
 *
 * Bounded in bytes and time: idle_ms to begin a request, request_ms to finish it, body_max for its body, and as much
 * again for how a chunked one is written. What follows a request stays for the next call.
 */
#ifndef IO_HTTP_READER_H
#define IO_HTTP_READER_H

#include "core/base/fault.h"
#include "core/codec/http1.h"

struct http_reader {
    size_t body_max;
    unsigned idle_ms, request_ms;
    /* At least one byte, at most cap; *len 0 at the end. */
    bool (*read)(void *peer, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms, struct fault *why);
    void *peer;
    /* Asked once a request, as soon as its head is there and before more of its body is taken; NULL: all are wanted. */
    bool (*wants)(void *context, const struct http_head *head);
    void *context;

    uint8_t *data; /* from the heap */
    size_t begin, end, room;
};

enum http_arrival {
    HTTP_ARRIVED,   /* a whole request; head and *body are views until the next call */
    HTTP_UNWANTED,  /* not wanted, and not whole: the rest of it is still to come */
    HTTP_NOT_HTTP,  /* what came will never be a request */
    HTTP_OVERLONG,  /* over the limits */
    HTTP_NONE_CAME, /* the peer has ended, was too slow, or there is no memory */
};

/* After anything but HTTP_ARRIVED the connection is of no more use but for an answer. */
enum http_arrival http_reader_next(struct http_reader *reader, struct http_head *head, struct bytes *body) MUST_USE;

/* Frees what it holds. */
void http_reader_end(struct http_reader *reader);

#endif
