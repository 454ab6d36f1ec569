/* What may be called on the TicketBroker: calldata by eth-abi and eth-account, and each way to get it wrong. */
#include "policy_text.h"
#include "vectors.h"

#include "core/eth/message.h"
#include "core/policy/ticket_broker.h"

#include <secp256k1_recovery.h>

static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };
static const struct secret32 KEY = { { 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                       0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                       0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 } };

static struct policy policy;
static struct policy_signer signer;
static unsigned known_as_made;

static bool made(const void *key, const struct hash32 *digest, const struct signature *signature)
{
    const bool is_made = ecdsa_made(key, digest, signature);
    known_as_made += is_made;
    return is_made;
}
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
    verdict.passed = ticket_broker_judge(&policy, &signer, &tx, &arena, &verdict.charge, &verdict.why);
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

/* A row of calls.txt. */
struct call {
    char name[64], verdict[256];
    bool may_withdraw;
    uint64_t value;
    struct bytes data;
};

static struct vector_file vectors;
static uint8_t call_bytes[VECTOR_LINE_MAX];

static bool next_call(struct call *call)
{
    if (!vector_next(&vectors, 5))
        return false;
    const struct bytes *c = vectors.column;
    snprintf(call->name, sizeof call->name, "%.*s", (int)c[0].len, c[0].data);
    snprintf(call->verdict, sizeof call->verdict, "%.*s", (int)c[3].len, c[3].data);
    for (char *at = call->verdict; *at != '\0'; at++)
        *at = *at == '\t' ? ' ' : *at;
    call->may_withdraw = bytes_equal(c[1], BYTES_LIT("withdraw"));
    CHECK_ROW(call->name, call->may_withdraw || bytes_equal(c[1], BYTES_LIT("plain")));
    CHECK_ROW(call->name, text_read_uint(c[2], &call->value));
    call->data = vector_hex(c[4], call_bytes, sizeof call_bytes);
    return true;
}

/* The call of that name, which must be there; the file is closed again. */
static struct call call_named(const char *name)
{
    struct call call = { .name = "" };
    vector_open(&vectors, "policy/calls.txt");
    while (strcmp(call.name, name) != 0 && next_call(&call))
        ;
    CHECK_ROW(name, strcmp(call.name, name) == 0);
    if (strcmp(call.name, name) == 0)
        fclose(vectors.file);
    return call;
}

static void take_policy(bool may_withdraw)
{
    policy_with(&policy, "allow_fund_deposit", may_withdraw ? "false" : "true");
    policy.allow_withdraw = may_withdraw;
}

static bool is_redeem(struct bytes data)
{
    return data.len > 4 && (data.data[0] == 0xec || data.data[0] == 0xd0);
}

static void rule_05_and_12_calls_pass_or_are_refused_for_their_one_fault(void)
{
    struct call call;
    for (vector_open(&vectors, "policy/calls.txt"); next_call(&call);) {
        take_policy(call.may_withdraw);
        const struct verdict verdict = judge(call.data, call.value, sizeof arena_bytes);
        if (strcmp(call.verdict, "ok") != 0) {
            CHECK_ROW(call.name, !verdict.passed && verdict.why.code == FAULT_POLICY && verdict.why.rule != NULL &&
                                     text_begins(&verdict.why, call.verdict));
            continue;
        }
        CHECK_ROW(call.name, verdict.passed);
        if (!verdict.passed)
            fprintf(stderr, "%s: %s\n", call.name, verdict.why.text);
        const struct u256 deposit = u256_of(call.value);
        CHECK_ROW(call.name, u256_compare(&verdict.charge.fund_deposit, &deposit) == 0);
        CHECK_ROW(call.name, (verdict.charge.ticket_count > 0) == is_redeem(call.data));
        if (is_redeem(call.data)) {
            const struct verdict paid = judge(call.data, 1, sizeof arena_bytes);
            CHECK_ROW(call.name, !paid.passed && strcmp(paid.why.rule, "tx_value") == 0 &&
                                     strstr(paid.why.text, "redeem tx.value must be 0") != NULL);
            CHECK_ROW(call.name, judge(call.data, 0, 64).why.code == FAULT_LIMIT);
        }
    }
}

