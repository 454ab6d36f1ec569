#include "core/base/text.h"
#include "dev/key_policy.h"
#include "dev/kms_sim.h"

#include <stdio.h>
#include <string.h>

enum {
    DESCRIPTION_MAX = 8192,
    LIST_DEFAULT = 100,
    LIST_MAX = 1000,
    DELETION_DAYS_MIN = 7,
    DELETION_DAYS_MAX = 30,
    DAY_S = 86400
};

static void put_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_put_text(json, text);
}

static void put_regions(struct json_writer *json, const struct sim_key *key, const char *arn)
{
    json_key(json, "MultiRegionConfiguration");
    json_begin_object(json);
    put_text(json, "MultiRegionKeyType", "PRIMARY");
    json_key(json, "PrimaryKey");
    json_begin_object(json);
    put_text(json, "Arn", arn);
    put_text(json, "Region", key->region);
    json_end_object(json);
    json_key(json, "ReplicaKeys");
    json_begin_array(json);
    json_end_array(json);
    json_end_object(json);
}

static void put_metadata(struct kms_exchange *exchange, const struct sim_key *key)
{
    struct json_writer *json = &exchange->answer;
    char arn[SIM_ARN_MAX];
    sim_key_arn(exchange->state, key, arn);
    json_key(json, "KeyMetadata");
    json_begin_object(json);
    put_text(json, "AWSAccountId", exchange->state->account);
    put_text(json, "Arn", arn);
    json_key(json, "CreationDate");
    json_put_uint(json, key->created_s);
    put_text(json, "CustomerMasterKeySpec", "SYMMETRIC_DEFAULT");
    if (key->state == SIM_KEY_PENDING_DELETION) {
        json_key(json, "DeletionDate");
        json_put_uint(json, key->deletion_s);
    }
    put_text(json, "Description", key->description);
    json_key(json, "Enabled");
    json_put_bool(json, key->state == SIM_KEY_ENABLED);
    json_key(json, "EncryptionAlgorithms");
    json_begin_array(json);
    json_put_text(json, "SYMMETRIC_DEFAULT");
    json_end_array(json);
    put_text(json, "KeyId", key->id);
    put_text(json, "KeyManager", "CUSTOMER");
    put_text(json, "KeySpec", "SYMMETRIC_DEFAULT");
    put_text(json, "KeyState", sim_key_state_name(key->state));
    put_text(json, "KeyUsage", "ENCRYPT_DECRYPT");
    json_key(json, "MultiRegion");
    json_put_bool(json, key->multi_region);
    if (key->multi_region)
        put_regions(json, key, arn);
    put_text(json, "Origin", key->origin);
    json_end_object(json);
}

/* Only what is asked for is there: a symmetric key of one Region with material of KMS's own. */
static bool only_symmetric(struct kms_exchange *exchange)
{
    static const struct {
        const char *member;
        struct bytes allowed;
    } rows[] = { { "KeyUsage", BYTES_INIT("ENCRYPT_DECRYPT") },
                 { "KeySpec", BYTES_INIT("SYMMETRIC_DEFAULT") },
                 { "CustomerMasterKeySpec", BYTES_INIT("SYMMETRIC_DEFAULT") },
                 { "Origin", BYTES_INIT("AWS_KMS") } };
    bool multi_region = false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes text;
        if (!kms_text_member(exchange, rows[i].member, 64, &text))
            return false;
        if (text.len > 0 && !bytes_equal(text, rows[i].allowed))
            return kms_refuse(exchange, "UnsupportedOperationException", "This stand-in knows %s %s only.",
                              rows[i].member, (const char *)rows[i].allowed.data);
    }
    return kms_bool_member(exchange, "MultiRegion", &multi_region) &&
           (!multi_region ||
            kms_refuse(exchange, "UnsupportedOperationException", "This stand-in has keys of a single Region only."));
}

