/* Two readers of key policies hold each other to account. What the lint finds sound, for one image, one signing policy
 * and one administrator, the stand-in's judge (another reader and another reckoning) opens to nobody who lacks one of
 * them; a Deny for everyone that is added shuts whatever was open; without its Allows a policy opens nothing; and the
 * judge's answer depends on nothing but the text.
 */
#include "edits.h"

#include "dev/key_policy.h"
#include "verify/key_policy_lint.h"

#define ACCOUNT "111122223333"
#define KEY     "arn:aws:kms:us-east-2:" ACCOUNT ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define ADMIN   "arn:aws:iam::" ACCOUNT ":role/KmsAdmin"
#define ROLE    "arn:aws:iam::" ACCOUNT ":role/Instance"
#define SESSION "arn:aws:sts::" ACCOUNT ":assumed-role/Instance/i-0123456789abcdef0"
#define PCR0    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
#define DIGEST  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
#define ZEROS   "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"

#define ADMINISTER \
    "{\"Sid\":\"Administer\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ADMIN \
    "\"},\"Action\":[\"kms:Describe*\"," \
    "\"kms:Get*\",\"kms:List*\",\"kms:PutKeyPolicy\",\"kms:DisableKey\"],\"Resource\":\"*\"}"
#define OPEN \
    "{\"Sid\":\"Open\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ROLE "\"},\"Action\":\"kms:Decrypt\"," \
    "\"Resource\":\"*\",\"Condition\":{\"StringEqualsIgnoreCase\":{\"kms:RecipientAttestation:PCR0\":\"" PCR0 \
    "\",\"kms:EncryptionContext:ensign-policy-sha256\":\"" DIGEST "\"}}}"
#define DENY(action, condition, value) \
    "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":[" action "],\"Resource\":\"*\",\"Condition\":{" \
    "\"StringNotEqualsIgnoreCase\":{\"" condition "\":\"" value "\"}}}"
#define WAYS "\"kms:CreateGrant\",\"kms:ReplicateKey\",\"kms:UpdatePrimaryRegion\",\"kms:ImportKeyMaterial\""

static const char *const GOOD[] = {
    "{\"Version\":\"2012-10-17\",\"Statement\":[" ADMINISTER "," OPEN "]}",
    "{\"Version\":\"2012-10-17\",\"Statement\":[" OPEN "]}",
    "{\"Version\":\"2012-10-17\",\"Statement\":[" ADMINISTER "," OPEN
    "," DENY("\"kms:Decrypt\",\"kms:GenerateDataKey\"", "kms:RecipientAttestation:PCR0", PCR0) "," DENY(
        "\"kms:Decrypt\"", "kms:EncryptionContext:ensign-policy-sha256",
        DIGEST) ",{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":[" WAYS "],\"Resource\":\"*\"}]}",
    "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\","
    "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:PrincipalArn\":[\"" ROLE "\",\"" ADMIN
    "\"]},\"Bool\":{\"kms:GrantIsForAWSResource\":\"true\"}}}}",
};

static const char SHUT[] = "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"},";

static uint8_t rooms[2][POLICY_ARENA(2 * EDITS_MESSAGE_MAX)];
static struct key_policy policy, second;

struct asked {
    const char *action, *principal, *session, *pcr0, *digest;
};

static enum policy_answer ask(const struct key_policy *from, const struct asked *asked)
{
    struct bytes pcrs[NSM_PCR_COUNT] = { { NULL, 0 } };
    struct kms_context context = { .count = asked->digest != NULL };
    if (asked->digest != NULL) {
        context.pairs[0].name = BYTES_LIT("ensign-policy-sha256");
        context.pairs[0].value = bytes_of_text(asked->digest);
    }
    if (asked->pcr0 != NULL)
        pcrs[0] = bytes_of_text(asked->pcr0);
    const struct policy_question question = { .action = bytes_of_text(asked->action),
                                              .resource = BYTES_LIT(KEY),
                                              .account = BYTES_LIT(ACCOUNT),
                                              .principal_arn = bytes_of_text(asked->principal),
                                              .session_arn = bytes_of_text(asked->session),
                                              .context = &context,
                                              .pcrs_hex = asked->pcr0 != NULL ? pcrs : NULL };
    return key_policy_judge(from, KEY_POLICY, &question).answer;
}

