/* The loose ends of a policy, told to whoever provisions it. */
#include "core/policy/policy.h"

static void add(struct policy_warnings *warnings, bool applies, const char *text)
{
    if (!applies)
        return;
    must(warnings->count < POLICY_WARNINGS_MAX);
    warnings->texts[warnings->count++] = text;
}

static void add_for_messages(struct policy_warnings *warnings, const struct policy *policy)
{
    add(warnings, policy->messages == MESSAGES_TICKETS,
        "messages is \"tickets\": an unmodified backend, which has 32-byte hashes signed blindly, cannot have its "
        "tickets "
        "signed until messages is \"any\" (--messages any); but with \"any\", whoever reaches this signer can have a "
        "ticket to any recipient signed and redeem it for the whole deposit and reserve, whatever the other keys say");
    add(warnings, policy->messages == MESSAGES_ANY,
        "messages is \"any\": any message is signed blindly, so whoever reaches this signer can have a ticket to any "
        "recipient signed and redeem it for the whole deposit and reserve; allowed_recipients, require_allowlist, "
        "max_face_value_wei and max_total_face_value_wei, and the budget's face value, are worth nothing against that, "
        "and a signature once given cannot be recalled");
    add(warnings, policy->typed_data == TYPED_DATA_ANY,
        "typed_data is \"any\": permits, orders and logins for any contract are signed, and no other key bounds them");
}

static void add_for_tickets(struct policy_warnings *warnings, const struct policy *policy)
{
    add(warnings, policy->recipient_count == 0 && !policy->require_allowlist,
        "allowed_recipients is empty: tickets to anybody are signed");
    add(warnings, policy->max_face_value.unlimited,
        "max_face_value_wei is \"unlimited\": a single ticket may be worth the whole deposit and reserve");
    add(warnings, policy->max_total_face_value.unlimited,
        "max_total_face_value_wei is \"unlimited\": a batch is bounded by its number of tickets alone");
    add(warnings, policy->budget.max_face_value.unlimited,
        "budget.max_face_value_wei is \"unlimited\": any number of tickets is signed in any time");
}

static void add_for_transactions(struct policy_warnings *warnings, const struct policy *policy)
{
    add(warnings, policy->allow_fund_deposit && policy->max_fund_deposit.unlimited,
        "max_fund_deposit_wei is \"unlimited\": one deposit may move all that the address holds into the contract");
    add(warnings, policy->allow_fund_deposit && policy->budget.max_fund_deposit.unlimited,
        "budget.max_fund_deposit_wei is \"unlimited\": deposits may follow one another until the address is empty");
    add(warnings, policy->allow_withdraw,
        "allow_withdraw is true: unlock() and withdraw() are signed, and while an unlock has run out no ticket is "
        "paid");
    add(warnings, policy->has_treasury, "treasury is set: transfers of any amount to that address are signed");
    add(warnings, policy->max_tx_fee.unlimited && policy->max_gas.unlimited,
        "max_gas and max_tx_fee_wei are \"unlimited\": a transaction may burn all that the address holds");
    add(warnings, policy->max_tx_fee.unlimited && policy->max_fee_per_gas.unlimited,
        "max_fee_per_gas_wei and max_tx_fee_wei are \"unlimited\": a transaction may burn all that the address holds");
    add(warnings, policy->budget.max_fee.unlimited,
        "budget.max_fee_wei is \"unlimited\": transactions may follow one another until fees have emptied the address");
}

void policy_warnings(const struct policy *policy, struct policy_warnings *warnings)
{
    *warnings = (struct policy_warnings){ 0 };
    add(warnings, policy == NULL, "no policy: every message and every transaction that anybody asks for is signed");
    if (policy == NULL)
        return;
    add_for_messages(warnings, policy);
    add_for_tickets(warnings, policy);
    add_for_transactions(warnings, policy);
    const bool has_budget = !policy->budget.max_face_value.unlimited || !policy->budget.max_fund_deposit.unlimited ||
                            !policy->budget.max_fee.unlimited;
    add(warnings, has_budget && !policy->budget.starts_empty,
        "budget.start is \"full\": the budget is counted in this enclave since its start, so every restart, and every "
        "further enclave, has a whole budget again (\"empty\" makes it fill at its rate instead)");
}
