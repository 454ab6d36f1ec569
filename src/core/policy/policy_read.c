/* The document, strictly: every key stated, none unknown. */
#include "core/policy/allowlist.h"
#include "core/policy/policy.h"
#include "core/policy/shown.h"

#include "core/eth/address.h"

enum { VERSION = 1 };

static const char *const DOCUMENT_KEYS[] = {
    "version",
    "chain_id",
    "ticket_broker",
    "require_allowlist",
    "allowed_recipients",
    "max_face_value_wei",
    "max_total_face_value_wei",
    "allow_fund_deposit",
    "max_fund_deposit_wei",
    "allow_withdraw",
    "treasury",
    "messages",
    "typed_data",
    "max_gas",
    "max_fee_per_gas_wei",
    "max_tx_fee_wei",
    "budget",
};
static const char *const BUDGET_KEYS[] = {
    "window_seconds", "start", "max_face_value_wei", "max_fund_deposit_wei", "max_fee_wei",
};

/* An object of the document and its path, for messages. */
struct section {
    struct json object;
    const char *path;
};

static struct json member(struct section in, const char *key)
{
    return json_member(in.object, bytes_of_text(key));
}

static bool refuse(struct section in, const char *key, const char *wanted, struct fault *why)
{
    return fault_set(why, FAULT_INPUT, "%s.%s must be %s (got %s)", in.path, key, wanted, shown(member(in, key)).text);
}

