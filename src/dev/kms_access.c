#include "dev/kms_sim.h"

#include "dev/key_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A policy with the memory it lives in. */
struct parsed_policy {
    struct key_policy policy;
    uint8_t *memory;
};

static bool parse(struct bytes text, enum policy_kind kind, struct parsed_policy *parsed, struct fault *why)
{
    const size_t cap = POLICY_ARENA(text.len);
    parsed->memory = malloc(cap);
    must(parsed->memory != NULL);
    struct arena arena = arena_of(parsed->memory, cap);
    return key_policy_read(text, kind, &arena, &parsed->policy, why);
}

/* Judges one policy's text; one that cannot be read (a state file edited by hand) allows nothing and says so. */
static struct policy_decision judge_text(const char *text, enum policy_kind kind,
                                         const struct policy_question *question)
{
    struct policy_decision decision = { .answer = POLICY_SILENT };
    struct parsed_policy *parsed = calloc(1, sizeof *parsed);
    struct fault why = { 0 };
    must(parsed != NULL);
    if (text == NULL)
        snprintf(decision.reason, sizeof decision.reason, "there is no such policy");
    else if (parse(bytes_of_text(text), kind, parsed, &why))
        decision = key_policy_judge(&parsed->policy, kind, question);
    else
        snprintf(decision.reason, sizeof decision.reason, "it cannot be read: %.150s", why.text);
    free(parsed->memory);
    free(parsed);
    return decision;
}

static struct policy_question question_of(const struct kms_exchange *exchange, const char *action, const char *resource)
{
    return (struct policy_question){ .action = bytes_of_text(action),
                                     .resource = bytes_of_text(resource),
                                     .account = bytes_of_text(exchange->state->account),
                                     .principal_arn = bytes_of_text(exchange->caller.principal_arn),
                                     .session_arn = bytes_of_text(exchange->caller.session_arn) };
}

static bool deny(struct kms_exchange *exchange, const char *action, const char *resource, const char *because,
                 const char *policy, const struct policy_decision *decision)
{
    snprintf(exchange->note, sizeof exchange->note, "%s%s%s%s%s", policy, decision->statement[0] != '\0' ? ", at " : "",
             decision->statement, decision->reason[0] != '\0' ? ": " : "", decision->reason);
    return kms_refuse(exchange, "AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s",
                      exchange->caller.session_arn, action, resource, because);
}

bool kms_may(struct kms_exchange *exchange, const char *action, const struct sim_key *key,
             const struct kms_context *context, const struct bytes *pcrs_hex)
{
    char resource[SIM_ARN_MAX] = "*", because[160];
    if (key != NULL)
        sim_key_arn(exchange->state, key, resource);
    struct policy_question question = question_of(exchange, action, resource);
    question.context = context;
    question.pcrs_hex = pcrs_hex;
    /* Of the sentences below only the one on resource-based policies has been seen; the others are unverified. */
    const struct sim_role *role = sim_role_find(exchange->state, bytes_of_text(exchange->caller.credentials->role));
    const char *identity_text = role != NULL ? role->policy : NULL;
    const struct policy_decision identity = judge_text(identity_text, IDENTITY_POLICY, &question);
    struct policy_decision at_key = { .answer = POLICY_ALLOWS_ACCOUNT }; /* without a key the account alone decides */
    if (key != NULL)
        at_key = judge_text(key->policy, KEY_POLICY, &question);

    if (identity.answer == POLICY_DENIES)
        return deny(exchange, action, resource, "with an explicit deny in an identity-based policy",
                    "the role's identity policy denies", &identity);
    if (at_key.answer == POLICY_DENIES)
        return deny(exchange, action, resource, "with an explicit deny in a resource-based policy",
                    "the key policy denies", &at_key);
    if (at_key.answer == POLICY_ALLOWS)
        return true;
    if (at_key.answer == POLICY_SILENT) {
        snprintf(because, sizeof because, "because no resource-based policy allows the %s action", action);
        return deny(exchange, action, resource, because, "the key policy does not allow", &at_key);
    }
    snprintf(because, sizeof because, "because no identity-based policy allows the %s action", action);
    return identity.answer == POLICY_ALLOWS ||
           deny(exchange, action, resource, because, "the role's identity policy does not allow", &identity);
}

/* KMS refuses a policy that names roles which are not there. Other accounts cannot be looked into from here. */
static bool principals_exist(struct kms_exchange *exchange, const struct key_policy *policy)
{
    for (size_t i = 0; i < policy->count; i++) {
        for (size_t j = 0; j < policy->statements[i].principal_count; j++) {
            const struct policy_principal *principal = &policy->statements[i].principals[j];
            if (principal->kind != PRINCIPAL_ARN ||
                !bytes_equal(principal->account, bytes_of_text(exchange->state->account)))
                continue;
            bool found = false;
            for (size_t k = 0; k < exchange->state->role_count; k++) {
                char arn[SIM_ARN_MAX], sessions[SIM_ARN_MAX];
                sim_role_arn(exchange->state, exchange->state->roles[k].name, arn);
                sim_session_arn(exchange->state, exchange->state->roles[k].name, "", sessions);
                const size_t len = strlen(sessions);
                found = found || bytes_equal(principal->arn, bytes_of_text(arn)) ||
                        (principal->arn.len > len && memcmp(principal->arn.data, sessions, len) == 0);
            }
            if (!found) {
                snprintf(exchange->note, sizeof exchange->note, "there is no %.*s", (int)principal->arn.len,
                         (const char *)principal->arn.data);
                return kms_refuse(exchange, "MalformedPolicyDocumentException", /* unverified: the text */
                                  "Policy contains a statement with one or more invalid principals.");
            }
        }
    }
    return true;
}

bool kms_policy_ok(struct kms_exchange *exchange, const struct sim_key *key, struct bytes text, bool bypass)
{
    char resource[SIM_ARN_MAX] = "*";
    if (key != NULL)
        sim_key_arn(exchange->state, key, resource);
    struct parsed_policy *parsed = calloc(1, sizeof *parsed);
    struct fault why = { 0 };
    must(parsed != NULL);
    bool ok = parse(text, KEY_POLICY, parsed, &why);
    if (!ok) /* our own words: the service says less */
        kms_refuse(exchange, "MalformedPolicyDocumentException", "%s", why.text);
    else
        ok = principals_exist(exchange, &parsed->policy);
    if (ok && !bypass) {
        const struct policy_question question = question_of(exchange, "kms:PutKeyPolicy", resource);
        const struct policy_decision decision = key_policy_judge(&parsed->policy, KEY_POLICY, &question);
        ok = decision.answer == POLICY_ALLOWS || decision.answer == POLICY_ALLOWS_ACCOUNT ||
             kms_refuse(exchange, "MalformedPolicyDocumentException", /* unverified: the text */
                        "The new key policy will not allow you to update the key policy in the future.");
    }
    free(parsed->memory);
    free(parsed);
    return ok;
}
