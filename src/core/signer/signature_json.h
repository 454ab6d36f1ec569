/* signature_json: a signature as our answers have it. */
#ifndef CORE_SIGNER_SIGNATURE_JSON_H
#define CORE_SIGNER_SIGNATURE_JSON_H

#include "core/codec/json.h"
#include "core/crypto/ecdsa.h"

/* "signature":"0x…": r, s, v, 65 bytes, v 27 or 28. */
void signature_json_put(struct json_writer *json, const struct signature *signature);

#endif
