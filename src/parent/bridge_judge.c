#include "parent/bridge_judge.h"

#include <string.h>

static bool is_method_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || name.data[i] == '_'))
            return false;
    return name.len > 0 && name.len <= BRIDGE_NAME_MAX;
}

bool bridge_judge_start(struct bridge_judge *judge, const char *methods, struct fault *why)
{
    judge->list = methods;
    judge->count = 0;
    for (const char *at = methods;; at++) {
        const struct bytes name = { (const uint8_t *)at, strcspn(at, ",") };
        if (!is_method_name(name) || judge->count == BRIDGE_METHODS_MAX)
            return fault_set(why, FAULT_INPUT,
                             "--methods wants up to %d names with commas between (as " BRIDGE_METHODS
                             "), found '%.80s'",
                             BRIDGE_METHODS_MAX, methods);
        judge->methods[judge->count++] = name;
        at += name.len;
        if (*at == '\0')
            return true;
    }
}

static bool lets_through(const struct bridge_judge *judge, struct json method)
{
    for (size_t i = 0; i < judge->count; i++)
        if (json_string_is(method, judge->methods[i]))
            return true;
    return false;
}

static void put_string(struct bridge_judge *judge, struct json_writer *out, struct json value, bool is_key)
{
    struct writer text = writer_of(judge->string, sizeof judge->string);
    struct bytes utf8;
    must(json_string(value, &text) &&
         writer_done(&text, &utf8)); /* an escape is never shorter than what it stands for */
    if (is_key)
        json_key_utf8(out, utf8);
    else
        json_put_string(out, utf8);
}

/* Writes a value anew; objects and arrays in it are walked by a stack as deep as the reader lets them be. */
static void put_value(struct bridge_judge *judge, struct json_writer *out, struct json value)
{
    struct json_cursor open[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    struct json key = { .text = { NULL, 0 } };
    for (;;) {
        const enum json_kind kind = json_kind(value);
        if (kind == JSON_OBJECT || kind == JSON_ARRAY) {
            must(depth < sizeof open / sizeof *open);
            open[depth++] = json_items(value);
            if (kind == JSON_OBJECT)
                json_begin_object(out);
            else
                json_begin_array(out);
        } else if (kind == JSON_STRING) {
            put_string(judge, out, value, false);
        } else {
            json_put_json(out, value); /* a number, true, false or null: of one form, without white space */
        }
        while (depth > 0 && !json_next(&open[depth - 1], &key, &value)) {
            depth--;
            if (open[depth].in_object)
                json_end_object(out);
            else
                json_end_array(out);
        }
        if (depth == 0)
            return;
        if (open[depth - 1].in_object)
            put_string(judge, out, key, true);
    }
}

static bool hand_on(struct bridge_judge *judge, struct json method, struct json params, struct bytes *body)
{
    struct writer out = writer_of(judge->body, sizeof judge->body);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    json_key(&json, "method");
    put_string(judge, &json, method, false);
    json_key(&json, "params");
    if (json_kind(params) == JSON_OBJECT) {
        put_value(judge, &json, params);
    } else { /* what a signer makes of anything else */
        json_begin_object(&json);
        json_end_object(&json);
    }
    json_end_object(&json);
    return writer_done(&out, body);
}

/* FAULT_NONE in *why when *body is to be handed on. */
static void judge_whole(struct bridge_judge *judge, struct bytes request, struct bytes *body, struct fault *why)
{
    struct json document;
    struct bytes name;
    if (!json_read(request, &document, why))
        return;
    const struct json method = json_member(document, BYTES_LIT("method"));
    const bool has_name = json_plain_string(method, &name) && is_method_name(name);
    if (json_kind(document) != JSON_OBJECT)
        (void)fault_set(why, FAULT_INPUT, "payload must be an object");
    else if (!has_name)
        (void)fault_set(why, FAULT_INPUT, "unknown method");
    else if (!lets_through(judge, method))
        (void)fault_set(why, FAULT_POLICY, "%.*s does not pass this bridge (it lets through %.400s)", (int)name.len,
                        (const char *)name.data, judge->list);
    else if (!hand_on(judge, method, json_member(document, BYTES_LIT("params")), body))
        (void)fault_set(why, FAULT_LIMIT, "the request, written in ASCII, is over %d bytes", FRAME_MAX);
}

static struct bytes answer(struct bridge_judge *judge, const struct fault *why)
{
    struct writer out = writer_of(judge->body, sizeof judge->body);
    struct json_writer json = json_writer_of(&out);
    struct bytes body;
    json_begin_object(&json);
    json_key(&json, "error");
    json_begin_object(&json);
    json_key(&json, "code");
    json_put_text(&json, fault_code_name(why->code));
    json_key(&json, "message");
    json_put_text(&json, why->text);
    json_end_object(&json);
    json_end_object(&json);
    must(writer_done(&out, &body));
    return body;
}

bool bridge_judge_request(struct bridge_judge *judge, struct bytes request, struct bytes *body)
{
    struct fault why = { .code = FAULT_NONE };
    judge_whole(judge, request, body, &why);
    if (why.code == FAULT_NONE)
        return true;
    *body = answer(judge, &why);
    return false;
}
