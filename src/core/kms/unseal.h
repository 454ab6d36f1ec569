/* unseal: attest, ask, open. One attestation document, one request to KMS, one answer, one RSA key.
 *
 *   NSM Attestation(public_key = SPKI, nonce) -> Decrypt or GenerateDataKey with Recipient
 *     -> CiphertextForRecipient -> CMS -> plaintext
 *
 * The document's timestamp is the time of SigV4 and of the certificate check. Nothing is retried: another request needs
 * another document and another key.
 */
#ifndef CORE_KMS_UNSEAL_H
#define CORE_KMS_UNSEAL_H

#include "core/base/outside.h"
#include "core/crypto/rsa.h"
#include "core/kms/kms_api.h"

/* Room that any order may need of the arena: the document, the request twice (its body is hashed before its head is
 * written), the response. A usual order takes 140 KiB. */
enum { UNSEAL_ARENA_MAX = 256 * 1024 };

struct unseal_order {
    struct bytes region; /* kms_region_ok */
    uint16_t proxy_port;
    const struct aws_credentials *credentials;
    struct bytes key_id;          /* kms_key_id_ok; empty: none sent (Decrypt only) */
    bool key_is_pinned;           /* key_id is a key ARN of a single-Region key */
    enum kms_algorithm algorithm; /* Decrypt only; others than KMS_SYMMETRIC_DEFAULT take no context */
    struct kms_context context;   /* none for random bytes, which no key has a part in */
    size_t wanted_len;            /* bytes to generate: 16 or 32 (0 is 32); random ones: 1 to KMS_RANDOM_MAX */
    uint64_t deadline_ms;         /* on outside's monotonic clock */
};

struct unseal_answer {
    char key_arn[KMS_KEY_ID_MAX + 1]; /* from the answer, checked as a key ARN of the order's region; of random none */
    uint64_t utc_ms;                  /* the document's timestamp */
    uint64_t monotonic_ms;            /* just after it was made: utc_ms plus what passed since is never ahead */
    uint8_t ciphertext[KMS_CIPHERTEXT_MAX]; /* generate only */
    size_t ciphertext_len;
};

/*   order       checked again here, before anything leaves. When key_id is a key ARN, its region is the order's and
 *               the answer's KeyId equals it, pinned or not
 *   ciphertext  1 to KMS_CIPHERTEXT_MAX bytes
 *   recipient   made for this request; wiped in any case
 *   arena       UNSEAL_ARENA_MAX; what held credentials is wiped before the return, the rest with the arena
 *   plaintext, answer   untouched on failure
 *
 * FAULT_INPUT: an order that is not as above. FAULT_LIMIT: the arena is too small. Everything else: FAULT_REMOTE, or
 * the code that `outside` gave, with a text that begins "kmstool decrypt failed (exit 255): " (of generate: "kmstool
 * genkey failed (exit 255): ", of random: "kmstool genrandom failed (exit 255): ") and goes on with KMS's error name
 * and our hint. An answer with a Plaintext, or without CiphertextForRecipient, is refused. */
bool unseal_decrypt(const struct outside *outside, const struct unseal_order *order, struct bytes ciphertext,
                    struct rsa_key *recipient, struct arena *arena, struct secret_text *plaintext,
                    struct unseal_answer *answer, struct fault *why) MUST_USE;

/* A new key of wanted_len bytes (AES_256 or AES_128), and the ciphertext that opens to it later. */
bool unseal_generate(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                     struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                     struct fault *why) MUST_USE;

/* wanted_len random bytes of KMS's, encrypted to the recipient on their way. The order names no key. */
bool unseal_random(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                   struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                   struct fault *why) MUST_USE;

#endif
