/* What may be called on the TicketBroker: calldata by eth-abi and eth-account, and each way to get it wrong. */
#include "policy_text.h"
#include "vectors.h"

#include "core/policy/ticket_broker.h"

static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };

static struct policy policy;
static uint8_t arena_bytes[1 << 18];

struct verdict {
    bool passed;
    struct charge charge;
    struct fault why;
};

static struct verdict judge(struct bytes data, uint64_t value, size_t arena_len)
{
    struct arena arena = arena_of(arena_bytes, arena_len);
    struct verdict verdict = { 0 };
    const struct tx tx = {
        .has_chain_id = true,
        .chain_id = policy.chain_id,
        .has_to = true,
        .to = policy.ticket_broker,
        .value = u256_of(value),
        .data = data,
    };
    verdict.passed = ticket_broker_judge(&policy, &SIGNER, &tx, &arena, &verdict.charge, &verdict.why);
    return verdict;
}

static void selectors_are_the_hash_of_their_signatures(void)
{
    CHECK(broker_function_count == 5);
    for (size_t i = 0; i < broker_function_count; i++) {
        const struct hash32 hash = keccak256(bytes_of_text(broker_functions[i].signature));
        CHECK_ROW(broker_functions[i].signature, memcmp(hash.bytes, broker_functions[i].selector, 4) == 0);
    }
}

static void rule_12_calldata_passes_or_is_refused_for_its_one_fault(void)
{
    static struct vector_file vectors;
    static uint8_t data[VECTOR_LINE_MAX];
    policy_plain(&policy);
    for (vector_open(&vectors, "policy/calls.txt"); vector_next(&vectors, 3);) {
        char name[64], want[256];
        snprintf(name, sizeof name, "%.*s", (int)vectors.column[0].len, vectors.column[0].data);
        snprintf(want, sizeof want, "%.*s", (int)vectors.column[1].len, vectors.column[1].data);
        for (char *c = want; *c != '\0'; c++)
            *c = *c == '\t' ? ' ' : *c;
        const struct bytes call = vector_hex(vectors.column[2], data, sizeof data);
        const struct verdict verdict = judge(call, 0, sizeof arena_bytes);
        if (strcmp(want, "ok") == 0) {
            CHECK_ROW(name, verdict.passed && verdict.charge.ticket_count >= 1);
            if (!verdict.passed)
                fprintf(stderr, "%s: %s\n", name, verdict.why.text);
            const struct verdict paid = judge(call, 1, sizeof arena_bytes);
            CHECK_ROW(name, !paid.passed && strcmp(paid.why.rule, "tx_value") == 0 &&
                                strstr(paid.why.text, "redeem tx.value must be 0") != NULL);
            CHECK_ROW(name, judge(call, 0, 64).why.code == FAULT_LIMIT);
        } else {
            CHECK_ROW(name, !verdict.passed && verdict.why.code == FAULT_POLICY && verdict.why.rule != NULL &&
                                text_begins(&verdict.why, want));
        }
    }
}

