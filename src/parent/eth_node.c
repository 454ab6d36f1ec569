#include "parent/eth_node.h"

#include <string.h>

void eth_node_start(struct eth_node *node, const char *url)
{
    *node = (struct eth_node){ .url = url };
    must(pthread_mutex_init(&node->lock, NULL) == 0);
}

static struct http_line *take_line(struct eth_node *node)
{
    (void)pthread_mutex_lock(&node->lock);
    struct http_line *const line = node->idle_count > 0 ? node->idle[--node->idle_count] : NULL;
    (void)pthread_mutex_unlock(&node->lock);
    return line != NULL ? line : http_line_open();
}

static void give_line(struct eth_node *node, struct http_line *line)
{
    (void)pthread_mutex_lock(&node->lock);
    const bool kept = node->idle_count < ETH_NODE_LINES;
    if (kept)
        node->idle[node->idle_count++] = line;
    (void)pthread_mutex_unlock(&node->lock);
    if (!kept)
        http_line_close(line);
}

static bool exchange(struct eth_node *node, const struct http_call *call, unsigned *status, struct writer *answer,
                     struct fault *why)
{
    struct http_line *const line = take_line(node);
    if (line == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory for an HTTP request");
    const bool ok = http_line_exchange(line, call, status, answer, why);
    if (ok)
        give_line(node, line);
    else
        http_line_close(line);
    return ok;
}

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

enum eth_node_answer eth_node_call(struct eth_node *node, const char *method, struct bytes params, struct arena *arena,
                                   struct json *value, struct fault *why)
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
                                    /* whether a transaction is sent again is for our caller to say */
                                    .once = strcmp(method, "eth_sendRawTransaction") == 0,
                                    .timeout_ms = ETH_NODE_TIMEOUT_MS };
    struct writer answer = arena_writer(arena);
    if (!exchange(node, &call, &status, &answer, why))
        return ETH_NODE_UNCERTAIN;
    if (!arena_keep(arena, &answer, &body)) {
        (void)fault_set(why, FAULT_LIMIT, "the node's answer is too long");
        return ETH_NODE_UNCERTAIN;
    }
    return read_answer(body, status, value, why);
}
