/* eth_node: one Ethereum node's JSON-RPC over HTTP, by libcurl. What it says is hearsay: parsed strictly, and never a
 * reason to sign. */
#ifndef PARENT_ETH_NODE_H
#define PARENT_ETH_NODE_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"

enum { ETH_NODE_TIMEOUT_MS = 10000, ETH_NODE_REQUEST_MAX = 2 << 20 };

struct eth_node {
    const char *url; /* http or https; may hold a provider's key, so it is never logged or answered */
};

enum eth_node_answer {
    ETH_NODE_RESULT,
    ETH_NODE_ERROR,     /* it said no: a JSON-RPC error object */
    ETH_NODE_UNCERTAIN, /* no whole answer of the protocol: it may have done what was asked, or not; *why says more */
};

/* One call. `params` is a JSON array. *value, the result or the error object, is put into the arena. */
enum eth_node_answer eth_node_call(const struct eth_node *node, const char *method, struct bytes params,
                                   struct arena *arena, struct json *value, struct fault *why) MUST_USE;

#endif
