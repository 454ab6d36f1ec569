#include "core/base/text.h"
#include "dev/key_policy.h"
#include "verify/iam_pattern.h"

#include <stdio.h>

static bool any_matches(const struct bytes *patterns, size_t count, struct bytes text, bool ignore_case)
{
    for (size_t i = 0; i < count; i++) {
        if (iam_pattern_matches(patterns[i], text, ignore_case))
            return true;
    }
    return false;
}

/* ALLOWS: named, or anyone; ALLOWS_ACCOUNT: by account; SILENT: not meant. */
static enum policy_answer principal_match(const struct policy_statement *statement, enum policy_kind kind,
                                          const struct policy_question *question)
{
    if (kind == IDENTITY_POLICY)
        return POLICY_ALLOWS;
    enum policy_answer match = POLICY_SILENT;
    for (size_t i = 0; i < statement->principal_count; i++) {
        const struct policy_principal *principal = &statement->principals[i];
        switch (principal->kind) {
        case PRINCIPAL_ANYONE:
            return POLICY_ALLOWS;
        case PRINCIPAL_ARN:
            if (bytes_equal(principal->arn, question->principal_arn) ||
                (question->session_arn.len > 0 && bytes_equal(principal->arn, question->session_arn)))
                return POLICY_ALLOWS;
            break;
        case PRINCIPAL_ACCOUNT:
            if (bytes_equal(principal->account, question->account))
                match = POLICY_ALLOWS_ACCOUNT;
            break;
        case PRINCIPAL_SERVICE:
            break;
        }
    }
    return match;
}

static bool equals_one(const struct policy_condition *condition, struct bytes found)
{
    for (size_t i = 0; i < condition->value_count; i++) {
        if (condition->ignore_case ? text_equal_nocase(condition->values[i], found)
                                   : bytes_equal(condition->values[i], found))
            return true;
    }
    return false;
}

static bool condition_holds(const struct policy_condition *condition, const struct policy_question *question)
{
    bool equals = false; /* an absent key equals nothing, so that a negated operator holds */
    if (condition->never)
        return false;
    if (condition->principal) {
        equals = equals_one(condition, question->principal_arn);
    } else if (condition->pcr >= 0) {
        const struct bytes found =
            question->pcrs_hex != NULL ? question->pcrs_hex[condition->pcr] : (struct bytes){ NULL, 0 };
        equals = found.len > 0 && equals_one(condition, found);
    } else if (question->context != NULL) {
        /* unverified: two names that differ in case alone are one key with two values, either of which may match */
        for (size_t i = 0; i < question->context->count; i++) {
            equals = equals || (text_equal_nocase(question->context->pairs[i].name, condition->context_name) &&
                                equals_one(condition, question->context->pairs[i].value));
        }
    }
    return equals != condition->negated;
}

static const struct policy_condition *first_failure(const struct policy_statement *statement,
                                                    const struct policy_question *question)
{
    for (size_t i = 0; i < statement->condition_count; i++) {
        if (!condition_holds(&statement->conditions[i], question))
            return &statement->conditions[i];
    }
    return NULL;
}

static void name_statement(struct policy_decision *decision, const struct policy_statement *statement, size_t index)
{
    const struct bytes sid = statement->sid;
    if (sid.len > 0 && text_is_printable(sid))
        snprintf(decision->statement, sizeof decision->statement, "%.*s", sid.len > 79 ? 79 : (int)sid.len,
                 (const char *)sid.data);
    else
        snprintf(decision->statement, sizeof decision->statement, "statement %zu", index + 1);
}

struct policy_decision key_policy_judge(const struct key_policy *policy, enum policy_kind kind,
                                        const struct policy_question *question)
{
    struct policy_decision decision = { .answer = POLICY_SILENT };
    for (size_t i = 0; i < policy->count; i++) {
        const struct policy_statement *statement = &policy->statements[i];
        enum policy_answer match = principal_match(statement, kind, question);
        if (match == POLICY_SILENT ||
            !any_matches(statement->actions, statement->action_count, question->action, true) ||
            !any_matches(statement->resources, statement->resource_count, question->resource, false))
            continue;
        const struct policy_condition *failed = first_failure(statement, question);
        if (failed != NULL) {
            if (statement->allows && decision.answer == POLICY_SILENT) {
                name_statement(&decision, statement, i);
                snprintf(decision.reason, sizeof decision.reason, "its condition on %.*s does not hold",
                         failed->key.len > 120 ? 120 : (int)failed->key.len, (const char *)failed->key.data);
            }
            continue;
        }
        if (!statement->allows)
            match = POLICY_DENIES;
        /* A direct Allow is worth more than the account's; a Deny ends the matter. */
        if (match == POLICY_DENIES || (match == POLICY_ALLOWS && decision.answer != POLICY_ALLOWS) ||
            (match == POLICY_ALLOWS_ACCOUNT && decision.answer == POLICY_SILENT)) {
            decision = (struct policy_decision){ .answer = match };
            name_statement(&decision, statement, i);
        }
        if (match == POLICY_DENIES)
            break;
    }
    return decision;
}
