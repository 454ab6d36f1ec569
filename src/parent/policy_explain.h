/* policy_explain: a policy in plain sentences: what it allows, and what it does not bound. */
#ifndef PARENT_POLICY_EXPLAIN_H
#define PARENT_POLICY_EXPLAIN_H

#include "core/policy/policy.h"

enum { SENTENCES_MAX = 40, SENTENCE_MAX = 640 };

struct sentences {
    size_t count;
    char texts[SENTENCES_MAX][SENTENCE_MAX];
};

void policy_explain_allowed(const struct policy *policy, struct sentences *sentences);
void policy_explain_unbounded(const struct policy *policy, struct sentences *sentences);

#endif
