#include "core/base/text.h"
#include "core/codec/json.h"
#include "dev/key_policy.h"

#include <stdio.h>

/* One pass over one policy; `where` is what messages begin with: `statement 2 ("AllowDecrypt")`. */
struct reading {
    enum policy_kind kind;
    struct arena *arena;
    struct fault *why;
    char where[128];
};

static bool string_read(struct reading *reading, struct json value, const char *what, struct bytes *text)
{
    struct writer out = arena_writer(reading->arena);
    if (json_kind(value) != JSON_STRING)
        return fault_set(reading->why, FAULT_INPUT, "%s: %s is %s (want a string)", reading->where, what,
                         json_kind_name(json_kind(value)));
    if (!json_string(value, &out) || !arena_keep(reading->arena, &out, text))
        return fault_set(reading->why, FAULT_INPUT, "%s: the policy is too long", reading->where);
    return true;
}

static void *array_take(struct reading *reading, size_t count, size_t size)
{
    void *array = arena_take(reading->arena, count * size);
    if (array == NULL)
        fault_set(reading->why, FAULT_INPUT, "%s: the policy is too long", reading->where);
    return array;
}

/* A string, or a list of one or more. */
static bool strings_read(struct reading *reading, struct json value, const char *what, const struct bytes **strings,
                         size_t *count)
{
    const bool list = json_kind(value) == JSON_ARRAY;
    const size_t wanted = list ? json_count(value) : 1;
    if (wanted == 0)
        return fault_set(reading->why, FAULT_INPUT, "%s: %s is an empty list", reading->where, what);
    struct bytes *texts = array_take(reading, wanted, sizeof *texts);
    if (texts == NULL)
        return false;
    if (!list && !string_read(reading, value, what, &texts[0]))
        return false;
    struct json_cursor items = json_items(list ? value : (struct json){ { NULL, 0 } });
    struct json key, item;
    for (size_t i = 0; json_next(&items, &key, &item); i++) {
        if (!string_read(reading, item, what, &texts[i]))
            return false;
    }
    *strings = texts;
    *count = wanted;
    return true;
}

static bool principal_read(struct reading *reading, struct bytes text, struct policy_principal *principal)
{
    return policy_principal_read(text, principal) ||
           fault_set(reading->why, FAULT_INPUT,
                     "%s: principal \"%.*s\" is not one (want *, an account number, or the ARN of an account root, "
                     "role, user or role session)",
                     reading->where, text.len > 100 ? 100 : (int)text.len, (const char *)text.data);
}

static bool principals_read(struct reading *reading, struct json value, struct policy_statement *statement)
{
    struct json_cursor members = json_items(value);
    struct json key, member = value;
    bool service = false;
    if (json_kind(value) == JSON_OBJECT) {
        if (json_count(value) != 1 || !json_next(&members, &key, &member))
            return fault_set(reading->why, FAULT_INPUT, "%s: Principal has %zu kinds (want exactly one)",
                             reading->where, json_count(value));
        service = json_string_is(key, BYTES_LIT("Service"));
        if (!service && !json_string_is(key, BYTES_LIT("AWS")))
            return fault_set(reading->why, FAULT_INPUT, "%s: a Principal of this kind is not supported here (want AWS)",
                             reading->where);
    } else if (!json_string_is(value, BYTES_LIT("*"))) {
        return fault_set(reading->why, FAULT_INPUT, "%s: Principal is %s (want \"*\" or {\"AWS\": …})", reading->where,
                         json_kind_name(json_kind(value)));
    }
    const struct bytes *texts;
    size_t count;
    if (!strings_read(reading, member, "Principal", &texts, &count))
        return false;
    struct policy_principal *principals = array_take(reading, count, sizeof *principals);
    if (principals == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (service)
            principals[i] = (struct policy_principal){ .kind = PRINCIPAL_SERVICE };
        else if (!principal_read(reading, texts[i], &principals[i]))
            return false;
    }
    statement->principals = principals;
    statement->principal_count = count;
    return true;
}