static const struct asked ASKED[] = {
    { "kms:Decrypt", ROLE, SESSION, NULL, DIGEST },
    { "kms:Decrypt", ROLE, SESSION, ZEROS, DIGEST },
    { "kms:Decrypt", ROLE, SESSION, DIGEST DIGEST, DIGEST },
    { "kms:Decrypt", ROLE, SESSION, PCR0, NULL },
    { "kms:Decrypt", ROLE, SESSION, PCR0, "a0" },
    { "kms:GenerateDataKey", ROLE, SESSION, NULL, DIGEST },
    { "kms:GenerateDataKey", ROLE, SESSION, ZEROS, DIGEST },
    { "kms:Decrypt", "arn:aws:iam::" ACCOUNT ":role/Other", "", NULL, DIGEST },
    { "kms:Decrypt", "arn:aws:iam::999999999999:user/stranger", "", NULL, DIGEST },
    { "kms:CreateGrant", ROLE, SESSION, NULL, NULL },
    { "kms:PutKeyPolicy", ROLE, SESSION, NULL, NULL },
    { "kms:ReEncryptFrom", ROLE, SESSION, NULL, DIGEST },
};

static bool opens(enum policy_answer answer)
{
    return answer == POLICY_ALLOWS || answer == POLICY_ALLOWS_ACCOUNT;
}

static bool read_into(struct bytes text, uint8_t *room, struct key_policy *read)
{
    struct arena arena = arena_of(room, POLICY_ARENA(text.len));
    struct fault why = { 0 };
    if (key_policy_read(text, KEY_POLICY, &arena, read, &why))
        return true;
    must(why.code == FAULT_INPUT && why.text[0] != '\0');
    return false;
}

/* The same statements after a Deny of everything to everyone. */
static void check_shut(struct bytes text)
{
    static uint8_t longer[EDITS_MESSAGE_MAX + sizeof SHUT];
    const uint8_t *const list = memmem(text.data, text.len, "\"Statement\":[", 13);
    if (list == NULL)
        return;
    const size_t at = (size_t)(list - text.data) + 13;
    memcpy(longer, text.data, at);
    memcpy(longer + at, SHUT, sizeof SHUT - 1);
    memcpy(longer + at + sizeof SHUT - 1, text.data + at, text.len - at);
    if (!read_into((struct bytes){ longer, text.len + sizeof SHUT - 1 }, rooms[1], &second))
        return;
    for (size_t i = 0; i < sizeof ASKED / sizeof *ASKED; i++)
        must(ask(&second, &ASKED[i]) == POLICY_DENIES);
}

static void check(struct bytes text)
{
    static struct lint_report report;
    const struct lint_demands demands = { .image = BYTES_LIT(PCR0),
                                          .policy_sha256 = BYTES_LIT(DIGEST),
                                          .admin = BYTES_LIT(ADMIN) };
    struct json document;
    struct fault why;
    bool allows = false;
    if (!read_into(text, rooms[0], &policy))
        return;
    must(json_read(text, &document, &why) && policy.count <= POLICY_STATEMENTS_MAX);
    for (size_t i = 0; i < policy.count; i++)
        allows = allows || policy.statements[i].allows;
    const bool sound = key_policy_lint(document, &demands, &report, &why) && report.count == 0;
    must(read_into(text, rooms[1], &second));
    for (size_t i = 0; i < sizeof ASKED / sizeof *ASKED; i++) {
        const enum policy_answer answer = ask(&policy, &ASKED[i]);
        must(answer == ask(&second, &ASKED[i]));
        must(!opens(answer) || (allows && !sound));
    }
    check_shut(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct edits_good good;
    static uint8_t changed[EDITS_MESSAGE_MAX];
    for (size_t i = 0; good.count < sizeof GOOD / sizeof *GOOD; i++)
        good.messages[good.count++] = bytes_of_text(GOOD[i]);
    const struct bytes text = len > 0 && data[0] == 0xff && len <= EDITS_MESSAGE_MAX
                                  ? (struct bytes){ data + 1, len - 1 }
                                  : edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(text.data, text.len);
    check((struct bytes){ input, text.len });
    free(input);
    return 0;
}
