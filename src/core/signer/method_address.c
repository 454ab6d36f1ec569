#include "core/eth/address.h"
#include "core/signer/methods.h"
#include "core/signer/signer_state.h"

bool method_address(struct call *call)
{
    json_key(call->result, "address");
    json_put_text(call->result, address_eip55(key_slot_address(call->signer->slot)).text);
    return true;
}
