#include "scene.h"

#include "core/base/text.h"
#include "core/codec/cbor.h"
#include "core/codec/http1.h"

#include <openssl/cms.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fails_now(struct scene *scene)
{
    return ++scene->outside_calls == scene->fail_at;
}

static void put_document(struct writer *out, const struct scene *scene, const struct nsm_request *request)
{
    static const uint8_t pcr[48] = { 1, 2, 3 }, zero[48], some[100] = { 0x30 };
    static uint8_t payload_bytes[4096];
    struct writer payload = writer_of(payload_bytes, sizeof payload_bytes);
    const struct optional_bytes options[] = { request->public_key, request->user_data, request->nonce };
    static const char *const names[] = { "public_key", "user_data", "nonce" };
    struct bytes text;
    cbor_put_indefinite_map(&payload);
    cbor_put_text(&payload, BYTES_LIT("module_id"));
    cbor_put_text(&payload, BYTES_LIT("i-0123456789abcdef0-enc0123456789abcdef"));
    cbor_put_text(&payload, BYTES_LIT("digest"));
    cbor_put_text(&payload, BYTES_LIT("SHA384"));
    cbor_put_text(&payload, BYTES_LIT("timestamp"));
    cbor_put_uint(&payload, scene->utc_ms);
    cbor_put_text(&payload, BYTES_LIT("pcrs"));
    cbor_put_map(&payload, 16);
    for (uint64_t i = 0; i < 16; i++) {
        cbor_put_uint(&payload, i);
        cbor_put_bytes(&payload, i < 3 || i == 10 ? BYTES_OF(pcr) : BYTES_OF(zero));
    }
    cbor_put_text(&payload, BYTES_LIT("certificate"));
    cbor_put_bytes(&payload, BYTES_OF(some));
    cbor_put_text(&payload, BYTES_LIT("cabundle"));
    cbor_put_array(&payload, 1);
    cbor_put_bytes(&payload, BYTES_OF(some));
    for (size_t i = 0; i < 3; i++) {
        cbor_put_text(&payload, bytes_of_text(names[i]));
        if (options[i].present)
            cbor_put_bytes(&payload, options[i].bytes);
        else
            cbor_put_null(&payload);
    }
    cbor_put_break(&payload);
    must(writer_done(&payload, &text));

    static const uint8_t signature[96], es384[] = { 0xa1, 0x01, 0x38, 0x22 };
    cbor_put_array(out, 4);
    cbor_put_bytes(out, BYTES_OF(es384));
    cbor_put_map(out, 0);
    cbor_put_bytes(out, text);
    cbor_put_bytes(out, BYTES_OF(signature));
}

static bool answer_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    struct scene *scene = context;
    struct nsm_request asked;
    static uint8_t document_bytes[8192];
    struct writer out = writer_of(document_bytes, sizeof document_bytes);
    scene->nsm_calls++;
    if (fails_now(scene) || scene->no_nsm)
        return fault_set(why, FAULT_REMOTE, "no NSM here");
    must(nsm_read_request(request, &asked, why) && asked.operation == NSM_ATTESTATION);
    scene->public_key_in_last_document = asked.public_key.present;
    memset(scene->user_data, 0, sizeof scene->user_data);
    if (asked.user_data.present)
        memcpy(scene->user_data, asked.user_data.bytes.data, asked.user_data.bytes.len);
    put_document(&out, scene, &asked);
    struct nsm_response answer = { .operation = NSM_ATTESTATION };
    must(writer_done(&out, &answer.data));
    nsm_put_response(response, &answer);
    return true;
}

/* A certificate around the public key, for CMS_add1_recipient_cert takes nothing less. */
static X509 *certificate_for(EVP_PKEY *public_key, struct bytes spki)
{
    static EVP_PKEY *issuer;
    uint8_t key_id[SHA256_DIGEST_LENGTH];
    X509 *certificate = X509_new();
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    if (issuer == NULL)
        issuer = EVP_EC_gen("P-256");
    SHA256(spki.data, spki.len, key_id);
    must(certificate != NULL && octets != NULL && issuer != NULL);
    must(ASN1_OCTET_STRING_set(octets, key_id, sizeof key_id) == 1);
    must(X509_set_version(certificate, 2) == 1 && X509_set_pubkey(certificate, public_key) == 1);
    must(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) != NULL);
    must(X509_add1_ext_i2d(certificate, NID_subject_key_identifier, octets, 0, 0) == 1);
    must(X509_sign(certificate, issuer, EVP_sha256()) > 0);
    ASN1_OCTET_STRING_free(octets);
    return certificate;
}

