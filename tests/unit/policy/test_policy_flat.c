/* The original's flat parameters: what it tolerated, in its words, and what they become. */
#include "policy_text.h"

#define BROKER    "\"ticket_broker\":\"0xa8bB618B1520E284046F3dFc448851A1Ff26e41B\""
#define CHAIN     "\"chain_id\":42161"
#define BOTH      CHAIN "," BROKER
#define RECIPIENT "0x2222222222222222222222222222222222222222"
#define OTHER     "0x3333333333333333333333333333333333333333"
#define OVER_256  "115792089237316195423570985008687907853269984665640564039457584007913129639936"

static struct policy policy;

static bool read_flat(const char *params, bool *given, struct fault *why)
{
    struct json value;
    const bool is_json = json_read(bytes_of_text(params), &value, why);
    CHECK_ROW(params, is_json);
    return is_json && policy_read_flat(value, &policy, given, why);
}

static void only_keys_that_are_there_and_not_null_make_a_policy(void)
{
    static const char *const none[] = { "{}", "{\"region\":\"us-east-2\"}", "{\"chain_id\":null,\"messages\":null}" };
    static const char *const some[] = {
        "{" BOTH "}",
        "{" BOTH ",\"require_allowlist\":null}",
    };
    struct fault why;
    bool given;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_ROW(none[i], read_flat(none[i], &given, &why) && !given);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        CHECK_ROW(some[i], read_flat(some[i], &given, &why) && given);
    CHECK(policy_read_flat((struct json){ 0 }, &policy, &given, &why) && !given);
}

static bool is_unlimited(const struct limit *limit)
{
    return limit->unlimited;
}

static bool is_limited_to(const struct limit *limit, const char *decimal)
{
    return !limit->unlimited && strcmp(u256_text(&limit->value).text, decimal) == 0;
}

static void what_is_not_given_is_as_it_was(void)
{
    struct fault why;
    bool given;
    CHECK(read_flat("{" BOTH "}", &given, &why) && given);
    CHECK(strcmp(u256_text(&policy.chain_id).text, "42161") == 0 && policy.ticket_broker.bytes[0] == 0xa8);
    CHECK(!policy.require_allowlist && policy.recipient_count == 0);
    CHECK(is_unlimited(&policy.max_face_value) && is_unlimited(&policy.max_total_face_value));
    CHECK(policy.allow_fund_deposit && is_unlimited(&policy.max_fund_deposit));
    CHECK(!policy.allow_withdraw && !policy.has_treasury);
    CHECK(policy.messages == MESSAGES_TICKETS && policy.typed_data == TYPED_DATA_NONE);
    CHECK(is_unlimited(&policy.max_gas) && is_unlimited(&policy.max_fee_per_gas));
    CHECK(is_limited_to(&policy.max_tx_fee, "10000000000000000"));
    CHECK(policy.budget.window_seconds == 86400 && !policy.budget.starts_empty);
    CHECK(is_unlimited(&policy.budget.max_face_value) && is_unlimited(&policy.budget.max_fund_deposit));
    CHECK(is_limited_to(&policy.budget.max_fee, "100000000000000000"));
}

/* The flags of the original's runbook. */
static void the_runbooks_parameters_are_taken(void)
{
    struct fault why;
    bool given;
    CHECK(read_flat("{" BOTH ",\"allowed_recipients\":[\"" RECIPIENT "\"],\"require_allowlist\":true,"
                    "\"max_face_value_wei\":50000000000000000,\"max_total_face_value_wei\":200000000000000000000,"
                    "\"credit_reporter\":\"x\",\"require_credit_signature\":false}",
                    &given, &why));
    CHECK(given && policy.require_allowlist && policy.recipient_count == 1 && policy.recipients[0].bytes[19] == 0x22);
    CHECK(is_limited_to(&policy.max_face_value, "50000000000000000"));
    CHECK(is_limited_to(&policy.max_total_face_value, "200000000000000000000"));
}

static const struct {
    const char *value, *wei;
} integers[] = {
    { "0", "0" },
    { "7", "7" },
    { "true", "1" },
    { "false", "0" },
    { "\"7\"", "7" },
    { "\"007\"", "7" },
    { "\" 7 \"", "7" },
    { "\"\"", "0" },
    { "\" \"", "0" },
    { "\"0x1f\"", "31" },
    { "\"0x001F\"", "31" },
    { "-0", "0" },
    { "20000000000000000000", "20000000000000000000" },
};

