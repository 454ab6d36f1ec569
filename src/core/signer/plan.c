#include "core/signer/provisioning.h"

void plan_wipe(struct plan *plan)
{
    aws_credentials_wipe(&plan->credentials);
}

/* With the read lock held. What may happen beside a key that is already there. */
static bool may_begin(struct call *call, struct plan *plan)
{
    struct signer *signer = call->signer;
    const struct holding *holding = &signer->holding;
    plan->draft = &signer->policies[holding->policy == &signer->policies[0] ? 1 : 0];
    if (signer_lease_is_over(signer))
        return fault_set(call->why, FAULT_STATE,
                         "signer not provisioned (its lease has ended and this program is ending: start it again)");
    if (!holding->provisioned)
        return true;
    if (signer->settings->allow_reprovision) {
        plan->replaces = true;
        return true;
    }
    plan->renews = !plan->generates && holding->lease_ends_ms != 0;
    return plan->renews || fault_set(call->why, FAULT_STATE, "signer already provisioned");
}

/* With the read lock held. */
static bool may_go_on(struct call *call, struct plan *plan)
{
    const struct holding *holding = &call->signer->holding;
    if (plan->renews) {
        if (!hash32_equal(&plan->ciphertext_sha256, &holding->ciphertext_sha256))
            return fault_set(call->why, FAULT_STATE,
                             "signer already provisioned (its lease is renewed with the ciphertext it was provisioned "
                             "with, and this is another)");
        /* No policy has the digest of zeroes. */
        if (!hash32_equal(&plan->policy_digest, &holding->policy_digest) || plan->policy_bound != holding->policy_bound)
            return fault_set(
                call->why, FAULT_STATE,
                "signer already provisioned (its lease is renewed under the policy it was provisioned with, "
                "stated again and bound alike, and this is not that)");
    }
    if (plan->replaces && holding->policy_provisioned && plan->policy == NULL)
        return fault_set(
            call->why, FAULT_INPUT,
            "a policy is in force and none is given: provisioning again keeps no policy, so state it again");
    return true;
}

bool plan_read(struct call *call, bool generates, struct plan *plan)
{
    struct signer *signer = call->signer;
    plan->generates = generates;
    signer_read_lock(signer);
    const bool begins = may_begin(call, plan);
    signer_unlock(signer);
    if (!begins || !plan_read_sealed(call, plan) || !plan_read_policy(call, plan) || !plan_note_unknown(call, plan))
        return false;

    signer_read_lock(signer);
    const bool goes_on = may_go_on(call, plan);
    signer_unlock(signer);
    return goes_on;
}
