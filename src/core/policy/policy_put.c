/* The canonical form and its digest. */
#include "core/policy/policy.h"

#include "core/crypto/sha2.h"

static void put_limit(struct json_writer *json, const char *key, const struct limit *limit)
{
    json_key(json, key);
    if (limit->unlimited)
        json_put_text(json, "unlimited");
    else
        json_put_u256_string(json, &limit->value);
}

static void put_bool(struct json_writer *json, const char *key, bool truth)
{
    json_key(json, key);
    json_put_bool(json, truth);
}

static void put_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_put_text(json, text);
}

static void put_integer(struct json_writer *json, const char *key, const struct u256 *integer)
{
    json_key(json, key);
    json_put_u256_string(json, integer);
}

static void put_budget(struct json_writer *json, const struct policy *policy)
{
    const struct u256 window = u256_of(policy->budget.window_seconds);
    json_key(json, "budget");
    json_begin_object(json);
    put_limit(json, "max_face_value_wei", &policy->budget.max_face_value);
    put_limit(json, "max_fee_wei", &policy->budget.max_fee);
    put_limit(json, "max_fund_deposit_wei", &policy->budget.max_fund_deposit);
    put_text(json, "start", policy->budget.starts_empty ? "empty" : "full");
    put_integer(json, "window_seconds", &window);
    json_end_object(json);
}

void policy_put(struct writer *out, const struct policy *policy)
{
    struct json_writer json = json_writer_of(out);
    const struct u256 version = u256_of(1);
    json_begin_object(&json);
    put_bool(&json, "allow_fund_deposit", policy->allow_fund_deposit);
    put_bool(&json, "allow_withdraw", policy->allow_withdraw);
    json_key(&json, "allowed_recipients");
    json_begin_array(&json);
    for (size_t i = 0; i < policy->recipient_count; i++)
        json_put_hex(&json, BYTES_OF(policy->recipients[i].bytes));
    json_end_array(&json);
    put_budget(&json, policy);
    put_integer(&json, "chain_id", &policy->chain_id);
    put_limit(&json, "max_face_value_wei", &policy->max_face_value);
    put_limit(&json, "max_fee_per_gas_wei", &policy->max_fee_per_gas);
    put_limit(&json, "max_fund_deposit_wei", &policy->max_fund_deposit);
    put_limit(&json, "max_gas", &policy->max_gas);
    put_limit(&json, "max_total_face_value_wei", &policy->max_total_face_value);
    put_limit(&json, "max_tx_fee_wei", &policy->max_tx_fee);
    put_text(&json, "messages", policy_messages_name(policy->messages));
    put_bool(&json, "require_allowlist", policy->require_allowlist);
    json_key(&json, "ticket_broker");
    json_put_hex(&json, BYTES_OF(policy->ticket_broker.bytes));
    json_key(&json, "treasury");
    if (policy->has_treasury)
        json_put_hex(&json, BYTES_OF(policy->treasury.bytes));
    else
        json_put_null(&json);
    put_text(&json, "typed_data", policy_typed_data_name(policy->typed_data));
    put_integer(&json, "version", &version);
    json_end_object(&json);
}

static void hash_chunk(void *context, struct bytes chunk)
{
    sha256_add(context, chunk);
}

struct hash32 policy_digest(const struct policy *policy)
{
    struct sha256_state state = sha256_start();
    uint8_t buffer[1024];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes last;
    out.drain = hash_chunk;
    out.context = &state;
    policy_put(&out, policy);
    must(writer_done(&out, &last)); /* a draining writer is never full */
    return sha256_end(&state);
}
