/* tls_exchange: one HTTPS exchange over a connected stream, verified in full. Runs in a process of its own (tls_child),
 * so what it tells its parent is a verdict from a closed list, never a text of OpenSSL's or of the peer's.
 *
 * TLS 1.2 (forward secret, AEAD) or 1.3. The certificate must chain to the given roots, bear the host's name and be
 * valid at the given time; no store, file or clock of the machine has a say.
 */
#ifndef ENCLAVE_TLS_EXCHANGE_H
#define ENCLAVE_TLS_EXCHANGE_H

#include "core/base/bytes.h"

enum {
    TLS_HOST_MAX = 256,          /* bytes with the NUL; a host name has at most 253 */
    TLS_REQUEST_MAX = 128 << 10, /* an attestation document, a ciphertext and a session token, in base64, thrice over */
    TLS_RESPONSE_MAX = 128 << 10, /* KMS's answers to us stay under 16 KiB */
};

enum tls_verdict {
    TLS_DONE,
    TLS_BAD_ROOTS,
    TLS_NO_TIME,
    TLS_UNTRUSTED,
    TLS_WRONG_NAME,
    TLS_WRONG_TIME,
    TLS_NO_HANDSHAKE,
    TLS_CUT_SHORT,
    TLS_NOT_HTTP,
    TLS_TOO_LONG,
    TLS_TOO_SLOW,
    TLS_BROKEN, /* our own side: no memory, or the process died */
};
#define TLS_VERDICTS (TLS_BROKEN + 1)

const char *tls_verdict_text(enum tls_verdict verdict) MUST_USE; /* what was found, and what to look at */

struct tls_order {
    char host[TLS_HOST_MAX];
    uint64_t utc_ms;      /* not 0 */
    uint64_t deadline_ms; /* io_now_ms's clock */
};

enum tls_verdict tls_check_roots(struct bytes roots_pem) MUST_USE;

/* Sends the request and reads one whole response; the bytes of the response are as they came. `response` is at most
 * `cap` bytes, cap at most TLS_RESPONSE_MAX. The stream is left open, and never half closed: the parent's vsock-proxy
 * takes that for the end. */
enum tls_verdict tls_exchange(int stream, const struct tls_order *order, struct bytes roots_pem, struct bytes request,
                              uint8_t *response, size_t cap, size_t *len) MUST_USE;

#endif