static const struct {
    const char *value;
    bool truth;
} bools[] = {
    { "true", true },       { "1", true },       { "2", true },      { "\"1\"", true }, { "\"true\"", true },
    { "\" Yes \"", true },  { "\"Y\"", true },   { "false", false }, { "0", false },    { "\"0\"", false },
    { "\"FALSE\"", false }, { "\"no\"", false }, { "\"n\"", false }, { "\"\"", false },
};

static const struct {
    const char *value;
    size_t count;
} recipients[] = {
    { "[]", 0 },
    { "\"\"", 0 },
    { "\" , \"", 0 },
    { "[\"" RECIPIENT "\"]", 1 },
    { "[\" " RECIPIENT " \",\"" OTHER "\",\"" RECIPIENT "\"]", 2 },
    { "\"" RECIPIENT "\"", 1 },
    { "\" " RECIPIENT " , " OTHER ",\"", 2 },
    { "\"" RECIPIENT "," OTHER "\"", 2 },
};

static void values_are_taken_with_the_originals_tolerance(void)
{
    char params[1024];
    struct fault why;
    bool given;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        snprintf(params, sizeof params, "{" BOTH ",\"max_face_value_wei\":%s}", integers[i].value);
        CHECK_ROW(params, read_flat(params, &given, &why) && is_limited_to(&policy.max_face_value, integers[i].wei));
    }
    for (size_t i = 0; i < sizeof bools / sizeof *bools; i++) {
        snprintf(params, sizeof params, "{" BOTH ",\"allow_fund_deposit\":%s}", bools[i].value);
        CHECK_ROW(params, read_flat(params, &given, &why) && policy.allow_fund_deposit == bools[i].truth);
    }
    for (size_t i = 0; i < sizeof recipients / sizeof *recipients; i++) {
        snprintf(params, sizeof params, "{" BOTH ",\"allowed_recipients\":%s}", recipients[i].value);
        CHECK_ROW(params, read_flat(params, &given, &why) && policy.recipient_count == recipients[i].count);
    }
    CHECK(read_flat("{\"chain_id\":\" 0xa4b1 \",\"ticket_broker\":\" 0xA8BB618B1520E284046F3DFC448851A1FF26E41B \"}",
                    &given, &why));
    CHECK(strcmp(u256_text(&policy.chain_id).text, "42161") == 0 && policy.ticket_broker.bytes[19] == 0x1b);
}

static void the_keys_that_the_original_did_not_have(void)
{
    struct fault why;
    bool given;
    CHECK(read_flat("{" BOTH ",\"messages\":\"any\",\"typed_data\":\"any\",\"max_tx_fee_wei\":\"5\"}", &given, &why));
    CHECK(policy.messages == MESSAGES_ANY && policy.typed_data == TYPED_DATA_ANY);
    CHECK(is_limited_to(&policy.max_tx_fee, "5") && is_limited_to(&policy.budget.max_fee, "50"));
    /* ten times that is over 256 bits: all there is */
    CHECK(read_flat("{" BOTH ",\"max_tx_fee_wei\":"
                    "115792089237316195423570985008687907853269984665640564039457584007913129639935}",
                    &given, &why));
    CHECK(u256_compare(&policy.budget.max_fee.value, &U256_MAX) == 0);
}

