#include "dev/kms_blob.h"
#include "dev/kms_sim.h"

#include <openssl/rand.h>
#include <string.h>

enum { RANDOM_MAX = 1024, CMS_CAP = 8192 };

static void put_text(struct json_writer *json, const char *key, const char *text)
{
    json_key(json, key);
    json_put_text(json, text);
}

static void put_base64(struct json_writer *json, const char *key, struct bytes bytes)
{
    json_key(json, key);
    json_put_base64(json, bytes);
}

static void put_key_arn(struct kms_exchange *exchange, const char *member, const struct sim_key *key)
{
    char arn[SIM_ARN_MAX];
    sim_key_arn(exchange->state, key, arn);
    put_text(&exchange->answer, member, arn);
}

static enum kms_cms_form next_form(struct kms_sim *sim)
{
    if (sim->cms == KMS_CMS_ONLY_A)
        return KMS_CMS_CONSTRUCTED;
    if (sim->cms == KMS_CMS_ONLY_B)
        return KMS_CMS_PRIMITIVE;
    return atomic_fetch_add(&sim->answers_enveloped, 1) % 2 == 0 ? KMS_CMS_CONSTRUCTED : KMS_CMS_PRIMITIVE;
}

/* Plaintext to whoever asked, or, when there is a recipient, to it alone. */
static bool put_plaintext(struct kms_exchange *exchange, const struct kms_recipient *recipient, struct bytes plaintext)
{
    if (!recipient->present) {
        put_base64(&exchange->answer, "Plaintext", plaintext);
        return true;
    }
    uint8_t buffer[CMS_CAP];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes envelope;
    struct fault why = { 0 };
    if (!kms_cms_seal(recipient->spki, plaintext, next_form(exchange->sim), &out, &why) ||
        !writer_done(&out, &envelope))
        return kms_refuse(exchange, "KMSInternalException", "%s", why.text);
    put_base64(&exchange->answer, "CiphertextForRecipient", envelope);
    return true;
}

