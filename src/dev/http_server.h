/* http_server: HTTP/1.1 on one connection, request after request (core/codec/http1.h reads them). */
#ifndef DEV_HTTP_SERVER_H
#define DEV_HTTP_SERVER_H

#include "core/codec/http1.h"
#include "dev/connection.h"

enum {
    HTTP_REQUEST_BODY_MAX = 1 << 20, /* a key policy of 128 KiB with every character escaped, or a Recipient */
    HTTP_REPLY_MAX = 1 << 20,
};

struct http_reply {
    unsigned status;
    const char *content_type;
    char headers[160];  /* further header lines, each with its CRLF; may be empty */
    struct writer body; /* of HTTP_REPLY_MAX */
};

/* Answers one request: fills `reply`, whose status is 200 and whose body is empty when it is called. */
typedef void http_handler(void *context, const struct http_head *head, struct bytes body, struct http_reply *reply);

/* Until the peer closes, asks to close, sends what is no HTTP, or is idle for a minute. Does not close. */
void http_serve(struct connection *connection, http_handler *handler, void *context);

#endif
