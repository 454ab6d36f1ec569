/* kms_world: an NSM and a KMS in process, for asking them through struct outside. The KMS is made of libcrypto's own
 * CMS, its X.509 and of printf; each answer can be twisted in one way. */
#ifndef TESTS_UNIT_KMS_KMS_WORLD_H
#define TESTS_UNIT_KMS_KMS_WORLD_H

#include "vectors.h"

#include "core/base/outside.h"
#include "core/codec/cbor.h"
#include "core/codec/http1.h"
#include "core/codec/json.h"
#include "core/crypto/rsa.h"
#include "core/nitro/attestation_doc.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define WORLD_TIME_MS 1795359600123 /* 20261122T150000Z */
#define WORLD_KEY     "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define OTHER_KEY     "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ac"
#define FOREIGN_KEY   "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

enum { WORLD_REQUEST_MAX = 131072, WORLD_RESPONSE_MAX = 262144 };

struct world {
    /* What the KMS says; NULL leaves the member out. */
    const char *key_id, *plaintext_member, *algorithm, *ciphertext_blob, *more_members;
    const char *envelope;    /* in place of the true one, with its quotes */
    struct bytes plaintext;  /* what the envelope opens to */
    EVP_PKEY *envelope_for;  /* in place of the document's key */
    const char *whole_body;  /* in place of the object */
    const char *status_line; /* in place of 200 OK */
    bool chunked, cut, more, without_length, over_long;
    /* What the NSM says. */
    const char *nsm_error;
    bool nsm_other_key, nsm_no_key, nsm_malformed, nsm_over_long;
    bool tls_fails;
    /* What was seen. */
    unsigned nsm_calls, https_calls;
    struct kms_call call;
    char host[128];
    uint8_t request[WORLD_REQUEST_MAX];
    size_t request_len;
    uint8_t document[ATTESTATION_DOC_MAX];
    size_t document_len;
    uint64_t now_ms;
};

static inline uint64_t world_monotonic_ms(void *context)
{
    struct world *world = (struct world *)context;
    return world->now_ms++;
}

static inline void world_random(void *context, uint8_t *out, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(0xa0 + i);
}

static inline bool world_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    static const uint8_t zeroes[96];
    static uint8_t payload[ATTESTATION_DOC_MAX], document[ATTESTATION_DOC_MAX];
    struct world *world = (struct world *)context;
    struct nsm_request asked;
    struct bytes payload_bytes, document_bytes;
    world->nsm_calls++;
    if (!nsm_read_request(request, &asked, why) || asked.operation != NSM_ATTESTATION)
        return fault_set(why, FAULT_INTERNAL, "not a request for a document");
    if (world->nsm_error != NULL) {
        nsm_put_error(response, world->nsm_error);
        return true;
    }
    CHECK(!asked.user_data.present && asked.nonce.present && asked.nonce.bytes.len == 32);

    struct writer out = writer_of(payload, sizeof payload);
    cbor_put_indefinite_map(&out);
    cbor_put_text(&out, BYTES_LIT("module_id"));
    cbor_put_text(&out, BYTES_LIT("i-0123456789abcdef0-enc0123456789abcdef"));
    cbor_put_text(&out, BYTES_LIT("digest"));
    cbor_put_text(&out, BYTES_LIT("SHA384"));
    cbor_put_text(&out, BYTES_LIT("timestamp"));
    cbor_put_uint(&out, world->nsm_malformed ? 0 : WORLD_TIME_MS);
    cbor_put_text(&out, BYTES_LIT("pcrs"));
    cbor_put_map(&out, 1);
    cbor_put_uint(&out, 0);
    cbor_put_bytes(&out, (struct bytes){ zeroes, 48 });
    cbor_put_text(&out, BYTES_LIT("certificate"));
    cbor_put_bytes(&out, (struct bytes){ zeroes, 48 });
    cbor_put_text(&out, BYTES_LIT("cabundle"));
    cbor_put_array(&out, 1);
    cbor_put_bytes(&out, (struct bytes){ zeroes, 48 });
    if (!world->nsm_no_key) {
        cbor_put_text(&out, BYTES_LIT("public_key"));
        cbor_put_bytes(&out, world->nsm_other_key ? BYTES_LIT("another key") : asked.public_key.bytes);
    }
    cbor_put_text(&out, BYTES_LIT("nonce"));
    cbor_put_bytes(&out, asked.nonce.bytes);
    cbor_put_break(&out);
    CHECK(writer_done(&out, &payload_bytes));

    out = writer_of(document, sizeof document);
    cbor_put_array(&out, 4);
    cbor_put_bytes(&out, BYTES_LIT("\xa1\x01\x38\x22"));
    cbor_put_map(&out, 0);
    cbor_put_bytes(&out, payload_bytes);
    cbor_put_bytes(&out, (struct bytes){ zeroes, 96 });
    CHECK(writer_done(&out, &document_bytes));
    memcpy(world->document, document_bytes.data, document_bytes.len);
    world->document_len = document_bytes.len;

    const struct nsm_response answer = { .operation = NSM_ATTESTATION, .data = document_bytes };
    nsm_put_response(response, &answer);
    if (world->nsm_over_long)
        writer_fail(response);
    return true;
}

