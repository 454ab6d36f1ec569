/* tls_child: the process that speaks TLS, so that the one that holds the key never parses a record or a certificate.
 *
 *   ensignd --fork at start, before any thread or secret--> the child --fork for one exchange--> the exchange
 *
 * The child waits, and holds nothing but its end of a socket pair. For an exchange it is handed a connected stream and
 * a channel, forks, and forgets both; the forked process reads the order from the channel, does the exchange, writes
 * verdict and response to the channel, and ends. If it crashes, that exchange has failed and nothing else.
 */
#ifndef ENCLAVE_TLS_CHILD_H
#define ENCLAVE_TLS_CHILD_H

#include "core/base/outside.h"

struct tls_child {
    int control;
};

/* Forks. `roots_pem` must outlive this call only; FAULT_INPUT when it is no list of PEM certificates. To be called
 * before any thread is started and before any secret is in memory. */
bool tls_child_start(struct tls_child *child, struct bytes roots_pem, struct fault *why) MUST_USE;

/* One exchange. `stream` is connected and non-blocking, and closed in any case. FAULT_REMOTE, naming host and verdict
 * (tls_exchange.h); FAULT_LIMIT for a request over TLS_REQUEST_MAX. Waits no longer than a second past the deadline. */
bool tls_child_https(const struct tls_child *child, int stream, const struct kms_call *call, struct bytes request,
                     struct writer *response, struct fault *why) MUST_USE;

void tls_child_stop(struct tls_child *child); /* the child ends when its socket is closed */

#endif
