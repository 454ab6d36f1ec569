#include "core/kms/unseal_ask.h"

#include "core/base/text.h"
#include "core/kms/sigv4.h"

#include <string.h>

enum { SIGNED_HEADERS_MAX = 5, AES_128_LEN = 16, AES_256_LEN = 32 };

size_t unseal_wanted_len(const struct unseal_ask *ask)
{
    switch (ask->kind) {
    case UNSEAL_DECRYPT:
        break;
    case UNSEAL_DATA_KEY:
        return ask->order->wanted_len == 0 ? AES_256_LEN : ask->order->wanted_len;
    case UNSEAL_RANDOM:
        return ask->order->wanted_len;
    }
    return 0;
}

static bool wanted_len_ok(const struct unseal_ask *ask, struct fault *why)
{
    const size_t len = unseal_wanted_len(ask);
    if (ask->kind == UNSEAL_DATA_KEY && len != AES_128_LEN && len != AES_256_LEN)
        return fault_set(why, FAULT_INPUT, "a data key of %zu bytes is wanted, possible are %d and %d", len,
                         AES_128_LEN, AES_256_LEN);
    if (ask->kind == UNSEAL_RANDOM && (len == 0 || len > KMS_RANDOM_MAX))
        return fault_set(why, FAULT_INPUT, "%zu random bytes are wanted, possible are 1 to %d", len, KMS_RANDOM_MAX);
    if (ask->kind == UNSEAL_RANDOM && (ask->order->key_id.len > 0 || ask->order->context.count > 0))
        return fault_set(why, FAULT_INPUT, "random bytes are made without a key or an encryption context");
    return true;
}

static bool credentials_ok(const struct aws_credentials *credentials)
{
    const struct bytes token = secret_text_view(&credentials->session_token);
    return memchr(credentials->access_key_id, '\0', sizeof credentials->access_key_id) != NULL &&
           kms_access_key_id_ok(bytes_of_text(credentials->access_key_id)) &&
           kms_secret_access_key_ok(secret_text_view(&credentials->secret_access_key)) &&
           (token.len == 0 || kms_session_token_ok(token));
}

bool unseal_order_ok(const struct unseal_ask *ask, struct fault *why)
{
    const struct unseal_order *order = ask->order;
    struct kms_key_arn arn;
    const bool names_arn = kms_key_arn_read(order->key_id, &arn);
    if (!kms_region_ok(order->region))
        return fault_set(why, FAULT_INPUT, "region is not the name of an AWS region");
    if (!credentials_ok(order->credentials))
        return fault_set(why, FAULT_INPUT, "the AWS credentials hold characters that credentials do not have");
    if ((order->key_id.len > 0 || ask->kind == UNSEAL_DATA_KEY) && !kms_key_id_ok(order->key_id))
        return fault_set(why, FAULT_INPUT, "key_id is not a KMS key id, key ARN or alias");
    if (order->key_is_pinned && (!names_arn || arn.multi_region))
        return fault_set(why, FAULT_INPUT, "a pinned KMS key is the key ARN of a single-Region key");
    if (names_arn && !bytes_equal(arn.region, order->region))
        return fault_set(why, FAULT_INPUT, "the KMS key is of region %.*s (got region %.*s)", (int)arn.region.len,
                         (const char *)arn.region.data, (int)order->region.len, (const char *)order->region.data);
    if (order->algorithm != KMS_SYMMETRIC_DEFAULT &&
        (ask->kind != UNSEAL_DECRYPT || order->key_is_pinned || order->context.count > 0))
        return fault_set(why, FAULT_INPUT,
                         "encryption_algorithm must be SYMMETRIC_DEFAULT with a pinned key or an encryption context "
                         "(got %s)",
                         kms_algorithm_name(order->algorithm));
    if (ask->kind == UNSEAL_DECRYPT && (ask->ciphertext.len == 0 || ask->ciphertext.len > KMS_CIPHERTEXT_MAX))
        return fault_set(why, FAULT_INPUT, "ciphertext has %zu bytes, want 1 to %d", ask->ciphertext.len,
                         KMS_CIPHERTEXT_MAX);
    return wanted_len_ok(ask, why);
}

