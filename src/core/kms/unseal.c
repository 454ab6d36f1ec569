#include "core/kms/unseal.h"

#include "core/base/text.h"
#include "core/codec/http1.h"
#include "core/kms/cms.h"
#include "core/kms/sigv4.h"
#include "core/nitro/attestation_doc.h"

#include <string.h>

enum { NONCE_LEN = 32, DATA_KEY_LEN = 32, SIGNED_HEADERS_MAX = 5 };

/* What one request is about. The two operations differ in their names, in what their bodies say besides, and in what
 * their answers bring. */
struct ask {
    const struct outside *outside;
    const struct unseal_order *order;
    const char *prefix; /* of every fault text that comes from outside */
    struct bytes target;
    struct bytes ciphertext; /* Decrypt; empty for GenerateDataKey */
    bool generates;
};

struct attested {
    struct bytes document;
    uint64_t utc_ms, monotonic_ms;
};

static bool no_room(struct fault *why)
{
    return fault_set(why, FAULT_LIMIT, "the request to KMS does not fit the room for one request");
}

static bool credentials_ok(const struct aws_credentials *credentials)
{
    const struct bytes token = secret_text_view(&credentials->session_token);
    return memchr(credentials->access_key_id, '\0', sizeof credentials->access_key_id) != NULL &&
           kms_access_key_id_ok(bytes_of_text(credentials->access_key_id)) &&
           kms_secret_access_key_ok(secret_text_view(&credentials->secret_access_key)) &&
           (token.len == 0 || kms_session_token_ok(token));
}

/* Rule 4: what does not name the pinned key goes no further; nor does anything that could steer a host or a header. */
static bool order_ok(const struct ask *ask, struct fault *why)
{
    const struct unseal_order *order = ask->order;
    struct kms_key_arn arn;
    const bool names_arn = kms_key_arn_read(order->key_id, &arn);
    if (!kms_region_ok(order->region))
        return fault_set(why, FAULT_INPUT, "region is not the name of an AWS region");
    if (!credentials_ok(order->credentials))
        return fault_set(why, FAULT_INPUT, "the AWS credentials hold characters that credentials do not have");
    if ((order->key_id.len > 0 || ask->generates) && !kms_key_id_ok(order->key_id))
        return fault_set(why, FAULT_INPUT, "key_id is not a KMS key id, key ARN or alias");
    if (order->key_is_pinned && (!names_arn || arn.multi_region))
        return fault_set(why, FAULT_INPUT, "a pinned KMS key is the key ARN of a single-Region key");
    if (names_arn && !bytes_equal(arn.region, order->region))
        return fault_set(why, FAULT_INPUT, "the KMS key is of region %.*s (got region %.*s)", (int)arn.region.len,
                         (const char *)arn.region.data, (int)order->region.len, (const char *)order->region.data);
    if (order->algorithm != KMS_SYMMETRIC_DEFAULT &&
        (ask->generates || order->key_is_pinned || order->context.count > 0))
        return fault_set(why, FAULT_INPUT,
                         "encryption_algorithm must be SYMMETRIC_DEFAULT with a pinned key or an encryption context "
                         "(got %s)",
                         kms_algorithm_name(order->algorithm));
    if (!ask->generates && (ask->ciphertext.len == 0 || ask->ciphertext.len > KMS_CIPHERTEXT_MAX))
        return fault_set(why, FAULT_INPUT, "ciphertext has %zu bytes, want 1 to %d", ask->ciphertext.len,
                         KMS_CIPHERTEXT_MAX);
    return true;
}

/* Asks for a document around the recipient's public half, and reads its time. Its nonce is there only so that no two
 * documents are alike; who relies on a document for people has it made with a nonce of theirs, by RPC. */
static bool attest(const struct ask *ask, const struct rsa_key *recipient, struct arena *arena,
                   struct attested *attested, struct fault *why)
{
    uint8_t nonce[NONCE_LEN];
    ask->outside->random(ask->outside->context, nonce, sizeof nonce);
    const struct nsm_request request = {
        .operation = NSM_ATTESTATION,
        .nonce = { true, BYTES_OF(nonce) },
        .public_key = { true, rsa_key_spki(recipient) },
    };
    uint8_t *room = arena_take(arena, NSM_RESPONSE_MAX);
    if (room == NULL)
        return no_room(why);
    uint8_t buffer[NSM_REQUEST_MAX];
    struct writer out = writer_of(buffer, sizeof buffer), in = writer_of(room, NSM_RESPONSE_MAX);
    struct bytes cbor;
    nsm_put_request(&out, &request);
    must(writer_done(&out, &cbor));
    if (!ask->outside->nsm(ask->outside->context, cbor, &in, why))
        return false;
    attested->monotonic_ms = ask->outside->monotonic_ms(ask->outside->context);

