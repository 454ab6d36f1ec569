/* policy_judge: what a signer would say to a transaction or a ticket, found out here by the same code. */
#ifndef PARENT_POLICY_JUDGE_H
#define PARENT_POLICY_JUDGE_H

#include "core/policy/policy.h"

enum { JUDGE_SCRATCH = 4 << 20 };

/* As the signer would judge it whose budget is whole. FAULT_POLICY: it would refuse, why->rule says by which rule.
 * FAULT_INPUT: it could not even read it. What is charged lives in the arena, which needs JUDGE_SCRATCH. */
bool judge_tx(const struct policy *policy, const struct address *signer, struct json dictionary, struct arena *arena,
              struct charge *charge, struct fault *why) MUST_USE;
bool judge_ticket(const struct policy *policy, const struct address *signer, struct json ticket, struct arena *arena,
                  struct charge *charge, struct fault *why) MUST_USE;

#endif
