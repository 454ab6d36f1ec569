#include "core/signer/signer.h"

#include "core/signer/methods.h"
#include "core/signer/signer_state.h"

size_t signer_size(void)
{
    return sizeof(struct signer);
}

static void start_curve(const struct outside *outside)
{
    WIPED struct secret32 seed;
    if (ecdsa_is_started())
        return;
    outside->random(outside->context, seed.bytes, sizeof seed.bytes);
    ecdsa_start(seed.bytes);
}

struct signer *signer_start(void *memory, const struct settings *settings, const struct outside *outside, void *page,
                            size_t page_len, const char *version)
{
    must((uintptr_t)memory % _Alignof(struct signer) == 0);
    struct signer *signer = memory;
    signer->settings = settings;
    signer->outside = outside;
    signer->version = version;
    if (settings->has_policy)
        signer->settings_policy_digest = policy_digest(&settings->policy);
    start_curve(outside);
    clock_start(&signer->clock, outside);
    /* Writers first: signers that follow each other without a gap must not keep a renewal or the end of a lease out. */
    signer->lock = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
    must(pthread_mutex_init(&signer->ledger, NULL) == 0);
    must(pthread_mutex_init(&signer->desk, NULL) == 0);
    signer->slot = key_slot_place(page, page_len);
    return signer;
}

const struct policy *signer_policy(const struct signer *signer, struct hash32 *digest)
{
    if (signer->holding.provisioned) {
        *digest = signer->holding.policy_digest;
        return signer->holding.policy;
    }
    *digest = signer->settings_policy_digest;
    return signer->settings->has_policy ? &signer->settings->policy : NULL;
}

bool signer_lease_is_over(struct signer *signer)
{
    const struct holding *holding = &signer->holding;
    return holding->lease_ended || (holding->lease_ends_ms != 0 && clock_now(&signer->clock) >= holding->lease_ends_ms);
}

bool signer_is_provisioned(struct signer *signer)
{
    signer_read_lock(signer);
    const bool provisioned = signer->holding.provisioned;
    signer_unlock(signer);
    return provisioned;
}

bool signer_lease_ended(struct signer *signer)
{
    signer_read_lock(signer);
    const bool ended = signer->holding.lease_ended, over = signer_lease_is_over(signer);
    signer_unlock(signer);
    if (ended || !over)
        return ended;

    signer_write_lock(signer);
    /* Asked again: a renewal may have come in between. */
    const bool still_over = signer_lease_is_over(signer);
    if (still_over) {
        key_slot_wipe(signer->slot);
        wipe(&signer->holding, sizeof signer->holding);
        signer->holding.lease_ended = true;
    }
    signer_unlock(signer);
    return still_over;
}

void signer_put_fault(struct writer *answer, const struct fault *why)
{
    struct json_writer json = json_writer_of(answer);
    json_begin_object(&json);
    json_key(&json, "error");
    json_begin_object(&json);
    json_key(&json, "code");
    json_put_text(&json, fault_code_name(why->code));
    json_key(&json, "message");
    json_put_text(&json, why->text);
    json_end_object(&json);
    json_end_object(&json);
}

static bool read_request(struct bytes request, const struct method **method, struct json *params, struct fault *why)
{
    struct json body;
    if (!json_read(request, &body, why))
        return false;
    if (json_kind(body) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "payload must be an object (got %s)", json_kind_name(json_kind(body)));
    *method = method_find(json_member(body, BYTES_LIT("method")));
    if (*method == NULL)
        return fault_set(why, FAULT_INPUT, "unknown method");
    *params = json_member(body, BYTES_LIT("params"));
    if (json_kind(*params) != JSON_OBJECT)
        *params = (struct json){ 0 };
    return true;
}

/* Methods that need the key run under the read lock from this check to the end of the signature. */
static bool run_with_key(const struct method *method, struct call *call)
{
    struct signer *signer = call->signer;
    bool done;
    signer_read_lock(signer);
    if (signer_lease_is_over(signer))
        done = fault_set(call->why, FAULT_STATE, "signer not provisioned (its lease has ended, and the key is wiped)");
    else if (!signer->holding.provisioned)
        done = fault_set(call->why, FAULT_STATE, "signer not provisioned");
    else
        done = method->run(call);
    signer_unlock(signer);
    return done;
}

static bool run(const struct method *method, struct json params, struct signer *signer, struct arena *arena,
                struct writer *answer, struct fault *why)
{
    struct json_writer json = json_writer_of(answer);
    struct call call = { .signer = signer, .params = params, .arena = arena, .result = &json, .why = why };
    struct bytes written;
    json_begin_object(&json);
    json_key(&json, "result");
    json_begin_object(&json);
    if (!(method->needs == NEEDS_KEY ? run_with_key(method, &call) : method->run(&call)))
        return false;
    json_end_object(&json);
    json_end_object(&json);
    return writer_done(answer, &written) || fault_set(why, FAULT_LIMIT, "the answer would be too long");
}

enum signer_turn signer_answer(struct signer *signer, struct bytes request, enum signer_pace pace, struct arena *arena,
                               struct writer *answer)
{
    const struct writer before = *answer;
    struct fault why = { 0 };
    const struct method *method;
    struct json params;
    bool done = read_request(request, &method, &params, &why);
    if (done && method->pace > pace)
        return method->pace == SIGNER_MAY_WAIT ? SIGNER_WAITS : SIGNER_IS_SLOW;

    signer_lock_ledger(signer);
    signer->counters.requests++;
    signer_unlock_ledger(signer);
    done = done && run(method, params, signer, arena, answer, &why);
    if (!done) {
        *answer = before;
        signer_put_fault(answer, &why);
    }
    arena_wipe(arena);
    return SIGNER_ANSWERED;
}
