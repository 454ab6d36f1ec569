#include "parent/kms_probe.h"

#include "core/codec/http1.h"
#include "io/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 32768, BODY_MAX = 8192 };

/* After a call that gave `result`. True: call it again. */
static bool may_go_on(SSL *ssl, int result, uint64_t deadline_ms, struct fault *why)
{
    const int wanted = SSL_get_error(ssl, result);
    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE)
        return io_wait(SSL_get_fd(ssl), wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline_ms, why);
    const long verified = SSL_get_verify_result(ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (verified != X509_V_OK)
        reason = X509_verify_cert_error_string(verified);
    return fault_set(why, FAULT_REMOTE, "TLS: %s", reason == NULL ? "the other side closed the connection" : reason);
}

static bool shake_hands(SSL *ssl, const char *host, int fd, uint64_t deadline_ms, struct fault *why)
{
    if (SSL_set_fd(ssl, fd) != 1 || SSL_set_tlsext_host_name(ssl, host) != 1 || SSL_set1_host(ssl, host) != 1)
        return fault_set(why, FAULT_INTERNAL, "no memory for TLS");
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(ssl);
        if (result == 1)
            return true;
        if (!may_go_on(ssl, result, deadline_ms, why))
            return false;
    }
}

static bool send_request(SSL *ssl, const char *host, uint64_t deadline_ms, struct fault *why)
{
    char request[512];
    const int len =
        snprintf(request, sizeof request,
                 "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.1\r\n"
                 "X-Amz-Target: TrentService.DescribeKey\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
                 host);
    must(len > 0 && (size_t)len < sizeof request);
    for (;;) {
        ERR_clear_error();
        const int result = SSL_write(ssl, request, len);
        if (result == len)
            return true;
        if (!may_go_on(ssl, result, deadline_ms, why))
            return false;
    }
}

/* RFC 9110 section 5.6.7, the one form that is sent today. */
static uint64_t date_of(const struct http_head *head)
{
    char text[40] = "";
    struct bytes date;
    struct tm utc = { 0 };
    if (!http_header(head, BYTES_LIT("date"), &date) || date.len >= sizeof text)
        return 0;
    memcpy(text, date.data, date.len);
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    const time_t seconds = end != NULL && *end == '\0' ? timegm(&utc) : -1;
    return seconds < 0 ? 0 : (uint64_t)seconds;
}

static bool read_answer(SSL *ssl, uint64_t deadline_ms, uint64_t *date_s, struct fault *why)
{
    static uint8_t answer[ANSWER_MAX];
    struct http_head head;
    struct bytes body;
    size_t len = 0, used;
    for (;;) {
        ERR_clear_error();
        const int result = SSL_read(ssl, answer + len, (int)(sizeof answer - len));
        if (result <= 0 && !may_go_on(ssl, result, deadline_ms, why))
            return false;
        len += result > 0 ? (size_t)result : 0;
        switch (http_read_response(answer, len, BODY_MAX, &head, &body, &used)) {
        case HTTP_PARTIAL:
            if (len < sizeof answer)
                continue;
            return fault_set(why, FAULT_REMOTE, "its answer is no HTTP of KMS's");
        case HTTP_WHOLE:
            *date_s = date_of(&head);
            return true;
        case HTTP_MALFORMED:
        case HTTP_TOO_LARGE:
            return fault_set(why, FAULT_REMOTE, "its answer is no HTTP of KMS's");
        }
    }
}

static SSL_CTX *context(const char *ca_file, struct fault *why)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
        (void)fault_set(why, FAULT_INTERNAL, "no memory for TLS");
    } else if ((ca_file != NULL ? SSL_CTX_load_verify_file(tls, ca_file) : SSL_CTX_set_default_verify_paths(tls)) !=
               1) {
        (void)fault_set(why, FAULT_INPUT, "AWS_CA_BUNDLE names no file of certificates");
    } else {
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        return tls;
    }
    SSL_CTX_free(tls);
    return NULL;
}

bool kms_probe(int fd, const char *host, const char *ca_file, uint64_t deadline_ms, uint64_t *date_s, struct fault *why)
{
    SSL_CTX *tls = context(ca_file, why);
    if (tls == NULL)
        return false;
    SSL *ssl = SSL_new(tls);
    const bool ok = ssl != NULL
                        ? shake_hands(ssl, host, fd, deadline_ms, why) && send_request(ssl, host, deadline_ms, why) &&
                              read_answer(ssl, deadline_ms, date_s, why)
                        : fault_set(why, FAULT_INTERNAL, "no memory for TLS");
    SSL_free(ssl);
    SSL_CTX_free(tls);
    return ok;
}
