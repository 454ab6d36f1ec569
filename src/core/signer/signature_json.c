#include "core/signer/signature_json.h"

#include "core/base/fault.h"

void signature_json_put(struct json_writer *json, const struct signature *signature)
{
    uint8_t buffer[65];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes bytes65;
    signature_put(&out, signature);
    must(writer_done(&out, &bytes65));
    json_key(json, "signature");
    json_put_hex(json, bytes65);
}
