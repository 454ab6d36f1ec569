/* unseal_ask: the parts of unsealing that are not its order of steps: whether an order may be sent, what is sent, and
 * what of an answer is taken. Within core/kms only; unseal.h is the door.
 */
#ifndef CORE_KMS_UNSEAL_ASK_H
#define CORE_KMS_UNSEAL_ASK_H

#include "core/kms/unseal.h"

enum unseal_kind { UNSEAL_DECRYPT, UNSEAL_DATA_KEY, UNSEAL_RANDOM };

/* What one request is about. The operations differ in their names, in what their bodies say besides, and in what
 * their answers bring. */
struct unseal_ask {
    enum unseal_kind kind;
    const struct outside *outside;
    const struct unseal_order *order;
    const char *prefix; /* of every fault text that comes from outside */
    struct bytes target;
    struct bytes ciphertext; /* Decrypt; empty for the others */
};

/* How many bytes the answer must open to; 0 when the ciphertext alone decides. */
size_t unseal_wanted_len(const struct unseal_ask *ask) MUST_USE;

/* FAULT_INPUT. What does not name the pinned key goes no further; nor does anything that could steer a host or a
 * header. */
bool unseal_order_ok(const struct unseal_ask *ask, struct fault *why) MUST_USE;

/* The JSON around `document`, kept in the arena. False: no room. */
bool unseal_put_body(const struct unseal_ask *ask, struct bytes document, struct arena *arena,
                     struct bytes *body) MUST_USE;

/* The whole HTTP request, signed and dated `utc_ms`. What it wrote holds the session token. False: no room. */
bool unseal_put_request(const struct unseal_ask *ask, const char *host, uint64_t utc_ms, struct bytes body,
                        struct writer *out) MUST_USE;

/* Checks and opens the body of KMS's 200: key ARN and ciphertext into `answer`, the rest of which is the caller's.
 * `plaintext` and `answer` are untouched on failure. FAULT_REMOTE. */
bool unseal_read_answer(const struct unseal_ask *ask, struct bytes body, const struct rsa_key *recipient,
                        struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                        struct fault *why) MUST_USE;

#endif
