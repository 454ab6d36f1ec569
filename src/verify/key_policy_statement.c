#include "verify/key_policy_statement.h"

#include "core/base/text.h"
#include "core/nitro/nsm_api.h"
#include "verify/iam_pattern.h"

#include <stdio.h>

struct key_statement key_statement_of(struct json value, size_t index)
{
    struct key_statement statement = { .principal = json_member(value, BYTES_LIT("Principal")),
                                       .action = json_member(value, BYTES_LIT("Action")),
                                       .resource = json_member(value, BYTES_LIT("Resource")),
                                       .condition = json_member(value, BYTES_LIT("Condition")) };
    const struct json effect = json_member(value, BYTES_LIT("Effect"));
    struct bytes sid;
    statement.allows = json_string_is(effect, BYTES_LIT("Allow"));
    statement.odd = (!statement.allows && !json_string_is(effect, BYTES_LIT("Deny"))) ||
                    json_kind(statement.principal) == JSON_NONE || json_kind(statement.action) == JSON_NONE ||
                    json_kind(statement.resource) == JSON_NONE;
    if (json_plain_string(json_member(value, BYTES_LIT("Sid")), &sid) && text_is_printable(sid))
        (void)snprintf(statement.where, sizeof statement.where, "statement %zu (%.*s)", index + 1,
                       (int)(sid.len < 64 ? sid.len : 64), (const char *)sid.data);
    else
        (void)snprintf(statement.where, sizeof statement.where, "statement %zu", index + 1);
    return statement;
}

/* A string, or a list of them: the next that is plain. Others are nobody and nothing. */
static bool next_text(struct json value, size_t *at, struct bytes *text)
{
    struct json key, item;
    if (json_kind(value) == JSON_STRING)
        return (*at)++ == 0 && json_plain_string(value, text);
    struct json_cursor items = json_items(value);
    if (json_kind(value) != JSON_ARRAY)
        return false;
    for (size_t i = 0; json_next(&items, &key, &item); i++) {
        if (i < *at)
            continue;
        *at = i + 1;
        if (json_plain_string(item, text))
            return true;
    }
    return false;
}

static bool any_covers(struct json patterns, struct bytes text, bool ignore_case)
{
    size_t at = 0;
    struct bytes pattern;
    while (next_text(patterns, &at, &pattern)) {
        if (iam_pattern_matches(pattern, text, ignore_case))
            return true;
    }
    return false;
}

bool key_statement_covers(const struct key_statement *statement, const char *action)
{
    return any_covers(statement->action, bytes_of_text(action), true);
}

static struct json aws_principals(const struct key_statement *statement)
{
    if (json_kind(statement->principal) == JSON_OBJECT)
        return json_member(statement->principal, BYTES_LIT("AWS"));
    return statement->principal;
}

bool key_statement_principal(const struct key_statement *statement, size_t *at, struct bytes *principal)
{
    return next_text(aws_principals(statement), at, principal);
}

bool key_statement_is_for_everyone(const struct key_statement *statement)
{
    size_t at = 0;
    struct bytes principal;
    while (key_statement_principal(statement, &at, &principal)) {
        if (bytes_equal(principal, BYTES_LIT("*")))
            return true;
    }
    return false;
}

/* --- conditions */

enum key_kind { KEY_IMAGE, KEY_PCR, KEY_DIGEST, KEY_PRINCIPAL, KEY_UNKNOWN };

