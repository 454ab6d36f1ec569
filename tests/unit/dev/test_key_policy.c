#include "check.h"
#include "core/base/text.h"
#include "dev/key_policy.h"
#include "verify/iam_pattern.h"

#include <string.h>

#define ACCOUNT    "111122223333"
#define KEY        "arn:aws:kms:us-east-2:" ACCOUNT ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define ADMIN      "arn:aws:iam::" ACCOUNT ":role/KmsAdmin"
#define ROLE       "arn:aws:iam::" ACCOUNT ":role/Instance"
#define SESSION    "arn:aws:sts::" ACCOUNT ":assumed-role/Instance/i-0123456789abcdef0"
#define PCR0       "22f9e1c949208da55eb01b9b9fc88f87454f77ba133f0d82320b509621c92482152a99d0a12335b97178c02d6f977d01"
#define PCR0_UPPER "22F9E1C949208DA55EB01B9B9FC88F87454F77BA133F0D82320B509621C92482152A99D0A12335B97178C02D6F977D01"

static uint8_t memory[1 << 20];
static struct key_policy policy;

static bool read_policy(const char *text, enum policy_kind kind, struct fault *why)
{
    static struct arena arena;
    must(POLICY_ARENA(strlen(text)) <= sizeof memory);
    arena = arena_of(memory, POLICY_ARENA(strlen(text)));
    return key_policy_read(bytes_of_text(text), kind, &arena, &policy, why);
}

struct asked {
    const char *action, *principal, *session, *pcr0, *pcr8;
    const char *context_name, *context_value;
};

static struct policy_decision ask(enum policy_kind kind, struct asked asked)
{
    struct bytes pcrs[NSM_PCR_COUNT] = { { NULL, 0 } };
    struct kms_context context = { 0 };
    if (asked.context_name != NULL) {
        context.count = 1;
        context.pairs[0].name = bytes_of_text(asked.context_name);
        context.pairs[0].value = bytes_of_text(asked.context_value);
    }
    if (asked.pcr0 != NULL)
        pcrs[0] = bytes_of_text(asked.pcr0);
    if (asked.pcr8 != NULL)
        pcrs[8] = bytes_of_text(asked.pcr8);
    const char *principal = asked.principal != NULL ? asked.principal : ROLE;
    const struct policy_question question = {
        .action = bytes_of_text(asked.action),
        .resource = BYTES_LIT(KEY),
        .account = BYTES_LIT(ACCOUNT),
        .principal_arn = bytes_of_text(principal),
        .session_arn = bytes_of_text(asked.session != NULL ? asked.session : ""),
        .context = &context,
        .pcrs_hex = asked.pcr0 != NULL || asked.pcr8 != NULL ? pcrs : NULL,
    };
    return key_policy_judge(&policy, kind, &question);
}

/* The policy that the original's runbook prints, with the three names filled in. */
static const char runbook[] =
    "{ \"Version\": \"2012-10-17\", \"Statement\": [ { \"Sid\": \"AllowKmsAdmin\", \"Effect\": \"Allow\","
    "\"Principal\": { \"AWS\": \"" ADMIN "\" }, \"Action\": [ \"kms:Create*\", \"kms:Describe*\", \"kms:Enable*\","
    "\"kms:List*\", \"kms:Put*\", \"kms:Update*\", \"kms:Revoke*\", \"kms:Disable*\", \"kms:Get*\", \"kms:Delete*\","
    "\"kms:TagResource\", \"kms:UntagResource\", \"kms:ScheduleKeyDeletion\", \"kms:CancelKeyDeletion\" ],"
    "\"Resource\": \"*\" }, { \"Sid\": \"AllowEncryptFromInstanceRole\", \"Effect\": \"Allow\","
    "\"Principal\": { \"AWS\": \"" ROLE "\" }, \"Action\": [\"kms:Encrypt\"], \"Resource\": \"*\" },"
    "{ \"Sid\": \"AllowDecryptOnlyFromEnclaveMeasurement\", \"Effect\": \"Allow\", \"Principal\": { \"AWS\": \"" ROLE
    "\" }, \"Action\": [\"kms:Decrypt\"], \"Resource\": \"*\", \"Condition\": { \"StringEqualsIgnoreCase\": {"
    "\"kms:RecipientAttestation:PCR0\": \"" PCR0_UPPER "\" } } } ] }";

