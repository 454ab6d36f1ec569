#include "parent/key_policy_put.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

#define ATTESTATION "kms:RecipientAttestation:"
#define DIGEST_KEY  "kms:EncryptionContext:ensign-policy-sha256"

static const char *const administer[] = { "kms:CancelKeyDeletion",
                                          "kms:Describe*",
                                          "kms:DisableKey",
                                          "kms:EnableKey",
                                          "kms:Get*",
                                          "kms:List*",
                                          "kms:PutKeyPolicy",
                                          "kms:ReEncryptFrom",
                                          "kms:ReEncryptTo",

                                          "kms:RevokeGrant",
                                          "kms:ScheduleKeyDeletion",
                                          "kms:TagResource",
                                          "kms:UntagResource",
                                          "kms:UpdateKeyDescription",
                                          NULL };
static const char *const opening[] = { "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair",
                                       "kms:DeriveSharedSecret", NULL };
static const char *const under_a_policy[] = { "kms:Decrypt", "kms:GenerateDataKey", NULL };
static const char *const ways_around[] = { "kms:CreateGrant",
                                           "kms:GenerateDataKeyPairWithoutPlaintext",
                                           "kms:GenerateDataKeyWithoutPlaintext",
                                           "kms:ImportKeyMaterial",
                                           "kms:ReplicateKey",
                                           "kms:UpdatePrimaryRegion",
                                           NULL };
static const char *const administrators_own[] = { "kms:DisableKey",  "kms:PutKeyPolicy",        "kms:ReEncryptFrom",
                                                  "kms:ReEncryptTo", "kms:ScheduleKeyDeletion", NULL };
static const char *const sealing[] = { "kms:Encrypt", NULL };

bool iam_principal_ok(const char *arn, bool only_role)
{
    static const struct bytes prefixes[] = { BYTES_INIT("arn:aws:iam::"), BYTES_INIT("arn:aws-cn:iam::"),
                                             BYTES_INIT("arn:aws-us-gov:iam::") };
    const struct bytes text = bytes_of_text(arn);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!text_starts_with(text, prefixes[i]))
            continue;
        const char *rest = arn + prefixes[i].len;
        const size_t digits = strspn(rest, "0123456789");
        const char *name = rest + digits;
        if (digits != 12 || (strncmp(name, ":role/", 6) != 0 && (only_role || strncmp(name, ":user/", 6) != 0)))
            return false;
        const size_t len = strspn(name + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-/");
        return len > 0 && len <= 576 && name[6 + len] == '\0';
    }
    return false;
}

static void put_member(struct json_writer *json, const char *name, const char *value)
{
    json_key(json, name);
    json_put_text(json, value);
}

static void put_list(struct json_writer *json, const char *name, const char *const *values, size_t count)
{
    json_key(json, name);
    if (count == 1) {
        json_put_text(json, values[0]);
        return;
    }
    json_begin_array(json);
    for (size_t i = 0; i < count; i++)
        json_put_text(json, values[i]);
    json_end_array(json);
}

/* `principal` NULL: everyone; "": none, as in an IAM policy. The statement is left open for its condition. */
static void begin_statement(struct json_writer *json, const char *sid, bool allows, const char *principal,
                            const char *const *actions, const char *resource)
{
    json_begin_object(json);
    put_member(json, "Sid", sid);
    put_member(json, "Effect", allows ? "Allow" : "Deny");
    if (principal == NULL) {
        put_member(json, "Principal", "*");
    } else if (principal[0] != '\0') {
        json_key(json, "Principal");
        json_begin_object(json);
        put_member(json, "AWS", principal);
        json_end_object(json);
    }
    json_key(json, "Action");
    json_begin_array(json);
    for (; *actions != NULL; actions++)
        json_put_text(json, *actions);
    json_end_array(json);
    put_member(json, "Resource", resource);
}

static const char *image_key(const struct key_policy_order *order)
{
    return order->as_image_sha384 ? ATTESTATION "ImageSha384" : ATTESTATION "PCR0";
}

static void begin_condition(struct json_writer *json, const char *name)
{
    json_key(json, "Condition");
    json_begin_object(json);
    json_key(json, name);
    json_begin_object(json);
}

