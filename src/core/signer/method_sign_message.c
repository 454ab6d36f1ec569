#include "core/base/text.h"
#include "core/signer/gate.h"
#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signature_json.h"
#include "core/signer/signer_state.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* As Python's bytes.fromhex: white space between bytes, not within one. */
static bool read_spaced_hex(struct bytes hex, struct writer *out)
{
    struct reader in = reader_of(hex);
    while (in.rest.len > 0) {
        uint8_t byte;
        if (is_space(in.rest.data[0])) {
            (void)reader_u8(&in);
            continue;
        }
        if (!text_read_hex(reader_take(&in, 2), &byte) || in.failed)
            return false;
        writer_u8(out, byte);
    }
    return true;
}

static bool read_message(struct call *call, struct bytes *message)
{
    struct bytes text;
    if (!params_text(call, "message_hash", &text))
        text = (struct bytes){ 0 };
    if (!text_starts_with(text, BYTES_LIT("0x")))
        return fault_set(call->why, FAULT_INPUT, "message_hash must be 0x-prefixed hex");
    struct writer out = arena_writer(call->arena);
    if (!read_spaced_hex((struct bytes){ text.data + 2, text.len - 2 }, &out))
        return fault_set(call->why, FAULT_INPUT, "message_hash must be hex");
    if (!arena_keep(call->arena, &out, message))
        return fault_set(call->why, FAULT_LIMIT, "message_hash is too long");
    return true;
}

bool method_sign_message(struct call *call)
{
    const struct address *ours = key_slot_address(call->signer->slot);
    const struct json object = params_get(call, "ticket");
    struct wish wish = { .kind = WISH_MESSAGE, .method = "sign_message_defunct" };
    struct ticket ticket;
    struct signature signature;
    if (!read_message(call, &wish.message))
        return false;
    if (json_kind(object) != JSON_NONE) {
        if (json_kind(object) != JSON_OBJECT)
            return fault_set(call->why, FAULT_INPUT, "ticket must be an object (got %s)",
                             json_kind_name(json_kind(object)));
        if (!ticket_from_json(object, ours, &ticket, call->why))
            return false;
        wish.ticket = &ticket;
    }
    if (!gate_sign(call, &wish, &signature))
        return false;
    signature_json_put(call->result, &signature);
    return true;
}
