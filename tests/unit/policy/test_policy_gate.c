/* The one gate: order, rules and texts, and what each signature is charged. */
#include "policy_text.h"
#include "vectors.h"

#include "core/eth/address.h"

static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };
static const struct address TREASURY = { { 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77,
                                           0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77 } };
#define TREASURY_JSON "\"0x7777777777777777777777777777777777777777\""

static struct policy policy;
static uint8_t arena_bytes[1 << 16];

struct verdict {
    bool passed;
    struct charge charge;
    struct fault why;
};

static bool refused_by(const struct verdict *verdict, const char *rule, const char *text)
{
    return !verdict->passed && verdict->why.code == FAULT_POLICY && verdict->why.rule != NULL &&
           strcmp(verdict->why.rule, rule) == 0 && text_begins(&verdict->why, text);
}

/* A deposit of 1 wei, 250,000 gas at 0.1 gwei. */
static struct tx plain_tx(void)
{
    static const uint8_t fund_deposit[4] = { 0x6c, 0xaa, 0x73, 0x6b };
    return (struct tx){
        .type = TX_LEGACY,
        .has_chain_id = true,
        .chain_id = policy.chain_id,
        .nonce = 7,
        .gas = 250000,
        .max_fee_per_gas = u256_of(100000000),
        .has_to = true,
        .to = policy.ticket_broker,
        .value = u256_of(1),
        .data = BYTES_OF(fund_deposit),
    };
}

static struct verdict judge_tx(const struct tx *tx)
{
    struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
    struct verdict verdict = { 0 };
    verdict.passed = policy_judge_tx(&policy, &(struct policy_signer){ .address = SIGNER }, tx, &arena, &verdict.charge,
                                     &verdict.why);
    return verdict;
}

static struct verdict judge_message(struct bytes message, const struct ticket *ticket)
{
    struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
    struct verdict verdict = { 0 };
    verdict.passed = policy_judge_message(&policy, &SIGNER, message, ticket, &arena, &verdict.charge, &verdict.why);
    return verdict;
}

static struct verdict judge_ticket(const struct ticket *ticket)
{
    struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
    struct verdict verdict = { 0 };
    verdict.passed = policy_judge_ticket(&policy, &SIGNER, ticket, &arena, &verdict.charge, &verdict.why);
    return verdict;
}

static void a_transaction_is_charged_its_whole_fee_and_its_deposit(void)
{
    policy_plain(&policy);
    const struct tx tx = plain_tx();
    const struct verdict verdict = judge_tx(&tx);
    const struct u256 fee = u256_of(UINT64_C(25000000000000)), deposit = u256_of(1);
    CHECK(verdict.passed && verdict.charge.ticket_count == 0);
    CHECK(u256_compare(&verdict.charge.fee, &fee) == 0 && u256_compare(&verdict.charge.fund_deposit, &deposit) == 0);
}

static void the_chain_must_be_the_policys(void)
{
    struct verdict verdict;
    policy_plain(&policy);
    struct tx tx = plain_tx();
    tx.chain_id = u256_of(1);
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "chain_id", "chainId mismatch (got 1, expected 42161)"));
    /* a legacy transaction without chain id is valid everywhere */
    tx = plain_tx();
    tx.has_chain_id = false;
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "chain_id", "chainId mismatch (got 0, expected 42161)"));
}

static void rule_07_types_that_buy_blobs_or_hand_the_account_to_code_are_refused(void)
{
    static const enum tx_type types[] = { TX_LEGACY, TX_EIP2930, TX_EIP1559, TX_EIP4844, TX_EIP7702 };
    policy_plain(&policy);
    for (size_t i = 0; i < 5; i++) {
        struct tx tx = plain_tx();
        tx.type = types[i];
        const struct verdict verdict = judge_tx(&tx);
        if (types[i] <= TX_EIP1559)
            CHECK(verdict.passed);
        else
            CHECK(refused_by(&verdict, "transaction_type", "transaction type not allowed by policy (got "));
    }
}

static void the_destination_is_the_broker_or_the_treasury(void)
{
    struct verdict verdict;
    policy_plain(&policy);
    struct tx tx = plain_tx();
    tx.has_to = false;
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "tx_to", "tx.to must be a 0x address"));

    tx = plain_tx();
    tx.to = TREASURY;
    tx.data = (struct bytes){ 0 };
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "ticket_broker",
                     "tx.to not allowed (got 0x7777777777777777777777777777777777777777, expected "
                     "0xa8bb618b1520e284046f3dfc448851a1ff26e41b)"));

    policy_with(&policy, "treasury", TREASURY_JSON);
    tx.value = U256_MAX;
    verdict = judge_tx(&tx);
    CHECK(verdict.passed && u256_is_zero(&verdict.charge.fund_deposit) && !u256_is_zero(&verdict.charge.fee));
    tx.data = BYTES_LIT("\x6c\xaa\x73\x6b");
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "treasury", "a transfer to the treasury must have no data (got 4 bytes)"));
    tx.to.bytes[0] = 0x78;
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "ticket_broker", "tx.to not allowed (got 0x78") &&
          strstr(verdict.why.text, " or the treasury 0x7777") != NULL);
}

