#include "core/eth/address.h"
#include "core/signer/methods.h"
#include "core/signer/notes.h"
#include "core/signer/params.h"
#include "core/signer/signer_state.h"

#include <stdio.h>

static void put_digest_or_null(struct json_writer *json, const char *key, bool present, const struct hash32 *digest)
{
    json_key(json, key);
    if (present)
        json_put_digest(json, BYTES_OF(digest->bytes));
    else
        json_put_null(json);
}

static void put_text_or_null(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    if (text != NULL && text[0] != '\0')
        json_put_text(json, text);
    else
        json_put_null(json);
}

static void put_limit(struct json_writer *json, const char *key, const struct limit *limit)
{
    json_key(json, key);
    if (limit->unlimited)
        json_put_text(json, "unlimited");
    else
        json_put_u256_string(json, &limit->value);
}

/* With lock and ledger held. */
static void put_budget(struct json_writer *json, struct signer *signer)
{
    json_key(json, "budget_left");
    if (!signer->holding.provisioned || signer->holding.policy == NULL) {
        json_put_null(json);
        return;
    }
    const struct budget_left left = budget_left(&signer->budget, clock_now(&signer->clock));
    json_begin_object(json);
    put_limit(json, "max_face_value_wei", &left.face_value);
    put_limit(json, "max_fee_wei", &left.fee);
    put_limit(json, "max_fund_deposit_wei", &left.fund_deposit);
    json_key(json, "window_seconds");
    json_put_uint(json, signer->holding.policy->budget.window_seconds);
    json_end_object(json);
}

/* With the ledger held. */
static void put_counters(struct json_writer *json, const struct signer *signer)
{
    json_key(json, "counters");
    json_begin_object(json);
    json_key(json, "refusals");
    json_put_uint(json, signer->counters.refusals);
    json_key(json, "requests");
    json_put_uint(json, signer->counters.requests);
    json_key(json, "signatures");
    json_put_uint(json, signer->counters.signatures);
    json_end_object(json);
}

static void put_journal(struct json_writer *json, const struct journal *journal)
{
    json_key(json, "journal");
    json_begin_object(json);
    json_key(json, "head");
    json_put_digest(json, BYTES_OF(journal->head.bytes));
    json_key(json, "last");
    json_put_uint(json, journal->last_seq);
    json_end_object(json);
}

static void put_lease(struct json_writer *json, struct signer *signer)
{
    const uint64_t ends_ms = signer->holding.lease_ends_ms, now_ms = clock_now(&signer->clock);
    json_key(json, "lease");
    if (ends_ms == 0) {
        json_put_null(json);
        return;
    }
    json_begin_object(json);
    json_key(json, "expires");
    json_put_uint(json, ends_ms / 1000);
    json_key(json, "seconds_left");
    json_put_uint(json, ends_ms > now_ms ? (ends_ms - now_ms) / 1000 : 0);
    json_end_object(json);
}

static bool is_zeroes(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] != 0)
            return false;
    return true;
}

static void put_pcr(struct json_writer *json, const struct nsm_facts *nsm, size_t index)
{
    const struct bytes pcr = { nsm->pcrs[index], nsm->pcr_len[index] };
    char name[8];
    /* 0 to 4 and 8 have a meaning; of the others only those that were written to tell anything. */
    if (pcr.len == 0 || (index > 4 && index != 8 && is_zeroes(pcr)))
        return;
    (void)snprintf(name, sizeof name, "PCR%zu", index);
    json_key(json, name);
    json_put_digest(json, pcr);
}

/* Keys sorted as text: PCR1, PCR10, PCR11 … PCR2. */
static void put_pcrs(struct json_writer *json, const struct nsm_facts *nsm)
{
    json_begin_object(json);
    for (size_t first = 0; first < 10; first++) {
        put_pcr(json, nsm, first);
        for (size_t second = 0; first > 0 && second < 10; second++)
            if (10 * first + second < NSM_PCR_COUNT)
                put_pcr(json, nsm, 10 * first + second);
    }
    json_end_object(json);
}

/* With the desk held. */
static void put_nsm(struct json_writer *json, const struct nsm_facts *nsm)
{
    json_key(json, "nsm");
    if (!nsm->known) {
        json_put_null(json);
        return;
    }
    json_begin_object(json);
    json_key(json, "module_id");
    json_put_string(json, (struct bytes){ (const uint8_t *)nsm->module_id, nsm->module_id_len });
    json_key(json, "pcrs");
    put_pcrs(json, nsm);
    json_end_object(json);
}

static const char *origin_name(const struct holding *holding)
{
    if (!holding->provisioned)
        return NULL;
    return holding->origin == KEY_GENERATED ? "generated" : "imported";
}

/* With all three held; keys in the order of the alphabet. */
static void put_status(struct json_writer *json, struct signer *signer)
{
    const struct settings *settings = signer->settings;
    const struct holding *holding = &signer->holding;
    const uint64_t utc_ms = clock_utc(&signer->clock);
    struct hash32 digest;
    const struct policy *policy = signer_policy(signer, &digest);
    struct notes notes = { 0 };

    put_text_or_null(json, "address", holding->provisioned ? address_eip55(key_slot_address(signer->slot)).text : NULL);
    put_budget(json, signer);
    put_counters(json, signer);
    json_key(json, "insecure");
    json_put_bool(json, holding->insecure);
    put_journal(json, &signer->journal);
    put_text_or_null(json, "key_origin", origin_name(holding));
    put_text_or_null(json, "kms_key", holding->kms_key);
    put_text_or_null(json, "kms_key_pinned", settings->kms_key);
    put_lease(json, signer);
    put_text_or_null(json, "mode", settings->mode == MODE_STRICT ? "strict" : "open");
    put_nsm(json, &signer->nsm);
    json_key(json, "policy_bound");
    json_put_bool(json, holding->policy_bound);
    put_digest_or_null(json, "policy_sha256", policy != NULL, &digest);
    json_key(json, "provisioned");
    json_put_bool(json, holding->provisioned);
    json_key(json, "public_key");
    if (holding->provisioned)
        json_put_hex(json, key_slot_public(signer->slot));
    else
        json_put_null(json);
    json_key(json, "ready_to_provision");
    json_put_bool(json, signer->next_recipient.pkey != NULL && !signer->provisioning);
    put_digest_or_null(json, "sealed_sha256", holding->ciphertext_len > 0, &holding->ciphertext_sha256);
    json_key(json, "time_ms");
    if (utc_ms != 0)
        json_put_uint(json, utc_ms);
    else
        json_put_null(json);
    put_text_or_null(json, "trust_roots", settings->trust_roots_len > 0 ? "custom" : "amazon");
    put_text_or_null(json, "version", signer->version);
    json_key(json, "warnings");
    notes_add_standing(&notes, settings, policy);
    if (holding->insecure)
        notes_add(&notes, "the key came from a file (insecure key): this build is for wiring tests");
    notes_put(&notes, json);
}

bool method_status(struct call *call)
{
    static const char *const known[] = { NULL };
    struct signer *signer = call->signer;
    if (!params_only(call, known))
        return false;
    signer_read_lock(signer);
    signer_lock_ledger(signer);
    signer_lock_desk(signer);
    put_status(call->result, signer);
    signer_unlock_desk(signer);
    signer_unlock_ledger(signer);
    signer_unlock(signer);
    return true;
}
