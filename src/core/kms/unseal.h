/* unseal: attest, ask, open. One attestation document, one request to KMS, one answer, one RSA key.
 *
 *   NSM Attestation(public_key = SPKI) -> Decrypt or GenerateDataKey with Recipient -> CiphertextForRecipient -> CMS
 *
 * The document's timestamp is the time of SigV4 and of the certificate check.
 */
#ifndef CORE_KMS_UNSEAL_H
#define CORE_KMS_UNSEAL_H

#include "core/base/outside.h"
#include "core/crypto/rsa.h"
#include "core/kms/kms_api.h"

struct unseal_order {
    struct bytes region; /* has passed kms_region_ok */
    uint16_t proxy_port;
    const struct aws_credentials *credentials;
    struct bytes key_id; /* empty: none sent (Decrypt only) */
    bool key_is_pinned;  /* key_id is an ARN, and the answer's KeyId must equal it */
    struct kms_context context;
    uint64_t deadline_ms; /* on outside's monotonic clock */
};

struct unseal_answer {
    char key_arn[KMS_KEY_ID_MAX + 1];       /* from the answer, checked as a key ARN */
    uint64_t utc_ms;                        /* the document's timestamp */
    uint64_t monotonic_ms;                  /* when it was made */
    uint8_t ciphertext[KMS_CIPHERTEXT_MAX]; /* generate only */
    size_t ciphertext_len;
};

/* FAULT_REMOTE; texts begin "kmstool decrypt failed (exit 255): " (of generate: "kmstool genkey failed (exit 255): ")
 * and go on with KMS's error name and our hint. `plaintext` untouched on failure. The RSA key is wiped in any case. */
bool unseal_decrypt(const struct outside *outside, const struct unseal_order *order, struct bytes ciphertext,
                    struct rsa_key *recipient, struct arena *arena, struct secret_text *plaintext,
                    struct unseal_answer *answer, struct fault *why) MUST_USE;
/* 32 bytes, AES_256. */
bool unseal_generate(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                     struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                     struct fault *why) MUST_USE;

#endif
