/* Which policy will be in force, and what is welded to the ciphertext. */
#include "core/base/text.h"
#include "core/signer/params.h"
#include "core/signer/provisioning.h"

#include <stdio.h>

static const char *const FLAT_KEYS[] = {
    "chain_id",           "ticket_broker",
    "allowed_recipients", "require_allowlist",
    "allow_fund_deposit", "max_fund_deposit_wei",
    "max_face_value_wei", "max_total_face_value_wei",
    "max_tx_fee_wei",     "messages",
    "typed_data",         NULL,
};

static const char *const KNOWN_KEYS[] = {
    "region",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "proxy_port",
    "key_id",
    "policy",
    "bind_policy",
    "encryption_context",
    /* sent by the original's script, which the original ignored too */
    "credit_reporter",
    "require_credit_signature",
    NULL,
};
static const char *const PROVISION_KEYS[] = { "ciphertext_b64", "encryption_algorithm", "expected_address", NULL };
static const char *const GENERATE_KEYS[] = { "key_spec", NULL };

static bool note(struct call *call, struct plan *plan, struct bytes text)
{
    struct writer out = arena_writer(call->arena);
    struct bytes kept;
    writer_put(&out, text);
    if (!arena_keep(call->arena, &out, &kept))
        return fault_set(call->why, FAULT_LIMIT, "parameters are too long");
    notes_add_bytes(&plan->notes, kept);
    return true;
}

/* A misspelt parameter must not pass in silence, and an old client's extra one must not fail. */
bool plan_note_unknown(struct call *call, struct plan *plan)
{
    enum { NAMED_MAX = 8 };
    struct json_cursor members = json_items(call->params);
    struct json key, value;
    size_t named = 0;
    while (json_next(&members, &key, &value)) {
        if (params_is_known(key, KNOWN_KEYS) || params_is_known(key, FLAT_KEYS) ||
            params_is_known(key, plan->generates ? GENERATE_KEYS : PROVISION_KEYS))
            continue;
        if (++named > NAMED_MAX)
            continue;
        char text[128];
        const struct bytes name = { key.text.data + 1, key.text.len - 2 };
        const int len = snprintf(text, sizeof text, "unknown parameter %s was ignored: check its spelling",
                                 params_show_value(name).text);
        if (!note(call, plan, (struct bytes){ (const uint8_t *)text, (size_t)len }))
            return false;
    }
    if (named > NAMED_MAX)
        notes_add(&plan->notes, "more unknown parameters were ignored");
    return true;
}

static bool any_flat(struct call *call)
{
    for (size_t i = 0; FLAT_KEYS[i] != NULL; i++)
        if (json_kind(params_get(call, FLAT_KEYS[i])) != JSON_NONE)
            return true;
    return false;
}

static bool choose(struct call *call, struct plan *plan)
{
    const struct settings *settings = call->signer->settings;
    const struct json document = params_get(call, "policy");
    const bool has_document = json_kind(document) != JSON_NONE, has_flat = any_flat(call);
    bool given = false;
    if (has_document && has_flat)
        return fault_set(call->why, FAULT_INPUT,
                         "the policy is given twice, as \"policy\" and as flat parameters: give one of them");
    if (settings->has_policy && (has_document || has_flat))
        return fault_refuse(call->why, "settings.policy",
                            "the image's settings hold the policy, and provisioning may not bring another");
    if (settings->has_policy) {
        plan->policy = &settings->policy;
        plan->policy_digest = call->signer->settings_policy_digest;
        return true;
    }
    if (has_document && json_kind(document) != JSON_OBJECT)
        return fault_set(call->why, FAULT_INPUT, "policy must be an object (got %s)",
                         json_kind_name(json_kind(document)));
    if (has_document && !policy_read(document, plan->draft, call->why))
        return false;
    if (has_flat && !policy_read_flat(call->params, plan->draft, &given, call->why))
        return false;
    if (!has_document && !given)
        return true;
    plan->policy = plan->draft;
    plan->policy_digest = policy_digest(plan->draft);
    plan->policy_provisioned = true;
    return true;
}

static bool bind(struct call *call, struct plan *plan)
{
    const bool strict = call->signer->settings->mode == MODE_STRICT;
    plan->policy_bound = strict;
    if (!params_bool(call, "bind_policy", &plan->policy_bound))
        return false;
    if (strict && !plan->policy_bound)
        return fault_refuse(call->why, "settings.mode", "bind_policy may not be false in strict mode");
    if (plan->policy != NULL || !(strict || plan->policy_bound))
        return true;
    if (strict)
        return fault_refuse(call->why, "settings.mode",
                            "strict mode needs a policy: give \"policy\" (or the flat parameters), or put one into the "
                            "image's settings");
    return fault_set(call->why, FAULT_INPUT, "bind_policy needs a policy, and none is given");
}

/* The name begins with ensign-, so nobody but this line can have put it there. */
static bool weld(struct call *call, struct plan *plan)
{
    struct writer out = arena_writer(call->arena);
    struct bytes hex;
    text_put_hex(&out, BYTES_OF(plan->policy_digest.bytes));
    return (arena_keep(call->arena, &out, &hex) && kms_context_add(&plan->context, KMS_POLICY_CONTEXT, hex)) ||
           fault_set(call->why, FAULT_LIMIT, "encryption_context has no room for the policy's digest");
}

/* With an asymmetric KMS key neither context nor policy is part of a ciphertext, and anyone can make one. */
static bool check_algorithm(struct call *call, const struct plan *plan)
{
    const bool held = call->signer->settings->kms_key[0] != '\0' || plan->context.count > 0; /* a weld is context */
    return plan->algorithm == KMS_SYMMETRIC_DEFAULT || !held ||
           fault_set(
               call->why, FAULT_INPUT,
               "encryption_algorithm must be SYMMETRIC_DEFAULT with a bound policy, a pinned key or an encryption "
               "context (got %s)",
               kms_algorithm_name(plan->algorithm));
}

bool plan_read_policy(struct call *call, struct plan *plan)
{
    const struct json context = params_get(call, "encryption_context");
    if (!choose(call, plan) || !bind(call, plan))
        return false;
    if (json_kind(context) != JSON_NONE && !kms_context_from_json(context, call->arena, &plan->context, call->why))
        return false;
    return (!plan->policy_bound || weld(call, plan)) && check_algorithm(call, plan);
}
