/* connection: one accepted socket, plain or with TLS, read and written with deadlines. */
#ifndef DEV_CONNECTION_H
#define DEV_CONNECTION_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#include <openssl/ssl.h>

struct connection {
    int fd;   /* non-blocking */
    SSL *ssl; /* NULL: plain */
};

/* TLS 1.2 or 1.3 with that certificate and key, in PEM files. NULL and FAULT_INPUT. */
SSL_CTX *connection_tls(const char *certificate_file, const char *key_file, struct fault *why) MUST_USE;

/* With `tls`, does the handshake. On failure the socket is closed. */
bool connection_open(int fd, SSL_CTX *tls, uint64_t deadline_ms, struct connection *connection,
                     struct fault *why) MUST_USE;
void connection_close(struct connection *connection);

/* As stream_read_some and stream_write (io/stream.h). */
bool connection_read_some(struct connection *connection, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms,
                          struct fault *why) MUST_USE;
bool connection_write(struct connection *connection, struct bytes bytes, uint64_t deadline_ms,
                      struct fault *why) MUST_USE;

#endif
