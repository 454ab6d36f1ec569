#include "core/base/text.h"
#include "core/eth/address.h"
#include "parent/gateway_http.h"

#include <string.h>

static const char *endpoint_state(struct gateway *gateway, size_t which, struct fault *why)
{
    return signers_check(&gateway->signers, which, why) ? "UP" : "DOWN";
}

/* In Web3Signer's shape: status and outcome UP or DOWN, and a check a signer. */
void gateway_page_health(struct gateway *gateway, struct http_answer *answer)
{
    bool up = false;
    struct json_writer json = json_writer_of(&answer->body);
    answer->content_type = "application/json";
    json_begin_object(&json);
    json_key(&json, "checks");
    json_begin_array(&json);
    for (size_t i = 0; i < gateway->signers.endpoint_count; i++) {
        struct fault why = { 0 };
        const char *const state = endpoint_state(gateway, i, &why);
        up |= why.code == FAULT_NONE;
        json_begin_object(&json);
        json_key(&json, "id");
        json_put_text(&json, gateway->signers.endpoints[i].endpoint.text);
        json_key(&json, "status");
        json_put_text(&json, state);
        if (why.code != FAULT_NONE) {
            json_key(&json, "data");
            json_put_text(&json, why.text);
        }
        json_end_object(&json);
    }
    json_end_array(&json);
    json_key(&json, "outcome");
    json_put_text(&json, up ? "UP" : "DOWN");
    json_key(&json, "status");
    json_put_text(&json, up ? "UP" : "DOWN");
    json_end_object(&json);
    answer->status = up ? 200 : 503;
}

static void put_metric(struct writer *out, const char *name, const char *help, const char *type)
{
    const char *const parts[] = { "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        writer_text(out, parts[i]);
}

static void put_value(struct writer *out, const char *name, const char *label, const char *text, uint64_t value)
{
    writer_text(out, name);
    if (label != NULL) {
        const char *const parts[] = { "{", label, "=\"", text, "\"}" };
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            writer_text(out, parts[i]);
    }
    writer_text(out, " ");
    text_put_uint(out, value);
    writer_text(out, "\n");
}

static void put_signers(struct gateway *gateway, struct writer *out)
{
    struct gateway_signers *const signers = &gateway->signers;
    size_t connected = 0;
    (void)pthread_mutex_lock(&signers->lock);
    put_metric(out, "ensign_gateway_signer_failures_total", "connections to a signer that did not come to be",
               "counter");
    for (size_t i = 0; i < signers->endpoint_count; i++)
        put_value(out, "ensign_gateway_signer_failures_total", "signer", signers->endpoints[i].endpoint.text,
                  signers->endpoints[i].failures);
    for (size_t i = 0; i < GATEWAY_LINES; i++)
        connected += signers->lines[i].busy;
    (void)pthread_mutex_unlock(&signers->lock);
    put_metric(out, "ensign_gateway_signer_requests", "requests that are with signers now", "gauge");
    put_value(out, "ensign_gateway_signer_requests", NULL, NULL, connected);
}

void gateway_page_metrics(struct gateway *gateway, struct http_answer *answer)
{
    struct writer *const out = &answer->body;
    const struct {
        const char *name, *help;
        atomic_ullong *value;
    } singles[] = {
        { "ensign_gateway_policy_refusals_total", "what the signer's policy refused", &gateway->policy_refusals },
        { "ensign_gateway_unknown_methods_total", "requests for methods not let through", &gateway->unknown_methods },
        { "ensign_gateway_http_refusals_total", "requests refused for their Host, Origin, content type or token",
          &gateway->http_refusals },
        { "ensign_gateway_wrong_signatures_total", "answers of signers that were not what was asked for; not passed on",
          &gateway->wrong_signatures },
        { "ensign_gateway_broadcasts_total", "transactions handed to the node, the same bytes again included",
          &gateway->broadcasts },
    };
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    put_metric(out, "ensign_gateway_requests_total", "requests by method", "counter");
    for (size_t i = 0; i < gateway_method_count; i++)
        put_value(out, "ensign_gateway_requests_total", "method", gateway_methods[i].name,
                  atomic_load(&gateway->counters[i].requests));
    put_metric(out, "ensign_gateway_failures_total", "requests that were answered with an error", "counter");
    for (size_t i = 0; i < gateway_method_count; i++)
        put_value(out, "ensign_gateway_failures_total", "method", gateway_methods[i].name,
                  atomic_load(&gateway->counters[i].failures));
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        put_metric(out, singles[i].name, singles[i].help, "counter");
        put_value(out, singles[i].name, NULL, NULL, atomic_load(singles[i].value));
    }
    put_signers(gateway, out);
}

/* The signer says it, and that is enough: it is the key behind the address, or it is not. */
static bool learn_public_key(struct gateway *gateway, struct fault *why)
{
    struct json status;
    struct bytes text;
    struct address ours;
    uint8_t public[64];
    if (!signers_address(&gateway->signers, &ours, why))
        return false;
    struct signer_line *const line = signers_take(&gateway->signers, why);
    if (line == NULL)
        return false;
    (void)signer_begin(line->client, "status");
    bool ok = signers_call(&gateway->signers, line, &status, why);
    if (ok && (!json_plain_string(json_member(status, BYTES_LIT("public_key")), &text) ||
               text.len != 2 + 2 * sizeof public || !text_starts_with(text, BYTES_LIT("0x")) ||
               !text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, public)))
        ok = fault_set(why, FAULT_REMOTE, "the signer does not say its public key, and nothing has been signed yet");
    signers_give(&gateway->signers, line);
    if (!ok)
        return false;
    const struct hash32 hash = keccak256(BYTES_OF(public));
    if (memcmp(hash.bytes + sizeof hash - sizeof ours.bytes, ours.bytes, sizeof ours.bytes) != 0)
        return fault_set(why, FAULT_REMOTE, "the public key that the signer says is not that of its address");
    gateway_keep_public_key(gateway, public);
    return true;
}

void gateway_page_public_keys(struct gateway *gateway, struct http_answer *answer)
{
    struct fault why;
    struct json_writer json = json_writer_of(&answer->body);
    if (!gateway_knows_public_key(gateway) && !learn_public_key(gateway, &why)) {
        answer->status = 503;
        writer_text(&answer->body, why.text);
        writer_text(&answer->body, "\n");
        return;
    }
    answer->content_type = "application/json";
    json_begin_array(&json);
    json_put_hex(&json, BYTES_OF(gateway->public_key)); /* written once, before it was known */
    json_end_array(&json);
}