static void put_context(struct json_writer *json, const struct kms_context *context)
{
    if (context->count == 0)
        return;
    json_key(json, "EncryptionContext");
    json_begin_object(json);
    for (size_t i = 0; i < context->count; i++) {
        json_key_utf8(json, context->pairs[i].name);
        json_put_string(json, context->pairs[i].value);
    }
    json_end_object(json);
}

bool unseal_put_body(const struct unseal_ask *ask, struct bytes document, struct arena *arena, struct bytes *body)
{
    struct writer out = arena_writer(arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    if (ask->kind == UNSEAL_DECRYPT) {
        json_key(&json, "CiphertextBlob");
        json_put_base64(&json, ask->ciphertext);
        json_key(&json, "EncryptionAlgorithm");
        json_put_text(&json, kms_algorithm_name(ask->order->algorithm));
    }
    put_context(&json, &ask->order->context);
    if (ask->order->key_id.len > 0) {
        json_key(&json, "KeyId");
        json_put_string(&json, ask->order->key_id);
    }
    if (ask->kind == UNSEAL_DATA_KEY) {
        json_key(&json, "KeySpec");
        json_put_text(&json, unseal_wanted_len(ask) == AES_128_LEN ? "AES_128" : "AES_256");
    }
    if (ask->kind == UNSEAL_RANDOM) {
        json_key(&json, "NumberOfBytes");
        json_put_uint(&json, unseal_wanted_len(ask));
    }
    json_key(&json, "Recipient");
    json_begin_object(&json);
    json_key(&json, "AttestationDocument");
    json_put_base64(&json, document);
    json_key(&json, "KeyEncryptionAlgorithm");
    json_put_text(&json, "RSAES_OAEP_SHA_256");
    json_end_object(&json);
    json_end_object(&json);
    return arena_keep(arena, &out, body);
}

static void put_header(struct writer *out, struct bytes name, struct bytes value)
{
    writer_put(out, name);
    writer_text(out, ": ");
    writer_put(out, value);
    writer_text(out, "\r\n");
}

bool unseal_put_request(const struct unseal_ask *ask, const char *host, uint64_t utc_ms, struct bytes body,
                        struct writer *out)
{
    char date[SIGV4_DATE + 1];
    sigv4_date(utc_ms, date);
    const struct bytes token = secret_text_view(&ask->order->credentials->session_token);
    const struct http_header headers[SIGNED_HEADERS_MAX] = {
        { BYTES_LIT("Host"), bytes_of_text(host) },
        { BYTES_LIT("Content-Type"), BYTES_LIT("application/x-amz-json-1.1") },
        { BYTES_LIT("X-Amz-Date"), bytes_of_text(date) },
        { BYTES_LIT("X-Amz-Target"), ask->target },
        { BYTES_LIT("X-Amz-Security-Token"), token },
    };
    const struct sigv4_request request = {
        .method = BYTES_LIT("POST"),
        .path = BYTES_LIT("/"),
        .headers = headers,
        .header_count = token.len > 0 ? SIGNED_HEADERS_MAX : SIGNED_HEADERS_MAX - 1,
        .body = body,
        .date = bytes_of_text(date),
        .region = ask->order->region,
        .service = BYTES_LIT("kms"),
    };
    writer_text(out, "POST / HTTP/1.1\r\n");
    for (size_t i = 0; i < request.header_count; i++)
        put_header(out, headers[i].name, headers[i].value);
    writer_text(out, "Authorization: ");
    const bool is_signed = sigv4_put_authorization(out, &request, ask->order->credentials);
    writer_text(out, "\r\nContent-Length: ");
    text_put_uint(out, body.len);
    writer_text(out, "\r\nConnection: close\r\n\r\n");
    writer_put(out, body);
    return is_signed && !out->failed;
}
