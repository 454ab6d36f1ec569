#include "verify/key_policy_lint.h"

#include "core/base/text.h"
#include "verify/key_policy_linting.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 100 };

void lint_find(struct linting *lint, const char *rule, const char *format, ...)
{
    struct lint_report *report = lint->report;
    if (report->count == LINT_FINDINGS_MAX)
        return;
    struct lint_finding *finding = &report->findings[report->count];
    va_list arguments;
    finding->rule = rule;
    va_start(arguments, format);
    (void)vsnprintf(finding->sentence, sizeof finding->sentence, format, arguments);
    va_end(arguments);
    text_make_printable(finding->sentence);
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->findings[i].sentence, finding->sentence) == 0)
            return;
    }
    report->count++;
}

struct shown {
    char text[SHOWN + 32];
};

static bool is_account(struct bytes principal)
{
    return principal.len == 12 ||
           (principal.len > 5 && text_starts_with(principal, BYTES_LIT("arn:")) &&
            bytes_equal((struct bytes){ principal.data + principal.len - 5, 5 }, BYTES_LIT(":root")));
}

static struct shown who(struct bytes principal)
{
    struct shown shown;
    const char *format = "%.*s";
    if (bytes_equal(principal, BYTES_LIT("*")))
        format = "anyone (%.*s)";
    else if (is_account(principal))
        format = "whomever an IAM policy of %.*s lets";
    (void)snprintf(shown.text, sizeof shown.text, format, (int)(principal.len < SHOWN ? principal.len : SHOWN),
                   (const char *)principal.data);
    return shown;
}

/* What a request of that action by this statement must bring, all Denies taken in. */
static struct gate gate_for(const struct linting *lint, const struct key_statement *allow, const char *action)
{
    struct gate gate = { .shut = false };
    gate_of_allow(allow, &gate);
    for (size_t i = 0; i < lint->count; i++)
        gate_add_deny(&lint->statements[i], action, &gate);
    return gate;
}

static bool passes(const struct gate *gate, struct bytes principal)
{
    return !gate->shut && (gate->only.len == 0 || bytes_equal(gate->only, principal) ||
                           bytes_equal(principal, BYTES_LIT("*")) || is_account(principal));
}

/* Whether some Allow gives the principal this action by name, conditions other than on who asks left aside. */
static bool may(const struct linting *lint, struct bytes principal, const char *action)
{
    for (size_t i = 0; i < lint->count; i++) {
        const struct key_statement *statement = &lint->statements[i];
        struct bytes named;
        size_t at = 0;
        if (!statement->allows || !key_statement_covers(statement, action))
            continue;
        const struct gate gate = gate_for(lint, statement, action);
        while (key_statement_principal(statement, &at, &named)) {
            if (passes(&gate, principal) && bytes_equal(named, principal))
                return true;
        }
    }
    return false;
}

/* Who runs the signer: whoever may open. The administrator is whom the caller names, else who may change the policy and
 * cannot open. */
static bool is_admin(const struct linting *lint, struct bytes principal)
{
    if (lint->demands->admin.len > 0)
        return bytes_equal(lint->demands->admin, principal);
    return !bytes_equal(principal, BYTES_LIT("*")) && !is_account(principal) &&
           may(lint, principal, "kms:PutKeyPolicy") && !may(lint, principal, "kms:Decrypt") &&
           !may(lint, principal, "kms:GenerateDataKey");
}

static void lint_opening(struct linting *lint, const struct key_statement *allow, const char *action)
{
    struct bytes principal;
    size_t at = 0;
    const struct gate gate = gate_for(lint, allow, action);
    while (key_statement_principal(allow, &at, &principal)) {
        if (!passes(&gate, principal))
            continue;
        lint->somebody_opens = true;
        if (gate.not_judged != NULL)
            lint_find(lint, "not-judged", "%s has %s: it does not count as a barrier here", allow->where,
                      gate.not_judged);
        lint_measurement(lint, allow->where, action, who(principal).text, &gate);
        if (gate.attested)
            lint_digests(lint, allow->where, action, &gate);
        if (bytes_equal(principal, BYTES_LIT("*")))
            lint_find(lint, "anyone", "%s allows %s to everyone, in every account", allow->where, action);
    }
}

/* Powers that go round the conditions. `admin_too`: not even the administrator's own are passed over, since what they
 * do does not stand in the key policy. */
