/* scene: a whole signer in this process, with an NSM and a KMS that are made here: documents by the CBOR writer,
 * EnvelopedData by libcrypto's CMS, which src has no part in. What KMS opens is the ciphertext itself, so a test picks
 * the key text by picking the ciphertext. The outside may be asked by any number of threads.
 */
#ifndef TESTS_UNIT_SIGNER_SCENE_H
#define TESTS_UNIT_SIGNER_SCENE_H

#include "core/signer/methods.h"
#include "core/signer/signer_state.h"

#define SCENE_ARN    "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
#define SCENE_OTHER  "arn:aws:kms:us-east-2:111122223333:key/87654321-1234-1234-1234-123456789abc"
#define SCENE_STRICT "\"mode\":\"strict\",\"kms_key\":\"" SCENE_ARN "\""

/* Addresses of the keys 32 bytes of 0x11 and of 0x22, and the ciphertexts that this KMS opens to them. */
#define SCENE_ADDRESS       "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
#define SCENE_ADDRESS_22    "0x1563915e194D8CfBA1943570603F7606A3115508"
#define SCENE_CIPHERTEXT    "ERERERERERERERERERERERERERERERERERERERERERE="
#define SCENE_CIPHERTEXT_22 "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="

/* The credentials and region of a provision, to be followed by more members. */
#define SCENE_CREDENTIALS \
    "\"aws_access_key_id\":\"AKIA\",\"aws_secret_access_key\":\"sk\",\"aws_session_token\":\"tok\",\"region\":\"us-" \
    "east-2\""
#define SCENE_PROVISION(more) \
    "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS ",\"ciphertext_b64\":\"" SCENE_CIPHERTEXT "\"" more "}" \
    "}"
#define SCENE_GENERATE(more) "{\"method\":\"generate\",\"params\":{" SCENE_CREDENTIALS more "}}"

#define SCENE_BROKER "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
/* A policy document whose face value and budget are given. */
#define SCENE_POLICY(face_value, budget_face_value, messages) \
    "{\"version\":1,\"chain_id\":42161,\"ticket_broker\":\"" SCENE_BROKER "\",\"require_allowlist\":true," \
    "\"allowed_recipients\":[\"0x2222222222222222222222222222222222222222\"],\"max_face_value_wei\":\"" face_value \
    "\",\"max_total_face_value_wei\":\"unlimited\",\"allow_fund_deposit\":true,\"max_fund_deposit_wei\":\"1000\"," \
    "\"allow_withdraw\":false,\"treasury\":null,\"messages\":\"" messages "\",\"typed_data\":\"none\"," \
    "\"max_gas\":\"3000000\",\"max_fee_per_gas_wei\":\"unlimited\",\"max_tx_fee_wei\":\"10000000000000000\"," \
    "\"budget\":{\"window_seconds\":86400,\"start\":\"full\",\"max_face_value_wei\":\"" budget_face_value \
    "\",\"max_fund_deposit_wei\":\"unlimited\",\"max_fee_wei\":\"100000000000000000\"}}"

struct scene {
    pthread_mutex_t outside_lock;
    struct settings settings;
    struct outside outside;
    struct signer *signer;
    _Alignas(64) uint8_t page[KEY_SLOT_BYTES];
    uint8_t *arena, *answer;
    /* what the world is like */
    _Atomic uint64_t monotonic_ms, utc_ms;
    bool no_nsm;
    const char *kms_error;     /* KMS refuses everything with this name */
    const char *kms_key;       /* KeyId of answers */
    const char *opens_to;      /* the plaintext of everything; NULL: the ciphertext itself */
    const char *opens_only_in; /* the text of EncryptionContext without which nothing opens; "" for none at all */
    void (*during_https)(struct scene *scene); /* called while KMS is being asked */
    unsigned fail_at;                          /* the number of the call to the outside that fails; 0: none */
    /* what happened */
    unsigned outside_calls, nsm_calls, https_calls;
    char context[6 * KMS_CONTEXT_TEXT_MAX + 1024]; /* of the last request to KMS, "{}" when none was sent */
    char asked_key[KMS_KEY_ID_MAX + 1];            /* KeyId of the last request, empty when none was sent */
    char algorithm[32];                            /* asked for, SYMMETRIC_DEFAULT when none was */
    struct hash32 recipient;                       /* SHA-256 of the public key in the last request to KMS */
    bool public_key_in_last_document;
    char user_data[NSM_USER_DATA_MAX + 1];
};

void scene_open(struct scene *scene, const char *settings_json);
void scene_close(struct scene *scene);

/* One request and its answer, NUL-terminated, in scene->answer. The RSA key is put ready first, to save time. */
const char *scene_ask(struct scene *scene, const char *request);
const char *scene_ask_bytes(struct scene *scene, struct bytes request);
/* True when the answer is exactly this; when not, both are printed. */
bool scene_answers(struct scene *scene, const char *request, const char *answer) MUST_USE;
/* True when the answer is a refusal of that code whose message begins so. */
bool scene_refuses(struct scene *scene, const char *request, const char *code, const char *message) MUST_USE;
/* True when the answer is a result in which this text stands. */
bool scene_says(struct scene *scene, const char *request, const char *text) MUST_USE;

void scene_put_recipient_ready(struct scene *scene);

#endif
