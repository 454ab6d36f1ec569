/* sealed_file: a sealed key as `ensign encrypt`, `ensign rebind`, `ensign sealed` and `ensign provision --generate`
 * print it. None of it is secret. */
#ifndef PARENT_SEALED_FILE_H
#define PARENT_SEALED_FILE_H

#include "core/base/arena.h"
#include "core/kms/kms_api.h"

struct sealed_file {
    struct bytes address;        /* 0x and 40 hex digits; empty: not told */
    struct bytes ciphertext_b64; /* decodes to 1 to KMS_CIPHERTEXT_MAX bytes */
    struct bytes key_id;         /* key ARN */
    bool has_context;            /* the file says what it was sealed under */
    struct kms_context context;  /* then this; else nothing */
};

/* From an object; the texts are views into it or live in the arena. FAULT_INPUT. */
bool sealed_file_read(struct json object, struct arena *arena, struct sealed_file *sealed, struct fault *why) MUST_USE;

/* The pairs of a file that names its context, without the policy's digest, which must be `digest` (64 lower-case hex
 * digits). FAULT_INPUT: another policy's, or no policy's. */
bool sealed_file_pairs(const struct sealed_file *sealed, const char *digest, struct kms_context *others,
                       struct fault *why) MUST_USE;

#endif
