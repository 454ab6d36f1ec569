/* gateway_signers: the signers behind a gateway, all of one key, and a bounded number of kept connections to them.
 *
 * A connection is used only after it has answered with the address that is expected: the one given, or the one that the
 * first of all answered. It then also says the policy's chain. Whoever needs a signer takes a line, writes a request
 * into its client, calls, copies what was answered, and gives the line back:
 *
 *     struct signer_line *line = signers_take(signers, &why);
 *     struct json_writer *params = signer_begin(line->client, "sign_ticket");
 *     …
 *     bool done = signers_call(signers, line, &result, &why);
 *     signers_give(signers, line);
 *
 * A request that got no whole answer is asked once more over a new connection, to another signer when there is one:
 * signing the same twice gives the same bytes, and charges a ticket once.
 */
#ifndef PARENT_GATEWAY_SIGNERS_H
#define PARENT_GATEWAY_SIGNERS_H

#include "core/crypto/ecdsa.h"
#include "parent/signer_client.h"

#include <pthread.h>

enum {
    GATEWAY_ENDPOINTS_MAX = 8,
    GATEWAY_LINES = 16,    /* requests that are with signers at one time; others wait their turn */
    GATEWAY_DOWN_MS = 500, /* an endpoint that failed is not tried for so long while another is there */
};

struct gateway_endpoint {
    struct endpoint endpoint;
    bool has_chain;
    struct u256 chain; /* of the policy in force when the last connection was made */
    size_t busy;       /* lines that are being used */
    uint64_t down_until_ms;
    uint64_t failures; /* since the start */
};

struct signer_line {
    struct signer_client *client, *checker; /* the second for asking who is there, while the first holds a request */
    struct gateway_endpoint *at;
    int fd; /* -1: not connected */
    bool busy;
    bool has_chain; /* of the connection, so that no lock is needed */
    struct u256 chain;
};

struct gateway_signers {
    pthread_mutex_t lock;
    pthread_cond_t given;
    size_t endpoint_count;
    struct gateway_endpoint endpoints[GATEWAY_ENDPOINTS_MAX];
    struct signer_line lines[GATEWAY_LINES];
    uint64_t timeout_ms; /* of one call, connecting and asking again included */
    bool has_address;
    struct address address;
    bool has_chain; /* --chain-id: a policy of another chain is then not accepted */
    struct u256 chain;
};

/* Endpoints, timeout and what is expected are set; makes the rest. */
void signers_start(struct gateway_signers *signers);

/* A connected and checked line, or NULL: FAULT_REMOTE when no signer can be reached in time, FAULT_STATE when none has
 * a key, FAULT_POLICY when it is another's. */
struct signer_line *signers_take(struct gateway_signers *signers, struct fault *why) MUST_USE;
/* Asks what was begun. *result is a view into the client. FAULT_REMOTE, or the signer's own fault. */
bool signers_call(struct gateway_signers *signers, struct signer_line *line, struct json *result,
                  struct fault *why) MUST_USE;
void signers_give(struct gateway_signers *signers, struct signer_line *line);

/* Whose key it is; connects when that is not known yet. */
bool signers_address(struct gateway_signers *signers, struct address *address, struct fault *why) MUST_USE;

/* Asks one endpoint anew who it is, over a connection of its own: for health checks. */
bool signers_check(struct gateway_signers *signers, size_t endpoint, struct fault *why) MUST_USE;

#endif