static size_t envelop(struct bytes plaintext, struct bytes spki, uint8_t *der, size_t cap)
{
    const uint8_t *at = spki.data;
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    X509 *certificate = certificate_for(public_key, spki);
    BIO *in = BIO_new_mem_buf(plaintext.data, (int)plaintext.len);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, in, EVP_aes_256_cbc(), CMS_BINARY | CMS_PARTIAL);
    CMS_RecipientInfo *to = CMS_add1_recipient_cert(cms, certificate, CMS_USE_KEYID | CMS_KEY_PARAM);
    EVP_PKEY_CTX *params = CMS_RecipientInfo_get0_pkey_ctx(to);
    must(EVP_PKEY_CTX_set_rsa_padding(params, RSA_PKCS1_OAEP_PADDING) > 0);
    must(EVP_PKEY_CTX_set_rsa_oaep_md(params, EVP_sha256()) > 0);
    must(EVP_PKEY_CTX_set_rsa_mgf1_md(params, EVP_sha256()) > 0);
    must(CMS_final(cms, in, NULL, CMS_BINARY) == 1);
    uint8_t *out = NULL;
    const int len = i2d_CMS_ContentInfo(cms, &out);
    must(len > 0 && (size_t)len <= cap);
    memcpy(der, out, (size_t)len);
    OPENSSL_free(out);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    X509_free(certificate);
    EVP_PKEY_free(public_key);
    return (size_t)len;
}

static struct bytes base64_of(struct json value, uint8_t *out, size_t cap)
{
    struct bytes text = { 0 };
    size_t len = 0;
    must(json_plain_string(value, &text) && text_read_base64(text, out, cap, &len));
    return (struct bytes){ out, len };
}

