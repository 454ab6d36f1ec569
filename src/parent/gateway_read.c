/* The methods that need no key: what a node is asked, and the chain. */
#include "parent/gateway.h"

bool gateway_ask_node(struct gateway_call *call, const char *method, struct bytes params, struct json *result,
                      struct fault *why)
{
    if (call->gateway->node == NULL)
        return fault_set(why, FAULT_STATE, "no node to ask: the gateway was started without --upstream");
    const enum eth_node_answer answer = eth_node_call(call->gateway->node, method, params, &call->arena, result, why);
    if (answer != ETH_NODE_ERROR)
        return answer == ETH_NODE_RESULT;
    call->node_error = *result;
    return fault_set(why, FAULT_REMOTE, "the node refused %s", method);
}

bool method_upstream(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json value;
    const struct bytes params = json_kind(call->params) == JSON_ARRAY ? call->params.text : BYTES_LIT("[]");
    if (!gateway_ask_node(call, call->method->name, params, &value, why))
        return false;
    json_put_json(result, value);
    return true;
}

bool gateway_chain(struct gateway_call *call, bool *known, struct u256 *chain, struct fault *why)
{
    struct signer_line *const line = signers_take(&call->gateway->signers, why);
    if (line == NULL)
        return false;
    *known = line->has_chain;
    *chain = line->chain;
    signers_give(&call->gateway->signers, line);
    return true;
}

/* The signer's chain where it has one, so that a client learns before it signs; else the node's. */
static bool chain_or_nodes(struct gateway_call *call, struct u256 *chain, struct fault *why)
{
    bool known;
    struct json value;
    if (!gateway_params(call, 0, 0, NULL, "none", why) || !gateway_chain(call, &known, chain, why))
        return false;
    if (known)
        return true;
    return gateway_ask_node(call, "eth_chainId", BYTES_LIT("[]"), &value, why) &&
           (gateway_read_quantity(value, chain) || fault_set(why, FAULT_REMOTE, "the node's chain id is no quantity"));
}

bool method_chain_id(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct u256 chain;
    if (!chain_or_nodes(call, &chain, why))
        return false;
    gateway_put_quantity(result, &chain);
    return true;
}

bool method_net_version(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct u256 chain;
    if (!chain_or_nodes(call, &chain, why))
        return false;
    json_put_u256_string(result, &chain);
    return true;
}
