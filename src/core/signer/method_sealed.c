#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signer_state.h"

bool method_sealed(struct call *call)
{
    static const char *const known[] = { NULL };
    const struct holding *holding = &call->signer->holding;
    if (!params_only(call, known))
        return false;
    if (holding->ciphertext_len == 0)
        return fault_set(call->why, FAULT_STATE, "there is no ciphertext: the key did not come from KMS");
    json_key(call->result, "ciphertext_b64");
    json_put_base64(call->result, (struct bytes){ holding->ciphertext, holding->ciphertext_len });
    json_key(call->result, "key_id");
    json_put_text(call->result, holding->kms_key);
    json_key(call->result, "sha256");
    json_put_digest(call->result, BYTES_OF(holding->ciphertext_sha256.bytes));
    return true;
}
