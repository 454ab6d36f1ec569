/* server: clients in, frames to the workers, answers out. One thread does all the I/O (epoll, non-blocking sockets);
 * the service is called on worker threads.
 *
 * Requests on one connection are answered in order; the next one may be sent while one is being answered, and one more
 * frame is read ahead. A client that ends its half of the connection still gets its answers.
 *
 * Limits (ARCHITECTURE rule 13; struct server_limits says how much):
 *
 *   frame_bytes     a frame that announces more is answered with `limit`, and the connection closed
 *   connections     at so many, a new client takes the place of the one who has waited longest without a whole
 *                   request; when all have one, of the first who has its answers, and so too when most have one and
 *                   that one came within the last 50 ms
 *   buffered_bytes  of requests and answers together. At so many, the one who has waited longest without a whole
 *                   request, among those that hold bytes, is closed. A buffer grows only as bytes arrive. The
 *                   newest answer may stand above the limit: it exists before it can be weighed, and is not the
 *                   one to close
 *   first_byte_ms   from connecting to the first byte: closed
 *   request_ms      from a request's first byte to its last: answered with `limit`, and closed
 *   idle_ms         between requests, and for taking an answer: closed
 *
 * A connection whose request is being answered is never closed by a limit, but for its bytes when it does not take the
 * answer before.
 */
#ifndef ENCLAVE_SERVER_H
#define ENCLAVE_SERVER_H

#include "core/signer/settings.h"
#include "enclave/service.h"

enum {
    SERVER_LISTENERS_MAX = 8,
    SERVER_STOP_MS = 20000,  /* for answers in flight when told to stop; KMS is given less */
    SERVER_SPARE_FILES = 64, /* file descriptors besides one per connection: listeners, NSM, KMS, epoll */
};

struct server_config {
    const struct service *service;
    struct server_limits limits;
    int listeners[SERVER_LISTENERS_MAX]; /* listening, non-blocking; closed when the server ends */
    unsigned listener_count;
    unsigned workers; /* threads that answer; one more is for what is slow */
    int stop_fd;      /* readable: finish the answers in flight, then return */
};

enum server_end {
    SERVER_STOPPED,
    SERVER_SERVICE_ENDED,
    SERVER_FAILED, /* *why says it; nothing was served */
};

/* Returns when told to, or when the service has ended. SIGPIPE must be ignored by the caller. */
enum server_end server_run(const struct server_config *config, struct fault *why);

#endif
