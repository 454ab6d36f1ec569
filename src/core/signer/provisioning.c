#include "core/signer/provisioning.h"

#include "core/base/text.h"
#include "core/eth/address.h"
#include "core/signer/params.h"

#include <string.h>

/* What KMS gave, checked, before it is stored. */
struct found {
    struct secret_text plaintext;
    struct unseal_answer answer;
    struct address address;
};

static void found_wipe(struct found *found)
{
    wipe(found, sizeof *found);
}
#define WIPED_FOUND __attribute__((cleanup(found_wipe)))

/* The key kept ready, or one made now when the last was used a moment ago. */
static bool take_recipient(struct signer *signer, struct rsa_key *recipient, struct fault *why)
{
    signer_lock_desk(signer);
    *recipient = signer->next_recipient;
    signer->next_recipient = (struct rsa_key){ 0 };
    signer_unlock_desk(signer);
    return recipient->pkey != NULL || rsa_key_make(recipient, why);
}

static bool ask(struct call *call, const struct plan *plan, struct found *found)
{
    const struct outside *outside = call->signer->outside;
    const struct unseal_order order = {
        .region = plan->region,
        .proxy_port = plan->proxy_port,
        .credentials = &plan->credentials,
        .key_id = plan->key_id,
        .key_is_pinned = call->signer->settings->kms_key[0] != '\0',
        .algorithm = plan->algorithm,
        .context = plan->context,
        .deadline_ms = outside->monotonic_ms(outside->context) + PROVISIONING_DEADLINE_MS,
    };
    struct rsa_key recipient;
    if (!take_recipient(call->signer, &recipient, call->why))
        return false;
    const bool done = plan->generates ? unseal_generate(outside, &order, &recipient, call->arena, &found->plaintext,
                                                        &found->answer, call->why)
                                      : unseal_decrypt(outside, &order, plan->ciphertext, &recipient, call->arena,
                                                       &found->plaintext, &found->answer, call->why);
    rsa_key_wipe(&recipient);
    return done;
}

static bool check(struct call *call, const struct plan *plan, struct found *found)
{
    const size_t arn_len = strlen(found->answer.key_arn);
    if (arn_len > SETTINGS_KMS_KEY_MAX)
        return fault_set(call->why, FAULT_LIMIT,
                         "the KMS key's ARN does not fit attestation documents (got %zu characters, allowed %d)",
                         arn_len, SETTINGS_KMS_KEY_MAX);
    if (!key_slot_try(&found->plaintext, &found->address, call->why))
        return false;
    const struct address_text ours = address_eip55(&found->address);
    if (plan->expected_address.len > 0 && !text_equal_nocase(plan->expected_address, bytes_of_text(ours.text)))
        return fault_set(call->why, FAULT_INPUT, "address mismatch: got %s, expected %s", ours.text,
                         params_bare_value(plan->expected_address).text);
    return true;
}

/* With both locks held. The same policy keeps its budget; another one starts from nothing and fills at its rate, since
 * otherwise going from policy to policy and back would refill a budget. */
static void carry_budget(struct signer *signer, const struct plan *plan, uint64_t now_ms)
{
    if (plan->policy == NULL || (signer->has_budget && hash32_equal(&signer->budget_digest, &plan->policy_digest)))
        return;
    budget_start(&signer->budget, plan->policy, now_ms);
    if (signer->has_budget)
        signer->budget.starts_empty = true;
    signer->has_budget = true;
    signer->budget_digest = plan->policy_digest;
}

static uint64_t lease_end(const struct signer *signer, uint64_t now_ms)
{
    const uint64_t seconds = signer->settings->lease_seconds;
    return seconds == 0 ? 0 : now_ms + 1000 * seconds;
}

/* With the write lock held. */
static void store(struct signer *signer, const struct plan *plan, const struct found *found, uint64_t now_ms)
{
    struct holding *holding = &signer->holding;
    const struct bytes ciphertext =
        plan->generates ? (struct bytes){ found->answer.ciphertext, found->answer.ciphertext_len } : plan->ciphertext;
    struct fault why;
    struct address address;
    must(ciphertext.len <= sizeof holding->ciphertext);
    must(key_slot_store(signer->slot, &found->plaintext, &address, &why)); /* tried before */
    *holding = (struct holding){
        .provisioned = true,
        .policy = plan->policy,
        .policy_digest = plan->policy_digest,
        .policy_bound = plan->policy_bound,
        .policy_provisioned = plan->policy_provisioned,
        .origin = plan->generates ? KEY_GENERATED : KEY_IMPORTED,
        .lease_ends_ms = lease_end(signer, now_ms),
        .ciphertext_len = ciphertext.len,
        .ciphertext_sha256 = sha256(ciphertext),
    };
    memcpy(holding->ciphertext, ciphertext.data, ciphertext.len);
    memcpy(holding->kms_key, found->answer.key_arn, strlen(found->answer.key_arn) + 1);
    signer_lock_ledger(signer);
    carry_budget(signer, plan, now_ms);
    signer_unlock_ledger(signer);
}

