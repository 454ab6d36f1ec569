#include "parent/policy_judge.h"

#include "core/policy/budget.h"

/* Against a budget that nothing was taken from yet, and that has had a window's time to fill. */
static bool charge_whole_budget(const struct policy *policy, const struct charge *charge, struct fault *why)
{
    static struct budget budget;
    budget_start(&budget, policy, 0);
    return budget_charge(&budget, charge, policy->budget.window_seconds * 1000, why);
}

bool judge_tx(const struct policy *policy, const struct address *signer, struct json dictionary, struct arena *arena,
              struct charge *charge, struct fault *why)
{
    struct tx tx;
    return tx_from_json(dictionary, signer, arena, &tx, why) &&
           policy_judge_tx(policy, &(struct policy_signer){ .address = *signer }, &tx, arena, charge, why) &&
           charge_whole_budget(policy, charge, why);
}

bool judge_ticket(const struct policy *policy, const struct address *signer, struct json object, struct arena *arena,
                  struct charge *charge, struct fault *why)
{
    struct ticket ticket;
    return ticket_from_json(object, signer, &ticket, why) &&
           policy_judge_ticket(policy, signer, &ticket, arena, charge, why) && charge_whole_budget(policy, charge, why);
}