static void remember(char *out, size_t cap, struct bytes text)
{
    must(text.len < cap);
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

static void put_http(struct writer *response, unsigned status, struct bytes body)
{
    char head[128];
    snprintf(head, sizeof head,
             "HTTP/1.1 %u X\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %zu\r\n\r\n", status,
             body.len);
    writer_text(response, head);
    writer_put(response, body);
}

static void put_error(struct writer *response, const char *name)
{
    char body[256];
    const int len = snprintf(body, sizeof body, "{\"__type\":\"%s\",\"message\":\"secret words of KMS\"}", name);
    put_http(response, 400, (struct bytes){ (const uint8_t *)body, (size_t)len });
}

/* Bytes of SPKI in the document that came with the request. */
static struct bytes spki_of(struct json body)
{
    static uint8_t document[16384];
    struct attestation_doc doc;
    struct fault why;
    const struct json recipient = json_member(body, BYTES_LIT("Recipient"));
    must(attestation_doc_read(
        base64_of(json_member(recipient, BYTES_LIT("AttestationDocument")), document, sizeof document), &doc, &why));
    must(doc.public_key.present && !doc.user_data.present);
    return doc.public_key.bytes;
}

static void put_success(struct writer *response, const struct scene *scene, struct bytes plaintext, struct bytes spki,
                        bool generates)
{
    static uint8_t envelope[8192], body_bytes[16384];
    struct writer out = writer_of(body_bytes, sizeof body_bytes);
    struct json_writer json = json_writer_of(&out);
    struct bytes body;
    const struct bytes key =
        scene->kms_key == NULL && strncmp(scene->asked_key, "arn:", 4) == 0 && strlen(scene->asked_key) > 70
            ? bytes_of_text(scene->asked_key)
            : bytes_of_text(scene->kms_key != NULL ? scene->kms_key : SCENE_ARN);
    json_begin_object(&json);
    if (generates) {
        json_key(&json, "CiphertextBlob");
        json_put_base64(&json, BYTES_LIT("ciphertext"));
    }
    if (!bytes_equal(plaintext, BYTES_LIT("NOPLAIN"))) {
        const size_t len = envelop(plaintext, spki, envelope, sizeof envelope);
        json_key(&json, "CiphertextForRecipient");
        json_put_base64(&json, (struct bytes){ envelope, len });
    }
    if (!generates) {
        json_key(&json, "EncryptionAlgorithm");
        json_put_text(&json, scene->algorithm);
    }
    json_key(&json, "KeyId");
    json_put_string(&json, key);
    json_end_object(&json);
    must(writer_done(&out, &body));
    put_http(response, 200, body);
}

static bool answer_https(void *context, const struct kms_call *call, struct bytes request, struct writer *response,
                         struct fault *why)
{
    struct scene *scene = context;
    static uint8_t arrived[65536], ciphertext_bytes[8192];
    static const uint8_t elevens[32] = { 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                         0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                         0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 };
    struct http_head head;
    struct bytes body, target = { 0 };
    struct json object;
    size_t used;
    scene->https_calls++;
    if (scene->during_https != NULL)
        scene->during_https(scene);
    if (fails_now(scene))
        return fault_set(why, FAULT_REMOTE, "no way to KMS");
    if (strcmp(call->host, "kms.us-east-2.amazonaws.com") != 0)
        return fault_set(why, FAULT_REMOTE, "no such host here");
    must(call->utc_ms == scene->utc_ms);
    must(request.len <= sizeof arrived);
    memcpy(arrived, request.data, request.len);
    must(http_read_request(arrived, request.len, sizeof arrived, &head, &body, &used) == HTTP_WHOLE);
    must(json_read(body, &object, why) && http_header(&head, BYTES_LIT("x-amz-target"), &target));
    const bool generates = bytes_equal(target, BYTES_LIT("TrentService.GenerateDataKey"));

    const struct json asked_context = json_member(object, BYTES_LIT("EncryptionContext"));
    struct bytes key = { 0 }, algorithm = BYTES_LIT("SYMMETRIC_DEFAULT");
    remember(scene->context, sizeof scene->context,
             json_kind(asked_context) == JSON_NONE ? BYTES_LIT("{}") : asked_context.text);
    (void)!json_plain_string(json_member(object, BYTES_LIT("KeyId")), &key);
    (void)!json_plain_string(json_member(object, BYTES_LIT("EncryptionAlgorithm")), &algorithm);
    remember(scene->algorithm, sizeof scene->algorithm, algorithm);
    remember(scene->asked_key, sizeof scene->asked_key, key);

    const struct bytes spki = spki_of(object);
    SHA256(spki.data, spki.len, scene->recipient.bytes);
    const struct bytes plaintext = scene->opens_to != NULL ? bytes_of_text(scene->opens_to)
                                   : generates             ? BYTES_OF(elevens)
                                                           : base64_of(json_member(object, BYTES_LIT("CiphertextBlob")),
                                                                       ciphertext_bytes, sizeof ciphertext_bytes);
    if (scene->kms_error != NULL)
        put_error(response, scene->kms_error);
    else if (bytes_equal(plaintext, BYTES_LIT("FAIL")) || bytes_equal(key, BYTES_LIT("failkey")))
        put_error(response, "AccessDeniedException");
    else if (scene->opens_only_in != NULL && strcmp(scene->opens_only_in, scene->context) != 0)
        put_error(response, "InvalidCiphertextException");
    else
        put_success(response, scene, plaintext, spki, generates);
    return true;
}

static bool scene_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    struct scene *scene = context;
    must(pthread_mutex_lock(&scene->outside_lock) == 0);
    const bool done = answer_nsm(context, request, response, why);
    must(pthread_mutex_unlock(&scene->outside_lock) == 0);
    return done;
}

static bool scene_https(void *context, const struct kms_call *call, struct bytes request, struct writer *response,
                        struct fault *why)
{
    struct scene *scene = context;
    must(pthread_mutex_lock(&scene->outside_lock) == 0);
    const bool done = answer_https(context, call, request, response, why);
    must(pthread_mutex_unlock(&scene->outside_lock) == 0);
    return done;
}

static uint64_t scene_monotonic(void *context)
{
    struct scene *scene = context;
    return scene->monotonic_ms;
}

