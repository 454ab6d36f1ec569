/* Only with the meson option insecure_key: never in an image. */
#include "core/signer/signer_state.h"

#ifdef ENSIGN_INSECURE_KEY

bool signer_load_insecure_key(struct signer *signer, const struct secret_text *plaintext, struct fault *why)
{
    const struct settings *settings = signer->settings;
    struct address address;
    bool done = false;
    signer_write_lock(signer);
    if (signer->holding.provisioned)
        (void)fault_set(why, FAULT_STATE, "signer already provisioned");
    else if (settings->mode == MODE_STRICT && !settings->has_policy)
        (void)fault_set(why, FAULT_STATE, "strict mode needs a policy, and the settings hold none");
    else
        done = key_slot_store(signer->slot, plaintext, &address, why);
    if (done) {
        signer->holding = (struct holding){
            .provisioned = true,
            .insecure = true,
            .origin = KEY_IMPORTED,
            .policy = settings->has_policy ? &settings->policy : NULL,
            .policy_digest = signer->settings_policy_digest,
        };
        if (settings->has_policy) {
            signer_lock_ledger(signer);
            budget_start(&signer->budget, &settings->policy, clock_now(&signer->clock));
            signer->has_budget = true;
            signer->budget_digest = signer->settings_policy_digest;
            signer_unlock_ledger(signer);
        }
    }
    signer_unlock(signer);
    return done;
}

#else
/* ISO C has no empty translation units. */
typedef int insecure_key_is_not_built;
#endif