/* What KMS gives a key for which no policy is stated: the account decides, by its identity policies. */
static struct bytes default_policy(struct kms_exchange *exchange)
{
    struct writer out = arena_writer(exchange->arena);
    struct bytes text;
    writer_text(&out, "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
                      "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n"
                      "    \"Principal\" : {\n      \"AWS\" : \"arn:");
    writer_text(&out, exchange->state->partition);
    writer_text(&out, ":iam::");
    writer_text(&out, exchange->state->account);
    writer_text(&out, ":root\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}");
    must(arena_keep(exchange->arena, &out, &text));
    return text;
}

bool kms_op_create_key(struct kms_exchange *exchange)
{
    struct bytes policy, description;
    bool bypass = false;
    if (!kms_text_member(exchange, "Policy", POLICY_TEXT_MAX, &policy) ||
        !kms_text_member(exchange, "Description", DESCRIPTION_MAX, &description) ||
        !kms_bool_member(exchange, "BypassPolicyLockoutSafetyCheck", &bypass) ||
        !kms_may(exchange, "kms:CreateKey", NULL, NULL, NULL) || !only_symmetric(exchange))
        return false;
    if (policy.len == 0)
        policy = default_policy(exchange);
    struct fault why = { 0 };
    if (!kms_policy_ok(exchange, NULL, policy, bypass))
        return false;
    struct sim_key *key =
        sim_key_add(exchange->state, exchange->caller.region, policy, description, exchange->utc_ms / 1000, &why);
    if (key == NULL)
        return kms_refuse(exchange, "LimitExceededException", "%s", why.text); /* our own limit, and words */
    exchange->changed = true;
    put_metadata(exchange, key);
    return true;
}

bool kms_op_describe_key(struct kms_exchange *exchange)
{
    struct sim_key *key;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_may(exchange, "kms:DescribeKey", key, NULL, NULL))
        return false;
    put_metadata(exchange, key);
    return true;
}

/* Sorted by nothing but age. */
bool kms_op_list_keys(struct kms_exchange *exchange)
{
    struct json_writer *json = &exchange->answer;
    struct kms_page page;
    if (!kms_page_members(exchange, LIST_DEFAULT, LIST_MAX, &page) ||
        !kms_may(exchange, "kms:ListKeys", NULL, NULL, NULL))
        return false;
    uint64_t seen = 0, given = 0;
    bool more = false;
    json_key(json, "Keys");
    json_begin_array(json);
    for (size_t i = 0; i < exchange->state->key_count; i++) {
        const struct sim_key *key = &exchange->state->keys[i];
        char arn[SIM_ARN_MAX];
        if (strcmp(key->region, exchange->caller.region) != 0 || seen++ < page.first)
            continue;
        more = given == page.limit;
        if (more)
            break;
        given++;
        sim_key_arn(exchange->state, key, arn);
        json_begin_object(json);
        put_text(json, "KeyArn", arn);
        put_text(json, "KeyId", key->id);
        json_end_object(json);
    }
    json_end_array(json);
    kms_put_page_end(exchange, more, page.first + given);
    return true;
}

static bool policy_name_ok(struct kms_exchange *exchange)
{
    struct bytes name;
    return kms_text_member(exchange, "PolicyName", 128, &name) &&
           (name.len == 0 || bytes_equal(name, BYTES_LIT("default")) ||
            kms_refuse(exchange, "NotFoundException", "No such policy exists")); /* unverified */
}

bool kms_op_put_key_policy(struct kms_exchange *exchange)
{
    struct sim_key *key;
    struct bytes policy;
    bool bypass = false;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !policy_name_ok(exchange) ||
        !kms_text_member(exchange, "Policy", POLICY_TEXT_MAX, &policy) ||
        !kms_bool_member(exchange, "BypassPolicyLockoutSafetyCheck", &bypass) ||
        !kms_may(exchange, "kms:PutKeyPolicy", key, NULL, NULL) || !kms_policy_ok(exchange, key, policy, bypass))
        return false;
    sim_key_set_policy(key, policy);
    exchange->changed = true;
    exchange->has_body = false;
    return true;
}