static bool put_sealed(struct kms_exchange *exchange, const struct sim_key *key, const struct kms_context *context,
                       struct bytes plaintext)
{
    uint8_t buffer[KMS_BLOB_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes blob;
    if (!kms_blob_seal(key, context, plaintext, &out) || !writer_done(&out, &blob))
        return kms_refuse(exchange, "KMSInternalException", "cannot encrypt");
    put_base64(&exchange->answer, "CiphertextBlob", blob);
    return true;
}

bool kms_op_encrypt(struct kms_exchange *exchange)
{
    struct sim_key *key;
    struct bytes plaintext;
    struct kms_context context;
    if (!kms_key_member(exchange, "KeyId", true, &key) ||
        !kms_blob_member(exchange, "Plaintext", KMS_PLAINTEXT_MAX, &plaintext) ||
        !kms_context_member(exchange, "EncryptionContext", &context) ||
        !kms_may(exchange, "kms:Encrypt", key, &context, NULL) || !kms_key_usable(exchange, key) ||
        !kms_algorithm_member(exchange, "EncryptionAlgorithm") || !kms_dry_run_ok(exchange) ||
        !put_sealed(exchange, key, &context, plaintext))
        return false;
    put_text(&exchange->answer, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    put_key_arn(exchange, "KeyId", key);
    return true;
}

/* The key that a blob was sealed under. A key that is not here and one that the caller may not use look alike. */
static bool key_of_blob(struct kms_exchange *exchange, struct bytes blob, struct sim_key **key)
{
    char id[37];
    if (!kms_blob_key_id(blob, id))
        return kms_refuse_silently(exchange, "InvalidCiphertextException");
    *key = sim_key_find(exchange->state, bytes_of_text(id));
    if (*key != NULL && strcmp((*key)->region, exchange->caller.region) == 0)
        return true;
    return kms_refuse(exchange, "AccessDeniedException", /* unverified: the text */
                      "The ciphertext refers to a customer master key that does not exist, does not exist in this "
                      "region, or you are not allowed to access.");
}

/* Which key opens this blob: the one that is named, which must be the blob's own, or the blob's. */
static bool key_for_opening(struct kms_exchange *exchange, const char *member, const char *action, struct bytes blob,
                            const struct kms_context *context, const struct bytes *pcrs_hex, struct sim_key **key)
{
    struct sim_key *named = NULL;
    char id[37];
    if (!kms_key_member(exchange, member, false, &named))
        return false;
    if (named == NULL)
        return key_of_blob(exchange, blob, key) && kms_may(exchange, action, *key, context, pcrs_hex) &&
               kms_key_usable(exchange, *key);
    /* unverified: that the caller's right to the named key comes before what the blob says */
    if (!kms_may(exchange, action, named, context, pcrs_hex) || !kms_key_usable(exchange, named))
        return false;
    if (!kms_blob_key_id(blob, id))
        return kms_refuse_silently(exchange, "InvalidCiphertextException");
    if (strcmp(id, named->id) != 0)
        return kms_refuse(exchange, "IncorrectKeyException",
                          "The key ID in the request does not identify a CMK that can perform this operation.");
    *key = named;
    return true;
}

bool kms_op_decrypt(struct kms_exchange *exchange)
{
    struct sim_key *key;
    struct bytes blob;
    struct kms_context context;
    struct kms_recipient recipient;
    uint8_t plaintext[KMS_PLAINTEXT_MAX];
    size_t len = 0;
    if (!kms_blob_member(exchange, "CiphertextBlob", KMS_CIPHERTEXT_MAX, &blob) ||
        !kms_context_member(exchange, "EncryptionContext", &context) || !kms_recipient_member(exchange, &recipient) ||
        !key_for_opening(exchange, "KeyId", "kms:Decrypt", blob, &context,
                         recipient.present ? recipient.pcrs_hex : NULL, &key) ||
        !kms_algorithm_member(exchange, "EncryptionAlgorithm"))
        return false;
    if (!kms_blob_open(key, &context, blob, plaintext, &len))
        return kms_refuse_silently(exchange, "InvalidCiphertextException");
    if (!kms_dry_run_ok(exchange) || !put_plaintext(exchange, &recipient, (struct bytes){ plaintext, len }))
        return false;
    put_text(&exchange->answer, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    put_key_arn(exchange, "KeyId", key);
    return true;
}

static bool data_key_length(struct kms_exchange *exchange, uint64_t *len)
{
    struct bytes spec;
    bool given = false;
    if (!kms_text_member(exchange, "KeySpec", 64, &spec) || !kms_uint_member(exchange, "NumberOfBytes", len, &given))
        return false;
    if ((spec.len > 0) == given) /* unverified: the text */
        return kms_refuse(exchange, "ValidationException", "Please specify either number of bytes or key spec.");
    if (bytes_equal(spec, BYTES_LIT("AES_256")))
        *len = 32;
    else if (bytes_equal(spec, BYTES_LIT("AES_128")))
        *len = 16;
    else if (!given) /* unverified: the order of the two values */
        return kms_refuse(exchange, "ValidationException",
                          "1 validation error detected: Value at 'keySpec' failed to satisfy constraint: Member must "
                          "satisfy enum value set: [AES_256, AES_128]");
    return true;
}

static bool random_length_ok(struct kms_exchange *exchange, uint64_t len)
{
    if (len < 1)
        return kms_refuse(exchange, "ValidationException",
                          "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: "
                          "Member must have value greater than or equal to 1");
    return len <= RANDOM_MAX ||
           kms_refuse(exchange, "ValidationException",
                      "1 validation error detected: Value '%llu' at 'numberOfBytes' failed to satisfy constraint: "
                      "Member must have value less than or equal to 1024",
                      (unsigned long long)len);
}

static bool generate_data_key(struct kms_exchange *exchange, const char *action, bool with_plaintext)
{
    struct sim_key *key;
    struct kms_context context;
    struct kms_recipient recipient = { 0 };
    uint64_t len = 0;
    uint8_t random[RANDOM_MAX];
    if (!kms_key_member(exchange, "KeyId", true, &key) ||
        !kms_context_member(exchange, "EncryptionContext", &context) || !data_key_length(exchange, &len) ||
        !random_length_ok(exchange, len) || (with_plaintext && !kms_recipient_member(exchange, &recipient)) ||
        !kms_may(exchange, action, key, &context, recipient.present ? recipient.pcrs_hex : NULL) ||
        !kms_key_usable(exchange, key) || !kms_dry_run_ok(exchange))
        return false;
    must(RAND_bytes(random, (int)len) == 1);
    const struct bytes made = { random, (size_t)len };
    if (!put_sealed(exchange, key, &context, made) || (with_plaintext && !put_plaintext(exchange, &recipient, made)))
        return false;
    put_key_arn(exchange, "KeyId", key);
    return true;
}

bool kms_op_generate_data_key(struct kms_exchange *exchange)
{
    return generate_data_key(exchange, "kms:GenerateDataKey", true);
}

bool kms_op_generate_data_key_without_plaintext(struct kms_exchange *exchange)
{
    return generate_data_key(exchange, "kms:GenerateDataKeyWithoutPlaintext", false);
}

bool kms_op_generate_random(struct kms_exchange *exchange)
{
    struct kms_recipient recipient;
    uint64_t len = 0;
    bool given = false;
    uint8_t random[RANDOM_MAX];
    if (!kms_uint_member(exchange, "NumberOfBytes", &len, &given))
        return false;
    if (!given)
        return kms_refuse(exchange, "ValidationException", "NumberOfBytes is required.");
    if (!random_length_ok(exchange, len) || !kms_recipient_member(exchange, &recipient) ||
        !kms_may(exchange, "kms:GenerateRandom", NULL, NULL, recipient.present ? recipient.pcrs_hex : NULL))
        return false;
    must(RAND_bytes(random, (int)len) == 1);
    return put_plaintext(exchange, &recipient, (struct bytes){ random, (size_t)len });
}

bool kms_op_re_encrypt(struct kms_exchange *exchange)
{
    struct sim_key *from, *to;
    struct bytes blob;
    struct kms_context context_from, context_to;
    uint8_t plaintext[KMS_PLAINTEXT_MAX];
    size_t len = 0;
    if (!kms_blob_member(exchange, "CiphertextBlob", KMS_CIPHERTEXT_MAX, &blob) ||
        !kms_context_member(exchange, "SourceEncryptionContext", &context_from) ||
        !kms_context_member(exchange, "DestinationEncryptionContext", &context_to) ||
        !kms_key_member(exchange, "DestinationKeyId", true, &to) ||
        !key_for_opening(exchange, "SourceKeyId", "kms:ReEncryptFrom", blob, &context_from, NULL, &from) ||
        !kms_may(exchange, "kms:ReEncryptTo", to, &context_to, NULL) || !kms_key_usable(exchange, to) ||
        !kms_algorithm_member(exchange, "SourceEncryptionAlgorithm") ||
        !kms_algorithm_member(exchange, "DestinationEncryptionAlgorithm"))
        return false;
    if (!kms_blob_open(from, &context_from, blob, plaintext, &len))
        return kms_refuse_silently(exchange, "InvalidCiphertextException");
    if (!kms_dry_run_ok(exchange) || !put_sealed(exchange, to, &context_to, (struct bytes){ plaintext, len }))
        return false;
    put_text(&exchange->answer, "DestinationEncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    put_key_arn(exchange, "KeyId", to);
    put_text(&exchange->answer, "SourceEncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    put_key_arn(exchange, "SourceKeyId", from);
    return true;
}