/* With the write lock held. Nothing else writes to `holding` meanwhile but the end of a lease. */
static bool commit(struct call *call, const struct plan *plan, const struct found *found, uint64_t *lease_ends_ms)
{
    struct signer *signer = call->signer;
    /* First, so that the document that asks for a renewal cannot itself be from after the lease's end. */
    clock_tell(&signer->clock, found->answer.utc_ms, found->answer.monotonic_ms);
    if (signer_lease_is_over(signer))
        return fault_set(call->why, FAULT_STATE,
                         "signer not provisioned (its lease ended while KMS was being asked: start the program again)");
    const uint64_t now_ms = clock_now(&signer->clock);
    if (!plan->renews)
        store(signer, plan, found, now_ms);
    else if (!address_equal(&found->address, key_slot_address(signer->slot)))
        return fault_set(call->why, FAULT_STATE,
                         "signer already provisioned (KMS opened the ciphertext to another key)");
    else
        signer->holding.lease_ends_ms = lease_end(signer, now_ms);
    *lease_ends_ms = signer->holding.lease_ends_ms;
    return true;
}

static void put_answer(struct call *call, const struct plan *plan, const struct found *found, uint64_t lease_ends_ms)
{
    struct json_writer *json = call->result;
    json_key(json, "address");
    json_put_text(json, address_eip55(&found->address).text);
    if (plan->generates) {
        json_key(json, "ciphertext_b64");
        json_put_base64(json, (struct bytes){ found->answer.ciphertext, found->answer.ciphertext_len });
        json_key(json, "key_id");
        json_put_string(json, plan->key_id);
        json_key(json, "key_spec");
        json_put_text(json, "AES-256");
    }
    if (lease_ends_ms != 0) {
        json_key(json, "lease_expires");
        json_put_uint(json, lease_ends_ms / 1000);
    }
    if (plan->policy != NULL) {
        json_key(json, "policy_bound");
        json_put_bool(json, plan->policy_bound);
        json_key(json, "policy_sha256");
        json_put_digest(json, BYTES_OF(plan->policy_digest.bytes));
    }
    if (plan->notes.count > 0) {
        json_key(json, "warnings");
        notes_put(&plan->notes, json);
    }
}

/* An open signer with no policy answers with the original's bytes: what is to be said of it stands in `status`. */
static void take_notes(struct call *call, struct plan *plan)
{
    const struct settings *settings = call->signer->settings;
    if (plan->policy != NULL || settings->trust_roots_len > 0)
        notes_add_standing(&plan->notes, settings, plan->policy);
    if (plan->replaces && plan->policy != NULL)
        notes_add(&plan->notes, "a policy other than the last one begins with an empty budget that fills at its rate");
}

static bool provision(struct call *call, bool generates)
{
    WIPED_PLAN struct plan plan = { 0 };
    WIPED_FOUND struct found found = { 0 };
    uint64_t lease_ends_ms = 0;
    if (!plan_read(call, generates, &plan) || !ask(call, &plan, &found) || !check(call, &plan, &found))
        return false;
    signer_write_lock(call->signer);
    const bool stored = commit(call, &plan, &found, &lease_ends_ms);
    signer_unlock(call->signer);
    if (!stored)
        return false;
    take_notes(call, &plan);
    put_answer(call, &plan, &found, lease_ends_ms);
    return true;
}

bool provisioning_run(struct call *call, bool generates)
{
    struct signer *signer = call->signer;
    signer_lock_desk(signer);
    const bool busy = signer->provisioning;
    signer->provisioning = true;
    signer_unlock_desk(signer);
    if (busy)
        return fault_set(call->why, FAULT_STATE, "another provisioning is under way: wait for its answer");

    const bool done = provision(call, generates);
    signer_lock_desk(signer);
    signer->provisioning = false;
    signer_unlock_desk(signer);
    return done;
}