    struct bytes response_bytes;
    struct nsm_response response;
    struct attestation_doc doc;
    if (!writer_done(&in, &response_bytes))
        return fault_set(why, FAULT_REMOTE, "NSM Attestation: the response is too long");
    if (!nsm_read_response(response_bytes, NSM_ATTESTATION, &response, why) ||
        !attestation_doc_read(response.data, &doc, why))
        return false;
    if (!doc.public_key.present || !bytes_equal(doc.public_key.bytes, rsa_key_spki(recipient)))
        return fault_set(why, FAULT_REMOTE, "NSM Attestation: the document is around another public key");
    attested->document = response.data;
    attested->utc_ms = doc.timestamp_ms;
    return true;
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

static bool put_body(const struct ask *ask, struct bytes document, struct arena *arena, struct bytes *body)
{
    struct writer out = arena_writer(arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    if (!ask->generates) {
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
    if (ask->generates) {
        json_key(&json, "KeySpec");
        json_put_text(&json, "AES_256");
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

/* Head and body. What it wrote holds the session token. */
static bool put_request(const struct ask *ask, const char *host, uint64_t utc_ms, struct bytes body, struct writer *out)
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

/* One exchange; the body of KMS's answer when it is a 200. */
static bool exchange(const struct ask *ask, const struct attested *attested, struct arena *arena, struct bytes *answer,
                     struct fault *why)
{
    struct bytes body, request;
    char host[KMS_HOST_MAX];
    kms_host(ask->order->region, host);
    if (!put_body(ask, attested->document, arena, &body))
        return no_room(why);
    struct writer out = arena_writer(arena);
    if (!put_request(ask, host, attested->utc_ms, body, &out)) {
        wipe(out.data, out.len);
        return no_room(why);
    }
    must(arena_keep(arena, &out, &request));

    const size_t room_len = HTTP_HEAD_MAX + KMS_RESPONSE_MAX;
    uint8_t *room = arena_take(arena, room_len);
    const struct kms_call call = {
        .host = host,
        .proxy_port = ask->order->proxy_port,
        .utc_ms = attested->utc_ms,
        .deadline_ms = ask->order->deadline_ms,
    };
    struct writer in = writer_of(room, room == NULL ? 0 : room_len);
    const bool exchanged = room != NULL && ask->outside->https(ask->outside->context, &call, request, &in, why);
    wipe(out.data, out.len);
    if (room == NULL)
        return no_room(why);
    if (!exchanged)
        return false;

    struct http_head head;
    size_t used = 0;
    if (in.failed || http_read_response(room, in.len, KMS_RESPONSE_MAX, &head, answer, &used) != HTTP_WHOLE ||
        used != in.len)
        return fault_set(why, FAULT_REMOTE, "KMS's answer is not one whole HTTP response");
    if (head.status == 200)
        return true;
    const struct kms_error error = kms_error_read(head.status, *answer);
    return fault_set(why, FAULT_REMOTE, "%s: %s", error.name, error.hint);
}

/* The member's text, escapes resolved. False: no string, empty, or longer than max. */
static bool read_text(struct json object, struct bytes name, size_t max, struct arena *arena, struct bytes *text)
{
    struct writer out = arena_writer(arena);
    return json_string(json_member(object, name), &out) && arena_keep(arena, &out, text) && text->len > 0 &&
           text->len <= max;
}

static bool read_base64(struct json object, struct bytes name, size_t max, struct arena *arena, struct bytes *bytes)
{
    struct bytes text;
    if (!read_text(object, name, max / 3 * 4 + 4, arena, &text))
        return false;
    uint8_t *room = arena_take(arena, max);
    size_t len = 0;
    if (room == NULL || !text_read_base64(text, room, max, &len) || len == 0)
        return false;
    *bytes = (struct bytes){ room, len };
    return true;
}

/* Never a Plaintext: what is given in the clear is given to whoever listens, or does not come from KMS. */
static bool brings_plaintext(struct json object)
{
    const struct json plaintext = json_member(object, BYTES_LIT("Plaintext"));
    const enum json_kind kind = json_kind(plaintext);
    return kind != JSON_NONE && kind != JSON_NULL && !json_string_is(plaintext, (struct bytes){ 0 });
}

static bool read_key_arn(const struct ask *ask, struct json object, struct arena *arena, struct bytes *key_arn,
                         struct fault *why)
{
    struct kms_key_arn answered, ordered;
    if (!read_text(object, BYTES_LIT("KeyId"), KMS_KEY_ID_MAX, arena, key_arn) ||
        !kms_key_arn_read(*key_arn, &answered))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no key ARN");
    if (!bytes_equal(answered.region, ask->order->region))
        return fault_set(why, FAULT_REMOTE, "KMS's answer is from a key of another region");
    if (kms_key_arn_read(ask->order->key_id, &ordered) && !bytes_equal(*key_arn, ask->order->key_id))
        return fault_set(why, FAULT_REMOTE, "KMS's answer is from another key than the one that was named");
    return true;
}

static bool algorithm_agrees(const struct ask *ask, struct json object)
{
    const struct json algorithm = json_member(object, BYTES_LIT("EncryptionAlgorithm"));
    return ask->generates || json_kind(algorithm) == JSON_NONE ||
           json_string_is(algorithm, bytes_of_text(kms_algorithm_name(ask->order->algorithm)));
}

static bool read_answer(const struct ask *ask, struct bytes body, const struct rsa_key *recipient, struct arena *arena,
                        struct secret_text *plaintext, struct unseal_answer *answer, struct fault *why)
{
    struct json object;
    struct fault malformed;
    struct bytes key_arn, envelope, ciphertext = { 0 };
    if (!json_read(body, &object, &malformed) || json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_REMOTE, "KMS's answer is not a JSON object");
    if (brings_plaintext(object))
        return fault_set(why, FAULT_REMOTE, "KMS's answer brings a plaintext that is not encrypted to this enclave");
    if (!read_key_arn(ask, object, arena, &key_arn, why))
        return false;
    if (!algorithm_agrees(ask, object))
        return fault_set(why, FAULT_REMOTE, "KMS's answer is by another encryption algorithm");
    if (ask->generates && !read_base64(object, BYTES_LIT("CiphertextBlob"), KMS_CIPHERTEXT_MAX, arena, &ciphertext))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextBlob of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    if (!read_base64(object, BYTES_LIT("CiphertextForRecipient"), CMS_MAX, arena, &envelope))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextForRecipient of 1 to %d bytes", CMS_MAX);

    WIPED_TEXT struct secret_text opened = { .len = 0 };
    if (!cms_open(envelope, recipient, &opened, why))
        return false;
    if (ask->generates && opened.len != DATA_KEY_LEN)
        return fault_set(why, FAULT_REMOTE, "KMS's data key has %zu bytes, want %d", opened.len, DATA_KEY_LEN);

    must(secret_text_set(plaintext, secret_text_view(&opened)));
    memset(answer->key_arn, 0, sizeof answer->key_arn);
    memcpy(answer->key_arn, key_arn.data, key_arn.len);
    answer->ciphertext_len = ciphertext.len;
    if (ciphertext.len > 0)
        memcpy(answer->ciphertext, ciphertext.data, ciphertext.len);
    return true;
}

static bool ask_kms(const struct ask *ask, struct rsa_key *recipient, struct arena *arena,
                    struct secret_text *plaintext, struct unseal_answer *answer, struct fault *why)
{
    if (!order_ok(ask, why)) {
        rsa_key_wipe(recipient);
        return false;
    }
    struct attested attested = { .utc_ms = 0 };
    struct bytes body;
    const bool done = attest(ask, recipient, arena, &attested, why) && exchange(ask, &attested, arena, &body, why) &&
                      read_answer(ask, body, recipient, arena, plaintext, answer, why);
    rsa_key_wipe(recipient);
    if (!done)
        return fault_prefix(why, ask->prefix);
    answer->utc_ms = attested.utc_ms;
    answer->monotonic_ms = attested.monotonic_ms;
    return true;
}

bool unseal_decrypt(const struct outside *outside, const struct unseal_order *order, struct bytes ciphertext,
                    struct rsa_key *recipient, struct arena *arena, struct secret_text *plaintext,
                    struct unseal_answer *answer, struct fault *why)
{
    const struct ask ask = {
        .outside = outside,
        .order = order,
        .prefix = "kmstool decrypt failed (exit 255): ",
        .target = BYTES_LIT("TrentService.Decrypt"),
        .ciphertext = ciphertext,
    };
    return ask_kms(&ask, recipient, arena, plaintext, answer, why);
}

bool unseal_generate(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                     struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                     struct fault *why)
{
    const struct ask ask = {
        .outside = outside,
        .order = order,
        .prefix = "kmstool genkey failed (exit 255): ",
        .target = BYTES_LIT("TrentService.GenerateDataKey"),
        .generates = true,
    };
    return ask_kms(&ask, recipient, arena, plaintext, answer, why);
}
