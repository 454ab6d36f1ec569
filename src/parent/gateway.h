/* gateway: JSON-RPC 2.0 over HTTP for programs that speak Ethereum, answered with an enclave's signatures.
 *
 * A method is a function and a row in gateway_methods.c. What it writes is the result; when it fails, what it wrote is
 * dropped and the fault becomes the error:
 *
 *   -32602  FAULT_INPUT; alone also HTTP 400
 *   -32000  FAULT_POLICY
 *   -32002  FAULT_STATE, FAULT_REMOTE: nobody who could sign, or no node
 *   -32005  FAULT_LIMIT
 *   -32603  FAULT_INTERNAL
 *   as is   a node's own error
 *
 * Nothing is passed on that was not checked: a signature's maker is recovered over the very bytes that were asked for.
 */
#ifndef PARENT_GATEWAY_H
#define PARENT_GATEWAY_H

#include "core/base/arena.h"
#include "core/eth/tx.h"
#include "parent/eth_node.h"
#include "parent/gateway_nonces.h"
#include "parent/gateway_signers.h"
#include "parent/gateway_tx.h"

#include <stdatomic.h>

enum {
    GATEWAY_ARENA = 4 << 20, /* per connection: what was signed, read back and checked */
    GATEWAY_TOKEN_MAX = 512,
    GATEWAY_NAMES_MAX = 16,   /* --allow-host, and --allow-origin */
    GATEWAY_BATCH_MAX = 128,  /* go-livepeer's largest payment is 100 calls */
    GATEWAY_METHODS_MAX = 96, /* for the counters */
};

struct gateway {
    struct gateway_signers signers;
    struct eth_node *node; /* NULL: no --upstream */
    struct gateway_nonces nonces;
    size_t host_count, origin_count;
    const char *hosts[GATEWAY_NAMES_MAX];   /* allowed beside the loopback's names */
    const char *origins[GATEWAY_NAMES_MAX]; /* allowed beside none */
    size_t token_len;
    char token[GATEWAY_TOKEN_MAX]; /* of `Authorization: Bearer`; none when token_len is 0 */
    struct {
        atomic_ullong requests, failures;
    } counters[GATEWAY_METHODS_MAX];
    atomic_ullong unknown_methods, http_refusals, policy_refusals, wrong_signatures, broadcasts;
    pthread_mutex_t key_lock; /* over the two below, which are written once */
    bool has_public_key;      /* learned when first asked for, or from the first signature that passed */
    uint8_t public_key[64];
};

struct gateway_method;

/* One connection's own: what its requests are worked out with. */
struct gateway_call {
    struct gateway *gateway;
    const struct gateway_method *method; /* the one that runs */
    struct json params;                  /* an array, or JSON_NONE */
    struct json node_error;              /* set when the node's own error is to be passed on; a view into the arena */
    const void *asker;                   /* NULL: nobody who could go while the call runs */
    bool (*asker_is_there)(const void *asker);
    bool has_sent;        /* a transaction of this body is in the asker's hand only when the answer is */
    uint64_t deadline_ms; /* of a batch: requests after it are not begun */
    bool hides_reason;    /* clef's clients want one sentence for a refusal; the reason then goes into `data` */
    struct arena arena;
    uint8_t room[]; /* GATEWAY_ARENA */
};

struct gateway_method {
    const char *name;
    bool (*run)(struct gateway_call *call, struct json_writer *result, struct fault *why);
};
extern const struct gateway_method gateway_methods[];
extern const size_t gateway_method_count;

/* One HTTP body: a request or a batch. Writes the whole answer, and says the HTTP status: 200, or 400 for what is no
 * request and for wrong parameters outside a batch. An empty answer is one to notifications alone. */
unsigned gateway_rpc(struct gateway_call *call, struct bytes body, struct writer *out) MUST_USE;

/* Whoever asked still waits. */
bool gateway_asker_is_there(const struct gateway_call *call) MUST_USE;

/* The parameters, by position. `least` and `most` bound how many there may be; FAULT_INPUT with `usage`. Those that are
 * not there are JSON_NONE. */
bool gateway_params(struct gateway_call *call, size_t least, size_t most, struct json *params, const char *usage,
                    struct fault *why) MUST_USE;
/* The parameter is our address. FAULT_INPUT: none at all; FAULT_POLICY: another's. */
bool gateway_is_ours(struct gateway_call *call, struct json param, struct fault *why) MUST_USE;

/* The key behind our address, of which it has been seen that it is. */
bool gateway_knows_public_key(struct gateway *gateway) MUST_USE;
void gateway_keep_public_key(struct gateway *gateway, const uint8_t public[static 64]);

/* Signs and checks a transaction that is complete. *raw and *tx are in the call's arena. */
bool gateway_sign_tx(struct gateway_call *call, const struct gateway_tx *wanted, struct bytes *raw, struct tx *tx,
                     struct signature *signature, struct fault *why) MUST_USE;
/* The chain that transactions are for: the policy's, --chain-id, or the node's. *known false: nobody says one. */
bool gateway_chain(struct gateway_call *call, bool *known, struct u256 *chain, struct fault *why) MUST_USE;

/* Asks the node; an error of its own becomes call->node_error and FAULT_REMOTE. *result is in the arena. `params` is
 * a JSON array. */
bool gateway_ask_node(struct gateway_call *call, const char *method, struct bytes params, struct json *result,
                      struct fault *why) MUST_USE;

/* The answer to a body that sent transactions is about to be given: gateway_send.c. */
void gateway_hand_over(struct gateway_call *call);

/* The methods: gateway_sign.c, gateway_clef.c, gateway_send.c, gateway_read.c. */
bool method_accounts(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_health(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_sign(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_personal_sign(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_eth_sign_typed_data(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_eth_sign_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_send_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_chain_id(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_net_version(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_clef_version(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_clef_sign_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_clef_sign_data(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
bool method_clef_sign_typed_data(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;
/* Goes to the node under its own name. */
bool method_upstream(struct gateway_call *call, struct json_writer *result, struct fault *why) MUST_USE;

#endif