static void end_condition(struct json_writer *json)
{
    json_end_object(json);
    json_end_object(json);
}

static void put_only_here(struct json_writer *json, const struct key_policy_order *order)
{
    json_key(json, "Condition");
    json_begin_object(json);
    json_key(json, "StringEqualsIgnoreCase");
    json_begin_object(json);
    put_list(json, image_key(order), order->images, order->image_count);
    if (order->pcr3 != NULL)
        put_member(json, ATTESTATION "PCR3", order->pcr3);
    if (order->pcr4 != NULL)
        put_member(json, ATTESTATION "PCR4", order->pcr4);
    if (order->pcr8 != NULL)
        put_member(json, ATTESTATION "PCR8", order->pcr8);
    json_end_object(json);
    json_key(json, "StringEquals");
    json_begin_object(json);
    put_list(json, DIGEST_KEY, order->digests, order->digest_count);
    json_end_object(json);
    json_end_object(json);
}

static void put_open(struct json_writer *json, const struct key_policy_order *order, const char *principal,
                     const char *resource)
{
    static const char *const decrypt[] = { "kms:Decrypt", NULL };
    begin_statement(json, "OpenInTheEnclave", true, principal, order->sealer == NULL ? under_a_policy : decrypt,
                    resource);
    put_only_here(json, order);
    json_end_object(json);
}

static void put_not_equals(struct json_writer *json, const char *operator_name, const char *key,
                           const char *const *values, size_t count)
{
    begin_condition(json, operator_name);
    put_list(json, key, values, count);
    end_condition(json);
    json_end_object(json);
}

static void put_seal(struct json_writer *json, const struct key_policy_order *order)
{
    if (order->sealer != NULL) {
        begin_statement(json, "Seal", true, order->sealer, sealing, "*");
        begin_condition(json, "StringEquals");
        put_list(json, DIGEST_KEY, order->digests, order->digest_count);
        end_condition(json);
        json_end_object(json);
    }
    begin_statement(json, "DenyAllButTheSealer", false, NULL, sealing, "*");
    if (order->sealer != NULL)
        put_not_equals(json, "StringNotEquals", "aws:PrincipalArn", &order->sealer, 1);
    else
        json_end_object(json);
}

void key_policy_put(struct json_writer *json, const struct key_policy_order *order)
{
    json_begin_object(json);
    put_member(json, "Version", "2012-10-17");
    json_key(json, "Statement");
    json_begin_array(json);
    begin_statement(json, "Administer", true, order->admin, administer, "*");
    json_end_object(json);
    put_open(json, order, order->role, "*");
    begin_statement(json, "DenyOtherPrograms", false, NULL, opening, "*");
    put_not_equals(json, "StringNotEqualsIgnoreCase", image_key(order), order->images, order->image_count);
    begin_statement(json, "DenyOtherPolicies", false, NULL, under_a_policy, "*");
    put_not_equals(json, "StringNotEquals", DIGEST_KEY, order->digests, order->digest_count);
    begin_statement(json, "DenyWaysAround", false, NULL, ways_around, "*");
    json_end_object(json);
    begin_statement(json, "DenyAllButTheAdministrator", false, NULL, administrators_own, "*");
    put_not_equals(json, "StringNotEquals", "aws:PrincipalArn", &order->admin, 1);
    put_seal(json, order);
    json_end_array(json);
    json_end_object(json);
}

void iam_policy_put(struct json_writer *json, const struct key_policy_order *order)
{
    char any_key[80];
    /* arn:<partition>:iam::<account>:role/… */
    const char *account = strstr(order->role, ":iam::") + 6;
    const int partition = (int)strcspn(order->role + 4, ":");
    (void)snprintf(any_key, sizeof any_key, "arn:%.*s:kms:*:%.12s:key/*", partition, order->role + 4, account);
    json_begin_object(json);
    put_member(json, "Version", "2012-10-17");
    json_key(json, "Statement");
    json_begin_array(json);
    put_open(json, order, "", order->key_arn != NULL ? order->key_arn : any_key);
    json_end_array(json);
    json_end_object(json);
}
