/* http_tls: the bytes of one connection, over TLS or plain, with deadlines (io_now_ms's clock). */
#ifndef PARENT_HTTP_TLS_H
#define PARENT_HTTP_TLS_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

struct http_tls; /* certificate, key, and whose certificates clients must show */

/* TLS 1.2 and later. PEM files; `client_ca` NULL: clients need no certificate, else one that leads to a certificate in
 * that file. FAULT_INPUT naming the file. */
struct http_tls *http_tls_open(const char *certificate, const char *key, const char *client_ca,
                               struct fault *why) MUST_USE;

struct http_peer {
    int fd;
    void *ssl; /* NULL: plain */
};

/* Takes a connected, non-blocking socket; with TLS the handshake is made. False: it is not to be used; close it. */
bool http_peer_open(struct http_peer *peer, int fd, struct http_tls *tls, uint64_t deadline_ms,
                    struct fault *why) MUST_USE;
/* At least one byte, at most cap; *len 0 at the end. FAULT_REMOTE. */
bool http_peer_read(struct http_peer *peer, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms,
                    struct fault *why) MUST_USE;
bool http_peer_write(struct http_peer *peer, struct bytes bytes, uint64_t deadline_ms, struct fault *why) MUST_USE;
void http_peer_close(struct http_peer *peer);

#endif