static void the_runbooks_key_policy_works_as_printed(void)
{
    struct fault why = { 0 };
    CHECK(read_policy(runbook, KEY_POLICY, &why));
    const struct {
        const char *name;
        struct asked asked;
        enum policy_answer answer;
        const char *statement;
    } rows[] = {
        { "admin", { .action = "kms:PutKeyPolicy", .principal = ADMIN }, POLICY_ALLOWS, "AllowKmsAdmin" },
        { "admin may not decrypt", { .action = "kms:Decrypt", .principal = ADMIN, .pcr0 = PCR0 }, POLICY_SILENT, "" },
        { "role encrypts", { .action = "kms:Encrypt" }, POLICY_ALLOWS, "AllowEncryptFromInstanceRole" },
        { "enclave",
          { .action = "kms:Decrypt", .pcr0 = PCR0 },
          POLICY_ALLOWS,
          "AllowDecryptOnlyFromEnclaveMeasurement" },
        { "no document", { .action = "kms:Decrypt" }, POLICY_SILENT, "AllowDecryptOnlyFromEnclaveMeasurement" },
        { "another image",
          { .action = "kms:Decrypt", .pcr0 = "00" },
          POLICY_SILENT,
          "AllowDecryptOnlyFromEnclaveMeasurement" },
        { "in another PCR",
          { .action = "kms:Decrypt", .pcr8 = PCR0 },
          POLICY_SILENT,
          "AllowDecryptOnlyFromEnclaveMeasurement" },
        { "another role", { .action = "kms:Decrypt", .principal = ADMIN "x", .pcr0 = PCR0 }, POLICY_SILENT, "" },
        { "not listed", { .action = "kms:GenerateDataKey", .pcr0 = PCR0 }, POLICY_SILENT, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct policy_decision decision = ask(KEY_POLICY, rows[i].asked);
        CHECK_ROW(rows[i].name, decision.answer == rows[i].answer);
        CHECK_ROW(rows[i].name, strcmp(decision.statement, rows[i].statement) == 0);
    }
    const struct policy_decision near = ask(KEY_POLICY, (struct asked){ .action = "kms:Decrypt" });
    CHECK(strstr(near.reason, "kms:RecipientAttestation:PCR0") != NULL);
}

static void the_runbooks_identity_policy_works_as_printed(void)
{
    struct fault why = { 0 };
    CHECK(read_policy("{ \"Version\": \"2012-10-17\", \"Statement\": [ { \"Effect\": \"Allow\","
                      "\"Action\": [\"kms:Decrypt\", \"kms:Encrypt\"], \"Resource\": \"" KEY "\" } ] }",
                      IDENTITY_POLICY, &why));
    CHECK(ask(IDENTITY_POLICY, (struct asked){ .action = "kms:Decrypt" }).answer == POLICY_ALLOWS);
    CHECK(strcmp(ask(IDENTITY_POLICY, (struct asked){ .action = "kms:Decrypt" }).statement, "statement 1") == 0);
    CHECK(ask(IDENTITY_POLICY, (struct asked){ .action = "kms:PutKeyPolicy" }).answer == POLICY_SILENT);
}

#define ONE(members) "{\"Version\":\"2012-10-17\",\"Statement\":{" members "}}"
#define TO(principal, more) \
    ONE("\"Effect\":\"Allow\",\"Principal\":" principal ",\"Action\":\"kms:*\",\"Resource\":\"*\"" more)

static void principals_match_as_iam_says(void)
{
    const struct {
        const char *policy;
        struct asked asked;
        enum policy_answer answer;
    } rows[] = {
        { TO("\"*\"", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS },
        { TO("{\"AWS\":\"*\"}", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS },
        { TO("{\"AWS\":[\"" ADMIN "\",\"" ROLE "\"]}", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS },
        { TO("{\"AWS\":\"" SESSION "\"}", ""), { .action = "kms:Decrypt", .session = SESSION }, POLICY_ALLOWS },
        { TO("{\"AWS\":\"" SESSION "\"}", ""), { .action = "kms:Decrypt", .session = SESSION "x" }, POLICY_SILENT },
        { TO("{\"AWS\":\"" ROLE "\"}", ""), { .action = "kms:Decrypt", .session = SESSION }, POLICY_ALLOWS },
        { TO("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":root\"}", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS_ACCOUNT },
        { TO("{\"AWS\":\"" ACCOUNT "\"}", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS_ACCOUNT },
        { TO("{\"AWS\":\"999999999999\"}", ""), { .action = "kms:Decrypt" }, POLICY_SILENT },
        { TO("{\"AWS\":[\"" ACCOUNT "\",\"" ROLE "\"]}", ""), { .action = "kms:Decrypt" }, POLICY_ALLOWS },
        { TO("{\"Service\":\"logs.amazonaws.com\"}", ""), { .action = "kms:Decrypt" }, POLICY_SILENT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = { 0 };
        CHECK_ROW(rows[i].policy, read_policy(rows[i].policy, KEY_POLICY, &why));
        CHECK_ROW(rows[i].policy, ask(KEY_POLICY, rows[i].asked).answer == rows[i].answer);
    }
}

static void conditions_hold_as_iam_says(void)
{
#define WHEN(op, key, value) TO("\"*\"", ",\"Condition\":{\"" op "\":{\"" key "\":" value "}}")
    const struct {
        const char *name, *policy;
        struct asked asked;
        bool allowed;
    } rows[] = {
        { "image",
          WHEN("StringEquals", "kms:RecipientAttestation:ImageSha384", "\"" PCR0 "\""),
          { .pcr0 = PCR0 },
          true },
        { "case",
          WHEN("StringEquals", "kms:RecipientAttestation:PCR0", "\"" PCR0_UPPER "\""),
          { .pcr0 = PCR0 },
          false },
        { "any of", WHEN("StringEquals", "kms:RecipientAttestation:PCR8", "[\"aa\",\"bb\"]"), { .pcr8 = "bb" }, true },
        { "none of",
          WHEN("StringNotEquals", "kms:RecipientAttestation:PCR8", "[\"aa\",\"bb\"]"),
          { .pcr8 = "bb" },
          false },
        { "not, other", WHEN("StringNotEquals", "kms:RecipientAttestation:PCR8", "\"aa\""), { .pcr8 = "bb" }, true },
        { "not, absent", WHEN("StringNotEquals", "kms:RecipientAttestation:PCR8", "\"aa\""), { 0 }, true },
        { "not, nocase",
          WHEN("StringNotEqualsIgnoreCase", "kms:RecipientAttestation:PCR8", "\"AA\""),
          { .pcr8 = "aa" },
          false },
        { "context",
          WHEN("StringEquals", "kms:EncryptionContext:a", "\"1\""),
          { .context_name = "a", .context_value = "1" },
          true },
        { "context value",
          WHEN("StringEquals", "kms:EncryptionContext:a", "\"1\""),
          { .context_name = "a", .context_value = "2" },
          false },
        { "context absent", WHEN("StringEquals", "kms:EncryptionContext:a", "\"1\""), { 0 }, false },
        { "context name without case",
          WHEN("StringEquals", "kms:EncryptionContext:App", "\"1\""),
          { .context_name = "aPP", .context_value = "1" },
          true },
        { "context value with case",
          WHEN("StringEquals", "kms:EncryptionContext:a", "\"X\""),
          { .context_name = "a", .context_value = "x" },
          false },
        { "context value nocase",
          WHEN("StringEqualsIgnoreCase", "kms:EncryptionContext:a", "\"X\""),
          { .context_name = "a", .context_value = "x" },
          true },
        { "principal", WHEN("StringEquals", "aws:PrincipalArn", "\"" ROLE "\""), { 0 }, true },
        { "principal's session",
          WHEN("StringEquals", "aws:PrincipalArn", "\"" ROLE "\""),
          { .session = SESSION },
          true },
        { "not the principal", WHEN("StringNotEquals", "aws:PrincipalArn", "\"" ROLE "\""), { 0 }, false },
        { "another principal",
          WHEN("StringNotEquals", "aws:PrincipalArn", "\"" ROLE "\""),
          { .principal = ADMIN },
          true },
        { "both",
          TO("\"*\"", ",\"Condition\":{\"StringEquals\":{\"kms:RecipientAttestation:PCR8\":\"aa\",\"kms:"
                      "EncryptionContext:a\":\"1\"}}"),
          { .pcr8 = "aa", .context_name = "a", .context_value = "1" },
          true },
        { "one of both",
          TO("\"*\"", ",\"Condition\":{\"StringEquals\":{\"kms:RecipientAttestation:PCR8\":\"aa\"},\"StringNotEquals\":"
                      "{\"kms:EncryptionContext:a\":\"1\"}}"),
          { .pcr8 = "aa", .context_name = "a", .context_value = "1" },
          false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = { 0 };
        struct asked asked = rows[i].asked;
        asked.action = "kms:Decrypt";
        CHECK_ROW(rows[i].name, read_policy(rows[i].policy, KEY_POLICY, &why));
        CHECK_ROW(rows[i].name, (ask(KEY_POLICY, asked).answer == POLICY_ALLOWS) == rows[i].allowed);
    }
}

static void an_explicit_deny_wins_wherever_it_stands(void)
{
    struct fault why = { 0 };
#define ALLOW_ALL "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}"
#define DENY_OPEN \
    "{\"Sid\":\"Never\",\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"" ACCOUNT "\"},\"Action\":\"kms:DECRYPT\"," \
    "\"Resource\":\"*\",\"Condition\":{\"StringNotEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":\"" PCR0 \
    "\"}}}"
    static const char *const orders[] = { "{\"Statement\":[" ALLOW_ALL "," DENY_OPEN "]}",
                                          "{\"Statement\":[" DENY_OPEN "," ALLOW_ALL "]}" };
    for (size_t i = 0; i < 2; i++) {
        CHECK(read_policy(orders[i], KEY_POLICY, &why));
        const struct policy_decision denied = ask(KEY_POLICY, (struct asked){ .action = "kms:Decrypt" });
        CHECK(denied.answer == POLICY_DENIES && strcmp(denied.statement, "Never") == 0);
        CHECK(ask(KEY_POLICY, (struct asked){ .action = "kms:Decrypt", .pcr0 = PCR0 }).answer == POLICY_ALLOWS);
        CHECK(ask(KEY_POLICY, (struct asked){ .action = "kms:Encrypt" }).answer == POLICY_ALLOWS);
    }
}

static void what_cannot_be_judged_is_refused(void)
{
    const struct {
        const char *policy, *text;
        enum policy_kind kind;
    } rows[] = {
        { "[]", "want an object", KEY_POLICY },
        { "{\"Statement\":[]}", "0 statements", KEY_POLICY },
        { "{\"Version\":\"2020-01-01\",\"Statement\":" ALLOW_ALL "}", "Version is neither", KEY_POLICY },
        { "{\"Statements\":[]}", "\"Statements\"", KEY_POLICY },
        { "{\"Statement\":[" ALLOW_ALL ",7]}", "statement 2 is a number", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"NotPrincipal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""),
          "NotPrincipal\" is not supported", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Principal\":\"*\",\"NotAction\":\"*\",\"Resource\":\"*\""),
          "NotAction\" is not supported", KEY_POLICY },
        { ONE("\"Effect\":\"allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""), "Effect is neither",
          KEY_POLICY },
        { ONE("\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""), "Effect is missing", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\""), "Principal is missing", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Principal\":\"*\",\"Resource\":\"*\""), "Action is missing", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\""), "Resource is missing", KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[],\"Resource\":\"*\""), "Action is an empty list",
          KEY_POLICY },
        { ONE("\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\""), "has no Principal",
          IDENTITY_POLICY },
        { TO("\"" ROLE "\"", ""), "want \"*\" or", KEY_POLICY },
        { TO("{\"AWS\":\"KMS_ADMIN_ROLE_ARN\"}", ""), "principal \"KMS_ADMIN_ROLE_ARN\"", KEY_POLICY },
        { TO("{\"AWS\":\"arn:aws:iam::" ACCOUNT ":role/*\"}", ""), "is not one", KEY_POLICY },
        { TO("{\"Federated\":\"x\"}", ""), "not supported here (want AWS)", KEY_POLICY },
        { WHEN("StringLike", "kms:RecipientAttestation:PCR0", "\"*\""), "StringLike\" is not supported", KEY_POLICY },
        { WHEN("StringEquals", "aws:SourceIp", "\"*\""), "aws:SourceIp\" is not supported", KEY_POLICY },
        { WHEN("StringEquals", "kms:RecipientAttestation:PCR32", "\"aa\""), "PCR32\" is not supported", KEY_POLICY },
        { WHEN("StringEquals", "kms:EncryptionContext:", "\"aa\""), "is not supported", KEY_POLICY },
        { WHEN("StringEquals", "kms:RecipientAttestation:PCR0", "7"), "want a string", KEY_POLICY },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = { 0 };
        CHECK_ROW(rows[i].policy, !read_policy(rows[i].policy, rows[i].kind, &why));
        CHECK_ROW(rows[i].policy, why.code == FAULT_INPUT);
        CHECK_ROW(why.text, strstr(why.text, rows[i].text) != NULL);
    }
}

static void many_short_strings_fit_the_arena(void)
{
    static char text[32768];
    struct fault why = { 0 };
    size_t len = (size_t)snprintf(text, sizeof text,
                                  "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\","
                                  "\"Resource\":\"*\",\"Principal\":{\"AWS\":[\"*\"");
    for (size_t i = 0; i < 8000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, ",\"*\"");
    snprintf(text + len, sizeof text - len, "]}}}");
    CHECK(read_policy(text, KEY_POLICY, &why));
    CHECK(policy.statements[0].principal_count == 8001);
}

static void patterns_match(void)
{
    const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = { { "kms:*", "kms:Decrypt", true },
                 { "kms:De*", "kms:Describe", true },
                 { "*", "", true },
                 { "kms:?ecrypt", "kms:Decrypt", true },
                 { "a*b*c", "a-bb-c", true },
                 { "a*b*c", "a-bb-", false },
                 { "", "a", false },
                 { "kms:Decrypt", "kms:DecryptX", false },
                 { "**a", "bba", true },
                 { "KMS:decrypt", "kms:Decrypt", true } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_ROW(rows[i].pattern, iam_pattern_matches(bytes_of_text(rows[i].pattern), bytes_of_text(rows[i].text),
                                                       true) == rows[i].matches);
    CHECK(!iam_pattern_matches(BYTES_LIT("A"), BYTES_LIT("a"), false));
}

/* The statements that AWS's console writes for a role that may use a key. */
static void the_consoles_grant_statement_allows_no_request_here(void)
{
    struct fault why = { 0 };
    CHECK(
        read_policy(TO("{\"AWS\":\"" ROLE "\"}", ",\"Condition\":{\"Bool\":{\"kms:GrantIsForAWSResource\":\"true\"}}"),
                    KEY_POLICY, &why));
    CHECK(ask(KEY_POLICY, (struct asked){ .action = "kms:CreateGrant" }).answer == POLICY_SILENT);
    CHECK(!read_policy(TO("\"*\"", ",\"Condition\":{\"Bool\":{\"kms:RecipientAttestation:PCR0\":\"true\"}}"),
                       KEY_POLICY, &why));
    CHECK(!read_policy(WHEN("StringEquals", "kms:GrantIsForAWSResource", "\"true\""), KEY_POLICY, &why));
}

int main(void)
{
    the_consoles_grant_statement_allows_no_request_here();
    the_runbooks_key_policy_works_as_printed();
    the_runbooks_identity_policy_works_as_printed();
    principals_match_as_iam_says();
    conditions_hold_as_iam_says();
    an_explicit_deny_wins_wherever_it_stands();
    what_cannot_be_judged_is_refused();
    many_short_strings_fit_the_arena();
    patterns_match();
    return failures != 0;
}
