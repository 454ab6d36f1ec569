#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signer_state.h"

/* With the read lock held. */
static bool put_policy(struct call *call)
{
    struct hash32 digest;
    struct bytes canonical;
    const struct policy *policy = signer_policy(call->signer, &digest);
    if (policy == NULL) {
        json_key(call->result, "policy");
        json_put_null(call->result);
        json_key(call->result, "policy_sha256");
        json_put_null(call->result);
        return true;
    }
    struct writer out = arena_writer(call->arena);
    policy_put(&out, policy);
    if (!arena_keep(call->arena, &out, &canonical))
        return fault_set(call->why, FAULT_LIMIT, "the policy is too long for an answer");
    json_key(call->result, "policy");
    json_put_json(call->result, (struct json){ canonical });
    json_key(call->result, "policy_sha256");
    json_put_digest(call->result, BYTES_OF(digest.bytes));
    return true;
}

bool method_policy(struct call *call)
{
    static const char *const known[] = { NULL };
    if (!params_only(call, known))
        return false;
    signer_read_lock(call->signer);
    const bool done = put_policy(call);
    signer_unlock(call->signer);
    return done;
}
