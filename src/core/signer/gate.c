#include "core/signer/gate.h"

#include "core/eth/message.h"
#include "core/eth/tx.h"
#include "core/signer/signer_state.h"

static bool hash_of(struct call *call, const struct wish *wish, struct hash32 *digest, struct hash32 *told)
{
    switch (wish->kind) {
    case WISH_TX:
        if (!tx_signing_hash(wish->tx, call->arena, digest, call->why))
            return false;
        break;
    case WISH_TICKET:
        *told = ticket_hash(wish->ticket);
        *digest = message_hash(BYTES_OF(told->bytes));
        return true;
    case WISH_MESSAGE:
        *digest = message_hash(wish->message);
        break;
    case WISH_TYPED_DATA:
        *digest = wish->typed_data;
        break;
    }
    *told = wish->ticket != NULL ? ticket_hash(wish->ticket) : *digest;
    return true;
}

static bool made_by_slot(const void *slot, const struct hash32 *digest, const struct signature *signature)
{
    return key_slot_made(slot, digest, signature);
}

static bool judge(struct call *call, const struct wish *wish, struct charge *charge)
{
    const struct policy *policy = call->signer->holding.policy;
    const struct address *ours = key_slot_address(call->signer->slot);
    const struct policy_signer signer = { *ours, made_by_slot, call->signer->slot };
    switch (wish->kind) {
    case WISH_TX:
        return policy_judge_tx(policy, &signer, wish->tx, call->arena, charge, call->why);
    case WISH_TICKET:
        return policy_judge_ticket(policy, ours, wish->ticket, call->arena, charge, call->why);
    case WISH_MESSAGE:
        return policy_judge_message(policy, ours, wish->message, wish->ticket, call->arena, charge, call->why);
    case WISH_TYPED_DATA:
        return policy_judge_typed_data(policy, call->why);
    }
    must_fail();
}

/* With the ledger held. `face_value` is what of the charge was taken: a ticket signed again is not charged again. */
static void tell(struct signer *signer, const struct wish *wish, const struct hash32 *hash, const struct charge *charge,
                 const struct u256 *face_value, const struct fault *refusal)
{
    struct journal_entry entry = {
        .time_ms = clock_utc(&signer->clock),
        .method = wish->method,
        .refused = refusal != NULL,
        .hash = *hash,
    };
    if (refusal != NULL) {
        entry.rule = refusal->rule != NULL ? refusal->rule : "policy";
        signer->counters.refusals++;
    } else {
        entry.face_value = *face_value;
        entry.fund_deposit = charge->fund_deposit;
        entry.fee = charge->fee;
        signer->counters.signatures++;
    }
    journal_add(&signer->journal, &entry);
}

/* One hold of the ledger for charge and entry: the journal's order is the budget's. */
static bool enter(struct call *call, const struct wish *wish, const struct hash32 *hash, const struct charge *charge,
                  bool allowed)
{
    struct signer *signer = call->signer;
    struct u256 face_value = u256_of(0);
    signer_lock_ledger(signer);
    if (allowed && signer->holding.policy != NULL) {
        face_value = budget_new_face_value(&signer->budget, charge);
        allowed = budget_charge(&signer->budget, charge, clock_now(&signer->clock), call->why);
    }
    if (allowed || call->why->code == FAULT_POLICY)
        tell(signer, wish, hash, charge, &face_value, allowed ? NULL : call->why);
    signer_unlock_ledger(signer);
    return allowed;
}

bool gate_sign(struct call *call, const struct wish *wish, struct signature *signature)
{
    struct hash32 digest, told;
    struct charge charge = { 0 };
    if (!hash_of(call, wish, &digest, &told))
        return false;
    const bool allowed = judge(call, wish, &charge);
    if (!enter(call, wish, &told, &charge, allowed))
        return false;
    return key_slot_sign(call->signer->slot, &digest, signature, call->why);
}