static void scene_random(void *context, uint8_t *out, size_t len)
{
    (void)context;
    must(RAND_bytes(out, (int)len) == 1);
}

void scene_open(struct scene *scene, const char *settings_json)
{
    static const uint8_t seed[32] = { 9 };
    static bool started;
    struct fault why;
    if (!started)
        ecdsa_start(seed);
    started = true;
    memset(scene, 0, sizeof *scene);
    must(pthread_mutex_init(&scene->outside_lock, NULL) == 0);
    scene->monotonic_ms = 1000;
    scene->utc_ms = UINT64_C(1795359600000);
    scene->outside = (struct outside){ .context = scene,
                                       .nsm = scene_nsm,
                                       .https = scene_https,
                                       .monotonic_ms = scene_monotonic,
                                       .random = scene_random };
    if (!settings_read(bytes_of_text(settings_json), &scene->settings, &why)) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    void *memory = calloc(1, signer_size());
    scene->arena = malloc(SIGNER_ARENA);
    scene->answer = malloc(SIGNER_ANSWER_MAX + 1);
    must(memory != NULL && scene->arena != NULL && scene->answer != NULL);
    scene->signer =
        signer_start(memory, &scene->settings, &scene->outside, scene->page, sizeof scene->page, "0.0-test");
}

void scene_close(struct scene *scene)
{
    rsa_key_wipe(&scene->signer->next_recipient);
    free(scene->signer);
    free(scene->arena);
    free(scene->answer);
    scene->signer = NULL;
}

/* The same key for every request of a test, which an enclave never does: making one takes a third of a second. */
void scene_put_recipient_ready(struct scene *scene)
{
    static uint8_t der[2048];
    static size_t der_len;
    struct fault why;
    if (der_len == 0) {
        struct rsa_key key = { 0 };
        uint8_t *end = der;
        must(rsa_key_make(&key, &why));
        const int len = i2d_PrivateKey(key.pkey, &end);
        must(len > 0 && (size_t)len <= sizeof der);
        der_len = (size_t)len;
        rsa_key_wipe(&key);
    }
    if (scene->signer->next_recipient.pkey == NULL)
        must(rsa_key_read((struct bytes){ der, der_len }, &scene->signer->next_recipient, &why));
}

const char *scene_ask_bytes(struct scene *scene, struct bytes request)
{
    struct arena arena = arena_of(scene->arena, SIGNER_ARENA);
    struct writer out = writer_of(scene->answer, SIGNER_ANSWER_MAX);
    struct bytes answer;
    scene_put_recipient_ready(scene);
    enum signer_pace pace = SIGNER_QUICK;
    while (signer_answer(scene->signer, request, pace, &arena, &out) != SIGNER_ANSWERED)
        must(++pace <= SIGNER_MAY_BE_SLOW);
    must(writer_done(&out, &answer));
    scene->answer[answer.len] = '\0';
    must(arena.len == 0);
    return (const char *)scene->answer;
}

const char *scene_ask(struct scene *scene, const char *request)
{
    return scene_ask_bytes(scene, bytes_of_text(request));
}

static bool say(const char *request, const char *got, const char *wanted)
{
    fprintf(stderr, "asked   %.300s\ngot     %.600s\nwanted  %.600s\n", request, got, wanted);
    return false;
}

bool scene_answers(struct scene *scene, const char *request, const char *answer)
{
    const char *got = scene_ask(scene, request);
    return strcmp(got, answer) == 0 || say(request, got, answer);
}

bool scene_refuses(struct scene *scene, const char *request, const char *code, const char *message)
{
    char wanted[1024];
    const int len = snprintf(wanted, sizeof wanted, "{\"error\":{\"code\":\"%s\",\"message\":\"%s", code, message);
    const char *got = scene_ask(scene, request);
    return (len > 0 && strncmp(got, wanted, (size_t)len) == 0) || say(request, got, wanted);
}

bool scene_says(struct scene *scene, const char *request, const char *text)
{
    const char *got = scene_ask(scene, request);
    return (strncmp(got, "{\"result\":", 10) == 0 && strstr(got, text) != NULL) || say(request, got, text);
}