static bool condition_key_read(struct reading *reading, struct policy_condition *condition)
{
    static const struct bytes attestation = BYTES_INIT("kms:RecipientAttestation:");
    static const struct bytes context = BYTES_INIT("kms:EncryptionContext:");
    const struct bytes key = condition->key;
    condition->pcr = -1;
    condition->principal = text_equal_nocase(key, BYTES_LIT("aws:PrincipalArn"));
    if (condition->principal)
        return true;
    if (text_starts_with_nocase(key, context) && key.len > context.len) {
        condition->context_name = (struct bytes){ key.data + context.len, key.len - context.len };
        return true;
    }
    if (text_starts_with_nocase(key, attestation)) {
        struct bytes rest = { key.data + attestation.len, key.len - attestation.len };
        uint64_t index = 0;
        if (text_equal_nocase(rest, BYTES_LIT("ImageSha384"))) {
            condition->pcr = 0;
            return true;
        }
        if (text_starts_with_nocase(rest, BYTES_LIT("PCR")) &&
            text_read_uint((struct bytes){ rest.data + 3, rest.len - 3 }, &index) && index < NSM_PCR_COUNT) {
            condition->pcr = (int)index;
            return true;
        }
    }
    return fault_set(reading->why, FAULT_INPUT,
                     "%s: condition key \"%.*s\" is not supported here (want kms:RecipientAttestation:PCR<0..31>, "
                     "kms:RecipientAttestation:ImageSha384, kms:EncryptionContext:<name> or aws:PrincipalArn)",
                     reading->where, key.len > 100 ? 100 : (int)key.len, (const char *)key.data);
}

/* Bool stands beside its one key alone, and that key beside Bool alone. */
static bool is_grant_condition(struct json operator_name, struct json key)
{
    struct bytes name;
    return json_string_is(operator_name, BYTES_LIT("Bool")) && json_plain_string(key, &name) &&
           text_equal_nocase(name, BYTES_LIT("kms:GrantIsForAWSResource"));
}

static const struct {
    struct bytes name;
    bool negated, ignore_case;
} operators[] = {
    { BYTES_INIT("StringEquals"), false, false },
    { BYTES_INIT("StringNotEquals"), true, false },
    { BYTES_INIT("StringEqualsIgnoreCase"), false, true },
    { BYTES_INIT("StringNotEqualsIgnoreCase"), true, true },
};

static bool operator_read(struct reading *reading, struct json name, struct policy_condition *condition)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (json_string_is(name, operators[i].name)) {
            condition->negated = operators[i].negated;
            condition->ignore_case = operators[i].ignore_case;
            return true;
        }
    }
    return fault_set(reading->why, FAULT_INPUT,
                     "%s: condition operator %.*s is not supported here (want StringEquals, StringNotEquals, "
                     "StringEqualsIgnoreCase or StringNotEqualsIgnoreCase)",
                     reading->where, name.text.len > 60 ? 60 : (int)name.text.len, (const char *)name.text.data);
}

static bool conditions_read(struct reading *reading, struct json value, struct policy_statement *statement)
{
    if (json_kind(value) != JSON_OBJECT)
        return fault_set(reading->why, FAULT_INPUT, "%s: Condition is %s (want an object)", reading->where,
                         json_kind_name(json_kind(value)));
    struct json_cursor by_operator = json_items(value);
    struct json operator_name, keys;
    while (json_next(&by_operator, &operator_name, &keys)) {
        if (json_kind(keys) != JSON_OBJECT || json_count(keys) == 0)
            return fault_set(reading->why, FAULT_INPUT, "%s: a condition operator wants an object of keys and values",
                             reading->where);
        struct json_cursor by_key = json_items(keys);
        struct json key, values;
        while (json_next(&by_key, &key, &values)) {
            if (statement->condition_count == POLICY_CONDITIONS_MAX)
                return fault_set(reading->why, FAULT_INPUT, "%s: more than %d conditions", reading->where,
                                 POLICY_CONDITIONS_MAX);
            struct policy_condition *condition = &statement->conditions[statement->condition_count++];
            condition->never = is_grant_condition(operator_name, key);
            if (!string_read(reading, key, "a condition key", &condition->key) ||
                (!condition->never &&
                 (!operator_read(reading, operator_name, condition) || !condition_key_read(reading, condition))) ||
                !strings_read(reading, values, "a condition value", &condition->values, &condition->value_count))
                return false;
        }
    }
    return true;
}

