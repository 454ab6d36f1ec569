#include "core/signer/gate.h"
#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signature_json.h"
#include "core/signer/signer_state.h"

bool method_sign_ticket(struct call *call)
{
    static const char *const known[] = { "ticket", NULL };
    const struct address *ours = key_slot_address(call->signer->slot);
    const struct json object = params_get(call, "ticket");
    struct ticket ticket;
    struct signature signature;
    if (!params_only(call, known))
        return false;
    if (json_kind(object) != JSON_OBJECT)
        return fault_set(call->why, FAULT_INPUT, "ticket must be an object (got %s)",
                         json_kind_name(json_kind(object)));
    if (!ticket_from_json(object, ours, &ticket, call->why))
        return false;

    const struct wish wish = { .kind = WISH_TICKET, .method = "sign_ticket", .ticket = &ticket };
    if (!gate_sign(call, &wish, &signature))
        return false;
    const struct hash32 hash = ticket_hash(&ticket);
    signature_json_put(call->result, &signature);
    json_key(call->result, "ticket_hash");
    json_put_hex(call->result, BYTES_OF(hash.bytes));
    return true;
}
