/* deeds: what a client may ask to have signed, and the policies it is judged by, made from a fuzzer's bytes: mostly
 * sound, often at a limit, now and then wrong in one place. All as JSON, the way it reaches the signer.
 */
#ifndef TESTS_FUZZ_DEEDS_H
#define TESTS_FUZZ_DEEDS_H

#include "policy_again.h"

#include "core/base/secret.h"

#define DEEDS_BROKER   "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
#define DEEDS_TREASURY "0x7474747474747474747474747474747474747474"

enum { DEEDS_CALLDATA_MAX = 8192, DEEDS_POLICY_MAX = 2048 };

/* Whose tickets are signed: the key that a signer would hold. */
struct deeds {
    struct reader in;
    struct secret32 key;
    struct address signer;
};

/* From a fuzzer's input, with the key that both fuzzers' signers hold; libsecp256k1 is started when it is not yet. */
struct deeds deeds_from(const uint8_t *data, size_t len);

/* 0 to n - 1; 0 when the bytes are used up. */
unsigned deeds_pick(struct deeds *deeds, unsigned n);
bool deeds_go_on(const struct deeds *deeds) MUST_USE;

/* A policy document in canonical form, which reads. */
void deeds_put_policy(struct deeds *deeds, struct writer *out);

struct deeds_ticket {
    uint8_t packed[AGAIN_TICKET_BYTES];
};
void deeds_ticket(struct deeds *deeds, struct deeds_ticket *ticket);
/* The object of sign_ticket; `deeds` picks how integers are written. */
void deeds_put_ticket(struct deeds *deeds, const struct deeds_ticket *ticket, struct writer *out);

/* The dictionary of sign_transaction. */
void deeds_put_tx(struct deeds *deeds, struct writer *out);

#endif