/* A certificate with the identifier that KMS uses, which libcrypto's CMS needs to name a recipient by. */
static inline X509 *world_certificate(EVP_PKEY *key)
{
    uint8_t spki[512], digest[32];
    uint8_t *end = spki;
    unsigned len = sizeof digest;
    EVP_PKEY *issuer = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();
    const int spki_len = i2d_PUBKEY(key, &end);
    CHECK(spki_len > 0 && EVP_Digest(spki, (size_t)spki_len, digest, &len, EVP_sha256(), NULL) == 1);
    CHECK(X509_set_pubkey(certificate, key) == 1 && ASN1_OCTET_STRING_set(identifier, digest, sizeof digest) == 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 60);
    CHECK(X509_add1_ext_i2d(certificate, NID_subject_key_identifier, identifier, 0, X509V3_ADD_DEFAULT) == 1);
    CHECK(X509_sign(certificate, issuer, EVP_sha256()) > 0);
    ASN1_OCTET_STRING_free(identifier);
    EVP_PKEY_free(issuer);
    return certificate;
}

static inline size_t world_seal(EVP_PKEY *key, struct bytes plaintext, uint8_t *out, size_t cap)
{
    X509 *certificate = world_certificate(key);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_cbc(), CMS_PARTIAL | CMS_BINARY);
    CMS_RecipientInfo *recipient = CMS_add1_recipient_cert(cms, certificate, CMS_USE_KEYID | CMS_KEY_PARAM);
    EVP_PKEY_CTX *parameters = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    CHECK(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_OAEP_PADDING) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_oaep_md(parameters, EVP_sha256()) == 1);
    CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, EVP_sha256()) == 1);
    BIO *in = BIO_new_mem_buf(plaintext.data, (int)plaintext.len);
    CHECK(CMS_final(cms, in, NULL, CMS_BINARY) == 1);
    const int len = i2d_CMS_ContentInfo(cms, NULL);
    uint8_t *end = out;
    CHECK(len > 0 && (size_t)len <= cap && i2d_CMS_ContentInfo(cms, &end) == len);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    X509_free(certificate);
    return (size_t)len;
}

static inline void world_put_member(struct writer *out, const char *name, const char *value, bool quoted)
{
    if (value == NULL)
        return;
    if (out->len > 1)
        writer_u8(out, ',');
    writer_u8(out, '"');
    writer_text(out, name);
    writer_text(out, quoted ? "\":\"" : "\":");
    writer_text(out, value);
    if (quoted)
        writer_u8(out, '"');
}

