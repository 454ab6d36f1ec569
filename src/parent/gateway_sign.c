/* The methods that sign, of go-livepeer's and Web3Signer's dialect; and what clef's share with them. */
#include "parent/gateway_sign.h"

#include "core/base/text.h"
#include "core/eth/address.h"
#include "core/eth/message.h"
#include "core/eth/typed_data.h"

#include <string.h>

bool method_accounts(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct address ours;
    if (!gateway_params(call, 0, 0, NULL, "none", why) || !signers_address(&call->gateway->signers, &ours, why))
        return false;
    json_begin_array(result);
    json_put_text(result, address_lower(&ours).text);
    json_end_array(result);
    return true;
}

bool method_health(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    if (!gateway_params(call, 0, 0, NULL, "none", why))
        return false;
    struct signer_line *const line = signers_take(&call->gateway->signers, why);
    if (line == NULL)
        return false;
    signers_give(&call->gateway->signers, line);
    json_put_text(result, "OK");
    return true;
}

bool gateway_is_ours(struct gateway_call *call, struct json param, struct fault *why)
{
    struct address found, ours;
    if (!gateway_read_address(param, &found))
        return fault_set(why, FAULT_INPUT, "no address (0x and 40 hex digits, of one case or with EIP-55's checksum)");
    if (!signers_address(&call->gateway->signers, &ours, why))
        return false;
    return address_equal(&found, &ours) || fault_set(why, FAULT_POLICY, "no key for %s here, only for %s",
                                                     address_eip55(&found).text, address_eip55(&ours).text);
}

/* 0x and hex digits are bytes; any other text is its own UTF-8. */
static bool read_message(struct gateway_call *call, struct json param, struct bytes *message, struct fault *why)
{
    struct bytes text;
    struct writer out = arena_writer(&call->arena);
    if (json_kind(param) != JSON_STRING)
        return fault_set(why, FAULT_INPUT, "the data to sign is no string");
    if (!json_string(param, &out) || !arena_keep(&call->arena, &out, &text))
        return fault_set(why, FAULT_LIMIT, "the data to sign is too long");
    *message = text;
    if (!text_starts_with(text, BYTES_LIT("0x")))
        return true;
    uint8_t *const room = arena_take(&call->arena, text.len / 2);
    if (room == NULL)
        return fault_set(why, FAULT_LIMIT, "the data to sign is too long");
    *message = (struct bytes){ room, text.len / 2 - 1 };
    return text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, room) ||
           fault_set(why, FAULT_INPUT, "the data to sign begins with 0x and is not an even number of hex digits");
}

/* {"ticket": {…}} and nothing else; or nothing. */
static bool read_ticket(struct json param, struct json *ticket, struct fault *why)
{
    *ticket = json_member(param, BYTES_LIT("ticket"));
    return json_kind(param) == JSON_NONE || (json_count(param) == 1 && json_kind(*ticket) == JSON_OBJECT) ||
           fault_set(why, FAULT_INPUT, "the third parameter is not {\"ticket\": {…}}");
}

bool gateway_knows_public_key(struct gateway *gateway)
{
    (void)pthread_mutex_lock(&gateway->key_lock);
    const bool known = gateway->has_public_key;
    (void)pthread_mutex_unlock(&gateway->key_lock);
    return known;
}

void gateway_keep_public_key(struct gateway *gateway, const uint8_t public[static 64])
{
    (void)pthread_mutex_lock(&gateway->key_lock);
    if (!gateway->has_public_key) /* others may be reading it */
        memcpy(gateway->public_key, public, sizeof gateway->public_key);
    gateway->has_public_key = true;
    (void)pthread_mutex_unlock(&gateway->key_lock);
}

/* The signature must be of our key over `digest`, and the public key is learned by the way. */
static bool check_signature(struct gateway_call *call, const struct signature *signature, const struct hash32 *digest,
                            struct fault *why)
{
    struct gateway *const gateway = call->gateway;
    struct address maker, ours;
    if (!signers_address(&gateway->signers, &ours, why))
        return false;
    if (!ecdsa_recover(signature, digest, &maker) || !address_equal(&maker, &ours)) {
        (void)atomic_fetch_add(&gateway->wrong_signatures, 1);
        return fault_set(why, FAULT_REMOTE, "what the signer answered is not its key's signature over what was asked");
    }
    uint8_t public[64];
    if (!gateway_knows_public_key(gateway) && ecdsa_recover_public(signature, digest, public))
        gateway_keep_public_key(gateway, public);
    return true;
}

/* The member of a result that is 0x and hex digits, as bytes in the arena. */
static bool take_hex(struct gateway_call *call, struct json result, const char *name, struct bytes *bytes,
                     struct fault *why)
{
    struct bytes text;
    if (!json_plain_string(json_member(result, bytes_of_text(name)), &text) || !text_starts_with(text, BYTES_LIT("0x")))
        return fault_set(why, FAULT_REMOTE, "the signer's answer has no %s", name);
    uint8_t *const room = arena_take(&call->arena, text.len / 2);
    if (room == NULL)
        return fault_set(why, FAULT_LIMIT, "the signer's answer is too long");
    *bytes = (struct bytes){ room, text.len / 2 - 1 };
    return text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, room) ||
           fault_set(why, FAULT_REMOTE, "the signer's %s is no hex", name);
}

/* Asks for `method` with one or two parameters, and takes the bytes of one member. */
static bool ask_signer(struct gateway_call *call, const char *method, const struct sign_param *params, size_t count,
                       const char *member, struct bytes *bytes, struct fault *why)
{
    struct json result;
    struct signer_line *const line = signers_take(&call->gateway->signers, why);
    if (line == NULL)
        return false;
    struct json_writer *const out = signer_begin(line->client, method);
    for (size_t i = 0; i < count; i++) {
        json_key(out, params[i].name);
        json_put_json(out, params[i].value);
    }
    const bool ok =
        signers_call(&call->gateway->signers, line, &result, why) && take_hex(call, result, member, bytes, why);
    signers_give(&call->gateway->signers, line);
    return ok;
}

