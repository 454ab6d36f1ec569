#include "enclave/tls_exchange.h"

#include "core/base/fault.h"
#include "core/codec/http1.h"
#include "io/stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <time.h>

const char *tls_verdict_text(enum tls_verdict verdict)
{
    static const char *const texts[TLS_VERDICTS] = {
        [TLS_DONE] = "done",
        [TLS_BAD_ROOTS] = "the trust roots are not PEM certificates",
        [TLS_NO_TIME] = "the time is not known, so no certificate can be judged",
        [TLS_UNTRUSTED] = "the certificate does not chain to a trusted root (does the proxy on the parent lead to KMS, "
                          "with nothing in between that ends TLS?)",
        [TLS_WRONG_NAME] = "the certificate is for another host (does the proxy on the parent lead to this region's "
                           "KMS?)",
        [TLS_WRONG_TIME] = "the certificate is not valid at the time that the attestation document tells",
        [TLS_NO_HANDSHAKE] = "the peer did not complete a TLS 1.2 or 1.3 handshake (does the proxy on the parent lead "
                             "to KMS, port 443?)",
        [TLS_CUT_SHORT] = "the stream ended before the answer was whole",
        [TLS_NOT_HTTP] = "the answer is not HTTP/1.1",
        [TLS_TOO_LONG] = "the answer is longer than any of KMS's",
        [TLS_TOO_SLOW] = "no whole answer in time",
        [TLS_BROKEN] = "the process that speaks TLS failed",
    };
    return texts[verdict];
}

struct exchange {
    SSL *ssl;
    int stream;
    uint64_t deadline_ms;
};

static bool add_roots(X509_STORE *store, struct bytes pem)
{
    if (pem.len > INT_MAX)
        return false;
    BIO *const in = BIO_new_mem_buf(pem.data, (int)pem.len);
    size_t count = 0;
    bool good = in != NULL;
    for (X509 *root; good && (root = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; count++) {
        good = X509_STORE_add_cert(store, root) == 1;
        X509_free(root);
    }
    /* The end of the text is told as the lack of a further start line; anything else is a damaged certificate. */
    const unsigned long error = ERR_peek_last_error();
    good = good && count > 0 && ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(in);
    return good;
}

enum tls_verdict tls_check_roots(struct bytes roots_pem)
{
    X509_STORE *const store = X509_STORE_new();
    if (store == NULL)
        return TLS_BROKEN;
    const bool good = add_roots(store, roots_pem);
    X509_STORE_free(store);
    return good ? TLS_DONE : TLS_BAD_ROOTS;
}

/* Waits until the stream is ready for what `result` of the last call asked for. TLS_DONE: try again. */
static enum tls_verdict wait_for(const struct exchange *exchange, int result, enum tls_verdict otherwise)
{
    const int wanted = SSL_get_error(exchange->ssl, result);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE)
        return otherwise;
    struct pollfd ready = { .fd = exchange->stream, .events = wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT };
    for (;;) {
        const uint64_t now_ms = io_now_ms();
        if (now_ms >= exchange->deadline_ms)
            return TLS_TOO_SLOW;
        const uint64_t left_ms = exchange->deadline_ms - now_ms;
        const int count = poll(&ready, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
        if (count > 0)
            return TLS_DONE;
        if (count < 0 && errno != EINTR)
            return TLS_BROKEN;
    }
}

static enum tls_verdict why_no_handshake(const SSL *ssl)
{
    switch (SSL_get_verify_result(ssl)) {
    case X509_V_OK:
        return TLS_NO_HANDSHAKE;
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return TLS_WRONG_NAME;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TLS_WRONG_TIME;
    default:
        return TLS_UNTRUSTED;
    }
}

static enum tls_verdict shake_hands(const struct exchange *exchange)
{
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(exchange->ssl);
        if (result == 1)
            return SSL_get_verify_result(exchange->ssl) == X509_V_OK ? TLS_DONE : TLS_UNTRUSTED;
        const enum tls_verdict verdict = wait_for(exchange, result, TLS_NO_HANDSHAKE);
        if (verdict != TLS_DONE)
            return verdict == TLS_NO_HANDSHAKE ? why_no_handshake(exchange->ssl) : verdict;
    }
}

