/* eth_node: one Ethereum node's JSON-RPC over HTTP, by libcurl. What it says is hearsay: parsed strictly, and never a
 * reason to sign. */
#ifndef PARENT_ETH_NODE_H
#define PARENT_ETH_NODE_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"
#include "parent/http_client.h"

#include <pthread.h>

enum {
    ETH_NODE_TIMEOUT_MS = 10000,
    ETH_NODE_REQUEST_MAX = 2 << 20,
    ETH_NODE_LINES = 16, /* connections that are kept; more calls at once make, and end, their own */
};

struct eth_node {
    const char *url; /* http or https; may hold a provider's key, so it is never logged or answered */
    pthread_mutex_t lock;
    size_t idle_count;
    struct http_line *idle[ETH_NODE_LINES]; /* the one used last is used next, so that the others may end */
};

void eth_node_start(struct eth_node *node, const char *url);

enum eth_node_answer {
    ETH_NODE_RESULT,
    ETH_NODE_ERROR,     /* it said no: a JSON-RPC error object */
    ETH_NODE_UNCERTAIN, /* no whole answer of the protocol: it may have done what was asked, or not; *why says more */
};

/* One call. `params` is a JSON array. *value, the result or the error object, is put into the arena. */
enum eth_node_answer eth_node_call(struct eth_node *node, const char *method, struct bytes params, struct arena *arena,
                                   struct json *value, struct fault *why) MUST_USE;

#endif
