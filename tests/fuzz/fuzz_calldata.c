/* Redeem calldata that is accepted is, to the byte, what an encoder makes of the tickets that were read from it; and
 * what the broker's rules let pass holds them, looked at anew. */
#include "edits.h"

#include "core/codec/abi.h"
#include "core/eth/address.h"
#include "core/policy/redeem_call.h"
#include "core/policy/ticket_broker.h"

enum { ARENA = 1 << 19, TICKET_BYTES = 320, SIGNATURE_BYTES = 128 };

static struct edits_good good;
static struct policy policy;
static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };

static void load(void)
{
    static const uint8_t seed[32] = { 1 };
    static struct vector_file vectors;
    struct json document;
    struct fault why;
    ecdsa_start(seed);
    edits_load(&good, "policy/calls.txt", 5, 3, "ok");
    vector_open(&vectors, "policy/documents.txt");
    must(vector_next(&vectors, 4) && json_read(vectors.column[1], &document, &why));
    must(policy_read(document, &policy, &why));
    fclose(vectors.file);
}

static void put_ticket(struct writer *out, const struct ticket *ticket)
{
    abi_put_address(out, BYTES_OF(ticket->recipient.bytes));
    abi_put_address(out, BYTES_OF(ticket->sender.bytes));
    abi_put_word(out, &ticket->face_value);
    abi_put_word(out, &ticket->win_prob);
    abi_put_word(out, &ticket->sender_nonce);
    writer_put(out, BYTES_OF(ticket->recipient_rand_hash.bytes));
    abi_put_uint(out, 7 * ABI_WORD);
    abi_put_bytes_tail(out, BYTES_OF(ticket->aux_data));
}

/* `rands` is what the call had: the reader does not keep it. */
static void put_one(struct writer *out, const struct redeem_call *call, struct bytes rands)
{
    abi_put_uint(out, 3 * ABI_WORD);
    abi_put_uint(out, 3 * ABI_WORD + TICKET_BYTES);
    writer_put(out, rands);
    put_ticket(out, call->tickets);
    abi_put_bytes_tail(out, BYTES_OF(call->signatures->bytes));
}

static void put_offsets(struct writer *out, size_t count, size_t each)
{
    abi_put_uint(out, count);
    for (size_t i = 0; i < count; i++)
        abi_put_uint(out, count * ABI_WORD + i * each);
}

static void put_batch(struct writer *out, const struct redeem_call *call, struct bytes rands)
{
    const size_t signatures = 4 * ABI_WORD + call->count * (ABI_WORD + TICKET_BYTES);
    abi_put_uint(out, 3 * ABI_WORD);
    abi_put_uint(out, signatures);
    abi_put_uint(out, signatures + ABI_WORD + call->count * (ABI_WORD + SIGNATURE_BYTES));
    put_offsets(out, call->count, TICKET_BYTES);
    for (size_t i = 0; i < call->count; i++)
        put_ticket(out, &call->tickets[i]);
    put_offsets(out, call->count, SIGNATURE_BYTES);
    for (size_t i = 0; i < call->count; i++)
        abi_put_bytes_tail(out, BYTES_OF(call->signatures[i].bytes));
    abi_put_uint(out, call->count);
    writer_put(out, rands);
}

static void check_reading(struct bytes arguments)
{
    static uint8_t room[ARENA], written[EDITS_MESSAGE_MAX + ABI_WORD];
    struct redeem_call call;
    struct fault why;
    struct bytes made;
    struct arena arena = arena_of(room, sizeof room);
    if (redeem_call_read(reader_of(arguments), &arena, &call, &why)) {
        struct writer out = writer_of(written, sizeof written);
        put_one(&out, &call, (struct bytes){ arguments.data + (size_t)2 * ABI_WORD, ABI_WORD });
        must(call.count == 1 && writer_done(&out, &made) && bytes_equal(made, arguments));
    } else {
        must(why.code == FAULT_POLICY);
    }
    arena = arena_of(room, sizeof room);
    if (redeem_call_read_batch(reader_of(arguments), &arena, &call, &why)) {
        struct writer out = writer_of(written, sizeof written);
        const size_t rands = call.count * ABI_WORD;
        must(call.count >= 1 && call.count <= POLICY_BATCH_MAX && rands <= arguments.len);
        put_batch(&out, &call, (struct bytes){ arguments.data + arguments.len - rands, rands });
        must(writer_done(&out, &made) && bytes_equal(made, arguments));
    } else {
        must(why.code == FAULT_POLICY);
    }
}

static void check_judging(struct bytes data)
{
    static uint8_t room[ARENA];
    struct arena arena = arena_of(room, sizeof room);
    struct charge charge = { 0 };
    struct fault why;
    const struct tx tx = { .has_to = true, .to = policy.ticket_broker, .data = data };
    const struct policy_signer signer = { .address = SIGNER };
    if (!ticket_broker_judge(&policy, &signer, &tx, &arena, &charge, &why)) {
        must(why.code == FAULT_POLICY && why.rule != NULL);
        return;
    }
    /* nothing but redemptions passes with no value, and recipient, sender and value stand where ABI puts them */
    const bool is_batch = data.data[0] == 0xd0;
    must(charge.ticket_count >= 1 && data.len >= 4 + (size_t)3 * ABI_WORD);
    struct u256 sum = u256_of(0);
    for (size_t i = 0; i < charge.ticket_count; i++) {
        const size_t at =
            is_batch ? 4 + 4 * ABI_WORD + charge.ticket_count * ABI_WORD + i * TICKET_BYTES : 4 + 3 * ABI_WORD;
        must(memcmp(data.data + at + 12, policy.recipients[0].bytes, 20) == 0);
        must(memcmp(data.data + at + ABI_WORD + 12, SIGNER.bytes, 20) == 0);
        must(memcmp(data.data + at + (size_t)2 * ABI_WORD, charge.tickets[i].face_value.bytes, ABI_WORD) == 0);
        must(u256_compare(&charge.tickets[i].face_value, &policy.max_face_value.value) <= 0);
        must(u256_add(&sum, &charge.tickets[i].face_value, &sum));
    }
    must(!is_batch || u256_compare(&sum, &policy.max_total_face_value.value) <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    if (good.count == 0)
        load();
    const struct bytes call = edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(call.data, call.len);
    check_judging((struct bytes){ input, call.len });
    if (call.len >= 4)
        check_reading((struct bytes){ input + 4, call.len - 4 });
    free(input);
    return 0;
}