static bool has_exactly(struct section in, const char *const *keys, size_t count, struct fault *why)
{
    if (json_kind(in.object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "%s must be an object (got %s)", in.path,
                         json_kind_name(json_kind(in.object)));
    struct json_cursor members = json_items(in.object);
    struct json key, value;
    while (json_next(&members, &key, &value)) {
        size_t i = 0;
        while (i < count && !json_string_is(key, bytes_of_text(keys[i])))
            i++;
        if (i == count)
            return fault_set(why, FAULT_INPUT, "%s has an unknown key: %s", in.path, shown(key).text);
    }
    for (size_t i = 0; i < count; i++)
        if (json_kind(member(in, keys[i])) == JSON_NONE)
            return fault_set(why, FAULT_INPUT, "%s.%s is missing: a policy states every key", in.path, keys[i]);
    return true;
}

/* A JSON integer, or a string of decimal digits without sign or leading zeros. */
static bool integer_of(struct json value, struct u256 *integer)
{
    struct bytes digits;
    if (json_integer(value, integer) == JSON_INTEGER_OK)
        return true;
    return json_plain_string(value, &digits) && (digits.len == 1 || (digits.len > 1 && digits.data[0] != '0')) &&
           u256_read_decimal(digits, integer);
}

#define AN_INTEGER "a JSON integer, or a string of decimal digits without sign or leading zeros"

static bool read_limit(struct section in, const char *key, struct limit *limit, struct fault *why)
{
    const struct json value = member(in, key);
    *limit = (struct limit){ .unlimited = json_string_is(value, BYTES_LIT("unlimited")) };
    return limit->unlimited || integer_of(value, &limit->value) ||
           refuse(in, key, "0 to 2^256 - 1, as " AN_INTEGER ", or \"unlimited\"", why);
}

static bool read_bool(struct section in, const char *key, bool *truth, struct fault *why)
{
    return json_bool(member(in, key), truth) || refuse(in, key, "true or false", why);
}

static bool address_of(struct json value, struct address *address)
{
    struct bytes text = { 0 };
    return json_plain_string(value, &text) && address_read(text, address);
}

static bool read_address(struct section in, const char *key, struct address *address, struct fault *why)
{
    return (address_of(member(in, key), address) && !address_is_zero(address)) ||
           refuse(in, key, "an address other than zero: 0x and 40 hex digits", why);
}

static bool read_version(struct section in, struct fault *why)
{
    const struct u256 known = u256_of(VERSION);
    struct u256 version;
    return (integer_of(member(in, "version"), &version) && u256_compare(&version, &known) == 0) ||
           refuse(in, "version", "1, the only version there is", why);
}

static bool read_chain_id(struct section in, struct u256 *chain_id, struct fault *why)
{
    return (integer_of(member(in, "chain_id"), chain_id) && !u256_is_zero(chain_id)) ||
           refuse(in, "chain_id", "an integer above 0, as " AN_INTEGER, why);
}

static bool read_recipients(struct section in, struct policy *policy, struct fault *why)
{
    const struct json list = member(in, "allowed_recipients");
    struct json_cursor items = json_items(list);
    struct json key, item;
    size_t count = 0;
    if (json_kind(list) != JSON_ARRAY)
        return refuse(in, "allowed_recipients", "an array of addresses", why);
    for (; json_next(&items, &key, &item); count++) {
        if (count == POLICY_RECIPIENTS_MAX)
            return fault_set(why, FAULT_LIMIT, "%s.allowed_recipients has more than %d entries", in.path,
                             POLICY_RECIPIENTS_MAX);
        if (!address_of(item, &policy->recipients[count]))
            return fault_set(why, FAULT_INPUT,
                             "%s.allowed_recipients must hold addresses, 0x and 40 hex digits (entry %zu is %s)",
                             in.path, count + 1, shown(item).text);
    }
    policy->recipient_count = allowlist_sort(policy->recipients, count);
    return true;
}

static bool read_treasury(struct section in, struct policy *policy, struct fault *why)
{
    policy->has_treasury = json_kind(member(in, "treasury")) != JSON_NULL;
    policy->treasury = (struct address){ { 0 } };
    if (!policy->has_treasury)
        return true;
    if (!address_of(member(in, "treasury"), &policy->treasury) || address_is_zero(&policy->treasury) ||
        address_equal(&policy->treasury, &policy->ticket_broker))
        return refuse(in, "treasury", "null, or an address that is neither zero nor the ticket broker", why);
    return true;
}

static bool read_words(struct section in, struct policy *policy, struct fault *why)
{
    if (!policy_messages_of(member(in, "messages"), &policy->messages))
        return refuse(in, "messages", "\"tickets\", \"any\" or \"none\"", why);
    if (!policy_typed_data_of(member(in, "typed_data"), &policy->typed_data))
        return refuse(in, "typed_data", "\"none\" or \"any\"", why);
    return true;
}

static bool read_start(struct section in, bool *starts_empty, struct fault *why)
{
    const struct json value = member(in, "start");
    *starts_empty = json_string_is(value, BYTES_LIT("empty"));
    return *starts_empty || json_string_is(value, BYTES_LIT("full")) ||
           refuse(in, "start", "\"full\" or \"empty\"", why);
}

static bool read_window(struct section in, uint64_t *seconds, struct fault *why)
{
    struct u256 integer;
    return (integer_of(member(in, "window_seconds"), &integer) && u256_fits_u64(&integer, seconds) && *seconds >= 1 &&
            *seconds <= POLICY_WINDOW_SECONDS_MAX) ||
           refuse(in, "window_seconds", "1 to 31536000 (a year), as " AN_INTEGER, why);
}

static bool read_budget(struct section in, struct policy *policy, struct fault *why)
{
    return has_exactly(in, BUDGET_KEYS, sizeof BUDGET_KEYS / sizeof *BUDGET_KEYS, why) &&
           read_window(in, &policy->budget.window_seconds, why) && read_start(in, &policy->budget.starts_empty, why) &&
           read_limit(in, "max_face_value_wei", &policy->budget.max_face_value, why) &&
           read_limit(in, "max_fund_deposit_wei", &policy->budget.max_fund_deposit, why) &&
           read_limit(in, "max_fee_wei", &policy->budget.max_fee, why);
}

bool policy_is_consistent(const struct policy *policy, struct fault *why)
{
    if (policy->require_allowlist && policy->recipient_count == 0)
        return fault_set(
            why, FAULT_INPUT,
            "policy.require_allowlist is true and policy.allowed_recipients is empty: no ticket could ever "
            "be signed; list recipients, or set require_allowlist to false");
    if (policy->allow_withdraw && policy->allow_fund_deposit)
        return fault_set(why, FAULT_INPUT,
                         "policy.allow_withdraw and policy.allow_fund_deposit are both true: a deposit cancels an "
                         "unlock, so only one of them can be");
    return true;
}

bool policy_read(struct json document, struct policy *policy, struct fault *why)
{
    const struct section in = { document, "policy" };
    const struct section budget = { member(in, "budget"), "policy.budget" };
    /* The version first: what else is a key depends on it. */
    if (json_kind(member(in, "version")) != JSON_NONE && !read_version(in, why))
        return false;
    return has_exactly(in, DOCUMENT_KEYS, sizeof DOCUMENT_KEYS / sizeof *DOCUMENT_KEYS, why) &&
           read_chain_id(in, &policy->chain_id, why) &&
           read_address(in, "ticket_broker", &policy->ticket_broker, why) &&
           read_bool(in, "require_allowlist", &policy->require_allowlist, why) && read_recipients(in, policy, why) &&
           read_limit(in, "max_face_value_wei", &policy->max_face_value, why) &&
           read_limit(in, "max_total_face_value_wei", &policy->max_total_face_value, why) &&
           read_bool(in, "allow_fund_deposit", &policy->allow_fund_deposit, why) &&
           read_limit(in, "max_fund_deposit_wei", &policy->max_fund_deposit, why) &&
           read_bool(in, "allow_withdraw", &policy->allow_withdraw, why) && read_treasury(in, policy, why) &&
           read_words(in, policy, why) && read_limit(in, "max_gas", &policy->max_gas, why) &&
           read_limit(in, "max_fee_per_gas_wei", &policy->max_fee_per_gas, why) &&
           read_limit(in, "max_tx_fee_wei", &policy->max_tx_fee, why) && read_budget(budget, policy, why) &&
           policy_is_consistent(policy, why);
}
