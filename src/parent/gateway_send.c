/* eth_sendTransaction: fill in, sign, send; and never twice. */
#include "core/base/text.h"
#include "core/eth/address.h"
#include "io/stream.h"
#include "parent/gateway_fill.h"
#include "parent/gateway_sign.h"

#include <poll.h>

enum {
    SEND_TRIES = 5,
    SEND_FIRST_PAUSE_MS = 100, /* doubled after each try */
    SEND_TURN_S = 60,          /* to wait for the transactions before this one */
    HASH_ROOM = 128,           /* of the answer: what was sent is always told */
};

enum delivery {
    DELIVERED,
    REFUSED_BY_NODE, /* it does not know the bytes, and never left us without an answer to them */
    UNCERTAIN,
};

static bool put_hash_params(struct gateway_call *call, struct bytes bytes, struct bytes *params)
{
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_array(&json);
    json_put_hex(&json, bytes);
    json_end_array(&json);
    return arena_keep(&call->arena, &out, params);
}

/* The node has it, in its pool or in a block. */
static bool node_knows(struct gateway_call *call, const struct hash32 *hash)
{
    struct json value;
    struct bytes params;
    struct fault unused;
    return put_hash_params(call, BYTES_OF(hash->bytes), &params) &&
           eth_node_call(call->gateway->node, "eth_getTransactionByHash", params, &call->arena, &value, &unused) ==
               ETH_NODE_RESULT &&
           json_kind(value) == JSON_OBJECT;
}

/* The same bytes until the node answers; on REFUSED_BY_NODE call->node_error is what it said. */
static enum delivery deliver(struct gateway_call *call, const struct gateway_sent *sent, struct fault *why)
{
    struct bytes params;
    bool was_uncertain = false;
    if (!put_hash_params(call, sent->raw, &params)) {
        (void)fault_set(why, FAULT_LIMIT, "the transaction is too long to be sent");
        return UNCERTAIN;
    }
    for (int try = 0; try < SEND_TRIES; try++) {
        struct json value;
        const enum eth_node_answer answer =
            eth_node_call(call->gateway->node, "eth_sendRawTransaction", params, &call->arena, &value, why);
        (void)atomic_fetch_add(&call->gateway->broadcasts, 1);
        if (answer == ETH_NODE_RESULT || node_knows(call, &sent->hash))
            return DELIVERED;
        if (answer == ETH_NODE_ERROR && !was_uncertain) {
            call->node_error = value;
            return REFUSED_BY_NODE;
        }
        was_uncertain = true;
        (void)poll(NULL, 0, SEND_FIRST_PAUSE_MS << try);
    }
    return UNCERTAIN;
}

static bool tell_uncertain(const struct gateway_sent *sent, struct fault *why)
{
    char hex[2 * sizeof sent->hash.bytes + 1] = "";
    struct writer out = writer_of((uint8_t *)hex, sizeof hex - 1);
    text_put_hex(&out, BYTES_OF(sent->hash.bytes));
    return fault_set(why, FAULT_REMOTE,
                     "it is not known whether the node took transaction 0x%s; ask again in the same words, and the "
                     "same bytes are sent again",
                     hex);
}

static void put_sent(struct gateway_call *call, struct json_writer *result, struct gateway_sent *sent)
{
    nonces_give_to(&call->gateway->nonces, sent, call);
    call->has_sent = true;
    json_put_hex(result, BYTES_OF(sent->hash.bytes));
}

void gateway_hand_over(struct gateway_call *call)
{
    if (call->has_sent)
        nonces_answered(&call->gateway->nonces, call, gateway_asker_is_there(call));
    call->has_sent = false;
}

static bool call_is_awaited(const void *call)
{
    return gateway_asker_is_there(call);
}

static bool ask_count(struct gateway_call *call, const struct address *who, const char *when, uint64_t *count,
                      struct fault *why)
{
    struct bytes params;
    struct u256 number;
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_array(&json);
    json_put_text(&json, address_lower(who).text);
    json_put_text(&json, when);
    json_end_array(&json);
    must(arena_keep(&call->arena, &out, &params));
    return gateway_node_quantity(call, "eth_getTransactionCount", params, &number, why) &&
           (u256_fits_u64(&number, count) || fault_set(why, FAULT_REMOTE, "the node's count is no nonce"));
}

/* The first nonce that neither the node knows a transaction for nor we have sent one under. What we sent and the node
 * does not know is sent again on the way, so that the next one does not wait for it for ever. */
static bool choose_nonce(struct gateway_call *call, const struct address *ours, uint64_t *nonce, struct fault *why)
{
    struct gateway_nonces *const nonces = &call->gateway->nonces;
    uint64_t mined, pending;
    if (!ask_count(call, ours, "latest", &mined, why) || !ask_count(call, ours, "pending", &pending, why))
        return false;
    if (!nonces_make_room(nonces, mined))
        return fault_set(why, FAULT_LIMIT, "%d transactions have been sent that are not mined yet", GATEWAY_SENT_MAX);
    uint64_t next = pending > mined ? pending : mined;
    for (struct gateway_sent *sent; (sent = nonces_of(nonces, next)) != NULL; next++) {
        const enum delivery delivery = deliver(call, sent, why);
        call->node_error = (struct json){ { NULL, 0 } };
        if (delivery == UNCERTAIN)
            return tell_uncertain(sent, why);
        if (delivery == REFUSED_BY_NODE && nonces_unanswered_until(nonces, sent) != 0) {
            /* Its caller was told that nobody knows, the node refuses it and has nothing under that nonce. */
            nonces_forget(nonces, sent);
            break;
        }
    }
    *nonce = next;
    return true;
}