/* Each row stands in docs/policy.md with its selector, and has a call that passes and one that does not. */
static void every_row_has_a_document_and_vectors(void)
{
    static char page[1 << 16];
    FILE *file = fopen(OUR_VECTORS "/../../docs/policy.md", "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < broker_function_count; i++) {
        const uint8_t *selector = broker_functions[i].selector;
        char hex[16];
        bool passes = false, is_refused = false;
        struct call call;
        snprintf(hex, sizeof hex, "`%02x%02x%02x%02x`", selector[0], selector[1], selector[2], selector[3]);
        CHECK_ROW(broker_functions[i].signature, strstr(page, hex) != NULL);
        for (vector_open(&vectors, "policy/calls.txt"); next_call(&call);)
            if (call.data.len >= 4 && memcmp(call.data.data, selector, 4) == 0)
                *(strcmp(call.verdict, "ok") == 0 ? &passes : &is_refused) = true;
        CHECK_ROW(broker_functions[i].signature, passes && is_refused);
    }
}

/* Every way to cut a good call short, and every single bit of it turned: never accepted for what it was. */
static void no_changed_call_passes(void)
{
    const struct call call = call_named("redeem");
    uint8_t *data = call_bytes;
    take_policy(false);
    CHECK(call.data.len == 548 && judge(call.data, 0, sizeof arena_bytes).passed);
    for (size_t len = 0; len < call.data.len; len++)
        CHECK(!judge((struct bytes){ data, len }, 0, sizeof arena_bytes).passed);
    for (size_t bit = 0; bit < 8 * call.data.len; bit++) {
        /* recipientRand is the contract's to judge */
        if (bit / 8 >= 4 + 64 && bit / 8 < 4 + 96)
            continue;
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(!judge(call.data, 0, sizeof arena_bytes).passed);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* A signature by our key with a nonce that is not RFC 6979's, put in place of the call's. */
static void another_signature_of_our_key_is_as_good(void)
{
    static const uint8_t other_nonce[32] = { 1 };
    const struct call call = call_named("redeem");
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_ecdsa_recoverable_signature signature;
    uint8_t *const place = call_bytes + call.data.len - 96, before[64];
    int recovery_id;
    take_policy(false);
    const struct verdict verdict = judge(call.data, 0, sizeof arena_bytes);
    CHECK(verdict.passed);
    const struct hash32 digest = message_hash(BYTES_OF(verdict.charge.tickets[0].ticket_hash.bytes));
    memcpy(before, place, sizeof before);
    CHECK(secp256k1_ecdsa_sign_recoverable(context, &signature, digest.bytes, KEY.bytes, NULL, other_nonce) == 1);
    CHECK(secp256k1_ecdsa_recoverable_signature_serialize_compact(context, place, &recovery_id, &signature) == 1);
    place[64] = (uint8_t)(27 + recovery_id);
    CHECK(memcmp(before, place, sizeof before) != 0);
    const unsigned known = known_as_made;
    CHECK(judge(call.data, 0, sizeof arena_bytes).passed && known_as_made == known);
    place[64] ^= 27 ^ 28;
    CHECK(!judge(call.data, 0, sizeof arena_bytes).passed);
    secp256k1_context_destroy(context);
}

static void tickets_are_charged_by_hash_and_face_value(void)
{
    const struct call call = call_named("batch-of-20-at-the-largest-sum");
    const struct u256 each = u256_of(UINT64_C(10000000000000000));
    take_policy(false);
    const struct verdict verdict = judge(call.data, 0, sizeof arena_bytes);
    CHECK(verdict.passed && verdict.charge.ticket_count == 20 && u256_is_zero(&verdict.charge.fund_deposit));
    for (size_t i = 0; verdict.passed && i < 20; i++) {
        CHECK(u256_compare(&verdict.charge.tickets[i].face_value, &each) == 0);
        for (size_t j = 0; j < i; j++)
            CHECK(!hash32_equal(&verdict.charge.tickets[i].ticket_hash, &verdict.charge.tickets[j].ticket_hash));
    }
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

/* Memory that is short by little at any place is a refusal for want of room, and nothing is charged. */
static void a_call_needs_all_of_its_room(void)
{
    static const char *const names[] = { "redeem", "batch-of-1" };
    take_policy(false);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct call call = call_named(names[i]);
        struct verdict verdict = { 0 };
        for (size_t len = 0; len < sizeof arena_bytes && !verdict.passed; len += 16) {
            verdict = judge(call.data, 0, len);
            CHECK_ROW(names[i], verdict.passed || verdict.why.code == FAULT_LIMIT);
            CHECK_ROW(names[i], verdict.passed == (verdict.charge.ticket_count > 0));
        }
        CHECK_ROW(names[i], verdict.passed);
    }
}

/* An allow-list that is required and empty is refused when read; should one come about, nothing passes. */
static void an_empty_required_allowlist_allows_nobody(void)
{
    const struct call call = call_named("redeem");
    take_policy(false);
    policy.recipient_count = 0;
    const struct verdict verdict = judge(call.data, 0, sizeof arena_bytes);
    CHECK(!verdict.passed && strcmp(verdict.why.rule, "require_allowlist") == 0 &&
          text_begins(&verdict.why, "policy requires allowlist but none configured") &&
          strstr(verdict.why.text, "in ticket") == NULL);
}

/* Where single face values are not bounded, their sum still is, over 256 bits too. */
static void a_sum_over_256_bits_exceeds_every_maximum(void)
{
    take_policy(false);
    policy.max_face_value = (struct limit){ .unlimited = true };
    const struct verdict verdict = judge(call_named("batch-sum-over-256-bits").data, 0, sizeof arena_bytes);
    CHECK(!verdict.passed && text_begins(&verdict.why, "batch faceValue sum exceeds policy max (got 2^256 or more"));
}

/* "unlimited" is no limit, of deposits, face values and sums. */
static void what_is_unlimited_is_not_bounded(void)
{
    const struct limit unlimited = { .unlimited = true };
    take_policy(false);
    policy.max_fund_deposit = policy.max_face_value = policy.max_total_face_value = unlimited;
    CHECK(judge(call_named("fund-deposit").data, UINT64_MAX, sizeof arena_bytes).passed);
    CHECK(judge(call_named("redeem-face-value-one-over").data, 0, sizeof arena_bytes).passed);
    CHECK(judge(call_named("batch-sum-one-over").data, 0, sizeof arena_bytes).passed);
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    ecdsa_start(seed);
    selectors_are_the_hash_of_their_signatures();
    every_row_has_a_document_and_vectors();
    /* The verdicts are the same whether signatures are recovered or compared. */
    for (unsigned round = 0; round < 2; round++) {
        signer = (struct policy_signer){ SIGNER, round == 0 ? NULL : made, &KEY };
        rule_05_and_12_calls_pass_or_are_refused_for_their_one_fault();
        no_changed_call_passes();
        another_signature_of_our_key_is_as_good();
        tickets_are_charged_by_hash_and_face_value();
        CHECK((known_as_made > 0) == (round > 0));
    }
    a_batch_over_the_maximum_is_refused_by_its_count();
    a_call_needs_all_of_its_room();
    an_empty_required_allowlist_allows_nobody();
    a_sum_over_256_bits_exceeds_every_maximum();
    what_is_unlimited_is_not_bounded();
    return failures != 0;
}
