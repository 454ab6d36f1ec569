/* The original's flat parameters, with its tolerance and its words. */
#include "core/policy/allowlist.h"
#include "core/policy/policy.h"
#include "core/policy/shown.h"

#include "core/base/text.h"
#include "core/eth/address.h"

static const char *const KEYS[] = {
    "chain_id",           "ticket_broker",        "require_allowlist",
    "allowed_recipients", "max_face_value_wei",   "max_total_face_value_wei",
    "allow_fund_deposit", "max_fund_deposit_wei", "messages",
    "typed_data",         "max_tx_fee_wei",
};

#define MAX_TX_FEE_WEI UINT64_C(10000000000000000) /* 0.01 ETH, unless given */
enum { FEES_A_DAY = 10, DAY_SECONDS = 86400 };

static struct json member(struct json params, const char *key)
{
    return json_member(params, bytes_of_text(key));
}

static bool is_given(struct json value)
{
    return json_kind(value) != JSON_NONE && json_kind(value) != JSON_NULL;
}

static bool integer_of(struct json value, struct u256 *integer)
{
    struct bytes text;
    bool truth;
    if (json_bool(value, &truth)) {
        *integer = u256_of(truth);
        return true;
    }
    if (!json_plain_string(value, &text))
        return json_integer(value, integer) == JSON_INTEGER_OK;
    text = text_trim(text);
    if (text.len == 0) {
        *integer = u256_of(0);
        return true;
    }
    if (text_starts_with(text, BYTES_LIT("0x")))
        return u256_read_hex((struct bytes){ text.data + 2, text.len - 2 }, integer);
    return u256_read_decimal(text, integer);
}

static bool read_integer(struct json params, const char *key, struct u256 *integer, struct fault *why)
{
    const struct json value = member(params, key);
    return integer_of(value, integer) ||
           fault_set(why, FAULT_INPUT, "policy.%s must be an int (got %s, allowed 0 to 2^256 - 1)", key,
                     shown(value).text);
}

/* Not given: unlimited. */
static bool read_limit(struct json params, const char *key, struct limit *limit, struct fault *why)
{
    *limit = (struct limit){ .unlimited = !is_given(member(params, key)) };
    return limit->unlimited || read_integer(params, key, &limit->value, why);
}

static bool is_one_of(struct bytes text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(text, bytes_of_text(words[i])))
            return true;
    return false;
}

static bool bool_of(struct json value, bool *truth)
{
    static const char *const yes[] = { "1", "true", "yes", "y" }, *const no[] = { "0", "false", "no", "n", "" };
    struct u256 integer;
    struct bytes text;
    if (json_bool(value, truth))
        return true;
    if (json_integer(value, &integer) == JSON_INTEGER_OK) {
        *truth = !u256_is_zero(&integer);
        return true;
    }
    if (!json_plain_string(value, &text))
        return false;
    text = text_trim(text);
    *truth = is_one_of(text, yes, sizeof yes / sizeof *yes);
    return *truth || is_one_of(text, no, sizeof no / sizeof *no);
}

/* Not given: stays as it is. */
static bool read_bool(struct json params, const char *key, bool *truth, struct fault *why)
{
    const struct json value = member(params, key);
    return !is_given(value) || bool_of(value, truth) ||
           fault_set(why, FAULT_INPUT, "policy.%s must be a bool (got %s)", key, shown(value).text);
}

static bool read_chain_and_broker(struct json params, struct policy *policy, struct fault *why)
{
    const struct json broker = member(params, "ticket_broker");
    struct bytes text;
    if (!is_given(member(params, "chain_id")))
        return fault_set(why, FAULT_INPUT,
                         "policy.chain_id is missing: a policy names the chain it is for; add chain_id "
                         "(--chain-id, 42161 for Arbitrum One)");
    if (!read_integer(params, "chain_id", &policy->chain_id, why))
        return false;
    if (u256_is_zero(&policy->chain_id))
        return fault_set(why, FAULT_INPUT, "policy.chain_id must be an int above 0 (got %s)",
                         shown(member(params, "chain_id")).text);
    if (!is_given(broker))
        return fault_set(why, FAULT_INPUT,
                         "policy.ticket_broker is missing: a policy names the contract it is for; add ticket_broker "
                         "(--ticket-broker, the TicketBroker's address on that chain)");
    return (json_plain_string(broker, &text) && address_read(text_trim(text), &policy->ticket_broker) &&
            !address_is_zero(&policy->ticket_broker)) ||
           fault_set(why, FAULT_INPUT, "policy.ticket_broker must be a 0x address (got %s)", shown(broker).text);
}