static void rule_07_gas_and_fees_are_capped(void)
{
    struct verdict verdict;
    policy_plain(&policy);
    struct tx tx = plain_tx();
    tx.gas = 3000000;
    CHECK(judge_tx(&tx).passed);
    tx.gas = 3000001;
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "max_gas", "tx.gas exceeds policy max (got 3000001, allowed 3000000)"));

    tx = plain_tx();
    tx.max_fee_per_gas = u256_of(40000000000); /* 250,000 gas at 40 gwei: 0.01 ETH */
    CHECK(judge_tx(&tx).passed);
    tx.max_fee_per_gas = u256_of(40000000001);
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "max_tx_fee_wei",
                     "gas times fee per gas exceeds policy max (got 10000000000250000, allowed 10000000000000000)"));
    tx.max_fee_per_gas = U256_MAX;
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "max_tx_fee_wei", "gas times fee per gas exceeds policy max"));

    policy_with(&policy, "max_fee_per_gas_wei", "100000000");
    tx = plain_tx();
    CHECK(judge_tx(&tx).passed);
    tx.max_fee_per_gas = u256_of(100000001);
    verdict = judge_tx(&tx);
    CHECK(refused_by(&verdict, "max_fee_per_gas_wei",
                     "fee per gas exceeds policy max (got 100000001, allowed 100000000)"));
}

static void without_a_policy_everything_passes_and_nothing_is_charged(void)
{
    struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
    struct charge charge = { .ticket_count = 1, .fee = U256_MAX };
    struct fault why;
    const struct tx creation = { .type = TX_EIP7702, .value = U256_MAX };
    const struct ticket ticket = { .face_value = U256_MAX };
    CHECK(policy_judge_tx(NULL, &(struct policy_signer){ .address = SIGNER }, &creation, &arena, &charge, &why));
    CHECK(charge.ticket_count == 0 && u256_is_zero(&charge.fee));
    charge.ticket_count = 1;
    CHECK(policy_judge_ticket(NULL, &SIGNER, &ticket, &arena, &charge, &why) && charge.ticket_count == 0);
    charge.ticket_count = 1;
    CHECK(policy_judge_message(NULL, &SIGNER, BYTES_LIT("anything"), NULL, &arena, &charge, &why));
    CHECK(charge.ticket_count == 0);
    CHECK(policy_judge_typed_data(NULL, &why));
}

static struct ticket plain_ticket(void)
{
    struct ticket ticket = { .sender = SIGNER, .face_value = u256_of(1000), .win_prob = U256_MAX };
    ticket.recipient = policy.recipients[0];
    return ticket;
}

static void rule_06_tickets_are_judged_by_their_fields(void)
{
    struct verdict verdict;
    policy_plain(&policy);
    struct ticket ticket = plain_ticket();
    const struct hash32 hash = ticket_hash(&ticket);
    verdict = judge_ticket(&ticket);
    CHECK(verdict.passed && verdict.charge.ticket_count == 1 && u256_is_zero(&verdict.charge.fee));
    CHECK(verdict.passed && hash32_equal(&verdict.charge.tickets[0].ticket_hash, &hash) &&
          u256_compare(&verdict.charge.tickets[0].face_value, &ticket.face_value) == 0);

    ticket.recipient.bytes[19] ^= 1;
    verdict = judge_ticket(&ticket);
    CHECK(refused_by(&verdict, "allowed_recipients",
                     "ticket.recipient not in allowlist (got 0x2222222222222222222222222222222222222223"));
    ticket = plain_ticket();
    ticket.sender.bytes[0] ^= 1;
    verdict = judge_ticket(&ticket);
    CHECK(refused_by(&verdict, "ticket_sender", "ticket.sender mismatch (got 0x18e7e376"));
    ticket = plain_ticket();
    ticket.face_value = u256_of(50000000000000000);
    CHECK(judge_ticket(&ticket).passed);
    ticket.face_value = u256_of(50000000000000001);
    verdict = judge_ticket(&ticket);
    CHECK(refused_by(&verdict, "max_face_value_wei",
                     "ticket.faceValue exceeds policy max (got 50000000000000001, allowed 50000000000000000)"));

    /* no list and none required: anybody */
    policy_with(&policy, "require_allowlist", "false");
    ticket = plain_ticket();
    ticket.recipient.bytes[19] ^= 1;
    CHECK(!judge_ticket(&ticket).passed); /* a list that is there holds although it is not required */
    policy.recipient_count = 0;
    CHECK(judge_ticket(&ticket).passed);
}

