#include "core/base/text.h"
#include "dev/kms_sim.h"

#include <stdio.h>
#include <string.h>

static struct json member_of(const struct kms_exchange *exchange, const char *member)
{
    return json_member(exchange->request, bytes_of_text(member));
}

/* Absent and null are the same in this protocol. */
static bool is_absent(struct json value)
{
    return json_kind(value) == JSON_NONE || json_kind(value) == JSON_NULL;
}

bool kms_wrong_type(struct kms_exchange *exchange, const char *member, const char *wanted)
{
    /* unverified: the text */
    return kms_refuse(exchange, "SerializationException", "%s is not %s", member, wanted);
}

/* The service names members as its model's Java bean does: keyId for KeyId. Seen for numberOfBytes; unverified for the
 * other members. */
bool kms_constraint(struct kms_exchange *exchange, const char *member, const char *value, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "%s", member);
    if (name[0] >= 'A' && name[0] <= 'Z')
        name[0] = (char)(name[0] + ('a' - 'A'));
    return kms_refuse(exchange, "ValidationException",
                      "1 validation error detected: Value %sat '%s' failed to satisfy constraint: Member must %s",
                      value, name, what);
}

bool kms_text_member(struct kms_exchange *exchange, const char *member, size_t max, struct bytes *text)
{
    const struct json value = member_of(exchange, member);
    *text = (struct bytes){ NULL, 0 };
    if (is_absent(value))
        return true;
    struct writer out = arena_writer(exchange->arena);
    if (!json_string(value, &out) || !arena_keep(exchange->arena, &out, text))
        return kms_wrong_type(exchange, member, "a string");
    if (text->len > max) {
        char what[64];
        snprintf(what, sizeof what, "have length less than or equal to %zu", max);
        return kms_constraint(exchange, member, "", what);
    }
    return true;
}

bool kms_blob_member(struct kms_exchange *exchange, const char *member, size_t max, struct bytes *blob)
{
    struct bytes base64;
    *blob = (struct bytes){ NULL, 0 };
    if (!kms_text_member(exchange, member, 4 * max, &base64))
        return false;
    if (base64.len == 0)
        return kms_constraint(exchange, member, is_absent(member_of(exchange, member)) ? "null " : "",
                              is_absent(member_of(exchange, member)) ? "not be null"
                                                                     : "have length greater than or equal to 1");
    uint8_t *decoded = arena_take(exchange->arena, base64.len);
    size_t len = 0;
    must(decoded != NULL);
    if (!text_read_base64(base64, decoded, base64.len, &len))
        return kms_wrong_type(exchange, member, "base64"); /* unverified */
    if (len > max) {
        char what[64];
        snprintf(what, sizeof what, "have length less than or equal to %zu", max);
        return kms_constraint(exchange, member, "", what);
    }
    *blob = (struct bytes){ decoded, len };
    return true;
}

bool kms_bool_member(struct kms_exchange *exchange, const char *member, bool *truth)
{
    const struct json value = member_of(exchange, member);
    *truth = false;
    return is_absent(value) || json_bool(value, truth) || kms_wrong_type(exchange, member, "true or false");
}

bool kms_uint_member(struct kms_exchange *exchange, const char *member, uint64_t *value, bool *present)
{
    const struct json found = member_of(exchange, member);
    *present = !is_absent(found);
    return !*present || json_u64(found, value) || kms_wrong_type(exchange, member, "a whole number");
}

bool kms_page_members(struct kms_exchange *exchange, uint64_t standard, uint64_t max, struct kms_page *page)
{
    bool has_limit = false;
    struct bytes marker;
    *page = (struct kms_page){ .limit = standard };
    if (!kms_uint_member(exchange, "Limit", &page->limit, &has_limit) ||
        !kms_text_member(exchange, "Marker", 1024, &marker))
        return false;
    if (page->limit < 1 || page->limit > max) /* unverified: the text */
        return kms_refuse(exchange, "ValidationException",
                          "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must be "
                          "between 1 and %llu",
                          (unsigned long long)max);
    return marker.len == 0 || text_read_uint(marker, &page->first) ||
           kms_refuse_silently(exchange, "InvalidMarkerException"); /* unverified: that there is no text */
}

void kms_put_page_end(struct kms_exchange *exchange, bool more, uint64_t next)
{
    struct json_writer *json = &exchange->answer;
    char marker[24];
    if (more) {
        (void)snprintf(marker, sizeof marker, "%llu", (unsigned long long)next);
        json_key(json, "NextMarker");
        json_put_text(json, marker);
    }
    json_key(json, "Truncated");
    json_put_bool(json, more);
}

/* An ARN's region and id: arn:aws:kms:<region>:<account>:key/<id>. */
static bool find_by_arn(struct kms_exchange *exchange, struct bytes text, struct sim_key **key)
{
    struct kms_key_arn arn;
    if (!kms_key_arn_read(text, &arn))
        return kms_refuse(exchange, "NotFoundException", "Invalid arn %s", exchange->caller.region);
    if (!bytes_equal(arn.region, bytes_of_text(exchange->caller.region)))
        return kms_refuse(exchange, "NotFoundException", "Invalid arn %.*s", (int)arn.region.len,
                          (const char *)arn.region.data);
    *key = bytes_equal(arn.account, bytes_of_text(exchange->state->account)) ? sim_key_find(exchange->state, arn.id)
                                                                             : NULL;
    if (*key != NULL && strcmp((*key)->region, exchange->caller.region) == 0)
        return true;
    return kms_refuse(exchange, "NotFoundException", "Key '%.*s' does not exist", (int)text.len,
                      (const char *)text.data);
}