bool kms_op_get_key_policy(struct kms_exchange *exchange)
{
    struct sim_key *key;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !policy_name_ok(exchange) ||
        !kms_may(exchange, "kms:GetKeyPolicy", key, NULL, NULL))
        return false;
    put_text(&exchange->answer, "Policy", key->policy);
    put_text(&exchange->answer, "PolicyName", "default");
    return true;
}

bool kms_op_list_key_policies(struct kms_exchange *exchange)
{
    struct sim_key *key;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_may(exchange, "kms:ListKeyPolicies", key, NULL, NULL))
        return false;
    json_key(&exchange->answer, "PolicyNames");
    json_begin_array(&exchange->answer);
    json_put_text(&exchange->answer, "default");
    json_end_array(&exchange->answer);
    json_key(&exchange->answer, "Truncated");
    json_put_bool(&exchange->answer, false);
    return true;
}

static bool set_enabled(struct kms_exchange *exchange, const char *action, enum sim_key_state state)
{
    struct sim_key *key;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_may(exchange, action, key, NULL, NULL))
        return false;
    if (key->state == SIM_KEY_PENDING_DELETION)
        return kms_key_usable(exchange, key);
    key->state = state;
    exchange->changed = true;
    exchange->has_body = false;
    return true;
}

bool kms_op_enable_key(struct kms_exchange *exchange)
{
    return set_enabled(exchange, "kms:EnableKey", SIM_KEY_ENABLED);
}

bool kms_op_disable_key(struct kms_exchange *exchange)
{
    return set_enabled(exchange, "kms:DisableKey", SIM_KEY_DISABLED);
}

bool kms_op_schedule_key_deletion(struct kms_exchange *exchange)
{
    struct sim_key *key;
    uint64_t days = DELETION_DAYS_MAX;
    bool given = false;
    if (!kms_key_member(exchange, "KeyId", true, &key) ||
        !kms_uint_member(exchange, "PendingWindowInDays", &days, &given) ||
        !kms_may(exchange, "kms:ScheduleKeyDeletion", key, NULL, NULL))
        return false;
    if (days < DELETION_DAYS_MIN || days > DELETION_DAYS_MAX) /* unverified: the text */
        return kms_refuse(exchange, "ValidationException", "PendingWindowInDays must be between %d and %d",
                          DELETION_DAYS_MIN, DELETION_DAYS_MAX);
    if (key->state == SIM_KEY_PENDING_DELETION)
        return kms_key_usable(exchange, key);
    key->state = SIM_KEY_PENDING_DELETION;
    key->deletion_s = exchange->utc_ms / 1000 + days * DAY_S;
    exchange->changed = true;
    char arn[SIM_ARN_MAX];
    sim_key_arn(exchange->state, key, arn);
    json_key(&exchange->answer, "DeletionDate");
    json_put_uint(&exchange->answer, key->deletion_s);
    put_text(&exchange->answer, "KeyId", arn);
    put_text(&exchange->answer, "KeyState", sim_key_state_name(key->state));
    json_key(&exchange->answer, "PendingWindowInDays");
    json_put_uint(&exchange->answer, days);
    return true;
}

bool kms_op_cancel_key_deletion(struct kms_exchange *exchange)
{
    struct sim_key *key;
    char arn[SIM_ARN_MAX];
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_may(exchange, "kms:CancelKeyDeletion", key, NULL, NULL))
        return false;
    sim_key_arn(exchange->state, key, arn);
    if (key->state != SIM_KEY_PENDING_DELETION) /* unverified: the text */
        return kms_refuse(exchange, "KMSInvalidStateException", "%s is not pending deletion.", arn);
    key->state = SIM_KEY_DISABLED;
    key->deletion_s = 0;
    exchange->changed = true;
    put_text(&exchange->answer, "KeyId", arn);
    return true;
}