static enum tls_verdict send_request(const struct exchange *exchange, struct bytes request)
{
    for (size_t sent = 0; sent < request.len;) {
        size_t now = 0;
        ERR_clear_error();
        const int result = SSL_write_ex(exchange->ssl, request.data + sent, request.len - sent, &now);
        if (result == 1) {
            sent += now;
            continue;
        }
        const enum tls_verdict verdict = wait_for(exchange, result, TLS_CUT_SHORT);
        if (verdict != TLS_DONE)
            return verdict;
    }
    return TLS_DONE;
}

/* Judged on a copy, because joining the chunks of a body writes to it. */
static enum http_state judge(const uint8_t *response, size_t len)
{
    static uint8_t copy[TLS_RESPONSE_MAX];
    memcpy(copy, response, len);
    struct http_head head;
    struct bytes body;
    size_t used;
    return http_read_response(copy, len, sizeof copy, &head, &body, &used);
}

static enum tls_verdict read_response(const struct exchange *exchange, uint8_t *response, size_t cap, size_t *len)
{
    for (size_t have = 0; have < cap;) {
        size_t now = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(exchange->ssl, response + have, cap - have, &now);
        if (result != 1) {
            const enum tls_verdict verdict = wait_for(exchange, result, TLS_CUT_SHORT);
            if (verdict != TLS_DONE)
                return verdict;
            continue;
        }
        have += now;
        switch (judge(response, have)) {
        case HTTP_WHOLE:
            *len = have;
            return TLS_DONE;
        case HTTP_PARTIAL:
            break;
        case HTTP_MALFORMED:
            return TLS_NOT_HTTP;
        case HTTP_TOO_LARGE:
            return TLS_TOO_LONG;
        }
    }
    return TLS_TOO_LONG;
}

static SSL_CTX *context_of(struct bytes roots_pem, enum tls_verdict *verdict)
{
    SSL_CTX *const context = SSL_CTX_new(TLS_client_method());
    *verdict = TLS_BROKEN;
    if (context == NULL)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1)
        *verdict = add_roots(SSL_CTX_get_cert_store(context), roots_pem) ? TLS_DONE : TLS_BAD_ROOTS;
    return context;
}

static bool expect(SSL *ssl, const struct tls_order *order)
{
    X509_VERIFY_PARAM *const wanted = SSL_get0_param(ssl);
    /* RFC 9525: names stand in subjectAltName; OpenSSL would look at the common name where no DNS name is */
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_time(wanted, (time_t)(order->utc_ms / 1000));
    return X509_VERIFY_PARAM_set1_host(wanted, order->host, 0) == 1 &&
           X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER) == 1 &&
           SSL_set_tlsext_host_name(ssl, order->host) == 1;
}

enum tls_verdict tls_exchange(int stream, const struct tls_order *order, struct bytes roots_pem, struct bytes request,
                              uint8_t *response, size_t cap, size_t *len)
{
    must(cap <= TLS_RESPONSE_MAX);
    if (order->utc_ms == 0)
        return TLS_NO_TIME;
    enum tls_verdict verdict;
    SSL_CTX *const context = context_of(roots_pem, &verdict);
    SSL *ssl = NULL;
    if (verdict != TLS_DONE)
        goto out;
    verdict = TLS_BROKEN;
    ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, stream) != 1 || !expect(ssl, order))
        goto out;
    const struct exchange exchange = { ssl, stream, order->deadline_ms };
    verdict = shake_hands(&exchange);
    if (verdict == TLS_DONE)
        verdict = send_request(&exchange, request);
    if (verdict == TLS_DONE)
        verdict = read_response(&exchange, response, cap, len);
out:
    SSL_free(ssl);
    SSL_CTX_free(context);
    return verdict;
}