static void rule_06_messages_pass_only_as_tickets(void)
{
    struct verdict verdict;
    policy_plain(&policy);
    struct ticket ticket = plain_ticket();
    const struct hash32 hash = ticket_hash(&ticket);
    const struct bytes message = BYTES_OF(hash.bytes);

    verdict = judge_message(message, &ticket);
    CHECK(verdict.passed && verdict.charge.ticket_count == 1);

    static const struct bytes others[] = { BYTES_INIT(""), BYTES_INIT("x"),
                                           BYTES_INIT("0123456789abcdef0123456789abcdef"),
                                           BYTES_INIT("0123456789abcdef0123456789abcdef0") };
    for (size_t i = 0; i < 4; i++) {
        verdict = judge_message(others[i], NULL);
        CHECK(refused_by(&verdict, "messages", "message not allowed by policy (got "));
        CHECK(strstr(verdict.why.text, "sign_ticket") != NULL);
    }
    verdict = judge_message(message, NULL);
    CHECK(refused_by(&verdict, "messages", "message not allowed by policy (got 32 bytes and no ticket"));

    struct ticket other = ticket;
    other.sender_nonce = u256_of(1);
    verdict = judge_message(message, &other);
    CHECK(!verdict.passed && verdict.why.code == FAULT_INPUT &&
          text_begins(&verdict.why, "message_hash is not the hash of the ticket beside it (the ticket's is 0x") &&
          strcspn(strstr(verdict.why.text, "0x") + 2, ")") == 64);
    verdict = judge_message((struct bytes){ message.data, 31 }, &ticket);
    CHECK(!verdict.passed && verdict.why.code == FAULT_INPUT);

    ticket.recipient.bytes[0] ^= 1;
    const struct hash32 unlisted = ticket_hash(&ticket);
    verdict = judge_message(BYTES_OF(unlisted.bytes), &ticket);
    CHECK(refused_by(&verdict, "allowed_recipients", "ticket.recipient not in allowlist"));
}

static void messages_any_signs_blindly_but_still_judges_a_ticket_that_is_given(void)
{
    struct verdict verdict;
    policy_with(&policy, "messages", "\"any\"");
    verdict = judge_message(BYTES_LIT("0123456789abcdef0123456789abcdef"), NULL);
    CHECK(verdict.passed && verdict.charge.ticket_count == 0);
    struct ticket ticket = plain_ticket();
    struct hash32 hash = ticket_hash(&ticket);
    verdict = judge_message(BYTES_OF(hash.bytes), &ticket);
    CHECK(verdict.passed && verdict.charge.ticket_count == 1);
    ticket.recipient.bytes[0] ^= 1;
    hash = ticket_hash(&ticket);
    verdict = judge_message(BYTES_OF(hash.bytes), &ticket);
    CHECK(refused_by(&verdict, "allowed_recipients", "ticket.recipient not in allowlist"));
}

static void messages_none_signs_no_message_and_no_ticket(void)
{
    struct verdict verdict;
    policy_with(&policy, "messages", "\"none\"");
    const struct ticket ticket = plain_ticket();
    const struct hash32 hash = ticket_hash(&ticket);
    verdict = judge_message(BYTES_LIT("x"), NULL);
    CHECK(refused_by(&verdict, "messages", "message not allowed by policy (got 1 bytes, and messages is \"none\")"));
    verdict = judge_message(BYTES_OF(hash.bytes), &ticket);
    CHECK(refused_by(&verdict, "messages", "message not allowed by policy (got a ticket"));
    verdict = judge_ticket(&ticket);
    CHECK(refused_by(&verdict, "messages", "message not allowed by policy (got a ticket"));
}

static void typed_data_has_its_own_key(void)
{
    struct fault why;
    policy_with(&policy, "messages", "\"any\"");
    CHECK(!policy_judge_typed_data(&policy, &why) && strcmp(why.rule, "typed_data") == 0 && why.code == FAULT_POLICY);
    policy_with(&policy, "typed_data", "\"any\"");
    CHECK(policy_judge_typed_data(&policy, &why));
}

static void an_arena_without_room_is_said_so(void)
{
    struct arena arena = arena_of(arena_bytes, 8);
    struct charge charge = { .ticket_count = 5 };
    struct fault why;
    policy_plain(&policy);
    const struct ticket ticket = plain_ticket();
    CHECK(!policy_judge_ticket(&policy, &SIGNER, &ticket, &arena, &charge, &why) && why.code == FAULT_LIMIT);
    CHECK(charge.ticket_count == 5); /* untouched */
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    ecdsa_start(seed);
    a_transaction_is_charged_its_whole_fee_and_its_deposit();
    the_chain_must_be_the_policys();
    rule_07_types_that_buy_blobs_or_hand_the_account_to_code_are_refused();
    the_destination_is_the_broker_or_the_treasury();
    rule_07_gas_and_fees_are_capped();
    without_a_policy_everything_passes_and_nothing_is_charged();
    rule_06_tickets_are_judged_by_their_fields();
    rule_06_messages_pass_only_as_tickets();
    messages_any_signs_blindly_but_still_judges_a_ticket_that_is_given();
    messages_none_signs_no_message_and_no_ticket();
    typed_data_has_its_own_key();
    an_arena_without_room_is_said_so();
    return failures != 0;
}
