#include "core/eth/tx.h"
#include "core/signer/gate.h"
#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signer_state.h"

enum {
    FIXED_FIELDS_MAX = 512, /* every integer at its widest, the signature, and the headers of lists */
    ANSWER_AROUND = 64,     /* {"result":{"raw_tx":"0x"}} */
};

/* Room for the signed bytes is made before anything is charged. */
static bool make_room(struct call *call, const struct tx *tx, struct writer *raw)
{
    /* A versioned hash takes a byte of header beside its 32. */
    const size_t most =
        tx->data.len + tx->access_list.len + 2 * tx->blob_hashes.len + tx->authorizations.len + FIXED_FIELDS_MAX;
    const size_t left = call->result->out->cap - call->result->out->len;
    uint8_t *buffer = arena_take(call->arena, most);
    if (buffer == NULL || left < ANSWER_AROUND || most > (left - ANSWER_AROUND) / 2)
        return fault_set(call->why, FAULT_LIMIT,
                         "the signed transaction would be too long (got %zu bytes, allowed %zu)", most,
                         left < ANSWER_AROUND ? (size_t)0 : (left - ANSWER_AROUND) / 2);
    *raw = writer_of(buffer, most);
    return true;
}

bool method_sign_transaction(struct call *call)
{
    const struct address *ours = key_slot_address(call->signer->slot);
    const struct json dictionary = params_get(call, "tx");
    struct tx tx;
    struct writer out;
    struct signature signature;
    struct bytes raw;
    if (json_kind(dictionary) != JSON_OBJECT)
        return fault_set(call->why, FAULT_INPUT, "tx must be an object (got %s)",
                         json_kind_name(json_kind(dictionary)));
    if (!tx_from_json(dictionary, ours, call->arena, &tx, call->why))
        return fault_prefix(call->why, "failed to sign tx: ");
    if (!make_room(call, &tx, &out))
        return false;

    const struct wish wish = { .kind = WISH_TX, .method = "sign_transaction", .tx = &tx };
    if (!gate_sign(call, &wish, &signature))
        return false;
    tx_put_signed(&out, &tx, &signature);
    must(writer_done(&out, &raw));
    json_key(call->result, "raw_tx");
    json_put_hex(call->result, raw);
    return true;
}