static bool member_read(struct reading *reading, struct json key, struct json value, struct policy_statement *statement)
{
    if (json_string_is(key, BYTES_LIT("Sid")))
        return string_read(reading, value, "Sid", &statement->sid);
    if (json_string_is(key, BYTES_LIT("Effect"))) {
        statement->allows = json_string_is(value, BYTES_LIT("Allow"));
        return statement->allows || json_string_is(value, BYTES_LIT("Deny")) ||
               fault_set(reading->why, FAULT_INPUT, "%s: Effect is neither \"Allow\" nor \"Deny\"", reading->where);
    }
    if (json_string_is(key, BYTES_LIT("Principal"))) {
        if (reading->kind == IDENTITY_POLICY)
            return fault_set(reading->why, FAULT_INPUT, "%s: an identity policy has no Principal: it is the role's own",
                             reading->where);
        return principals_read(reading, value, statement);
    }
    if (json_string_is(key, BYTES_LIT("Action")))
        return strings_read(reading, value, "Action", &statement->actions, &statement->action_count);
    if (json_string_is(key, BYTES_LIT("Resource")))
        return strings_read(reading, value, "Resource", &statement->resources, &statement->resource_count);
    if (json_string_is(key, BYTES_LIT("Condition")))
        return conditions_read(reading, value, statement);
    return fault_set(reading->why, FAULT_INPUT,
                     "%s: %.*s is not supported here (want Sid, Effect, Principal, Action, Resource, Condition)",
                     reading->where, key.text.len > 60 ? 60 : (int)key.text.len, (const char *)key.text.data);
}

static bool statement_read(struct reading *reading, struct json value, struct policy_statement *statement)
{
    if (json_kind(value) != JSON_OBJECT)
        return fault_set(reading->why, FAULT_INPUT, "%s is %s (want an object)", reading->where,
                         json_kind_name(json_kind(value)));
    struct json_cursor members = json_items(value);
    struct json key, member;
    while (json_next(&members, &key, &member)) {
        if (!member_read(reading, key, member, statement))
            return false;
    }
    static const struct {
        const char *text;
        struct bytes name;
    } required[] = { { "Effect", BYTES_INIT("Effect") },
                     { "Action", BYTES_INIT("Action") },
                     { "Resource", BYTES_INIT("Resource") },
                     { "Principal", BYTES_INIT("Principal") } };
    for (size_t i = 0; i < (reading->kind == KEY_POLICY ? 4U : 3U); i++) {
        if (json_kind(json_member(value, required[i].name)) == JSON_NONE)
            return fault_set(reading->why, FAULT_INPUT, "%s: %s is missing", reading->where, required[i].text);
    }
    return true;
}

static bool top_level_ok(struct json document, struct fault *why)
{
    struct json_cursor members = json_items(document);
    struct json key, value;
    while (json_next(&members, &key, &value)) {
        if (json_string_is(key, BYTES_LIT("Version"))) {
            if (!json_string_is(value, BYTES_LIT("2012-10-17")) && !json_string_is(value, BYTES_LIT("2008-10-17")))
                return fault_set(why, FAULT_INPUT, "Version is neither \"2012-10-17\" nor \"2008-10-17\"");
        } else if (!json_string_is(key, BYTES_LIT("Id")) && !json_string_is(key, BYTES_LIT("Statement"))) {
            return fault_set(why, FAULT_INPUT, "the policy has a member %.*s (want Version, Id, Statement)",
                             key.text.len > 60 ? 60 : (int)key.text.len, (const char *)key.text.data);
        }
    }
    return true;
}

bool key_policy_read(struct bytes text, enum policy_kind kind, struct arena *arena, struct key_policy *policy,
                     struct fault *why)
{
    struct json document;
    if (text.len > POLICY_TEXT_MAX)
        return fault_set(why, FAULT_INPUT, "a policy of %zu bytes (at most %d)", text.len, POLICY_TEXT_MAX);
    if (!json_read(text, &document, why))
        return false;
    if (json_kind(document) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "the policy is %s (want an object)", json_kind_name(json_kind(document)));
    if (!top_level_ok(document, why))
        return false;
    const struct json statements = json_member(document, BYTES_LIT("Statement"));
    const bool list = json_kind(statements) == JSON_ARRAY;
    const size_t count = list ? json_count(statements) : json_kind(statements) == JSON_NONE ? 0 : 1;
    if (count == 0 || count > POLICY_STATEMENTS_MAX)
        return fault_set(why, FAULT_INPUT, "%zu statements (want 1 to %d)", count, POLICY_STATEMENTS_MAX);

    *policy = (struct key_policy){ .count = count };
    struct reading reading = { .kind = kind, .arena = arena, .why = why };
    struct json_cursor items = json_items(list ? statements : (struct json){ { NULL, 0 } });
    struct json key, item = statements;
    for (size_t i = 0; i < count; i++) {
        snprintf(reading.where, sizeof reading.where, "statement %zu", i + 1);
        if ((list && !json_next(&items, &key, &item)) || !statement_read(&reading, item, &policy->statements[i]))
            return false;
    }
    return true;
}