static bool looks_like_uuid(struct bytes text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.len != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if ((shape[i] == '-') != (text.data[i] == '-'))
            return false;
    }
    return true;
}

bool kms_key_member(struct kms_exchange *exchange, const char *member, bool required, struct sim_key **key)
{
    struct bytes text;
    *key = NULL;
    if (!kms_text_member(exchange, member, KMS_KEY_ID_MAX, &text))
        return false;
    if (text.len == 0)
        return !required || kms_constraint(exchange, member, "null ", "not be null");
    const int shown = text.len > 200 ? 200 : (int)text.len;
    if (text_starts_with(text, BYTES_LIT("alias/")))
        return kms_refuse(exchange, "NotFoundException", /* unverified: the text */
                          "Alias arn:%s:kms:%s:%s:%.*s is not found.", exchange->state->partition,
                          exchange->caller.region, exchange->state->account, shown, (const char *)text.data);
    if (text_starts_with(text, BYTES_LIT("arn:")))
        return find_by_arn(exchange, text, key);
    *key = sim_key_find(exchange->state, text);
    if (*key != NULL && strcmp((*key)->region, exchange->caller.region) == 0)
        return true;
    *key = NULL;
    if (!looks_like_uuid(text))
        return kms_refuse(exchange, "NotFoundException", "Invalid keyId '%.*s'", shown, (const char *)text.data);
    return kms_refuse(exchange, "NotFoundException", "Key 'arn:%s:kms:%s:%s:key/%.*s' does not exist",
                      exchange->state->partition, exchange->caller.region, exchange->state->account, shown,
                      (const char *)text.data);
}

bool kms_context_member(struct kms_exchange *exchange, const char *member, struct kms_context *context)
{
    const struct json object = member_of(exchange, member);
    *context = (struct kms_context){ 0 };
    if (is_absent(object))
        return true;
    if (json_kind(object) != JSON_OBJECT)
        return kms_wrong_type(exchange, member, "an object of strings");
    struct json_cursor items = json_items(object);
    struct json key, value;
    size_t total = 0;
    while (json_next(&items, &key, &value)) {
        struct bytes name_text, value_text;
        struct writer out = arena_writer(exchange->arena);
        if (!json_string(key, &out) || !arena_keep(exchange->arena, &out, &name_text))
            return kms_wrong_type(exchange, member, "an object of strings");
        out = arena_writer(exchange->arena);
        if (!json_string(value, &out) || !arena_keep(exchange->arena, &out, &value_text))
            return kms_wrong_type(exchange, member, "an object of strings");
        total += name_text.len + value_text.len;
        if (total > KMS_CONTEXT_TEXT_MAX || !kms_context_add(context, name_text, value_text)) /* unverified */
            return kms_refuse(exchange, "ValidationException", "%s is too large (here at most %d pairs, %d bytes)",
                              member, KMS_CONTEXT_PAIRS_MAX, KMS_CONTEXT_TEXT_MAX);
    }
    return true;
}

bool kms_algorithm_member(struct kms_exchange *exchange, const char *member)
{
    struct bytes text;
    if (!kms_text_member(exchange, member, 64, &text))
        return false;
    if (text.len == 0 || bytes_equal(text, BYTES_LIT("SYMMETRIC_DEFAULT")))
        return true;
    if (!bytes_equal(text, BYTES_LIT("RSAES_OAEP_SHA_1")) && !bytes_equal(text, BYTES_LIT("RSAES_OAEP_SHA_256")) &&
        !bytes_equal(text, BYTES_LIT("SM2PKE")))
        return kms_constraint(
            exchange, member, "",
            "satisfy enum value set: [SM2PKE, RSAES_OAEP_SHA_1, SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_256]");
    /* unverified: the text */
    return kms_refuse(exchange, "InvalidKeyUsageException",
                      "Algorithm %.*s is incompatible with key spec SYMMETRIC_DEFAULT.", (int)text.len,
                      (const char *)text.data);
}

bool kms_dry_run_ok(struct kms_exchange *exchange)
{
    bool dry_run = false;
    if (json_count(member_of(exchange, "GrantTokens")) > 0)
        return kms_refuse_silently(exchange, "InvalidGrantTokenException"); /* unverified; there are no grants here */
    if (!kms_bool_member(exchange, "DryRun", &dry_run))
        return false;
    return !dry_run || kms_refuse(exchange, "DryRunOperationException",
                                  "The request would have succeeded, but the DryRun option is set.");
}

bool kms_key_usable(struct kms_exchange *exchange, const struct sim_key *key)
{
    char arn[SIM_ARN_MAX];
    sim_key_arn(exchange->state, key, arn);
    switch (key->state) {
    case SIM_KEY_ENABLED:
        return true;
    case SIM_KEY_DISABLED:
        return kms_refuse(exchange, "DisabledException", "%s is disabled.", arn);
    case SIM_KEY_PENDING_DELETION:
        return kms_refuse(exchange, "KMSInvalidStateException", "%s is pending deletion.", arn);
    }
    return false;
}