static const struct {
    const char *action, *rule, *sentence;
    bool admin_too;
} powers[] = {
    { "kms:CreateGrant", "grants",
      "may create grants: a grant lets its holder Decrypt, and does not show in the key policy", true },
    { "kms:ReplicateKey", "copies", "may replicate the key to another Region, under a key policy of its own there",
      true },
    { "kms:UpdatePrimaryRegion", "copies", "may move the key's primary to another Region", true },
    { "kms:ImportKeyMaterial", "copies",
      "may import key material, which is then known outside KMS and opens every ciphertext without it", true },
    { "kms:PutKeyPolicy", "policy-change", "may write another key policy, and with it let anyone Decrypt", false },
    { "kms:ReEncryptFrom", "re-encrypt",
      "may re-encrypt a ciphertext to another key or another policy's context, and have it opened there", false },
    { "kms:ReEncryptTo", "re-encrypt", "may re-encrypt a ciphertext of its own choosing to this key", false },
    { "kms:DisableKey", "stop", "may disable the key, which stops the signer at its next start", false },
    { "kms:ScheduleKeyDeletion", "stop", "may have the key deleted, and with it every sealed key", false },
};

static void lint_powers(struct linting *lint, const struct key_statement *allow)
{
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        struct bytes principal;
        size_t at = 0;
        if (!key_statement_covers(allow, powers[i].action))
            continue;
        const struct gate gate = gate_for(lint, allow, powers[i].action);
        while (key_statement_principal(allow, &at, &principal)) {
            if (passes(&gate, principal) && (powers[i].admin_too || !is_admin(lint, principal)))
                lint_find(lint, powers[i].rule, "%s: %s %s", allow->where, who(principal).text, powers[i].sentence);
        }
    }
}

static void lint_sealing(struct linting *lint, const struct key_statement *allow)
{
    struct bytes principal;
    size_t at = 0;
    if (!key_statement_covers(allow, "kms:Encrypt"))
        return;
    const struct gate gate = gate_for(lint, allow, "kms:Encrypt");
    while (key_statement_principal(allow, &at, &principal)) {
        if (!passes(&gate, principal))
            continue;
        if (is_account(principal) || bytes_equal(principal, BYTES_LIT("*")) || may(lint, principal, "kms:Decrypt") ||
            may(lint, principal, "kms:GenerateDataKey"))
            lint_find(
                lint, "encrypt",
                "%s lets %s Encrypt: root on the parent can seal a key of its own making, and have a signer run with "
                "it. One "
                "sealing principal elsewhere is wanted, or nobody where keys are generated",
                allow->where, who(principal).text);
    }
}

static bool read_statements(struct json policy, struct linting *lint, struct fault *why)
{
    const struct json list = json_member(policy, BYTES_LIT("Statement"));
    struct json key, item;
    if (json_kind(list) == JSON_OBJECT) {
        lint->statements[lint->count++] = key_statement_of(list, 0);
        return true;
    }
    if (json_kind(list) != JSON_ARRAY || json_count(list) == 0 || json_count(list) > STATEMENTS_MAX)
        return fault_set(why, FAULT_INPUT, "no key policy: Statement is missing, empty, or has over %d statements",
                         STATEMENTS_MAX);
    struct json_cursor items = json_items(list);
    while (json_next(&items, &key, &item)) {
        if (json_kind(item) != JSON_OBJECT)
            return fault_set(why, FAULT_INPUT, "no key policy: statement %zu is no object", lint->count + 1);
        lint->statements[lint->count] = key_statement_of(item, lint->count);
        lint->count++;
    }
    return true;
}

bool key_policy_lint(struct json policy, const struct lint_demands *demands, struct lint_report *report,
                     struct fault *why)
{
    static const char *const opening[] = { "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair",
                                           "kms:DeriveSharedSecret" };
    static struct linting lint;
    lint = (struct linting){ .demands = demands, .report = report };
    report->count = 0;
    if (json_kind(policy) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "no key policy: %s (want an object)", json_kind_name(json_kind(policy)));
    if (!read_statements(policy, &lint, why))
        return false;
    for (size_t i = 0; i < lint.count; i++) {
        const struct key_statement *statement = &lint.statements[i];
        if (statement->odd)
            lint_find(
                &lint, "not-judged",
                "%s is none that is understood here (NotPrincipal, NotAction, NotResource, or a part is missing): "
                "look at it "
                "yourself",
                statement->where);
        if (!statement->allows)
            continue;
        for (size_t j = 0; j < sizeof opening / sizeof *opening; j++) {
            if (key_statement_covers(statement, opening[j]))
                lint_opening(&lint, statement, opening[j]);
        }
        lint_powers(&lint, statement);
        lint_sealing(&lint, statement);
    }
    if (!lint.somebody_opens)
        lint_find(&lint, "nobody", "nobody may Decrypt: no signer can open its key under this policy");
    return true;
}