/* Every way to cut a good call short, and every single bit of it turned: never accepted for what it was. */
static void no_changed_call_passes(void)
{
    static struct vector_file vectors;
    static uint8_t data[VECTOR_LINE_MAX];
    policy_plain(&policy);
    vector_open(&vectors, "policy/calls.txt");
    CHECK(vector_next(&vectors, 3));
    const struct bytes call = vector_hex(vectors.column[2], data, sizeof data);
    fclose(vectors.file);
    CHECK(call.len == 548 && judge(call, 0, sizeof arena_bytes).passed);
    for (size_t len = 0; len < call.len; len++)
        CHECK(!judge((struct bytes){ call.data, len }, 0, sizeof arena_bytes).passed);
    for (size_t bit = 0; bit < 8 * call.len; bit++) {
        /* recipientRand is the contract's to judge */
        if (bit / 8 >= 4 + 64 && bit / 8 < 4 + 96)
            continue;
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!judge(call, 0, sizeof arena_bytes).passed);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void tickets_are_charged_by_hash_and_face_value(void)
{
    static struct vector_file vectors;
    static uint8_t data[VECTOR_LINE_MAX];
    bool seen = false;
    policy_plain(&policy);
    for (vector_open(&vectors, "policy/calls.txt"); vector_next(&vectors, 3);) {
        if (!bytes_equal(vectors.column[0], BYTES_LIT("batch-of-20-at-the-largest-sum")))
            continue;
        const struct u256 each = u256_of(UINT64_C(10000000000000000));
        const struct verdict verdict = judge(vector_hex(vectors.column[2], data, sizeof data), 0, sizeof arena_bytes);
        seen = true;
        CHECK(verdict.passed && verdict.charge.ticket_count == 20 && u256_is_zero(&verdict.charge.fund_deposit));
        for (size_t i = 0; verdict.passed && i < 20; i++) {
            CHECK(u256_compare(&verdict.charge.tickets[i].face_value, &each) == 0);
            for (size_t j = 0; j < i; j++)
                CHECK(!hash32_equal(&verdict.charge.tickets[i].ticket_hash, &verdict.charge.tickets[j].ticket_hash));
        }
    }
    CHECK(seen);
}

static void a_batch_over_the_maximum_is_refused_by_its_count(void)
{
    static uint8_t data[POLICY_BATCH_MAX * 600];
    struct writer out = writer_of(data, 4 + 128);
    policy_plain(&policy);
    writer_be(&out, 0xd01b808e, 4);
    for (size_t i = 0; i < 4; i++) {
        writer_put(&out, (struct bytes){ (const uint8_t[24]){ 0 }, 24 });
        writer_be(&out, i == 0 ? 96 : i == 3 ? POLICY_BATCH_MAX + 1 : 0, 8);
    }
    const struct verdict verdict = judge(BYTES_OF(data), 0, sizeof arena_bytes);
    CHECK(!verdict.passed && verdict.why.code == FAULT_POLICY && strstr(verdict.why.text, "a batch of 257 tickets"));
}

#define CALL(text) BYTES_INIT(text)
static const struct {
    const char *key, *value; /* of the policy */
    struct bytes data;
    uint64_t tx_value;
    const char *rule, *text; /* NULL: passes */
} plain_calls[] = {
    { "version", "1", CALL("\x6c\xaa\x73\x6b"), 1, NULL, NULL },
    { "version", "1", CALL("\x6c\xaa\x73\x6b"), 100000000000000000, NULL, NULL },
    { "version", "1", CALL("\x6c\xaa\x73\x6b"), 100000000000000001, "max_fund_deposit_wei",
      "fundDeposit tx.value exceeds policy max (got 100000000000000001, allowed 100000000000000000)" },
    { "max_fund_deposit_wei", "\"unlimited\"", CALL("\x6c\xaa\x73\x6b"), 1000000000000000000, NULL, NULL },
    { "version", "1", CALL("\x6c\xaa\x73\x6b"), 0, "tx_value", "fundDeposit tx.value must be > 0" },
    { "version", "1", CALL("\x6c\xaa\x73\x6b\0"), 1, "calldata", "fundDeposit calldata must be its selector alone" },
    { "allow_fund_deposit", "false", CALL("\x6c\xaa\x73\x6b"), 1, "allow_fund_deposit",
      "fundDeposit not allowed by policy" },
    { "version", "1", CALL(""), 1, "calldata", "tx.data missing selector (got 0 bytes" },
    { "version", "1", CALL("\x6c\xaa\x73"), 1, "calldata", "tx.data missing selector (got 3 bytes" },
    { "version", "1", CALL("\xde\xad\xbe\xef"), 0, "calldata",
      "tx.data selector not allowed by policy (got 0xdeadbeef, allowed fundDeposit" },
    { "version", "1", CALL("\xa6\x9d\xf4\xb5"), 0, "allow_withdraw",
      "tx.data selector not allowed by policy (got unlock(), and allow_withdraw is false)" },
    { "version", "1", CALL("\x3c\xcf\xd6\x0b"), 0, "allow_withdraw",
      "tx.data selector not allowed by policy (got withdraw()" },
    /* functions of the contract that have no row: fundReserve, fundDepositAndReserve, cancelUnlock */
    { "version", "1", CALL("\x6f\x9c\x3c\x8f"), 1, "calldata", "tx.data selector not allowed by policy" },
    { "version", "1", CALL("\x51\x1f\x40\x73"), 1, "calldata", "tx.data selector not allowed by policy" },
    { "version", "1", CALL("\xc2\xc4\xc2\xc8"), 0, "calldata", "tx.data selector not allowed by policy" },
};

static void rule_05_only_calls_that_have_a_row_pass(void)
{
    for (size_t i = 0; i < sizeof plain_calls / sizeof *plain_calls; i++) {
        policy_with(&policy, plain_calls[i].key, plain_calls[i].value);
        const struct verdict verdict = judge(plain_calls[i].data, plain_calls[i].tx_value, sizeof arena_bytes);
        const char *name = plain_calls[i].text != NULL ? plain_calls[i].text : "passes";
        const struct u256 value = u256_of(plain_calls[i].tx_value);
        if (plain_calls[i].text == NULL)
            CHECK_ROW(name, verdict.passed && u256_compare(&verdict.charge.fund_deposit, &value) == 0);
        else
            CHECK_ROW(name, !verdict.passed && verdict.why.code == FAULT_POLICY &&
                                strcmp(verdict.why.rule, plain_calls[i].rule) == 0 &&
                                text_begins(&verdict.why, plain_calls[i].text));
    }
}

static void unlock_and_withdraw_take_no_value_and_no_arguments(void)
{
    static const struct bytes calls[] = { CALL("\xa6\x9d\xf4\xb5\0"), CALL("\x3c\xcf\xd6\x0b\0") };
    policy_with(&policy, "allow_fund_deposit", "false");
    policy.allow_withdraw = true;
    for (size_t i = 0; i < 2; i++) {
        const struct bytes selector = { calls[i].data, 4 };
        CHECK(judge(selector, 0, sizeof arena_bytes).passed);
        CHECK(strcmp(judge(selector, 1, sizeof arena_bytes).why.rule, "tx_value") == 0);
        CHECK(strcmp(judge(calls[i], 0, sizeof arena_bytes).why.rule, "calldata") == 0);
    }
}

/* An allow-list that is required and empty is refused when read; should one come about, nothing passes. */
static void an_empty_required_allowlist_allows_nobody(void)
{
    static struct vector_file vectors;
    static uint8_t data[VECTOR_LINE_MAX];
    policy_plain(&policy);
    policy.recipient_count = 0;
    vector_open(&vectors, "policy/calls.txt");
    CHECK(vector_next(&vectors, 3));
    const struct verdict verdict = judge(vector_hex(vectors.column[2], data, sizeof data), 0, sizeof arena_bytes);
    fclose(vectors.file);
    CHECK(!verdict.passed && strcmp(verdict.why.rule, "require_allowlist") == 0 &&
          text_begins(&verdict.why, "policy requires allowlist but none configured"));
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    ecdsa_start(seed);
    selectors_are_the_hash_of_their_signatures();
    rule_12_calldata_passes_or_is_refused_for_its_one_fault();
    no_changed_call_passes();
    tickets_are_charged_by_hash_and_face_value();
    a_batch_over_the_maximum_is_refused_by_its_count();
    rule_05_only_calls_that_have_a_row_pass();
    unlock_and_withdraw_take_no_value_and_no_arguments();
    an_empty_required_allowlist_allows_nobody();
    return failures != 0;
}
