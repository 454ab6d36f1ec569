#include "parent/policy_explain.h"

#include "parent/eth_amount.h"

#include <stdarg.h>
#include <stdio.h>

static void say(struct sentences *sentences, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sentences *sentences, const char *format, ...)
{
    va_list args;
    must(sentences->count < SENTENCES_MAX);
    va_start(args, format);
    (void)vsnprintf(sentences->texts[sentences->count++], SENTENCE_MAX, format, args);
    va_end(args);
}

struct amount {
    char text[ETH_AMOUNT_TEXT_MAX + 16];
};

/* "at most 0.05 ETH", or "of any amount". */
static struct amount at_most(const struct limit *limit)
{
    struct amount amount;
    if (limit->unlimited)
        (void)snprintf(amount.text, sizeof amount.text, "any amount");
    else
        (void)snprintf(amount.text, sizeof amount.text, "at most %s", eth_amount_text(&limit->value).text);
    return amount;
}

static void say_tickets(const struct policy *policy, struct sentences *sentences)
{
    char who[96];
    if (policy->recipient_count == 0 && !policy->require_allowlist)
        (void)snprintf(who, sizeof who, "to anybody");
    else
        (void)snprintf(who, sizeof who, "to %zu listed recipient%s", policy->recipient_count,
                       policy->recipient_count == 1 ? "" : "s");
    say(sentences, "Tickets %s, each with a face value of %s.", who, at_most(&policy->max_face_value).text);
    say(sentences,
        "redeemWinningTicket and batchRedeemWinningTickets of such tickets, which this signer's own key must "
        "have signed; together in one batch %s.",
        at_most(&policy->max_total_face_value).text);
}

static void say_transfers(const struct policy *policy, struct sentences *sentences)
{
    if (policy->allow_fund_deposit)
        say(sentences, "fundDeposit() of %s each.", at_most(&policy->max_fund_deposit).text);
    if (policy->allow_withdraw)
        say(sentences, "unlock() and withdraw(): the whole deposit and reserve back to this address.");
    if (policy->has_treasury)
        say(sentences, "Plain transfers of any amount to the treasury %s.", address_eip55(&policy->treasury).text);
}

static void say_fees(const struct policy *policy, struct sentences *sentences)
{
    struct u256_text gas = { "any number" };
    if (!policy->max_gas.unlimited)
        gas = u256_text(&policy->max_gas.value);
    say(sentences, "For each transaction: gas up to %s, a fee per gas of %s, and a fee in all of %s.", gas.text,
        at_most(&policy->max_fee_per_gas).text, at_most(&policy->max_tx_fee).text);
}

static void say_messages(const struct policy *policy, struct sentences *sentences)
{
    switch (policy->messages) {
    case MESSAGES_TICKETS:
        say(sentences, "Messages (EIP-191): tickets alone, given by their fields or with the ticket beside its hash.");
        break;
    case MESSAGES_ANY:
        say(sentences,
            "Messages (EIP-191): any at all, blindly. A message of 32 bytes can be a ticket to anybody of any "
            "face value, so the rules for tickets bind nobody who can ask for messages.");
        break;
    case MESSAGES_NONE:
        say(sentences, "Messages (EIP-191): none, and so no tickets are signed either.");
        break;
    }
    if (policy->typed_data == TYPED_DATA_ANY)
        say(sentences, "Typed data (EIP-712): any at all; permits and orders of other contracts among them.");
    else
        say(sentences, "Typed data (EIP-712): none.");
}

void policy_explain_allowed(const struct policy *policy, struct sentences *sentences)
{
    const unsigned long long window = (unsigned long long)policy->budget.window_seconds;
    sentences->count = 0;
    say(sentences,
        "Transactions on chain %s only, of types 0, 1 and 2, to the TicketBroker at %s%s, and there only what "
        "follows; everything else is refused.",
        u256_text(&policy->chain_id).text, address_eip55(&policy->ticket_broker).text,
        policy->has_treasury ? " or the treasury" : "");
    say_tickets(policy, sentences);
    say_transfers(policy, sentences);
    say_fees(policy, sentences);
    say_messages(policy, sentences);
    say(sentences,
        "In any %llu seconds: face value of %s, deposits of %s, fees of %s. Face value is charged when a ticket "
        "is signed, once, and never given back.",
        window, at_most(&policy->budget.max_face_value).text, at_most(&policy->budget.max_fund_deposit).text,
        at_most(&policy->budget.max_fee).text);
}

void policy_explain_unbounded(const struct policy *policy, struct sentences *sentences)
{
    struct policy_warnings warnings;
    sentences->count = 0;
    policy_warnings(policy, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        say(sentences, "%s.", warnings.texts[i]);
    say(sentences,
        "The budget bounds a compromised client, not root on the parent: each enclave counts by itself, since "
        "its own start, and root can run several or restart one%s.",
        policy->budget.starts_empty ? "; since it starts empty and fills at its rate, a restart gains nothing" : "");
    say(sentences,
        "It binds an enclave that was given it. That no other enclave and no other policy opens this key is the "
        "KMS key policy's work: conditions on the image (kms:RecipientAttestation:PCR0) and on this digest "
        "(kms:EncryptionContext:ensign-policy-sha256). Whoever may change that policy can take the key.");
    say(sentences,
        "What was signed before cannot be recalled: transactions with later nonces, tickets not yet redeemed.");
}