/* With the turn. */
static bool send_signed(struct gateway_call *call, const struct gateway_tx *wanted, const struct hash32 *request,
                        struct json_writer *result, struct fault *why)
{
    struct gateway_nonces *const nonces = &call->gateway->nonces;
    struct bytes raw;
    struct tx tx;
    struct signature signature;
    if (!gateway_tx_is_complete(wanted, why) || !gateway_sign_tx(call, wanted, &raw, &tx, &signature, why))
        return false;
    struct gateway_sent before, *const sent = nonces_keep(nonces, tx.nonce, raw, request, io_now_ms(), &before);
    const enum delivery delivery = deliver(call, sent, why);
    if (delivery == REFUSED_BY_NODE) {
        nonces_restore(nonces, sent, &before);
        return fault_set(why, FAULT_REMOTE, "the node refused the transaction");
    }
    nonces_replaced(&before);
    if (delivery == UNCERTAIN)
        return tell_uncertain(sent, why);
    put_sent(call, result, sent);
    return true;
}

/* What was sent under a nonce that the caller chose may be replaced, but not while its own caller was told to ask for
 * it again: two would be sent then. */
static bool may_replace(const struct gateway_tx *wanted, struct gateway_nonces *nonces, struct fault *why)
{
    uint64_t nonce;
    const struct gateway_sent *const sent =
        u256_fits_u64(&wanted->quantity[QUANTITY_NONCE], &nonce) ? nonces_of(nonces, nonce) : NULL;
    if (sent != NULL && nonces_unanswered_until(nonces, sent) > io_now_ms())
        return tell_uncertain(sent, why) || fault_prefix(why, "another was sent under that nonce; ");
    return nonces_make_room(nonces, UINT64_MAX) ||
           fault_set(why, FAULT_LIMIT, "%d transactions have been sent that are not mined yet", GATEWAY_SENT_MAX);
}

static bool send_in_turn(struct gateway_call *call, struct gateway_tx *wanted, const struct hash32 *request,
                         struct json_writer *result, struct fault *why)
{
    uint64_t nonce = 0;
    if (!gateway_asker_is_there(call))
        return fault_set(why, FAULT_REMOTE, "who asked has gone; nothing was signed");
    if (!wanted->has[QUANTITY_NONCE]) {
        if (!choose_nonce(call, &wanted->from, &nonce, why))
            return false;
        const struct u256 number = u256_of(nonce);
        gateway_tx_set(wanted, QUANTITY_NONCE, &number);
    } else if (!may_replace(wanted, &call->gateway->nonces, why)) {
        return false;
    }
    return send_signed(call, wanted, request, result, why);
}

/* The chain of the transaction is the signer's and the node's: both must be one. */
static bool settle(struct gateway_call *call, struct gateway_tx *tx, struct fault *why)
{
    struct address ours;
    struct u256 chain, nodes;
    bool known;
    if (!signers_address(&call->gateway->signers, &ours, why) || !gateway_chain(call, &known, &chain, why) ||
        !gateway_node_quantity(call, "eth_chainId", BYTES_LIT("[]"), &nodes, why))
        return false;
    if (known && u256_compare(&chain, &nodes) != 0)
        return fault_set(why, FAULT_STATE, "the node is of another chain (got %s, expected %s)", u256_text(&nodes).text,
                         u256_text(&chain).text);
    return gateway_tx_settle(tx, &ours, &nodes, why);
}

static bool take_turn(struct gateway_nonces *nonces, struct fault *why)
{
    return nonces_take_turn(nonces, SEND_TURN_S) ||
           fault_set(why, FAULT_REMOTE, "the transactions before this one are still being sent; nothing was signed");
}

/* A request that ended without an answer, come again: *found, and then the result is whole when true is given. */
static bool answer_again(struct gateway_call *call, const struct hash32 *request, bool *found,
                         struct json_writer *result, struct fault *why)
{
    struct gateway_nonces *const nonces = &call->gateway->nonces;
    bool ok = false;
    *found = false;
    if (!take_turn(nonces, why))
        return false;
    struct gateway_sent *const sent = nonces_unanswered(nonces, request, io_now_ms(), call_is_awaited);
    if (sent != NULL) {
        *found = true;
        const enum delivery delivery = deliver(call, sent, why);
        call->node_error = (struct json){ { NULL, 0 } };
        ok = delivery == DELIVERED;
        if (ok)
            put_sent(call, result, sent);
        else
            (void)tell_uncertain(sent, why);
    }
    nonces_give_turn(nonces);
    return ok || !*found;
}

static struct hash32 hash_request(struct gateway_call *call, const struct gateway_tx *tx)
{
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    gateway_tx_put(&json, tx);
    return keccak256((struct bytes){ out.data, out.len });
}

bool method_send_transaction(struct gateway_call *call, struct json_writer *result, struct fault *why)
{
    struct json params[1];
    struct gateway_tx wanted;
    bool again = false;
    if (result->out->failed || result->out->cap - result->out->len < HASH_ROOM)
        return fault_set(why, FAULT_LIMIT, "the answers before this one leave no room for it; nothing was signed");
    if (!gateway_params(call, 1, 1, params, "transaction", why) || !gateway_tx_read(params[0], &wanted, why) ||
        !settle(call, &wanted, why))
        return false;
    if (wanted.type == 3)
        return fault_set(why, FAULT_INPUT, "transaction: blobs are sent by who has them, with eth_sendRawTransaction");
    const struct hash32 request = hash_request(call, &wanted);
    if (!answer_again(call, &request, &again, result, why))
        return false;
    if (again)
        return true;
    if (!gateway_fill(call, &wanted, why) || !take_turn(&call->gateway->nonces, why))
        return false;
    const bool ok = send_in_turn(call, &wanted, &request, result, why);
    nonces_give_turn(&call->gateway->nonces);
    return ok;
}
