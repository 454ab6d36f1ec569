#include "core/policy/redeem_call.h"

#include <string.h>

#include "core/codec/abi.h"
#include "core/policy/policy.h"

enum {
    TICKET_HEAD = 7 * ABI_WORD,
    TICKET_BYTES = TICKET_HEAD + ABI_WORD + TICKET_AUX_DATA,
    SIGNATURE_BYTES = ABI_WORD + 3 * ABI_WORD, /* its length, then 65 bytes padded to three words */
};

/* Where things are in a call of `count` tickets, from the start of the arguments. */
struct layout {
    uint64_t tickets, signatures, rands;
};

static const struct layout LAYOUT_OF_ONE = { .tickets = 3 * ABI_WORD, .signatures = 3 * ABI_WORD + TICKET_BYTES };

static struct layout layout_of_batch(size_t count)
{
    const uint64_t tickets = 3 * ABI_WORD;
    const uint64_t signatures = tickets + ABI_WORD + (uint64_t)count * (ABI_WORD + TICKET_BYTES);
    const uint64_t rands = signatures + ABI_WORD + (uint64_t)count * (ABI_WORD + SIGNATURE_BYTES);
    return (struct layout){ .tickets = tickets, .signatures = signatures, .rands = rands };
}

static bool is_offset(const struct u256 *word, uint64_t offset)
{
    const struct u256 wanted = u256_of(offset);
    return u256_compare(word, &wanted) == 0;
}

static bool refuse_as_not_canonical(struct fault *why)
{
    return fault_refuse(why, "calldata",
                        "not the canonical ABI encoding (an offset, a length, padding, or bytes over)");
}

static bool read_ticket(struct reader *in, struct ticket *ticket, struct fault *why)
{
    abi_read_address(in, ticket->recipient.bytes);
    abi_read_address(in, ticket->sender.bytes);
    ticket->face_value = abi_read_word(in);
    ticket->win_prob = abi_read_word(in);
    ticket->sender_nonce = abi_read_word(in);
    const struct u256 rand_hash = abi_read_word(in);
    abi_expect_offset(in, TICKET_HEAD);
    const struct bytes aux_data = abi_read_bytes_tail(in);
    if (in->failed)
        return refuse_as_not_canonical(why);
    if (aux_data.len != TICKET_AUX_DATA)
        return fault_refuse(why, "calldata", "ticket.auxData must be 64 bytes (got %zu)", aux_data.len);
    memcpy(ticket->recipient_rand_hash.bytes, rand_hash.bytes, sizeof rand_hash.bytes);
    memcpy(ticket->aux_data, aux_data.data, aux_data.len);
    return true;
}

static bool read_signature(struct reader *in, struct ticket_signature *signature, struct fault *why)
{
    const struct bytes sig = abi_read_bytes_tail(in);
    if (in->failed)
        return refuse_as_not_canonical(why);
    if (sig.len != TICKET_SIGNATURE)
        return fault_refuse(why, "calldata", "a ticket's signature must be 65 bytes (got %zu)", sig.len);
    memcpy(signature->bytes, sig.data, sig.len);
    return true;
}

static bool take_room(struct arena *arena, size_t count, struct redeem_call *call, struct fault *why)
{
    uint8_t *tickets = arena_take(arena, count * sizeof *call->tickets);
    uint8_t *signatures = arena_take(arena, count * sizeof *call->signatures);
    if (tickets == NULL || signatures == NULL)
        return fault_set(why, FAULT_LIMIT, "no room for %zu tickets", count);
    *call = (struct redeem_call){ count, (void *)tickets, (void *)signatures };
    return true;
}

static bool read_one(struct reader in, struct arena *arena, struct redeem_call *call, struct fault *why)
{
    const struct u256 ticket_at = abi_read_word(&in), signature_at = abi_read_word(&in);
    (void)abi_read_word(&in); /* recipientRand: the contract compares it with the ticket's hash of it */
    if (in.failed || !is_offset(&ticket_at, LAYOUT_OF_ONE.tickets))
        return refuse_as_not_canonical(why);
    if (!take_room(arena, 1, call, why) || !read_ticket(&in, call->tickets, why))
        return false;
    if (!is_offset(&signature_at, LAYOUT_OF_ONE.signatures))
        return refuse_as_not_canonical(why);
    return read_signature(&in, call->signatures, why) && (reader_done(&in) || refuse_as_not_canonical(why));
}

static bool read_tickets(struct reader *in, struct redeem_call *call, struct fault *why)
{
    for (size_t i = 0; i < call->count; i++)
        abi_expect_offset(in, (uint64_t)call->count * ABI_WORD + (uint64_t)i * TICKET_BYTES);
    for (size_t i = 0; i < call->count; i++)
        if (!read_ticket(in, &call->tickets[i], why))
            return false;
    return true;
}

static bool read_signatures(struct reader *in, struct redeem_call *call, struct fault *why)
{
    for (size_t i = 0; i < call->count; i++)
        abi_expect_offset(in, (uint64_t)call->count * ABI_WORD + (uint64_t)i * SIGNATURE_BYTES);
    for (size_t i = 0; i < call->count; i++)
        if (!read_signature(in, &call->signatures[i], why))
            return false;
    return true;
}

static bool refuse_lengths(struct fault *why, size_t tickets, const char *what, size_t count)
{
    return fault_refuse(why, "calldata", "arrays of unequal length (%zu tickets, %zu %s)", tickets, count, what);
}

static bool read_batch(struct reader in, struct arena *arena, struct redeem_call *call, struct fault *why)
{
    const struct u256 tickets_at = abi_read_word(&in), signatures_at = abi_read_word(&in),
                      rands_at = abi_read_word(&in);
    const size_t count = abi_read_length(&in);
    const struct layout layout = layout_of_batch(count);
    if (in.failed || !is_offset(&tickets_at, layout.tickets))
        return refuse_as_not_canonical(why);
    if (count == 0 || count > POLICY_BATCH_MAX)
        return fault_refuse(why, "calldata", "a batch of %zu tickets (allowed 1 to %d)", count, POLICY_BATCH_MAX);
    if (!take_room(arena, count, call, why) || !read_tickets(&in, call, why))
        return false;
    const size_t signatures = abi_read_length(&in);
    if (in.failed || !is_offset(&signatures_at, layout.signatures))
        return refuse_as_not_canonical(why);
    if (signatures != count)
        return refuse_lengths(why, count, "signatures", signatures);
    if (!read_signatures(&in, call, why))
        return false;
    const size_t rands = abi_read_length(&in);
    if (in.failed || !is_offset(&rands_at, layout.rands))
        return refuse_as_not_canonical(why);
    if (rands != count)
        return refuse_lengths(why, count, "recipientRands", rands);
    for (size_t i = 0; i < count; i++)
        (void)abi_read_word(&in);
    return reader_done(&in) || refuse_as_not_canonical(why);
}

bool redeem_call_read(struct reader arguments, struct arena *arena, struct redeem_call *call, struct fault *why)
{
    return read_one(arguments, arena, call, why) ||
           fault_prefix(why, "failed to decode redeemWinningTicket calldata: ");
}

bool redeem_call_read_batch(struct reader arguments, struct arena *arena, struct redeem_call *call, struct fault *why)
{
    return read_batch(arguments, arena, call, why) ||
           fault_prefix(why, "failed to decode batchRedeemWinningTickets calldata: ");
}
