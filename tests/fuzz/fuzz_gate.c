/* What the policy allows and the budget takes is allowed and taken by a second reckoning: docs/policy.md written down
 * again (policy_again, budget_again), which looks at the signed bytes. The input makes one policy and then what is
 * asked of it, one thing after another, with time going on between (deeds).
 */
#include "budget_again.h"
#include "deeds.h"

#include "core/policy/budget.h"

enum { ARENA = 1 << 18, SIGNED_MAX = 1 << 15, STEPS_MAX = 64 };

static struct policy policy;
static struct policy_again again;
static struct budget budget;
static struct budget_again budget_again;
static uint64_t now_ms;

static void start(struct deeds *deeds)
{
    static uint8_t text[DEEDS_POLICY_MAX];
    static struct json document;
    struct writer out = writer_of(text, sizeof text);
    struct bytes written;
    struct fault why;
    deeds_put_policy(deeds, &out);
    must(writer_done(&out, &written) && json_read(written, &document, &why) && policy_read(document, &policy, &why));
    policy_again_read(document, &again);
    now_ms = UINT64_C(1795359600000);
    budget_start(&budget, &policy, now_ms);
    budget_again_start(&budget_again, &again, now_ms);
}

/* Charged by both; what the first takes must be within the second's bounds. */
static bool takes(const struct charge *charge, const struct again_charge *charged)
{
    struct fault why = { 0 };
    if (!budget_charge(&budget, charge, now_ms, &why)) {
        must(why.code == FAULT_POLICY && why.rule != NULL);
        return false;
    }
    must(charge->ticket_count == charged->ticket_count);
    budget_again_charge(&budget_again, charged, now_ms);
    return true;
}

/* Deterministic, as the key slot's: the same digest gives the same signature. */
static bool made(const void *key, const struct hash32 *digest, const struct signature *signature)
{
    struct signature again_made;
    must(ecdsa_sign(key, digest, &again_made));
    return memcmp(&again_made, signature, sizeof again_made) == 0;
}

static void sign_tx(struct deeds *deeds)
{
    static uint8_t text[SIGNED_MAX], room[ARENA], raw[SIGNED_MAX];
    static struct again_charge charged;
    struct writer out = writer_of(text, sizeof text), signed_out = writer_of(raw, sizeof raw);
    struct arena arena = arena_of(room, sizeof room);
    struct bytes written;
    struct json dictionary;
    struct fault why = { 0 };
    struct tx tx;
    struct charge charge;
    struct hash32 hash;
    struct signature signature;
    const struct policy_signer signer = { deeds->signer, deeds_pick(deeds, 2) == 0 ? made : NULL, &deeds->key };
    deeds_put_tx(deeds, &out);
    must(writer_done(&out, &written) && json_read(written, &dictionary, &why));
    if (!tx_from_json(dictionary, &deeds->signer, &arena, &tx, &why))
        return;
    if (!policy_judge_tx(&policy, &signer, &tx, &arena, &charge, &why)) {
        must(why.code == FAULT_POLICY && why.rule != NULL);
        return;
    }
    must(tx_signing_hash(&tx, &arena, &hash, &why) && ecdsa_sign(&deeds->key, &hash, &signature));
    tx_put_signed(&signed_out, &tx, &signature);
    must(writer_done(&signed_out, &written));
    must(policy_again_allows_raw(&again, deeds->signer.bytes, written, &charged));
    (void)takes(&charge, &charged);
}

static void sign_ticket(struct deeds *deeds)
{
    static uint8_t text[SIGNED_MAX], room[ARENA];
    static struct again_charge charged;
    struct writer out = writer_of(text, sizeof text);
    struct arena arena = arena_of(room, sizeof room);
    struct deeds_ticket asked;
    struct bytes written;
    struct json object;
    struct ticket ticket;
    struct charge charge;
    struct fault why = { 0 };
    deeds_ticket(deeds, &asked);
    deeds_put_ticket(deeds, &asked, &out);
    must(writer_done(&out, &written) && json_read(written, &object, &why));
    must(ticket_from_json(object, &deeds->signer, &ticket, &why));
    const struct hash32 hash = ticket_hash(&ticket), wanted = keccak256(BYTES_OF(asked.packed));
    must(hash32_equal(&hash, &wanted));
    if (policy_judge_ticket(&policy, &deeds->signer, &ticket, &arena, &charge, &why)) {
        must(policy_again_allows_ticket(&again, deeds->signer.bytes, asked.packed, &charged));
        (void)takes(&charge, &charged);
    }
    if (policy_judge_message(&policy, &deeds->signer, BYTES_OF(hash.bytes), NULL, &arena, &charge, &why))
        must(policy_again_allows_blind_message(&again));
    if (policy_judge_typed_data(&policy, &why))
        must(policy_again_allows_typed_data(&again));
}

static void let_time_pass(struct deeds *deeds)
{
    static const uint64_t spans[] = { 0, 1, 15, 16, 17, 999, 1000, 1001, 60000, 937500, 3601000, 86400000, 86400001 };
    now_ms += spans[deeds_pick(deeds, 13)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct deeds deeds = deeds_from(data, len);
    start(&deeds);
    for (size_t step = 0; step < STEPS_MAX && deeds_go_on(&deeds); step++) {
        const unsigned what = deeds_pick(&deeds, 4);
        if (what < 2)
            sign_tx(&deeds);
        else if (what == 2)
            sign_ticket(&deeds);
        else
            let_time_pass(&deeds);
    }
    return 0;
}
