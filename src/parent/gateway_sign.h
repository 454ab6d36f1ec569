/* gateway_sign: what the methods that sign have in common, whatever their dialect. */
#ifndef PARENT_GATEWAY_SIGN_H
#define PARENT_GATEWAY_SIGN_H

#include "parent/gateway.h"

struct sign_param {
    const char *name;
    struct json value;
};

/* By EIP-191. `data`: 0x and hex digits, or text; `third`: JSON_NONE, or {"ticket": {…}} for a policy that wants the
 * ticket beside its hash. Writes r, s, v (27 or 28) as a hex string. */
bool gateway_sign_message(struct gateway_call *call, struct json data, struct json third, struct json_writer *result,
                          struct fault *why) MUST_USE;

/* By EIP-712: the document, or a string that holds it. */
bool gateway_sign_typed_data(struct gateway_call *call, struct json data, struct json_writer *result,
                             struct fault *why) MUST_USE;

/* A transaction object in any dialect, with our address and chain, and nothing missing. */
bool gateway_read_whole_tx(struct gateway_call *call, struct json object, struct gateway_tx *tx,
                           struct fault *why) MUST_USE;

#endif
