#include "parent/eth_node.h"

#include "parent/http_client.h"

/* {"jsonrpc":"2.0","id":1,"result":…} or "error"; exactly one of them. */
static enum eth_node_answer read_answer(struct bytes body, unsigned status, struct json *value, struct fault *why)
{
    struct json document;
    struct fault unused;
    if (!json_read(body, &document, &unused) || json_kind(document) != JSON_OBJECT) {
        (void)fault_set(why, FAULT_REMOTE, "the node's answer is no JSON-RPC (HTTP status %u)", status);
        return ETH_NODE_UNCERTAIN;
    }
    const struct json error = json_member(document, BYTES_LIT("error"));
    const struct json result = json_member(document, BYTES_LIT("result"));
    if (json_kind(error) == JSON_OBJECT) {
        *value = error;
        return ETH_NODE_ERROR;
    }
    if (json_kind(result) == JSON_NONE) {
        (void)fault_set(why, FAULT_REMOTE, "the node's answer has neither result nor error (HTTP status %u)", status);
        return ETH_NODE_UNCERTAIN;
    }
    *value = result;
    return ETH_NODE_RESULT;
}

enum eth_node_answer eth_node_call(const struct eth_node *node, const char *method, struct bytes params,
                                   struct arena *arena, struct json *value, struct fault *why)
{
    struct bytes request, body;
    unsigned status = 0;
    struct writer out = arena_writer(arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    json_key(&json, "id");
    json_put_uint(&json, 1);
    json_key(&json, "jsonrpc");
    json_put_text(&json, "2.0");
    json_key(&json, "method");
    json_put_text(&json, method);
    json_key(&json, "params");
    json_put_json(&json, (struct json){ params });
    json_end_object(&json);
    if (!arena_keep(arena, &out, &request)) {
        (void)fault_set(why, FAULT_LIMIT, "the request is too long for a node");
        return ETH_NODE_UNCERTAIN;
    }
    const struct http_call call = { .method = "POST",
                                    .url = node->url,
                                    .header_count = 2,
                                    .headers = { "Content-Type: application/json", "Accept: application/json" },
                                    .body = request,
                                    .timeout_ms = ETH_NODE_TIMEOUT_MS };
    struct writer answer = arena_writer(arena);
    if (!http_exchange(&call, &status, &answer, why))
        return ETH_NODE_UNCERTAIN;
    if (!arena_keep(arena, &answer, &body)) {
        (void)fault_set(why, FAULT_LIMIT, "the node's answer is too long");
        return ETH_NODE_UNCERTAIN;
    }
    return read_answer(body, status, value, why);
}