static bool add_recipient(struct policy *policy, struct bytes text, struct json found, struct fault *why)
{
    if (policy->recipient_count == POLICY_RECIPIENTS_MAX)
        return fault_set(why, FAULT_LIMIT, "allowed_recipients has more than %d entries", POLICY_RECIPIENTS_MAX);
    if (!address_read(text_trim(text), &policy->recipients[policy->recipient_count]))
        return fault_set(why, FAULT_INPUT, "allowed_recipients must be a 0x address (entry %zu, in %s)",
                         policy->recipient_count + 1, shown(found).text);
    policy->recipient_count++;
    return true;
}

static bool add_recipients_of_text(struct policy *policy, struct bytes text, struct json found, struct fault *why)
{
    for (size_t from = 0, to; from < text.len; from = to + 1) {
        for (to = from; to < text.len && text.data[to] != ',';)
            to++;
        const struct bytes piece = text_trim((struct bytes){ text.data + from, to - from });
        if (piece.len > 0 && !add_recipient(policy, piece, found, why))
            return false;
    }
    return true;
}

static bool read_recipients(struct json params, struct policy *policy, struct fault *why)
{
    const struct json value = member(params, "allowed_recipients");
    struct bytes text;
    policy->recipient_count = 0;
    if (json_plain_string(value, &text)) {
        if (!add_recipients_of_text(policy, text, value, why))
            return false;
    } else if (json_kind(value) == JSON_ARRAY) {
        struct json_cursor items = json_items(value);
        struct json key, item;
        while (json_next(&items, &key, &item))
            if (!add_recipient(policy, json_plain_string(item, &text) ? text : (struct bytes){ 0 }, item, why))
                return false;
    } else if (is_given(value)) {
        return fault_set(why, FAULT_INPUT, "allowed_recipients must be a list or comma-separated string (got %s)",
                         shown(value).text);
    }
    policy->recipient_count = allowlist_sort(policy->recipients, policy->recipient_count);
    return true;
}

static bool read_words(struct json params, struct policy *policy, struct fault *why)
{
    const struct json messages = member(params, "messages"), typed_data = member(params, "typed_data");
    policy->messages = MESSAGES_TICKETS;
    policy->typed_data = TYPED_DATA_NONE;
    if (is_given(messages) && !policy_messages_of(messages, &policy->messages))
        return fault_set(why, FAULT_INPUT, "policy.messages must be \"tickets\", \"any\" or \"none\" (got %s)",
                         shown(messages).text);
    if (is_given(typed_data) && !policy_typed_data_of(typed_data, &policy->typed_data))
        return fault_set(why, FAULT_INPUT, "policy.typed_data must be \"none\" or \"any\" (got %s)",
                         shown(typed_data).text);
    return true;
}

static bool read_fees(struct json params, struct policy *policy, struct fault *why)
{
    const struct u256 transactions = u256_of(FEES_A_DAY);
    policy->max_tx_fee = (struct limit){ .value = u256_of(MAX_TX_FEE_WEI) };
    if (is_given(member(params, "max_tx_fee_wei")) &&
        !read_integer(params, "max_tx_fee_wei", &policy->max_tx_fee.value, why))
        return false;
    policy->budget.max_fee = (struct limit){ .value = U256_MAX };
    (void)!u256_mul(&policy->max_tx_fee.value, &transactions, &policy->budget.max_fee.value);
    return true;
}

static bool none_is_given(struct json params)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (is_given(member(params, KEYS[i])))
            return false;
    return true;
}

bool policy_read_flat(struct json params, struct policy *policy, bool *given, struct fault *why)
{
    const struct limit unlimited = { .unlimited = true };
    *given = !none_is_given(params);
    if (!*given)
        return true;
    policy->require_allowlist = false;
    policy->allow_fund_deposit = true;
    policy->allow_withdraw = false;
    policy->has_treasury = false;
    policy->treasury = (struct address){ { 0 } };
    policy->max_gas = policy->max_fee_per_gas = unlimited;
    policy->budget.window_seconds = DAY_SECONDS;
    policy->budget.starts_empty = false;
    policy->budget.max_face_value = policy->budget.max_fund_deposit = unlimited;
    return read_recipients(params, policy, why) &&
           read_bool(params, "require_allowlist", &policy->require_allowlist, why) &&
           read_bool(params, "allow_fund_deposit", &policy->allow_fund_deposit, why) &&
           read_limit(params, "max_fund_deposit_wei", &policy->max_fund_deposit, why) &&
           read_limit(params, "max_face_value_wei", &policy->max_face_value, why) &&
           read_limit(params, "max_total_face_value_wei", &policy->max_total_face_value, why) &&
           read_words(params, policy, why) && read_fees(params, policy, why) &&
           read_chain_and_broker(params, policy, why) && policy_is_consistent(policy, why);
}