static bool ask_signature(struct gateway_call *call, const char *method, const struct sign_param *params, size_t count,
                          const struct hash32 *digest, struct json_writer *result, struct fault *why)
{
    struct bytes bytes;
    struct signature signature;
    if (!ask_signer(call, method, params, count, "signature", &bytes, why))
        return false;
    if (!signature_read(bytes, &signature))
        return fault_set(why, FAULT_REMOTE, "the signer's signature is none");
    if (!check_signature(call, &signature, digest, why))
        return false;
    json_put_hex(result, bytes);
    return true;
}

bool gateway_sign_message(struct gateway_call *call, struct json data, struct json third, struct json_writer *result,
                          struct fault *why)
{
    struct bytes message, hex;
    struct json ticket;
    if (!read_message(call, data, &message, why) || !read_ticket(third, &ticket, why))
        return false;
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    json_put_hex(&json, message);
    if (!arena_keep(&call->arena, &out, &hex))
        return fault_set(why, FAULT_LIMIT, "the data to sign is too long");
    const struct hash32 digest = message_hash(message);
    const struct sign_param params[] = { { "message_hash", { hex } }, { "ticket", ticket } };
    return ask_signature(call, "sign_message_defunct", params, json_kind(ticket) == JSON_NONE ? 1 : 2, &digest, result,
                         why);
}

bool method_sign(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[3];
    return gateway_params(call, 2, 3, params, "address, data, {\"ticket\"} (optional)", why) &&
           gateway_is_ours(call, params[0], why) && gateway_sign_message(call, params[1], params[2], result, why);
}

/* The same with data and address changed round, as geth has it. Its third parameter is a password, which nobody has. */
bool method_personal_sign(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[3];
    return gateway_params(call, 2, 3, params, "data, address, {\"ticket\"} (optional)", why) &&
           gateway_is_ours(call, params[1], why) && gateway_sign_message(call, params[0], params[2], result, why);
}

bool gateway_sign_typed_data(struct gateway_call *call, struct json data, struct json_writer *result, struct fault *why)
{
    struct hash32 digest;
    struct json document = data;
    if (json_kind(data) == JSON_STRING) { /* ethers sends the document as a text of JSON */
        struct bytes text;
        struct writer out = arena_writer(&call->arena);
        if (!json_string(data, &out) || !arena_keep(&call->arena, &out, &text))
            return fault_set(why, FAULT_LIMIT, "the typed data is too long");
        if (!json_read(text, &document, why))
            return fault_prefix(why, "typed data: ");
    }
    if (json_kind(document) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "the typed data is no object of types, primaryType, domain and message");
    if (!typed_data_hash(document, &call->arena, &digest, why))
        return false;
    const struct sign_param params[] = { { "typed_data", document } };
    return ask_signature(call, "sign_typed_data", params, 1, &digest, result, why);
}

bool method_eth_sign_typed_data(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[2];
    return gateway_params(call, 2, 2, params, "address, document", why) && gateway_is_ours(call, params[0], why) &&
           gateway_sign_typed_data(call, params[1], result, why);
}

bool gateway_sign_tx(struct gateway_call *call, const struct gateway_tx *wanted, struct bytes *raw, struct tx *tx,
                     struct signature *signature, struct fault *why)
{
    struct bytes text;
    struct json dictionary;
    struct tx asked;
    struct hash32 asked_hash, hash;
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    gateway_tx_put(&json, wanted);
    if (!arena_keep(&call->arena, &out, &text))
        return fault_set(why, FAULT_LIMIT, "the transaction is too long");
    if (!json_read(text, &dictionary, why) || !tx_from_json(dictionary, &wanted->from, &call->arena, &asked, why))
        return fault_prefix(why, "transaction: ");
    const struct sign_param params[] = { { "tx", dictionary } };
    if (!tx_signing_hash(&asked, &call->arena, &asked_hash, why) ||
        !ask_signer(call, "sign_transaction", params, 1, "raw_tx", raw, why))
        return false;
    if (!tx_read_signed(*raw, tx, signature, why) || !tx_signing_hash(tx, &call->arena, &hash, why)) {
        why->code = FAULT_REMOTE;
        return fault_prefix(why, "what the signer answered is no transaction: ");
    }
    if (!hash32_equal(&hash, &asked_hash)) {
        (void)atomic_fetch_add(&call->gateway->wrong_signatures, 1);
        return fault_set(why, FAULT_REMOTE, "the signer signed another transaction than was asked");
    }
    return check_signature(call, signature, &hash, why);
}

bool gateway_read_whole_tx(struct gateway_call *call, struct json object, struct gateway_tx *tx, struct fault *why)
{
    struct address ours;
    struct u256 chain;
    bool known;
    return gateway_tx_read(object, tx, why) && signers_address(&call->gateway->signers, &ours, why) &&
           gateway_chain(call, &known, &chain, why) && gateway_tx_settle(tx, &ours, known ? &chain : NULL, why) &&
           gateway_tx_is_complete(tx, why);
}

bool method_eth_sign_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[1];
    struct gateway_tx wanted;
    struct bytes raw;
    struct tx tx;
    struct signature signature;
    if (!gateway_params(call, 1, 1, params, "transaction", why) ||
        !gateway_read_whole_tx(call, params[0], &wanted, why) ||
        !gateway_sign_tx(call, &wanted, &raw, &tx, &signature, why))
        return false;
    json_put_hex(result, raw);
    return true;
}
