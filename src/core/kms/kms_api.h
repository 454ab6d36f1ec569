/* kms_api: AWS KMS's JSON 1.1 API over HTTPS, the part that an enclave needs: names that come from outside are parsed
 * strictly, an encryption context is gathered, errors are told apart.
 */
#ifndef CORE_KMS_KMS_API_H
#define CORE_KMS_KMS_API_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"
#include "core/kms/credentials.h"

enum {
    KMS_REGION_MAX = 32, /* with its final NUL */
    KMS_HOST_MAX = 96,   /* with its final NUL */
    KMS_KEY_ID_MAX = 2048,
    KMS_CIPHERTEXT_MAX = 6144, /* CiphertextBlob of Decrypt, in the service's model */
    KMS_RANDOM_MAX = 1024,     /* NumberOfBytes of GenerateRandom, in the service's model */
    KMS_CONTEXT_PAIRS_MAX = 16,
    KMS_CONTEXT_TEXT_MAX = 8192, /* all names and values together */
    KMS_RESPONSE_MAX = 65536,    /* of a body; what an enclave asks for is answered in under 20 KB */
};

/* [a-z]{2,}(-[a-z]+)+-[0-9]+, at most 31 characters: nothing that could steer a host name. */
bool kms_region_ok(struct bytes region) MUST_USE;

/* kms.<region>.<suffix of the partition>, the standard endpoints. `region` has passed kms_region_ok. */
void kms_host(struct bytes region, char host[static KMS_HOST_MAX]);

/* A key ARN taken apart: arn:<partition>:kms:<region>:<12 digits>:key/<id>. The partition is the region's own. The id
 * is a UUID in lower-case hex or, of a multi-Region key, "mrk-" and 32 lower-case hex digits. Views into `text`. */
struct kms_key_arn {
    struct bytes partition, region, account, id;
    bool multi_region;
};
bool kms_key_arn_read(struct bytes text, struct kms_key_arn *arn) MUST_USE;

/* What KMS may take for a KeyId in open mode: 1 to KMS_KEY_ID_MAX of A-Z a-z 0-9 : / _ - (a key id, key ARN, alias name
 * or alias ARN). */
bool kms_key_id_ok(struct bytes text) MUST_USE;

enum kms_algorithm { KMS_SYMMETRIC_DEFAULT, KMS_RSAES_OAEP_SHA_1, KMS_RSAES_OAEP_SHA_256, KMS_SM2PKE };
const char *kms_algorithm_name(enum kms_algorithm algorithm) MUST_USE; /* as on the wire */
bool kms_algorithm_read(struct bytes text, enum kms_algorithm *algorithm) MUST_USE;

/* Strict character sets for what goes into headers. Shorter ones than AWS makes pass: it is AWS's to know them. */
bool kms_access_key_id_ok(struct bytes text) MUST_USE;     /* 1 to 128 of A-Z a-z 0-9 _ */
bool kms_session_token_ok(struct bytes text) MUST_USE;     /* 1 to SECRET_TEXT_MAX of A-Z a-z 0-9 + / = _ - . : % */
bool kms_secret_access_key_ok(struct bytes text) MUST_USE; /* 1 to 128 of 0x21..0x7e; never leaves, keys a MAC */

/* Pairs of the encryption context, UTF-8, unique names, order of arrival. */
struct kms_context {
    size_t count;
    struct {
        struct bytes name, value;
    } pairs[KMS_CONTEXT_PAIRS_MAX];
};

/* From RPC's or the tool's {name: value}. Names beginning "ensign-" in any case, Unicode's too, are refused: those are
 * the enclave's own (key policies compare names of context keys without regard to case). Refused too: values that are
 * no strings, empty names, control characters, more pairs or text than the maxima above. Strings live in the arena.
 * FAULT_INPUT, or FAULT_LIMIT for the maxima and the arena; `context` is untouched on failure. */
bool kms_context_from_json(struct json object, struct arena *arena, struct kms_context *context,
                           struct fault *why) MUST_USE;
bool kms_context_add(struct kms_context *context, struct bytes name,
                     struct bytes value) MUST_USE; /* no checks but room */
#define KMS_POLICY_CONTEXT BYTES_LIT("ensign-policy-sha256")

/* KMS's error names that we repeat to operators, and our sentence on what usually causes each. A name that is not on
 * the list, and a body that is no JSON object with a "__type", give "UnknownError". Never KMS's own text. Both are
 * static texts. */
struct kms_error {
    const char *name, *hint;
};
struct kms_error kms_error_read(unsigned http_status, struct bytes body) MUST_USE;

/* The list itself, for the tests and for the documentation's check; NULL past its end. */
const struct kms_error *kms_error_at(size_t index) MUST_USE;

#endif
