/* key_policy_linting: what the files of the lint share. */
#ifndef VERIFY_KEY_POLICY_LINTING_H
#define VERIFY_KEY_POLICY_LINTING_H

#include "verify/key_policy_lint.h"
#include "verify/key_policy_statement.h"

enum { STATEMENTS_MAX = 128 };

struct linting {
    const struct lint_demands *demands;
    struct lint_report *report;
    size_t count;
    struct key_statement statements[STATEMENTS_MAX];
    bool somebody_opens;
};

/* A finding; one that was made already is not made twice, and beyond LINT_FINDINGS_MAX none. */
void lint_find(struct linting *lint, const char *rule, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What an Allow that opens asks of the program, and of the signing policy. `where` names the statement, `whom` whoever
 * it allows. */
void lint_measurement(struct linting *lint, const char *where, const char *action, const char *whom,
                      const struct gate *gate);
void lint_digests(struct linting *lint, const char *where, const char *action, const struct gate *gate);

#endif
