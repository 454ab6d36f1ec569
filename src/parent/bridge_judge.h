/* bridge_judge: what of a client's requests a bridge hands on to a signer.
 *
 * A request is read by the core's JSON reader, and what goes on is written anew from what was read: {"method",
 * "params"} in that order, compact, nothing else, so that the signer cannot read something else in it than was judged
 * here. Members of params keep their order, numbers their digits. What is not handed on is answered with the error that
 * the signer's protocol has for it.
 */
#ifndef PARENT_BRIDGE_JUDGE_H
#define PARENT_BRIDGE_JUDGE_H

#include "core/codec/frame.h"
#include "core/codec/json.h"

/* Signing and reading, of the methods of docs/rpc.md: neither provision nor generate. */
#define BRIDGE_METHODS \
    "address,attestation,journal,policy,sealed,sign_message_defunct,sign_ticket,sign_transaction,sign_typed_data," \
    "status"

enum {
    BRIDGE_METHODS_MAX = 32,
    BRIDGE_NAME_MAX = 32, /* bytes */
};

/* 2 MiB: static, or from the heap. */
struct bridge_judge {
    const char *list; /* as given */
    size_t count;
    struct bytes methods[BRIDGE_METHODS_MAX]; /* views into it */
    uint8_t body[FRAME_MAX];
    uint8_t string[FRAME_MAX];
};

/* Names of a-z and _ with commas between. FAULT_INPUT. */
bool bridge_judge_start(struct bridge_judge *judge, const char *methods, struct fault *why) MUST_USE;

/* True: *body is the request to hand on. False: *body is the answer to it. Either is at most FRAME_MAX bytes and holds
 * until the next call. */
bool bridge_judge_request(struct bridge_judge *judge, struct bytes request, struct bytes *body) MUST_USE;

#endif
