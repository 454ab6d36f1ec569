/* The whole core through struct outside, in random worlds and random order (core_run, world, deeds). Whatever happens:
 *
 *   nothing is signed without a key that was provisioned, whose lease goes on
 *   nothing is signed that docs/policy.md, written down a second time, refuses
 *   the budget is never exceeded, added up from a list of all that was signed
 *   a provisioning that fails leaves nothing: key slot, policy, budget, lease, journal are as before
 *   strict settings are as they were read, and hold: the pinned key, a bound policy, the image's where it has one
 *   no name of a KMS encryption context that is reserved leaves, but the one, with the digest of the policy to be
 *   time never goes back, whatever the outside's clock does; the journal is one chain with every signature in it
 *
 * The input: which settings, the image's policy, then one deed after another.
 */
#include "core_run.h"

#include <stdio.h>

enum { STEPS_MAX = 48 };

#define STRICT "\"mode\":\"strict\",\"kms_key\":\"" WORLD_ARN "\""

static const struct {
    const char *settings;
    bool has_policy;
} IMAGES[] = {
    { "{\"mode\":\"open\"}", false },
    { "{" STRICT "}", false },
    { "{\"mode\":\"open\",\"allow_reprovision\":true,\"lease_seconds\":600}", false },
    { "{" STRICT ",\"lease_seconds\":60", true },
    { "{" STRICT ",\"allow_reprovision\":true}", false },
    { "{" STRICT ",\"allow_reprovision\":true", true },
    { "{\"mode\":\"open\",\"kms_key\":\"" WORLD_ARN "\",\"lease_seconds\":3600}", false },
    { "{\"mode\":\"open\"", true },
};

static void open_image(struct core_run *run, struct deeds *deeds)
{
    static struct core_policy policy;
    static char settings[CORE_POLICY_MAX + 256];
    const unsigned image = deeds_pick(deeds, 8);
    if (!IMAGES[image].has_policy) {
        core_open(run, deeds, IMAGES[image].settings, NULL);
        return;
    }
    struct writer out = writer_of((uint8_t *)policy.text, sizeof policy.text - 1);
    deeds_put_policy(deeds, &out);
    must(!out.failed);
    policy.text[out.len] = '\0';
    snprintf(settings, sizeof settings, "%s,\"policy\":%s}", IMAGES[image].settings, policy.text);
    core_open(run, deeds, settings, &policy);
}

/* Time goes on, by little and by much; the outside's clock also falls back; documents tell of other times. */
static void let_time_pass(struct core_run *run)
{
    static const uint64_t spans[] = { 0, 1, 16, 999, 1000, 59999, 60000, 60001, 599999, 600000, 3600000, 86400000 };
    const uint64_t span = spans[deeds_pick(run->deeds, 12)];
    switch (deeds_pick(run->deeds, 5)) {
    case 0:
        run->world.monotonic_ms -= span < run->world.monotonic_ms ? span : run->world.monotonic_ms;
        break;
    case 1:
        run->world.utc_ms += span;
        break;
    case 2:
        run->world.utc_ms -= span;
        break;
    default:
        run->world.monotonic_ms += span;
        run->world.utc_ms += span;
        break;
    }
}

static void look(struct core_run *run)
{
    static const char *const requests[] = { "{\"method\":\"status\"}", "{\"method\":\"attestation\"}",
                                            "{\"method\":\"policy\"}", "{\"method\":\"sealed\"}",
                                            "{\"method\":\"address\"}" };
    run->world.nsm = (enum world_nsm)deeds_pick(run->deeds, NSM_WAYS);
    writer_text(core_begin(run), requests[deeds_pick(run->deeds, 5)]);
    (void)core_ask(run);
    run->world.nsm = NSM_ANSWERS;
}

static void tend(struct core_run *run)
{
    run->world.nsm = (enum world_nsm)deeds_pick(run->deeds, NSM_WAYS);
    if (run->signer->next_recipient.pkey != NULL) /* making one takes a third of a second */
        signer_tend(run->signer);
    run->world.nsm = NSM_ANSWERS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const steps[])(struct core_run *) = {
        core_provision,
        core_provision,
        core_sign_transaction,
        core_sign_transaction,
        core_sign_transaction,
        core_sign_ticket,
        core_sign_ticket,
        core_sign_message,
        core_sign_typed_data,
        let_time_pass,
        core_read_journal,
        core_end_lease,
        look,
        tend,
    };
    static struct core_run run;
    struct deeds deeds = deeds_from(data, len);
    open_image(&run, &deeds);
    for (size_t step = 0; step < STEPS_MAX && deeds_go_on(&deeds); step++) {
        steps[deeds_pick(&deeds, sizeof steps / sizeof *steps)](&run);
        core_check(&run);
    }
    core_read_journal(&run);
    core_close(&run);
    return 0;
}
