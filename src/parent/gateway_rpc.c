/* JSON-RPC 2.0: the envelope, batches, and what a fault looks like on the wire. */
#include "io/stream.h"
#include "parent/gateway.h"

enum {
    ERROR_PARSE = -32700,
    ERROR_REQUEST = -32600,
    ERROR_METHOD = -32601,
    ERROR_PARAMS = -32602,
    ERROR_INTERNAL = -32603,
    ERROR_REFUSED = -32000,
    ERROR_UNAVAILABLE = -32002,
    ERROR_LIMIT = -32005,
    ID_MAX = 256,
    ERROR_ROOM = 4096, /* for an error of ours: its text with every character escaped, and the id */
    RESERVE = GATEWAY_BATCH_MAX * ERROR_ROOM, /* of the answer, for the errors when results no longer fit */
    BATCH_TIMEOUTS = 5,                       /* in --timeout: so long a batch may begin requests */
};

static int code_of(enum fault_code fault)
{
    switch (fault) {
    case FAULT_INPUT:
        return ERROR_PARAMS;
    case FAULT_POLICY:
        return ERROR_REFUSED;
    case FAULT_STATE:
    case FAULT_REMOTE:
        return ERROR_UNAVAILABLE;
    case FAULT_LIMIT:
        return ERROR_LIMIT;
    case FAULT_NONE:
    case FAULT_INTERNAL:
        break;
    }
    return ERROR_INTERNAL;
}

static void put_int(struct json_writer *json, const char *key, int value)
{
    json_key(json, key);
    if (value < 0)
        writer_text(json->out, "-");
    json_put_uint(json, (uint64_t)(value < 0 ? -value : value));
}

static void begin_answer(struct json_writer *json, struct json id)
{
    json_begin_object(json);
    json_key(json, "jsonrpc");
    json_put_text(json, "2.0");
    json_key(json, "id");
    if (json_kind(id) == JSON_NONE)
        json_put_null(json);
    else
        json_put_json(json, id);
}

static void put_error(struct json_writer *json, struct json id, int code, const char *message, const char *data)
{
    begin_answer(json, id);
    json_key(json, "error");
    json_begin_object(json);
    put_int(json, "code", code);
    json_key(json, "message");
    json_put_text(json, message);
    if (data != NULL) {
        json_key(json, "data");
        json_put_text(json, data);
    }
    json_end_object(json);
    json_end_object(json);
}

static void put_fault(struct gateway_call *call, struct json_writer *json, struct json id, const struct fault *why)
{
    if (json_kind(call->node_error) != JSON_NONE) {
        const size_t left = json->out->cap - json->out->len;
        if (left < RESERVE + call->node_error.text.len) {
            put_error(json, id, ERROR_REFUSED, "the node refused; what it said is too long for this answer", NULL);
            return;
        }
        begin_answer(json, id);
        json_key(json, "error");
        json_put_json(json, call->node_error);
        json_end_object(json);
        return;
    }
    if (why->code == FAULT_POLICY)
        (void)atomic_fetch_add(&call->gateway->policy_refusals, 1);
    const bool hides = call->hides_reason && why->code == FAULT_POLICY;
    put_error(json, id, code_of(why->code), hides ? "Request denied" : why->text, hides ? why->text : NULL);
}

static const struct gateway_method *find(struct json name)
{
    for (size_t i = 0; i < gateway_method_count; i++)
        if (json_string_is(name, bytes_of_text(gateway_methods[i].name)))
            return &gateway_methods[i];
    return NULL;
}

/* Runs it; the answer stands in `json` whole. Gives the error's code, 0 for a result. */
static int run(struct gateway_call *call, const struct gateway_method *method, struct json id, struct json_writer *json)
{
    struct fault why = { 0 };
    const size_t row = (size_t)(method - gateway_methods), before = json->out->len;
    const bool comma = json->needs_comma;
    struct writer out = writer_of(json->out->data, json->out->cap > RESERVE ? json->out->cap - RESERVE : 0);
    out.len = before;
    out.failed = before > out.cap;
    struct json_writer inner = { .out = &out, .needs_comma = comma };
    (void)atomic_fetch_add(&call->gateway->counters[row].requests, 1);
    begin_answer(&inner, id);
    json_key(&inner, "result");
    bool ok = method->run(call, &inner, &why);
    json_end_object(&inner);
    if (ok && out.failed)
        ok = fault_set(&why, FAULT_LIMIT, "the answer is too long");
    if (ok) {
        json->out->len = out.len;
        json->needs_comma = inner.needs_comma;
        return 0;
    }
    (void)atomic_fetch_add(&call->gateway->counters[row].failures, 1);
    put_fault(call, json, id, &why);
    return json_kind(call->node_error) != JSON_NONE ? ERROR_REFUSED : code_of(why.code);
}

