/* http_server: HTTP/1.1 for programs on the same machine, or behind TLS: a thread a connection, request after request
 * (core/codec/http1.h reads them), everything bounded.
 *
 * A body is taken only of a request that is wanted by its head; else the answer goes out, and the connection ends. HEAD
 * is answered as the service answers it, without the body.
 *
 * A connection has HTTP_SERVER_IDLE_MS to begin a request and HTTP_SERVER_REQUEST_MS to finish it. When all
 * HTTP_SERVER_CONNECTIONS are taken, the one that has waited longest without a whole request is closed for the next; a
 * request that is being answered is never given up for another.
 */
#ifndef PARENT_HTTP_SERVER_H
#define PARENT_HTTP_SERVER_H

#include "core/codec/http1.h"
#include "io/endpoint.h"
#include "parent/http_tls.h"

enum {
    HTTP_SERVER_CONNECTIONS = 256,
    HTTP_SERVER_IDLE_MS = 60000,
    HTTP_SERVER_REQUEST_MS = 10000,
    HTTP_SERVER_ANSWER_MS = 10000,  /* to take the whole answer */
    HTTP_SERVER_BODY_MAX = 2 << 20, /* a transaction of a frame's length, in a string with its escapes */
    HTTP_SERVER_REPLY_MAX = 8 << 20,
    HTTP_SERVER_ORIGIN_MAX = 256,
    HTTP_SERVER_LINGER_MS = 2000, /* to go on sending what is not taken, so that the refusal is read and no reset */
    HTTP_SERVER_DRAIN_MS = 10000, /* what is being answered when the server is told to end has so long */
};

struct http_answer {
    unsigned status;          /* 200 unless the handler says otherwise */
    const char *content_type; /* "text/plain" unless it says otherwise */
    bool asks_for_token;      /* with 401: says so in a header */
    struct bytes origin;      /* a web page's that may read the answer, at most HTTP_SERVER_ORIGIN_MAX; empty: none */
    struct writer body;
    const struct http_peer *asker; /* NULL: nobody who could go */
};

/* Whoever asked still waits for the answer: a client that has ended its side of the connection does not. */
bool http_asker_is_there(const struct http_answer *answer) MUST_USE;

/* Answers one request, in the connection's own thread. `worker` is what make_worker gave. */
struct http_service {
    bool (*wants)(void *worker, const struct http_head *head); /* when false, `answer` refuses that head too */
    void (*answer)(void *worker, const struct http_head *head, struct bytes body, struct http_answer *answer);
    void *(*make_worker)(void *context); /* for one connection; NULL: no memory, and the connection is closed */
    void (*end_worker)(void *worker);
    void *context;
};

/* Serves until SIGTERM or SIGINT, then finishes what is being answered. `tls` NULL: without. Call it before any other
 * thread is started, since it blocks those signals for all of them. FAULT_INTERNAL: the listener failed. */
bool http_serve(int listener, struct http_tls *tls, const struct http_service *service, struct fault *why) MUST_USE;

#endif
