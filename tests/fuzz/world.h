/* world: the outside of a whole core, as unreliable as a fuzzer's bytes make it: an NSM that fails, lies and answers at
 * length; a KMS, and whoever stands in its place, that gives real CiphertextForRecipient and everything that is not
 * one; clocks that jump, both ways. It asserts by itself what may leave: the right host, our context names and no other
 * that is reserved, no credential and no key.
 */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include "deeds.h"

#include "core/base/outside.h"

#define WORLD_ARN    "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
#define WORLD_OTHER  "arn:aws:kms:us-east-2:111122223333:key/87654321-1234-1234-1234-123456789abc"
#define WORLD_ABROAD "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789abc"
#define WORLD_SECRET "sEcReT/aCcEsS+kEy/0123456789"

enum world_nsm {
    NSM_ANSWERS, /* a document as asked for */
    NSM_FAULT,
    NSM_SAYS_ERROR,
    NSM_GARBAGE,
    NSM_ENDLESS, /* more than the room */
    NSM_OTHER_KEY,
    NSM_NO_KEY,
    NSM_IN_THE_PAST,
    NSM_IN_THE_FUTURE,
    NSM_FLIPS_A_BYTE,
    NSM_WAYS,
};

enum world_kms {
    KMS_ANSWERS, /* a CiphertextForRecipient for the key in the request's document */
    KMS_ANSWERS_CHUNKED,
    KMS_ANSWERS_LATE, /* so late that a lease may have ended */
    KMS_FAULT,
    KMS_REFUSES,
    KMS_IS_DOWN,
    KMS_FOR_ANOTHER, /* enveloped for another RSA key */
    KMS_REPLAYS,     /* the last good answer again, made for another RSA key */
    KMS_OTHER_KEY_ID,
    KMS_ABROAD,
    KMS_NO_KEY_ID,
    KMS_PLAINTEXT,        /* in place of CiphertextForRecipient */
    KMS_PLAINTEXT_BESIDE, /* beside it */
    KMS_OTHER_ALGORITHM,
    KMS_NO_KEY, /* what opens is no private key */
    KMS_CUT,
    KMS_TOO_LONG,  /* Content-Length over what comes */
    KMS_TOO_SHORT, /* and under it */
    KMS_GARBAGE,
    KMS_ENDLESS,
    KMS_FLIPS_A_BYTE,
    KMS_WAYS,
};

struct world {
    struct outside outside;
    struct deeds *deeds; /* its bytes decide */
    uint64_t monotonic_ms, utc_ms;
    enum world_nsm nsm;
    enum world_kms kms;
    const char *opens_to;      /* the key's text */
    const char *pinned;        /* the KeyId that must be named; NULL: any */
    const char *policy_digest; /* the 64 digits that must stand in the context; NULL: no name of ours may */
    unsigned nsm_calls, https_calls;
    uint8_t replay[16384]; /* the last good answer, */
    size_t replay_len;
    struct hash32 replay_for; /* and SHA-256 of the RSA key that it was for */
    struct hash32 asked_for;  /* the one of the last request */
};

void world_open(struct world *world, struct deeds *deeds);

#endif
