#include "parent/provision_params.h"

#include "core/base/text.h"
#include "parent/eth_amount.h"
#include "parent/input_file.h"
#include "parent/kms_client.h"
#include "parent/output.h"

#include <string.h>

enum { POLICY_FILE_MAX = 1 << 20, CIPHERTEXT_FILE_MAX = 65536, PROXY_PORT = 8000 };

static const char *const flat_flags[] = {
    "chain-id",           "ticket-broker",        "allowed-recipient", "allowed-recipients-file",  "require-allowlist",
    "max-face-value-eth", "max-fund-deposit-eth", "no-fund-deposit",   "max-total-face-value-eth", "max-tx-fee-eth",
    "messages",
};

static const char *first_flat_flag(const struct arguments *arguments)
{
    for (size_t i = 0; i < sizeof flat_flags / sizeof *flat_flags; i++)
        if (argument_is_given(arguments, flat_flags[i]))
            return flat_flags[i];
    return NULL;
}

/* A daemon's table lacks it: a new key at every start would be the loss of the last. */
static bool wants_new_key(const struct arguments *arguments)
{
    return argument_is_known(arguments, "generate") && argument_is_given(arguments, "generate");
}

/* What cannot stand together, and what is missing. */
static bool check_flags(const struct arguments *arguments, struct fault *why)
{
    const bool generate = wants_new_key(arguments);
    const char *flat = first_flat_flag(arguments), *messages = argument(arguments, "messages");
    const char *key_spec = argument_is_known(arguments, "key-spec") ? argument(arguments, "key-spec") : NULL;
    if (generate && argument_is_given(arguments, "ciphertext-b64"))
        return fault_set(why, FAULT_INPUT, "--generate makes a new key, --ciphertext-b64 brings one; give one of them");
    if (!generate && !argument_is_given(arguments, "ciphertext-b64"))
        return fault_set(why, FAULT_INPUT, "no key named; give --ciphertext-b64 with what `ensign encrypt` printed%s",
                         argument_is_known(arguments, "generate") ? ", or --generate with --kms-key-id" : "");
    if (generate && argument_is_given(arguments, "expected-address"))
        return fault_set(why, FAULT_INPUT, "--expected-address has no meaning with --generate: the key is new");
    if (!generate && key_spec != NULL)
        return fault_set(why, FAULT_INPUT, "--key-spec is for --generate");
    if (key_spec != NULL && strcmp(key_spec, "AES-256") != 0)
        return fault_set(why, FAULT_INPUT, "--key-spec must be AES-256, found '%.32s': an Ethereum key has 32 bytes",
                         key_spec);
    if (argument_is_given(arguments, "policy") && flat != NULL)
        return fault_set(why, FAULT_INPUT, "--policy FILE is the whole policy, so --%s has no place beside it", flat);
    if (messages != NULL && strcmp(messages, "tickets") != 0 && strcmp(messages, "any") != 0 &&
        strcmp(messages, "none") != 0)
        return fault_set(why, FAULT_INPUT, "--messages must be tickets, any or none, found '%.32s'", messages);
    return true;
}

static bool read_policy(const char *path, struct arena *arena, struct json *document, struct fault *why)
{
    static struct policy policy;
    struct bytes text;
    uint8_t *buffer = arena_take(arena, POLICY_FILE_MAX);
    must(buffer != NULL);
    if (!input_file_read(path, buffer, POLICY_FILE_MAX, &text, why))
        return false;
    if (!json_read(text_trim(text), document, why) || !policy_read(*document, &policy, why)) {
        (void)fault_prefix(why, ": ");
        return fault_prefix(why, path);
    }
    return true;
}

/* The text itself, or @FILE, or - for standard input; a file may be what `ensign encrypt` printed. */
static bool read_ciphertext(const char *given, struct arena *arena, struct bytes *ciphertext, struct fault *why)
{
    static uint8_t decoded[KMS_CIPHERTEXT_MAX];
    size_t len;
    struct json document;
    struct fault not_json;
    struct bytes text = bytes_of_text(given);
    const bool is_file = given[0] == '@' || strcmp(given, "-") == 0;
    if (is_file) {
        uint8_t *buffer = arena_take(arena, CIPHERTEXT_FILE_MAX);
        must(buffer != NULL);
        if (!input_file_read(given[0] == '@' ? given + 1 : given, buffer, CIPHERTEXT_FILE_MAX, &text, why))
            return false;
    }
    text = text_trim(text);
    if (is_file && text.len > 0 && text.data[0] == '{' &&
        (!json_read(text, &document, &not_json) ||
         !json_plain_string(json_member(document, BYTES_LIT("ciphertext_b64")), &text)))
        return fault_set(why, FAULT_INPUT,
                         "%s looks like JSON and has no ciphertext_b64, which is what `ensign encrypt` "
                         "prints",
                         given);
    if (text.len == 0 || !text_read_base64(text, decoded, sizeof decoded, &len))
        return fault_set(why, FAULT_INPUT,
                         "--ciphertext-b64 is no base64 of 1 to %d bytes (found %zu characters); it is "
                         "the CiphertextBlob that KMS gave, on one line",
                         KMS_CIPHERTEXT_MAX, text.len);
    *ciphertext = text;
    return true;
}

static bool check_key_id(const struct provision_order *order, struct fault *why)
{
    if (order->generate && order->key_id == NULL)
        return fault_set(why, FAULT_INPUT, "--generate wants --kms-key-id: the KMS key that seals the new one");
    if (order->key_id != NULL && !kms_key_id_ok(bytes_of_text(order->key_id)))
        return fault_set(why, FAULT_INPUT, "--kms-key-id '%.64s' is no key id, key ARN, alias name or alias ARN",
                         shown_word(order->key_id));
    return true;
}

