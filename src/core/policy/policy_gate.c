/* The one gate. */
#include "core/base/text.h"
#include "core/policy/policy.h"
#include "core/policy/ticket_broker.h"
#include "core/policy/ticket_rules.h"

static bool chain_is_ours(const struct policy *policy, const struct tx *tx, struct fault *why)
{
    /* legacy without EIP-155 is valid on every chain; the original counts it as chain 0 */
    const struct u256 chain_id = tx->has_chain_id ? tx->chain_id : u256_of(0);
    return u256_compare(&chain_id, &policy->chain_id) == 0 ||
           fault_refuse(why, "chain_id", "chainId mismatch (got %s, expected %s)", u256_text(&chain_id).text,
                        u256_text(&policy->chain_id).text);
}

/* 4844 buys blobs and 7702 hands the account to code: neither has a use here that a rule could bound. */
static bool type_is_allowed(const struct tx *tx, struct fault *why)
{
    return tx->type == TX_LEGACY || tx->type == TX_EIP2930 || tx->type == TX_EIP1559 ||
           fault_refuse(why, "transaction_type",
                        "transaction type not allowed by policy (got %d, %s; allowed 0, 1 and 2)", (int)tx->type,
                        tx_type_name(tx->type));
}

static bool is_to_treasury(const struct policy *policy, const struct tx *tx)
{
    return policy->has_treasury && address_equal(&tx->to, &policy->treasury);
}

static bool destination_is_allowed(const struct policy *policy, const struct tx *tx, struct fault *why)
{
    if (!tx->has_to)
        return fault_refuse(why, "tx_to", "tx.to must be a 0x address (got none, which creates a contract)");
    if (address_equal(&tx->to, &policy->ticket_broker) || is_to_treasury(policy, tx))
        return true;
    return fault_refuse(why, "ticket_broker", "tx.to not allowed (got %s, expected %s)%s%s",
                        address_lower(&tx->to).text, address_lower(&policy->ticket_broker).text,
                        policy->has_treasury ? " or the treasury " : "",
                        policy->has_treasury ? address_lower(&policy->treasury).text : "");
}

static bool is_within(const struct limit *max, const char *rule, const char *what, const struct u256 *found,
                      struct fault *why)
{
    return max->unlimited || u256_compare(found, &max->value) <= 0 ||
           fault_refuse(why, rule, "%s exceeds policy max (got %s, allowed %s)", what, u256_text(found).text,
                        u256_text(&max->value).text);
}

static bool fees_are_allowed(const struct policy *policy, const struct tx *tx, struct u256 *fee, struct fault *why)
{
    const struct u256 gas = u256_of(tx->gas);
    *fee = tx_max_fee(tx);
    return is_within(&policy->max_gas, "max_gas", "tx.gas", &gas, why) &&
           is_within(&policy->max_fee_per_gas, "max_fee_per_gas_wei", "fee per gas", &tx->max_fee_per_gas, why) &&
           is_within(&policy->max_tx_fee, "max_tx_fee_wei", "gas times fee per gas", fee, why);
}

static bool is_plain_transfer(const struct tx *tx, struct fault *why)
{
    return tx->data.len == 0 ||
           fault_refuse(why, "treasury", "a transfer to the treasury must have no data (got %zu bytes)", tx->data.len);
}

bool policy_judge_tx(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                     struct arena *arena, struct charge *charge, struct fault *why)
{
    struct charge taken = { 0 };
    if (policy != NULL) {
        if (!chain_is_ours(policy, tx, why) || !type_is_allowed(tx, why) || !destination_is_allowed(policy, tx, why) ||
            !fees_are_allowed(policy, tx, &taken.fee, why))
            return false;
        if (is_to_treasury(policy, tx) ? !is_plain_transfer(tx, why)
                                       : !ticket_broker_judge(policy, signer, tx, arena, &taken, why))
            return false;
    }
    *charge = taken;
    return true;
}

bool policy_judge_ticket(const struct policy *policy, const struct address *signer, const struct ticket *ticket,
                         struct arena *arena, struct charge *charge, struct fault *why)
{
    struct charge taken = { 0 };
    if (policy != NULL) {
        if (policy->messages == MESSAGES_NONE)
            return fault_refuse(why, "messages",
                                "message not allowed by policy (got a ticket, and messages is \"none\")");
        if (!ticket_rules_allow(policy, signer, ticket, why))
            return false;
        struct ticket_charge *charged = (void *)arena_take(arena, sizeof *charged);
        if (charged == NULL)
            return fault_set(why, FAULT_LIMIT, "no room for a ticket");
        *charged = (struct ticket_charge){ ticket_hash(ticket), ticket->face_value };
        taken.tickets = charged;
        taken.ticket_count = 1;
    }
    *charge = taken;
    return true;
}

static bool ticket_is_the_message(const struct ticket *ticket, struct bytes message, struct fault *why)
{
    const struct hash32 hash = ticket_hash(ticket);
    char text[2 * sizeof hash.bytes + 1] = { 0 };
    struct writer out = writer_of((uint8_t *)text, sizeof text - 1);
    text_put_hex(&out, BYTES_OF(hash.bytes));
    return bytes_equal(message, BYTES_OF(hash.bytes)) ||
           fault_set(why, FAULT_INPUT, "message_hash is not the hash of the ticket beside it (the ticket's is 0x%s)",
                     text);
}

bool policy_judge_message(const struct policy *policy, const struct address *signer, struct bytes message,
                          const struct ticket *ticket, struct arena *arena, struct charge *charge, struct fault *why)
{
    if (ticket != NULL)
        return ticket_is_the_message(ticket, message, why) &&
               policy_judge_ticket(policy, signer, ticket, arena, charge, why);
    if (policy != NULL && policy->messages == MESSAGES_NONE)
        return fault_refuse(why, "messages", "message not allowed by policy (got %zu bytes, and messages is \"none\")",
                            message.len);
    if (policy != NULL && policy->messages == MESSAGES_TICKETS)
        return fault_refuse(
            why, "messages",
            "message not allowed by policy (got %zu bytes and no ticket, and messages is \"tickets\"): a "
            "32-byte message may be the hash of a ticket to anybody, so send the ticket's fields beside "
            "it as `ticket`, or call sign_ticket; for messages signed blindly the policy must say "
            "messages \"any\"",
            message.len);
    *charge = (struct charge){ 0 };
    return true;
}

bool policy_judge_typed_data(const struct policy *policy, struct fault *why)
{
    return policy == NULL || policy->typed_data == TYPED_DATA_ANY ||
           fault_refuse(why, "typed_data", "typed data not allowed by policy (typed_data is \"none\")");
}
