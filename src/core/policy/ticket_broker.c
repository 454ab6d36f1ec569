#include "core/policy/ticket_broker.h"

#include <stdio.h>
#include <string.h>

#include "core/eth/message.h"
#include "core/policy/redeem_call.h"
#include "core/policy/ticket_rules.h"

#define TICKET_TUPLE "(address,address,uint256,uint256,uint256,bytes32,bytes)"

static bool has_no_arguments(const char *function, const struct reader *arguments, struct fault *why)
{
    return reader_done(arguments) ||
           fault_refuse(why, "calldata", "%s calldata must be its selector alone (got %zu bytes more)", function,
                        arguments->rest.len);
}

static bool has_no_value(const char *function, const struct tx *tx, struct fault *why)
{
    return u256_is_zero(&tx->value) ||
           fault_refuse(why, "tx_value", "%s tx.value must be 0 (got %s)", function, u256_text(&tx->value).text);
}

static bool judge_fund_deposit(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                               struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why)
{
    (void)signer;
    (void)arena;
    const struct limit *max = &policy->max_fund_deposit;
    if (!policy->allow_fund_deposit)
        return fault_refuse(why, "allow_fund_deposit", "fundDeposit not allowed by policy");
    if (u256_is_zero(&tx->value))
        return fault_refuse(why, "tx_value", "fundDeposit tx.value must be > 0");
    if (!max->unlimited && u256_compare(&tx->value, &max->value) > 0)
        return fault_refuse(why, "max_fund_deposit_wei", "fundDeposit tx.value exceeds policy max (got %s, allowed %s)",
                            u256_text(&tx->value).text, u256_text(&max->value).text);
    charge->fund_deposit = tx->value;
    return has_no_arguments("fundDeposit", &arguments, why);
}

/* Says which ticket of a batch it was. */
static bool name_ticket(struct fault *why, size_t at, size_t count)
{
    const size_t len = strlen(why->text);
    if (count > 1)
        (void)snprintf(why->text + len, sizeof why->text - len, " in ticket %zu of %zu", at + 1, count);
    return false;
}

static bool total_is_allowed(const struct policy *policy, const struct redeem_call *call, struct fault *why)
{
    const struct limit *max = &policy->max_total_face_value;
    struct u256 sum = u256_of(0);
    bool counted = true;
    for (size_t i = 0; i < call->count; i++)
        counted = counted && u256_add(&sum, &call->tickets[i].face_value, &sum);
    return max->unlimited || (counted && u256_compare(&sum, &max->value) <= 0) ||
           fault_refuse(why, "max_total_face_value_wei", "batch faceValue sum exceeds policy max (got %s, allowed %s)",
                        counted ? u256_text(&sum).text : "2^256 or more", u256_text(&max->value).text);
}

/* signature_read takes v 0 and 1 too, which the contract does not. */
static bool read_signature(const struct ticket_signature *bytes, struct signature *signature)
{
    return bytes->bytes[TICKET_SIGNATURE - 1] >= 27 && signature_read(BYTES_OF(bytes->bytes), signature);
}

/* Recovered where it cannot be compared, not verified: with the other parity it verifies all the same, and the contract
 * recovers another address. */
static bool is_signed_by(const struct policy_signer *signer, const struct hash32 *ticket_hash,
                         const struct ticket_signature *bytes, struct fault *why)
{
    const struct hash32 digest = message_hash(BYTES_OF(ticket_hash->bytes));
    struct signature signature = { 0 };
    struct address by;
    const bool is_read = read_signature(bytes, &signature);
    if (is_read && signer->made != NULL && signer->made(signer->context, &digest, &signature))
        return true;
    if (!is_read || !ecdsa_recover(&signature, &digest, &by))
        return fault_refuse(why, "ticket_signature",
                            "ticket signature is none (wanted r, s in the lower half, and v 27 or 28, by %s)",
                            address_lower(&signer->address).text);
    return address_equal(&by, &signer->address) ||
           fault_refuse(why, "ticket_signature", "ticket signature mismatch (got one by %s, allowed %s)",
                        address_lower(&by).text, address_lower(&signer->address).text);
}

/* The contract pays whoever shows a ticket signed by its sender, from any account; but a transaction that cannot
 * succeed only burns its fee, so a ticket that we did not sign is refused here. Dearer than all other rules, so last.
 */
static bool tickets_are_signed_by(const struct policy_signer *signer, const struct redeem_call *call,
                                  const struct ticket_charge *charges, struct fault *why)
{
    for (size_t i = 0; i < call->count; i++)
        if (!is_signed_by(signer, &charges[i].ticket_hash, &call->signatures[i], why))
            return name_ticket(why, i, call->count);
    return true;
}