bool provision_order_read(const struct arguments *arguments, struct arena *arena, struct provision_order *order,
                          bool *is_usage, struct fault *why)
{
    struct address expected;
    const char *policy = argument(arguments, "policy");
    *order = (struct provision_order){
        .generate = wants_new_key(arguments),
        .key_id = argument(arguments, "kms-key-id"),
        .expected_address = argument(arguments, "expected-address"),
        .proxy_port = PROXY_PORT,
        .has_flat_policy = first_flat_flag(arguments) != NULL,
        .has_recipients = argument_is_given(arguments, "allowed-recipient") ||
                          argument_is_given(arguments, "allowed-recipients-file"),
        .bind_policy = argument_is_given(arguments, "bind-policy"),
    };
    *is_usage = true;
    if (!check_flags(arguments, why) || !check_key_id(order, why) ||
        !kms_choose_region(argument(arguments, "region"), order->key_id, order->region, why) ||
        !argument_u64(arguments, "proxy-port", 1, 65535, &order->proxy_port, why) ||
        !context_flags_read(arguments, arena, &order->context, why))
        return false;
    if (order->expected_address != NULL &&
        !address_flag_read(order->expected_address, "--expected-address", &expected, why))
        return false;
    *is_usage = false;
    if (!order->generate && !read_ciphertext(argument(arguments, "ciphertext-b64"), arena, &order->ciphertext_b64, why))
        return false;
    if (policy != NULL && !read_policy(policy, arena, &order->policy, why))
        return false;
    return recipients_read(arguments, order->recipients, &order->recipient_count, why);
}

static bool put_amount(struct json_writer *params, const struct arguments *arguments, const char *flag, const char *key,
                       struct fault *why)
{
    struct u256 wei;
    const char *text = argument(arguments, flag);
    if (text == NULL)
        return true;
    if (!eth_amount_read(text, &wei, why)) {
        (void)fault_prefix(why, ": ");
        (void)fault_prefix(why, flag);
        return fault_prefix(why, "--");
    }
    json_key(params, key);
    json_put_u256(params, &wei);
    return true;
}

static void put_text(struct json_writer *params, const char *key, const char *text)
{
    if (text == NULL)
        return;
    json_key(params, key);
    json_put_text(params, text);
}

static void put_true(struct json_writer *params, const char *key, bool given)
{
    if (!given)
        return;
    json_key(params, key);
    json_put_bool(params, true);
}

static void put_recipients(struct json_writer *params, const struct provision_order *order)
{
    if (!order->has_recipients)
        return;
    json_key(params, "allowed_recipients");
    json_begin_array(params);
    for (size_t i = 0; i < order->recipient_count; i++)
        json_put_text(params, address_lower(&order->recipients[i]).text);
    json_end_array(params);
}

static void put_credentials(struct json_writer *params, const struct aws_credentials *credentials)
{
    put_text(params, "aws_access_key_id", credentials->access_key_id);
    json_key(params, "aws_secret_access_key");
    json_put_string(params, secret_text_view(&credentials->secret_access_key));
    json_key(params, "aws_session_token");
    json_put_string(params, secret_text_view(&credentials->session_token));
}

static bool put_chain_id(struct json_writer *params, const struct arguments *arguments, struct fault *why)
{
    uint64_t chain_id = 0;
    if (!argument_u64(arguments, "chain-id", 1, UINT64_MAX, &chain_id, why))
        return false;
    if (chain_id != 0) {
        json_key(params, "chain_id");
        json_put_uint(params, chain_id);
    }
    return true;
}

bool provision_params_put(struct json_writer *params, const struct arguments *arguments,
                          const struct provision_order *order, const struct aws_credentials *credentials,
                          struct fault *why)
{
    if (argument_is_given(arguments, "no-fund-deposit")) {
        json_key(params, "allow_fund_deposit");
        json_put_bool(params, false);
    }
    put_recipients(params, order);
    put_credentials(params, credentials);
    put_true(params, "bind_policy", order->bind_policy);
    if (!put_chain_id(params, arguments, why))
        return false;
    if (!order->generate) {
        json_key(params, "ciphertext_b64");
        json_put_string(params, order->ciphertext_b64);
        /* The original's tool takes a key id only together with this. */
        put_text(params, "encryption_algorithm", order->key_id == NULL ? NULL : "SYMMETRIC_DEFAULT");
    }
    if (order->context.count > 0) {
        json_key(params, "encryption_context");
        context_put(params, &order->context);
    }
    put_text(params, "expected_address", order->expected_address);
    put_text(params, "key_id", order->key_id);
    put_text(params, "key_spec", order->generate ? "AES-256" : NULL);
    if (!put_amount(params, arguments, "max-face-value-eth", "max_face_value_wei", why) ||
        !put_amount(params, arguments, "max-fund-deposit-eth", "max_fund_deposit_wei", why) ||
        !put_amount(params, arguments, "max-total-face-value-eth", "max_total_face_value_wei", why) ||
        !put_amount(params, arguments, "max-tx-fee-eth", "max_tx_fee_wei", why))
        return false;
    put_text(params, "messages", argument(arguments, "messages"));
    if (json_kind(order->policy) != JSON_NONE) {
        json_key(params, "policy");
        json_put_json(params, order->policy);
    }
    json_key(params, "proxy_port");
    json_put_uint(params, order->proxy_port);
    put_text(params, "region", order->region[0] == '\0' ? NULL : order->region);
    put_true(params, "require_allowlist", argument_is_given(arguments, "require-allowlist"));
    put_text(params, "ticket_broker", argument(arguments, "ticket-broker"));
    return true;
}
