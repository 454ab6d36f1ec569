/* http_client: one HTTP exchange by libcurl: for the instance's metadata, a container's credentials, and KMS.
 *
 * No redirects, no cookies, http and https only; certificates are verified against the system's roots or ca_file.
 * libcurl keeps copies of what it sends and receives which cannot be wiped; ours are.
 */
#ifndef PARENT_HTTP_CLIENT_H
#define PARENT_HTTP_CLIENT_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum { HTTP_CLIENT_HEADERS_MAX = 12 };

struct http_call {
    const char *method, *url;
    size_t header_count;
    const char *headers[HTTP_CLIENT_HEADERS_MAX]; /* "Name: value", NUL-terminated; may be secret */
    struct bytes body;                            /* sent when there is one, or the method is POST or PUT */
    bool direct;                                  /* go past every proxy that the environment names */
    bool once;           /* over a connection made for it: on a kept one that has died libcurl sends again by itself */
    const char *ca_file; /* PEM; NULL: the system's roots */
    long timeout_ms;     /* for the whole exchange */
};

/* The answer's body goes to `body`, whatever its status. FAULT_REMOTE: no whole answer came, or it did not fit; the
 * text names the host at most, never a header. */
bool http_exchange(const struct http_call *call, unsigned *status, struct writer *body, struct fault *why) MUST_USE;

/* The same over a connection that is kept from one exchange to the next, while the host is the same and it lasts: one
 * that the other side has ended meanwhile is made anew. For one exchange at a time. */
struct http_line;
struct http_line *http_line_open(void) MUST_USE; /* NULL: no memory */
bool http_line_exchange(struct http_line *line, const struct http_call *call, unsigned *status, struct writer *body,
                        struct fault *why) MUST_USE;
void http_line_close(struct http_line *line); /* NULL is one that never was */

/* A URL taken apart, for signing and for rules about hosts. */
struct http_url {
    bool is_https;
    char host[256];      /* lower case; an IPv6 address without its brackets */
    char authority[272]; /* as the Host header has it: with the port when that is not the scheme's */
};
/* FAULT_INPUT: no http or https URL, or one with a user or password. */
bool http_url_read(const char *url, struct http_url *parts, struct fault *why) MUST_USE;

#endif
