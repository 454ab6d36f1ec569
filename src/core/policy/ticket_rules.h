/* ticket_rules: what a policy asks of one ticket, whether it is to be signed or stands in a redeem transaction. */
#ifndef CORE_POLICY_TICKET_RULES_H
#define CORE_POLICY_TICKET_RULES_H

#include "core/policy/policy.h"

/* In the original's order: the sender is the signer; the recipient is on the list, where there is or must be one; the
 * face value is not above the maximum. FAULT_POLICY. */
bool ticket_rules_allow(const struct policy *policy, const struct address *signer, const struct ticket *ticket,
                        struct fault *why) MUST_USE;

#endif
