/* kms_api: AWS KMS's JSON 1.1 API over HTTPS (FACTS C), the part that an enclave needs: names that come from outside
 * are parsed strictly, requests are built, answers and errors read.
 */
#ifndef CORE_KMS_KMS_API_H
#define CORE_KMS_KMS_API_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"
#include "core/kms/credentials.h"

enum {
    KMS_REGION_MAX = 32,
    KMS_HOST_MAX = 96,
    KMS_KEY_ID_MAX = 2048,
    KMS_CIPHERTEXT_MAX = 6144,
    KMS_CONTEXT_PAIRS_MAX = 16,
    KMS_CONTEXT_TEXT_MAX = 8192,
    KMS_RESPONSE_MAX = 65536,
};

/* [a-z]{2,}(-[a-z]+)+-[0-9]+, at most 31 characters: nothing that could steer a host name. */
bool kms_region_ok(struct bytes region) MUST_USE;
/* kms.<region>.<suffix of the partition> (FACTS C.6). `region` has passed kms_region_ok. */
void kms_host(struct bytes region, char host[static KMS_HOST_MAX]);

/* A key ARN taken apart: arn:<partition>:kms:<region>:<12 digits>:key/<id>. Multi-Region ids ("mrk-…") are said. */
struct kms_key_arn {
    struct bytes partition, region, account, id;
    bool multi_region;
};
bool kms_key_arn_read(struct bytes text, struct kms_key_arn *arn) MUST_USE;
/* A key id, key ARN, alias name or alias ARN with KMS's characters; for KeyId in open mode. */
bool kms_key_id_ok(struct bytes text) MUST_USE;

/* Strict character sets for what goes into headers: access key id and session token. */
bool kms_access_key_id_ok(struct bytes text) MUST_USE;
bool kms_session_token_ok(struct bytes text) MUST_USE;
bool kms_secret_access_key_ok(struct bytes text) MUST_USE;

/* Pairs of the encryption context, UTF-8, unique names, order of arrival. */
struct kms_context {
    size_t count;
    struct {
        struct bytes name, value;
    } pairs[KMS_CONTEXT_PAIRS_MAX];
};
/* From RPC's or the tool's {name: value}. Names beginning "ensign-" in any case are refused (rule 3), and so is what
 * KMS would refuse. Strings live in the arena. FAULT_INPUT. */
bool kms_context_from_json(struct json object, struct arena *arena, struct kms_context *context,
                           struct fault *why) MUST_USE;
bool kms_context_add(struct kms_context *context, struct bytes name,
                     struct bytes value) MUST_USE; /* no checks but room */
#define KMS_POLICY_CONTEXT BYTES_LIT("ensign-policy-sha256")

/* KMS's error names that we repeat to operators, and our sentence on what usually causes each. An unknown name gives
 * "UnknownError". Never KMS's own text. */
struct kms_error {
    const char *name, *hint;
};
struct kms_error kms_error_read(unsigned http_status, struct bytes body) MUST_USE;

#endif
