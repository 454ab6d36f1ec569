#include "dev/connection.h"

#include "io/stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

SSL_CTX *connection_tls(const char *certificate_file, const char *key_file, struct fault *why)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key_file, SSL_FILETYPE_PEM) != 1) {
        fault_set(why, FAULT_INPUT, "%s: not a certificate with its key in %s", certificate_file, key_file);
        SSL_CTX_free(tls);
        return NULL;
    }
    return tls;
}

/* Waits for what the last TLS call wants. False: an error, or the deadline. */
static bool wait_for_tls(struct connection *connection, int result, uint64_t deadline_ms, struct fault *why)
{
    const int wanted = SSL_get_error(connection->ssl, result);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) {
        const unsigned long error = ERR_get_error();
        return fault_set(why, FAULT_REMOTE, "TLS: %s",
                         error != 0 ? ERR_reason_error_string(error) : "the peer closed the connection");
    }
    struct pollfd ready = { .fd = connection->fd, .events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT };
    for (;;) {
        const uint64_t now = io_now_ms();
        const uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
        const int count = poll(&ready, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (count > 0)
            return true;
        if (count == 0 || errno != EINTR)
            return fault_set(why, FAULT_REMOTE, "the peer took too long");
    }
}

bool connection_open(int fd, SSL_CTX *tls, uint64_t deadline_ms, struct connection *connection, struct fault *why)
{
    struct connection opened = { .fd = fd };
    bool ok = true;
    if (tls != NULL) {
        opened.ssl = SSL_new(tls);
        ok = opened.ssl != NULL && SSL_set_fd(opened.ssl, fd) == 1;
        if (!ok)
            fault_set(why, FAULT_INTERNAL, "no memory for TLS");
        for (int result = 0; ok;) {
            ERR_clear_error();
            result = SSL_accept(opened.ssl);
            if (result == 1)
                break;
            ok = wait_for_tls(&opened, result, deadline_ms, why);
        }
    }
    if (!ok) {
        SSL_free(opened.ssl);
        close(fd);
        return false;
    }
    *connection = opened;
    return true;
}

void connection_close(struct connection *connection)
{
    if (connection->ssl != NULL) {
        ERR_clear_error();
        SSL_shutdown(connection->ssl); /* says so, and does not wait for an answer */
        SSL_free(connection->ssl);
    }
    close(connection->fd);
}

bool connection_read_some(struct connection *connection, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms,
                          struct fault *why)
{
    if (connection->ssl == NULL)
        return stream_read_some(connection->fd, out, cap, len, deadline_ms, why);
    for (;;) {
        ERR_clear_error();
        const int got = SSL_read(connection->ssl, out, cap > INT_MAX ? INT_MAX : (int)cap);
        if (got > 0) {
            *len = (size_t)got;
            return true;
        }
        if (SSL_get_error(connection->ssl, got) == SSL_ERROR_ZERO_RETURN) {
            *len = 0;
            return true;
        }
        if (!wait_for_tls(connection, got, deadline_ms, why))
            return false;
    }
}

bool connection_write(struct connection *connection, struct bytes bytes, uint64_t deadline_ms, struct fault *why)
{
    if (connection->ssl == NULL)
        return stream_write(connection->fd, bytes, deadline_ms, why);
    size_t done = 0;
    while (done < bytes.len) {
        const size_t left = bytes.len - done;
        ERR_clear_error();
        const int wrote = SSL_write(connection->ssl, bytes.data + done, left > INT_MAX ? INT_MAX : (int)left);
        if (wrote > 0)
            done += (size_t)wrote;
        else if (!wait_for_tls(connection, wrote, deadline_ms, why))
            return false;
    }
    return true;
}
