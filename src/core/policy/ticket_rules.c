#include "core/policy/ticket_rules.h"

#include "core/policy/allowlist.h"

static bool sender_is_us(const struct address *signer, const struct ticket *ticket, struct fault *why)
{
    return address_equal(&ticket->sender, signer) ||
           fault_refuse(why, "ticket_sender", "ticket.sender mismatch (got %s, allowed %s)",
                        address_lower(&ticket->sender).text, address_lower(signer).text);
}

static bool recipient_is_listed(const struct policy *policy, const struct ticket *ticket, struct fault *why)
{
    if (policy->recipient_count == 0)
        return !policy->require_allowlist ||
               fault_refuse(why, "require_allowlist", "policy requires allowlist but none configured");
    return allowlist_has(policy->recipients, policy->recipient_count, &ticket->recipient) ||
           fault_refuse(why, "allowed_recipients",
                        "ticket.recipient not in allowlist (got %s, allowed %zu in allowed_recipients)",
                        address_lower(&ticket->recipient).text, policy->recipient_count);
}

static bool face_value_is_allowed(const struct policy *policy, const struct ticket *ticket, struct fault *why)
{
    const struct limit *max = &policy->max_face_value;
    return max->unlimited || u256_compare(&ticket->face_value, &max->value) <= 0 ||
           fault_refuse(why, "max_face_value_wei", "ticket.faceValue exceeds policy max (got %s, allowed %s)",
                        u256_text(&ticket->face_value).text, u256_text(&max->value).text);
}

bool ticket_rules_allow(const struct policy *policy, const struct address *signer, const struct ticket *ticket,
                        struct fault *why)
{
    return sender_is_us(signer, ticket, why) && recipient_is_listed(policy, ticket, why) &&
           face_value_is_allowed(policy, ticket, why);
}