static const struct {
    const char *params, *text;
} refused[] = {
    { "{\"chain_id\":\"abc\"," BROKER "}", "policy.chain_id must be an int (got \"abc\"" },
    { "{\"chain_id\":1.5," BROKER "}", "policy.chain_id must be an int (got 1.5" },
    { "{\"chain_id\":[]," BROKER "}", "policy.chain_id must be an int" },
    { "{\"chain_id\":-1," BROKER "}", "policy.chain_id must be an int" },
    { "{\"chain_id\":" OVER_256 "," BROKER "}", "policy.chain_id must be an int" },
    { "{\"chain_id\":\"0x\"," BROKER "}", "policy.chain_id must be an int" },
    { "{\"chain_id\":\"\"," BROKER "}", "policy.chain_id must be an int above 0 (got \"\")" },
    { "{\"chain_id\":false," BROKER "}", "policy.chain_id must be an int above 0 (got false)" },
    { "{" BROKER "}", "policy.chain_id is missing: a policy names the chain it is for; add chain_id" },
    { "{" CHAIN "}", "policy.ticket_broker is missing: a policy names the contract it is for; add ticket_broker" },
    { "{\"messages\":\"any\"}", "policy.chain_id is missing" },
    { "{\"max_fund_deposit_wei\":\"1000\"}", "policy.chain_id is missing" },
    { "{" CHAIN ",\"ticket_broker\":\"a8bB618B1520E284046F3dFc448851A1Ff26e41B\"}",
      "policy.ticket_broker must be a 0x address (got \"a8bB" },
    { "{" CHAIN ",\"ticket_broker\":\"0xzzbB618B1520E284046F3dFc448851A1Ff26e41B\"}",
      "policy.ticket_broker must be a 0x address" },
    { "{" CHAIN ",\"ticket_broker\":5}", "policy.ticket_broker must be a 0x address (got 5)" },
    { "{" CHAIN ",\"ticket_broker\":\"0x0000000000000000000000000000000000000000\"}",
      "policy.ticket_broker must be a 0x address" },
    { "{" BOTH ",\"require_allowlist\":\"maybe\"}", "policy.require_allowlist must be a bool (got \"maybe\")" },
    { "{" BOTH ",\"allow_fund_deposit\":1.0}", "policy.allow_fund_deposit must be a bool (got 1.0)" },
    { "{" BOTH ",\"allow_fund_deposit\":{}}", "policy.allow_fund_deposit must be a bool" },
    { "{" BOTH ",\"allowed_recipients\":5}", "allowed_recipients must be a list or comma-separated string (got 5)" },
    { "{" BOTH ",\"allowed_recipients\":{}}", "allowed_recipients must be a list or comma-separated string" },
    { "{" BOTH ",\"allowed_recipients\":[5]}", "allowed_recipients must be a 0x address (entry 1, in 5)" },
    { "{" BOTH ",\"allowed_recipients\":[\"\"]}", "allowed_recipients must be a 0x address" },
    { "{" BOTH ",\"allowed_recipients\":\"" RECIPIENT ",0x12\"}", "allowed_recipients must be a 0x address (entry 2" },
    { "{" BOTH ",\"max_face_value_wei\":\"1e18\"}", "policy.max_face_value_wei must be an int (got \"1e18\"" },
    { "{" BOTH ",\"max_total_face_value_wei\":\"-1\"}", "policy.max_total_face_value_wei must be an int" },
    { "{" BOTH ",\"max_fund_deposit_wei\":" OVER_256 "}", "policy.max_fund_deposit_wei must be an int" },
    { "{" BOTH ",\"max_tx_fee_wei\":\"unlimited\"}", "policy.max_tx_fee_wei must be an int" },
    { "{" BOTH ",\"messages\":\"some\"}", "policy.messages must be \"tickets\", \"any\" or \"none\" (got \"some\")" },
    { "{" BOTH ",\"messages\":true}", "policy.messages must be" },
    { "{" BOTH ",\"typed_data\":\"tickets\"}", "policy.typed_data must be \"none\" or \"any\" (got \"tickets\")" },
    { "{" BOTH ",\"require_allowlist\":true}",
      "policy.require_allowlist is true and policy.allowed_recipients is empty" },
    { "{" BOTH ",\"require_allowlist\":true,\"allowed_recipients\":\" \"}",
      "policy.require_allowlist is true and policy.allowed_recipients is empty" },
};

static void parameters_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct fault why;
        bool given;
        CHECK_ROW(refused[i].params, !read_flat(refused[i].params, &given, &why));
        CHECK_ROW(refused[i].params, why.code == FAULT_INPUT && text_begins(&why, refused[i].text));
    }
}