/* One request; what is answered is appended. Gives the error's code, 0 for none. */
static int one(struct gateway_call *call, struct json request, struct json_writer *json)
{
    const struct json id = json_member(request, BYTES_LIT("id")), name = json_member(request, BYTES_LIT("method"));
    const enum json_kind id_kind = json_kind(id);
    const struct json params = json_member(request, BYTES_LIT("params"));
    const bool id_ok =
        (id_kind == JSON_STRING || id_kind == JSON_NUMBER || id_kind == JSON_NULL) && id.text.len <= ID_MAX;
    if (!json_string_is(json_member(request, BYTES_LIT("jsonrpc")), BYTES_LIT("2.0")) ||
        json_kind(name) != JSON_STRING || (!id_ok && id_kind != JSON_NONE)) {
        put_error(json, id_ok ? id : (struct json){ { NULL, 0 } }, ERROR_REQUEST,
                  "not a JSON-RPC 2.0 request (jsonrpc, id, method)", NULL);
        return ERROR_REQUEST;
    }
    if (id_kind == JSON_NONE) /* a notification: nobody would learn what was signed, so nothing is */
        return 0;
    const struct gateway_method *const method = find(name);
    if (method == NULL) {
        (void)atomic_fetch_add(&call->gateway->unknown_methods, 1);
        put_error(json, id, ERROR_METHOD, "the method does not exist here, or is not let through", NULL);
        return ERROR_METHOD;
    }
    const enum json_kind kind = json_kind(params);
    if (kind != JSON_ARRAY && kind != JSON_NONE && kind != JSON_NULL) {
        put_error(json, id, ERROR_PARAMS, "params must be an array", NULL);
        return ERROR_PARAMS;
    }
    if (call->deadline_ms != 0 && io_now_ms() > call->deadline_ms) {
        put_error(json, id, ERROR_UNAVAILABLE, "the batch took too long before this request, which was not begun",
                  NULL);
        return ERROR_UNAVAILABLE;
    }
    arena_wipe(&call->arena);
    call->method = method;
    call->params = params;
    call->node_error = (struct json){ { NULL, 0 } };
    call->hides_reason = false;
    return run(call, method, id, json);
}

bool gateway_asker_is_there(const struct gateway_call *call)
{
    return call->asker == NULL || call->asker_is_there(call->asker);
}

static unsigned answer_batch(struct gateway_call *call, struct json document, struct json_writer *json)
{
    struct json item, no_key;
    struct json_cursor cursor = json_items(document);
    const size_t count = json_count(document);
    if (count == 0 || count > GATEWAY_BATCH_MAX) {
        put_error(json, (struct json){ { NULL, 0 } }, ERROR_REQUEST,
                  count == 0 ? "an empty batch" : "a batch of more than 128 requests", NULL);
        return 400;
    }
    call->deadline_ms = io_now_ms() + BATCH_TIMEOUTS * call->gateway->signers.timeout_ms;
    json_begin_array(json);
    while (json_next(&cursor, &no_key, &item))
        (void)one(call, item, json);
    json_end_array(json);
    call->deadline_ms = 0;
    if (json->out->len == 2 && !json->out->failed) /* notifications alone: no answer, and no empty array */
        json->out->len = 0;
    return 200;
}

static unsigned answer(struct gateway_call *call, struct json document, struct json_writer *json)
{
    if (json_kind(document) == JSON_ARRAY)
        return answer_batch(call, document, json);
    const int code = one(call, document, json);
    return code == ERROR_PARAMS || code == ERROR_REQUEST ? 400 : 200;
}

unsigned gateway_rpc(struct gateway_call *call, struct bytes body, struct writer *out)
{
    struct json document;
    struct fault why;
    struct json_writer json = json_writer_of(out);
    if (!json_read(body, &document, &why)) {
        put_error(&json, (struct json){ { NULL, 0 } }, ERROR_PARSE, why.text, NULL);
        return 400;
    }
    const unsigned status = answer(call, document, &json);
    gateway_hand_over(call);
    return status;
}

bool gateway_params(struct gateway_call *call, size_t least, size_t most, struct json *params, const char *usage,
                    struct fault *why)
{
    struct json no_key, value;
    struct json_cursor cursor = json_items(call->params);
    size_t count = 0;
    for (size_t i = 0; i < most; i++)
        params[i] = (struct json){ { NULL, 0 } };
    while (json_next(&cursor, &no_key, &value)) {
        if (count < most)
            params[count] = value;
        count++;
    }
    return (count >= least && count <= most) || fault_set(why, FAULT_INPUT, "%zu parameters; wanted: %s", count, usage);
}
