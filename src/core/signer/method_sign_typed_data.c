#include "core/eth/typed_data.h"
#include "core/signer/gate.h"
#include "core/signer/methods.h"
#include "core/signer/params.h"
#include "core/signer/signature_json.h"

bool method_sign_typed_data(struct call *call)
{
    static const char *const known[] = { "typed_data", NULL };
    const struct json document = params_get(call, "typed_data");
    struct wish wish = { .kind = WISH_TYPED_DATA, .method = "sign_typed_data" };
    struct signature signature;
    if (!params_only(call, known))
        return false;
    if (json_kind(document) != JSON_OBJECT)
        return fault_set(call->why, FAULT_INPUT, "typed_data must be an object (got %s)",
                         json_kind_name(json_kind(document)));
    if (!typed_data_hash(document, call->arena, &wish.typed_data, call->why) || !gate_sign(call, &wish, &signature))
        return false;
    signature_json_put(call->result, &signature);
    return true;
}