static bool charge_tickets(const struct policy_signer *signer, const struct redeem_call *call, struct arena *arena,
                           struct charge *charge, struct fault *why)
{
    struct ticket_charge *charges = (void *)arena_take(arena, call->count * sizeof *charges);
    if (charges == NULL)
        return fault_set(why, FAULT_LIMIT, "no room for %zu tickets", call->count);
    for (size_t i = 0; i < call->count; i++)
        charges[i] = (struct ticket_charge){ ticket_hash(&call->tickets[i]), call->tickets[i].face_value };
    charge->tickets = charges;
    charge->ticket_count = call->count;
    return tickets_are_signed_by(signer, call, charges, why);
}

static bool tickets_are_allowed(const struct policy *policy, const struct address *signer,
                                const struct redeem_call *call, struct fault *why)
{
    for (size_t i = 0; i < call->count; i++)
        if (!ticket_rules_allow(policy, signer, &call->tickets[i], why))
            return name_ticket(why, i, call->count);
    return true;
}

static bool judge_redeem(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                         struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why)
{
    struct redeem_call call;
    return has_no_value("redeem", tx, why) && redeem_call_read(arguments, arena, &call, why) &&
           tickets_are_allowed(policy, &signer->address, &call, why) &&
           charge_tickets(signer, &call, arena, charge, why);
}

static bool judge_batch_redeem(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                               struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why)
{
    struct redeem_call call;
    return has_no_value("batch redeem", tx, why) && redeem_call_read_batch(arguments, arena, &call, why) &&
           tickets_are_allowed(policy, &signer->address, &call, why) && total_is_allowed(policy, &call, why) &&
           charge_tickets(signer, &call, arena, charge, why);
}

static bool judge_withdrawal(const char *function, const struct policy *policy, const struct tx *tx,
                             const struct reader *arguments, struct fault *why)
{
    if (!policy->allow_withdraw)
        return fault_refuse(why, "allow_withdraw",
                            "tx.data selector not allowed by policy (got %s(), and allow_withdraw is false)", function);
    return has_no_value(function, tx, why) && has_no_arguments(function, arguments, why);
}

static bool judge_unlock(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                         struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why)
{
    (void)signer;
    (void)arena;
    (void)charge;
    return judge_withdrawal("unlock", policy, tx, &arguments, why);
}

static bool judge_withdraw(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                           struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why)
{
    (void)signer;
    (void)arena;
    (void)charge;
    return judge_withdrawal("withdraw", policy, tx, &arguments, why);
}

/* clang-format off */
const struct broker_function broker_functions[] = {
    { { 0x6c, 0xaa, 0x73, 0x6b }, "fundDeposit()",                                                              judge_fund_deposit },
    { { 0xec, 0x8b, 0x3c, 0xb6 }, "redeemWinningTicket(" TICKET_TUPLE ",bytes,uint256)",                        judge_redeem },
    { { 0xd0, 0x1b, 0x80, 0x8e }, "batchRedeemWinningTickets(" TICKET_TUPLE "[],bytes[],uint256[])",            judge_batch_redeem },
    { { 0xa6, 0x9d, 0xf4, 0xb5 }, "unlock()",                                                                   judge_unlock },
    { { 0x3c, 0xcf, 0xd6, 0x0b }, "withdraw()",                                                                 judge_withdraw },
};
/* clang-format on */
const size_t broker_function_count = sizeof broker_functions / sizeof *broker_functions;

bool ticket_broker_judge(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                         struct arena *arena, struct charge *charge, struct fault *why)
{
    struct reader in = reader_of(tx->data);
    const struct bytes selector = reader_take(&in, sizeof broker_functions->selector);
    if (in.failed)
        return fault_refuse(why, "calldata", "tx.data missing selector (got %zu bytes, wanted 4 at least)",
                            tx->data.len);
    for (size_t i = 0; i < broker_function_count; i++)
        if (bytes_equal(selector, BYTES_OF(broker_functions[i].selector)))
            return broker_functions[i].judge(policy, signer, tx, in, arena, charge, why);
    return fault_refuse(why, "calldata",
                        "tx.data selector not allowed by policy (got 0x%02x%02x%02x%02x, allowed fundDeposit, "
                        "redeemWinningTicket, batchRedeemWinningTickets, and with allow_withdraw unlock and withdraw)",
                        selector.data[0], selector.data[1], selector.data[2], selector.data[3]);
}
