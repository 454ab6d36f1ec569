/* kms_blob: the ciphertext blobs of the KMS stand-in. Their format is our own, as AWS's is AWS's own.
 *
 *   "ES1\0" | key id, 16 bytes | IV, 12 bytes | AES-256-GCM ciphertext | tag, 16 bytes
 *
 * Additional data: the first 20 bytes, then every pair of the encryption context, sorted by name: length of the name in
 * 4 bytes, name, length of the value in 4 bytes, value.
 */
#ifndef DEV_KMS_BLOB_H
#define DEV_KMS_BLOB_H

#include "core/kms/kms_api.h"
#include "dev/sim_state.h"

enum {
    KMS_PLAINTEXT_MAX = 4096,
    KMS_BLOB_HEAD = 4 + 16 + 12,
    KMS_BLOB_MAX = KMS_BLOB_HEAD + KMS_PLAINTEXT_MAX + 16,
};

bool kms_blob_seal(const struct sim_key *key, const struct kms_context *context, struct bytes plaintext,
                   struct writer *blob) MUST_USE;
/* The id in it as a UUID's text, whether or not there is such a key. False: no blob of ours. */
bool kms_blob_key_id(struct bytes blob, char id[static 37]) MUST_USE;
/* False: damaged, or another context. `plaintext` has room for KMS_PLAINTEXT_MAX. */
bool kms_blob_open(const struct sim_key *key, const struct kms_context *context, struct bytes blob, uint8_t *plaintext,
                   size_t *len) MUST_USE;

#endif