static enum key_kind key_kind_of(struct bytes key, uint32_t *bit)
{
    static const struct bytes attestation = BYTES_INIT("kms:RecipientAttestation:");
    uint64_t index;
    if (text_equal_nocase(key, BYTES_LIT("aws:PrincipalArn")))
        return KEY_PRINCIPAL;
    if (text_equal_nocase(key, BYTES_LIT("kms:EncryptionContext:ensign-policy-sha256")))
        return KEY_DIGEST;
    if (!text_starts_with_nocase(key, attestation))
        return KEY_UNKNOWN;
    const struct bytes rest = { key.data + attestation.len, key.len - attestation.len };
    if (text_equal_nocase(rest, BYTES_LIT("ImageSha384")) || text_equal_nocase(rest, BYTES_LIT("PCR0")))
        return KEY_IMAGE;
    if (!text_starts_with_nocase(rest, BYTES_LIT("PCR")) ||
        !text_read_uint((struct bytes){ rest.data + 3, rest.len - 3 }, &index) || index >= NSM_PCR_COUNT)
        return KEY_UNKNOWN;
    *bit = UINT32_C(1) << index;
    return KEY_PCR;
}

static void fix_values(struct gate_values *values, struct json list)
{
    struct gate_values found = { .set = true };
    struct bytes text;
    size_t at = 0;
    while (next_text(list, &at, &text)) {
        if (found.count < GATE_VALUES_MAX)
            found.kept[found.count] = text;
        found.count++;
    }
    /* Two conditions on one key must both hold: the shorter list says more. */
    if (!values->set || found.count < values->count)
        *values = found;
}

/* The request's value of this key is one of the list. */
static bool fix(struct gate *gate, struct bytes key, struct json list)
{
    uint32_t bit = 0;
    struct bytes one;
    size_t at = 0;
    switch (key_kind_of(key, &bit)) {
    case KEY_IMAGE:
        fix_values(&gate->image, list);
        gate->attested = true;
        return true;
    case KEY_PCR:
        gate->other_pcrs |= bit;
        gate->attested = true;
        return true;
    case KEY_DIGEST:
        fix_values(&gate->digests, list);
        return true;
    case KEY_PRINCIPAL:
        if (next_text(list, &at, &one) && json_count(list) <= 1)
            gate->only = one;
        return true;
    case KEY_UNKNOWN:
        break;
    }
    return false;
}

void gate_of_allow(const struct key_statement *statement, struct gate *gate)
{
    struct json_cursor operators = json_items(statement->condition);
    struct json name, keys, key, values;
    struct bytes text;
    while (json_next(&operators, &name, &keys)) {
        const bool equals = json_string_is(name, BYTES_LIT("StringEquals")) ||
                            json_string_is(name, BYTES_LIT("StringEqualsIgnoreCase"));
        struct json_cursor members = json_items(keys);
        while (json_next(&members, &key, &values)) {
            if (!equals)
                gate->not_judged =
                    "an operator other than StringEquals and StringEqualsIgnoreCase (IfExists passes where "
                    "there is no document, Like takes patterns)";
            else if (!json_plain_string(key, &text) || !fix(gate, text, values))
                gate->not_judged = "a condition key that says nothing about the program or the policy";
        }
    }
}

void gate_add_deny(const struct key_statement *statement, const char *action, struct gate *gate)
{
    struct json_cursor operators = json_items(statement->condition), members;
    struct json name, keys, key, values;
    struct bytes text;
    uint32_t bit = 0;
    if (statement->allows || statement->odd || !key_statement_is_for_everyone(statement) ||
        !key_statement_covers(statement, action) || !any_covers(statement->resource, BYTES_LIT("*"), false))
        return;
    if (json_count(statement->condition) == 0) {
        gate->shut = true;
        return;
    }
    /* Several conditions must all hold for a Deny to bite, so only a lone one is a barrier. */
    if (json_count(statement->condition) != 1 || !json_next(&operators, &name, &keys) || json_count(keys) != 1)
        return;
    members = json_items(keys);
    if (!json_next(&members, &key, &values) || !json_plain_string(key, &text))
        return;
    if (json_string_is(name, BYTES_LIT("StringNotEquals")) ||
        json_string_is(name, BYTES_LIT("StringNotEqualsIgnoreCase")))
        (void)fix(gate, text, values);
    else if (json_string_is(name, BYTES_LIT("Null")) && (json_string_is(values, BYTES_LIT("true"))) &&
             (key_kind_of(text, &bit) == KEY_IMAGE || bit != 0))
        gate->attested = true;
}