/* The body of an answer to the document in the request. */
static inline void world_put_body(struct world *world, struct bytes request_body, struct writer *out)
{
    static uint8_t document[ATTESTATION_DOC_MAX], sealed[16384];
    static char base64[32768];
    struct json object;
    struct attestation_doc doc;
    struct fault why;
    struct bytes text;
    size_t len = 0;
    CHECK(json_read(request_body, &object, &why));
    const struct json recipient = json_member(object, BYTES_LIT("Recipient"));
    CHECK(json_string_is(json_member(recipient, BYTES_LIT("KeyEncryptionAlgorithm")), BYTES_LIT("RSAES_OAEP_SHA_256")));
    CHECK(json_plain_string(json_member(recipient, BYTES_LIT("AttestationDocument")), &text));
    CHECK(text_read_base64(text, document, sizeof document, &len));
    CHECK(attestation_doc_read((struct bytes){ document, len }, &doc, &why));
    const uint8_t *end = doc.public_key.bytes.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)doc.public_key.bytes.len);
    CHECK(key != NULL);

    len = world_seal(world->envelope_for != NULL ? world->envelope_for : key, world->plaintext, sealed, sizeof sealed);
    struct writer encoded = writer_of((uint8_t *)base64, sizeof base64 - 1);
    text_put_base64(&encoded, (struct bytes){ sealed, len });
    base64[encoded.len] = '\0';
    writer_u8(out, '{');
    world_put_member(out, "CiphertextBlob", world->ciphertext_blob, true);
    if (world->envelope != NULL)
        world_put_member(out, "CiphertextForRecipient", world->envelope[0] == '\0' ? NULL : world->envelope, false);
    else
        world_put_member(out, "CiphertextForRecipient", base64, true);
    world_put_member(out, "EncryptionAlgorithm", world->algorithm, true);
    world_put_member(out, "KeyId", world->key_id, true);
    world_put_member(out, "Plaintext", world->plaintext_member, false);
    if (world->more_members != NULL)
        writer_text(out, world->more_members);
    writer_u8(out, '}');
    EVP_PKEY_free(key);
}

static inline bool world_https(void *context, const struct kms_call *call, struct bytes request,
                               struct writer *response, struct fault *why)
{
    static uint8_t copy[WORLD_REQUEST_MAX], body[WORLD_RESPONSE_MAX];
    struct world *world = (struct world *)context;
    struct http_head head;
    struct bytes request_body, view;
    size_t used = 0;
    world->https_calls++;
    world->call = *call;
    snprintf(world->host, sizeof world->host, "%s", call->host);
    CHECK(request.len <= sizeof copy);
    memcpy(copy, request.data, request.len);
    memcpy(world->request, request.data, request.len);
    world->request_len = request.len;
    if (world->tls_fails)
        return fault_set(why, FAULT_REMOTE, "TLS: the certificate is for another host");
    CHECK(http_read_request(copy, request.len, sizeof copy, &head, &request_body, &used) == HTTP_WHOLE);
    CHECK(used == request.len);

    struct writer out = writer_of(body, sizeof body);
    if (world->whole_body != NULL)
        writer_text(&out, world->whole_body);
    else
        world_put_body(world, request_body, &out);
    if (world->over_long)
        while (out.len < 65536 + 1)
            writer_u8(&out, ' ');
    CHECK(writer_done(&out, &view));

    char line[64];
    writer_text(response, "HTTP/1.1 ");
    writer_text(response, world->status_line != NULL ? world->status_line : "200 OK");
    writer_text(response, "\r\nContent-Type: application/x-amz-json-1.1\r\n");
    if (world->chunked) {
        const size_t half = view.len / 2;
        snprintf(line, sizeof line, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", half);
        writer_text(response, line);
        writer_put(response, (struct bytes){ view.data, half });
        snprintf(line, sizeof line, "\r\n%zx\r\n", view.len - half);
        writer_text(response, line);
        writer_put(response, (struct bytes){ view.data + half, view.len - half });
        writer_text(response, "\r\n0\r\n\r\n");
    } else {
        snprintf(line, sizeof line, "Content-Length: %zu\r\n", view.len);
        writer_text(response, world->without_length ? "\r\n" : strcat(line, "\r\n"));
        writer_put(response, view);
    }
    if (world->cut)
        response->len--;
    if (world->more)
        writer_u8(response, '\n');
    return true;
}

static inline struct outside world_outside(struct world *world)
{
    return (struct outside){ .context = world,
                             .nsm = world_nsm,
                             .https = world_https,
                             .monotonic_ms = world_monotonic_ms,
                             .random = world_random };
}

#endif