static bool warns(const struct policy *of, const char *beginning)
{
    struct policy_warnings warnings;
    policy_warnings(of, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        if (strncmp(warnings.texts[i], beginning, strlen(beginning)) == 0)
            return true;
    return false;
}

/* Each loose end is told when it is there, and is not when it is tied. */
static const struct {
    const char *key, *loose, *text;
} loose_ends[] = {
    { "messages", "\"any\"", "messages is \"any\"" },
    { "typed_data", "\"any\"", "typed_data is \"any\"" },
    { "max_face_value_wei", "\"unlimited\"", "max_face_value_wei is" },
    { "max_total_face_value_wei", "\"unlimited\"", "max_total_face_value_wei is" },
    { "max_fund_deposit_wei", "\"unlimited\"", "max_fund_deposit_wei is" },
    { "treasury", "\"0x7777777777777777777777777777777777777777\"", "treasury is set" },
    { "max_tx_fee_wei", "\"unlimited\"", "max_fee_per_gas_wei and max_tx_fee_wei are" },
    { "budget.max_face_value_wei", "\"unlimited\"", "budget.max_face_value_wei is" },
    { "budget.max_fee_wei", "\"unlimited\"", "budget.max_fee_wei is" },
};

static void loose_ends_are_told(void)
{
    struct policy_warnings warnings;
    for (size_t i = 0; i < sizeof loose_ends / sizeof *loose_ends; i++) {
        policy_plain(&policy);
        CHECK_ROW(loose_ends[i].key, !warns(&policy, loose_ends[i].text));
        policy_with(&policy, loose_ends[i].key, loose_ends[i].loose);
        CHECK_ROW(loose_ends[i].key, warns(&policy, loose_ends[i].text));
    }
    policy_plain(&policy);
    CHECK(warns(&policy, "budget.max_fund_deposit_wei is") && warns(&policy, "budget.start is \"full\""));
    policy_with(&policy, "budget.start", "\"empty\"");
    CHECK(!warns(&policy, "budget.start is"));
    policy_with(&policy, "allow_fund_deposit", "false");
    CHECK(!warns(&policy, "budget.max_fund_deposit_wei is") && !warns(&policy, "allow_withdraw"));
    policy.allow_withdraw = true;
    CHECK(warns(&policy, "allow_withdraw is true"));
    policy_with(&policy, "require_allowlist", "false");
    CHECK(!warns(&policy, "allowed_recipients is empty"));
    policy_with(&policy, "max_tx_fee_wei", "\"unlimited\"");
    CHECK(!warns(&policy, "max_gas and max_tx_fee_wei are"));
    policy.max_gas.unlimited = true;
    policy.max_fee_per_gas.unlimited = false;
    CHECK(warns(&policy, "max_gas and max_tx_fee_wei are") && !warns(&policy, "max_fee_per_gas_wei and"));
    policy_with(&policy, "require_allowlist", "false");
    policy.recipient_count = 0;
    CHECK(warns(&policy, "allowed_recipients is empty"));

    policy_warnings(NULL, &warnings);
    CHECK(warnings.count == 1 && strncmp(warnings.texts[0], "no policy", 9) == 0);
}

static void rule_06_the_first_warning_is_about_blind_messages(void)
{
    struct policy_warnings warnings;
    struct fault why;
    bool given;
    CHECK(read_flat("{" BOTH "}", &given, &why));
    policy_warnings(&policy, &warnings);
    CHECK(warnings.count > 1 && strstr(warnings.texts[0], "cannot have its tickets signed") != NULL &&
          strstr(warnings.texts[0], "--messages any") != NULL && strstr(warnings.texts[0], "whole deposit") != NULL);
    CHECK(read_flat("{" BOTH ",\"messages\":\"any\"}", &given, &why));
    policy_warnings(&policy, &warnings);
    CHECK(strstr(warnings.texts[0], "worth nothing") != NULL &&
          strstr(warnings.texts[0], "allowed_recipients") != NULL);
}

/* Everything loose at once fits the list. */
static void all_warnings_fit(void)
{
    const struct limit unlimited = { .unlimited = true };
    struct policy_warnings warnings;
    policy_with(&policy, "messages", "\"any\"");
    policy.typed_data = TYPED_DATA_ANY;
    policy.require_allowlist = false;
    policy.recipient_count = 0;
    policy.allow_withdraw = policy.has_treasury = true;
    policy.max_face_value = policy.max_total_face_value = policy.max_fund_deposit = unlimited;
    policy.max_gas = policy.max_fee_per_gas = policy.max_tx_fee = unlimited;
    policy.budget.max_fund_deposit = policy.budget.max_fee = unlimited;
    policy_warnings(&policy, &warnings);
    CHECK(warnings.count >= 13 && warnings.count <= POLICY_WARNINGS_MAX);
}

int main(void)
{
    only_keys_that_are_there_and_not_null_make_a_policy();
    what_is_not_given_is_as_it_was();
    the_runbooks_parameters_are_taken();
    values_are_taken_with_the_originals_tolerance();
    the_keys_that_the_original_did_not_have();
    parameters_wrong_in_one_way_are_refused();
    loose_ends_are_told();
    rule_06_the_first_warning_is_about_blind_messages();
    all_warnings_fit();
    return failures != 0;
}
