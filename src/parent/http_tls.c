#include "parent/http_tls.h"

#include "io/stream.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

struct http_tls {
    SSL_CTX *context;
};

static bool load(SSL_CTX *context, const char *certificate, const char *key, const char *client_ca, struct fault *why)
{
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return fault_set(why, FAULT_INTERNAL, "OpenSSL does not set a lowest TLS version");
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return fault_set(why, FAULT_INPUT, "%.200s: no PEM certificate chain", certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)
        return fault_set(why, FAULT_INPUT, "%.200s: no PEM private key of that certificate", key);
    if (client_ca == NULL)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (names == NULL || SSL_CTX_load_verify_file(context, client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fault_set(why, FAULT_INPUT, "%.200s: no PEM certificates", client_ca);
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

struct http_tls *http_tls_open(const char *certificate, const char *key, const char *client_ca, struct fault *why)
{
    static struct http_tls tls; /* one server a process */
    tls.context = SSL_CTX_new(TLS_server_method());
    if (tls.context == NULL) {
        (void)fault_set(why, FAULT_INTERNAL, "no memory for TLS");
        return NULL;
    }
    if (load(tls.context, certificate, key, client_ca, why)) {
        (void)SSL_CTX_set_mode(tls.context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        /* Without an identity of the sessions OpenSSL refuses those that were begun with a client's certificate. */
        (void)SSL_CTX_set_session_cache_mode(tls.context, SSL_SESS_CACHE_OFF);
        (void)SSL_CTX_set_num_tickets(tls.context, 0);
        (void)SSL_CTX_set_options(tls.context, SSL_OP_NO_TICKET);
        return &tls;
    }
    SSL_CTX_free(tls.context);
    return NULL;
}

/* After a call that gave `result`: true when it is to be made again. *ended: the peer has ended its side. */
static bool tls_again(struct http_peer *peer, int result, uint64_t deadline_ms, bool *ended, struct fault *why)
{
    const int error = SSL_get_error(peer->ssl, result);
    *ended = false;
    if (error == SSL_ERROR_WANT_READ)
        return io_wait(peer->fd, POLLIN, deadline_ms, why);
    if (error == SSL_ERROR_WANT_WRITE)
        return io_wait(peer->fd, POLLOUT, deadline_ms, why);
    *ended = error == SSL_ERROR_ZERO_RETURN;
    ERR_clear_error();
    return fault_set(why, FAULT_REMOTE, "the peer broke TLS off");
}

bool http_peer_open(struct http_peer *peer, int fd, struct http_tls *tls, uint64_t deadline_ms, struct fault *why)
{
    bool ended;
    *peer = (struct http_peer){ .fd = fd };
    if (tls == NULL)
        return true;
    peer->ssl = SSL_new(tls->context);
    if (peer->ssl == NULL || SSL_set_fd(peer->ssl, fd) != 1)
        return fault_set(why, FAULT_INTERNAL, "no memory for TLS");
    for (;;) {
        const int result = SSL_accept(peer->ssl);
        if (result == 1)
            return true;
        if (!tls_again(peer, result, deadline_ms, &ended, why))
            return false;
    }
}

static int at_most_int(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

bool http_peer_read(struct http_peer *peer, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms,
                    struct fault *why)
{
    if (peer->ssl == NULL)
        return stream_read_some(peer->fd, out, cap, len, deadline_ms, why);
    for (;;) {
        bool ended;
        const int got = SSL_read(peer->ssl, out, at_most_int(cap));
        if (got > 0) {
            *len = (size_t)got;
            return true;
        }
        if (!tls_again(peer, got, deadline_ms, &ended, why)) {
            *len = 0;
            return ended;
        }
    }
}

bool http_peer_write(struct http_peer *peer, struct bytes bytes, uint64_t deadline_ms, struct fault *why)
{
    if (peer->ssl == NULL)
        return stream_write(peer->fd, bytes, deadline_ms, why);
    while (bytes.len > 0) {
        bool ended;
        const int sent = SSL_write(peer->ssl, bytes.data, at_most_int(bytes.len));
        if (sent > 0)
            bytes = (struct bytes){ bytes.data + sent, bytes.len - (size_t)sent };
        else if (!tls_again(peer, sent, deadline_ms, &ended, why))
            return false;
    }
    return true;
}

void http_peer_close(struct http_peer *peer)
{
    if (peer->ssl != NULL) {
        (void)SSL_shutdown(peer->ssl);
        ERR_clear_error();
        SSL_free(peer->ssl);
    }
    (void)close(peer->fd);
    *peer = (struct http_peer){ .fd = -1 };
}
