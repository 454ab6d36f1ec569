/* Clef's methods (its external API 6.1.0), for geth's clients of it. */
#include "core/eth/address.h"
#include "parent/gateway_sign.h"

bool method_clef_version(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    if (!gateway_params(call, 0, 0, NULL, "none", why))
        return false;
    json_put_text(result, "6.1.0");
    return true;
}

static void put_bytes32(struct json_writer *json, const char *key, const uint8_t value[static 32])
{
    struct u256 number;
    must(u256_read_bytes((struct bytes){ value, 32 }, &number));
    json_key(json, key);
    gateway_put_quantity(json, &number);
}

static void put_quantity(struct json_writer *json, const char *key, const struct u256 *value)
{
    json_key(json, key);
    gateway_put_quantity(json, value);
}

static void put_u64(struct json_writer *json, const char *key, uint64_t value)
{
    const struct u256 number = u256_of(value);
    put_quantity(json, key, &number);
}

/* EIP-155: v is 35 + 2 chainId + parity; before it 27 + parity; and the parity alone in typed transactions. */
static struct u256 v_of(const struct tx *tx, const struct signature *signature)
{
    const struct u256 parity = u256_of(signature->y_parity), base = u256_of(tx->has_chain_id ? 35 : 27);
    struct u256 v = base;
    if (tx->type != TX_LEGACY)
        return parity;
    if (tx->has_chain_id)
        must(u256_add(&v, &tx->chain_id, &v) && u256_add(&v, &tx->chain_id, &v));
    must(u256_add(&v, &parity, &v));
    return v;
}

static void put_lists(struct json_writer *json, const struct gateway_tx *asked)
{
    const struct {
        const char *name;
        struct json list;
    } lists[] = { { "accessList", asked->access_list },
                  { "blobVersionedHashes", asked->blob_hashes },
                  { "authorizationList", asked->authorizations } };
    const struct json none = { BYTES_INIT("[]") };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (json_kind(lists[i].list) != JSON_NONE || (i == 0 && asked->type > 0)) {
            json_key(json, lists[i].name);
            json_put_json(json, json_kind(lists[i].list) == JSON_NONE ? none : lists[i].list);
        }
}

/* The transaction as geth's client reads it: every field, and what was signed. */
static void put_tx(struct json_writer *json, const struct gateway_tx *asked, const struct tx *tx,
                   const struct signature *signature, struct bytes raw)
{
    const struct hash32 hash = keccak256(raw);
    const struct u256 v = v_of(tx, signature);
    json_begin_object(json);
    put_u64(json, "type", asked->type);
    if (tx->has_chain_id)
        put_quantity(json, "chainId", &tx->chain_id);
    put_u64(json, "nonce", tx->nonce);
    json_key(json, "to");
    if (tx->has_to)
        json_put_text(json, address_lower(&tx->to).text);
    else
        json_put_null(json);
    put_u64(json, "gas", tx->gas);
    if (asked->type < 2) {
        put_quantity(json, "gasPrice", &tx->max_fee_per_gas);
    } else {
        put_quantity(json, "maxFeePerGas", &tx->max_fee_per_gas);
        put_quantity(json, "maxPriorityFeePerGas", &tx->max_priority_fee_per_gas);
    }
    if (asked->type == 3)
        put_quantity(json, "maxFeePerBlobGas", &tx->max_fee_per_blob_gas);
    put_quantity(json, "value", &tx->value);
    json_key(json, "input");
    json_put_hex(json, tx->data);
    put_lists(json, asked);
    put_quantity(json, "v", &v);
    put_bytes32(json, "r", signature->r);
    put_bytes32(json, "s", signature->s);
    if (asked->type > 0)
        put_u64(json, "yParity", signature->y_parity);
    json_key(json, "hash");
    json_put_hex(json, BYTES_OF(hash.bytes));
    json_end_object(json);
}

/* The second parameter, a method selector, is for clef's own display; the calldata is what is judged. */
bool method_clef_sign_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[2];
    struct gateway_tx asked;
    struct bytes raw;
    struct tx tx;
    struct signature signature;
    call->hides_reason = true;
    if (!gateway_params(call, 1, 2, params, "transaction, method selector (optional)", why) ||
        !gateway_read_whole_tx(call, params[0], &asked, why) ||
        !gateway_sign_tx(call, &asked, &raw, &tx, &signature, why))
        return false;
    json_begin_object(result);
    json_key(result, "raw");
    json_put_hex(result, raw);
    json_key(result, "tx");
    put_tx(result, &asked, &tx, &signature, raw);
    json_end_object(result);
    return true;
}

bool method_clef_sign_data(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[3];
    const struct json no_ticket = { { NULL, 0 } };
    call->hides_reason = true;
    if (!gateway_params(call, 3, 3, params, "content type, address, data", why))
        return false;
    if (!json_string_is(params[0], BYTES_LIT("text/plain")) && !json_string_is(params[0], BYTES_LIT("data/plain")))
        return fault_set(why, FAULT_INPUT, "the content type is neither text/plain nor data/plain");
    return gateway_is_ours(call, params[1], why) && gateway_sign_message(call, params[2], no_ticket, result, why);
}

bool method_clef_sign_typed_data(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    call->hides_reason = true;
    return method_eth_sign_typed_data(call, result, why);
}
