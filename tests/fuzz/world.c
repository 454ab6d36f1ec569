#include "world.h"

#include "core/base/text.h"
#include "core/codec/cbor.h"
#include "core/codec/http1.h"
#include "core/crypto/sha2.h"
#include "core/kms/kms_api.h"
#include "core/nitro/attestation_doc.h"
#include "dev/kms_cms.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <strings.h>

enum { BODY_MAX = 16384, REQUEST_MAX = 1 << 17 };

/* SPKI of a key that no request brings. */
static struct bytes foreign_spki(void)
{
    static uint8_t *spki;
    static int len;
    if (spki == NULL) {
        EVP_PKEY *const key = EVP_RSA_gen(2048);
        len = i2d_PUBKEY(key, &spki);
        EVP_PKEY_free(key);
        must(len > 0);
    }
    return (struct bytes){ spki, (size_t)len };
}

/* --- the NSM */

static void put_document(struct writer *out, const struct world *world, const struct nsm_request *request)
{
    static const uint8_t pcr[48] = { 1, 2, 3 }, some[100] = { 0x30 }, signature[96], es384[] = { 0xa1, 1, 0x38, 0x22 };
    static const char *const names[] = { "public_key", "user_data", "nonce" };
    static uint8_t room[4096];
    struct optional_bytes options[] = { request->public_key, request->user_data, request->nonce };
    struct writer payload = writer_of(room, sizeof room);
    struct bytes text;
    uint64_t utc_ms = world->utc_ms;
    if (world->nsm == NSM_OTHER_KEY && options[0].present)
        options[0].bytes = foreign_spki();
    if (world->nsm == NSM_NO_KEY)
        options[0].present = false;
    if (world->nsm == NSM_IN_THE_PAST)
        utc_ms -= 3600000;
    if (world->nsm == NSM_IN_THE_FUTURE)
        utc_ms += 3600000;
    cbor_put_map(&payload, 9);
    cbor_put_text(&payload, BYTES_LIT("module_id"));
    cbor_put_text(&payload, BYTES_LIT("i-0123456789abcdef0-enc0123456789abcdef"));
    cbor_put_text(&payload, BYTES_LIT("digest"));
    cbor_put_text(&payload, BYTES_LIT("SHA384"));
    cbor_put_text(&payload, BYTES_LIT("timestamp"));
    cbor_put_uint(&payload, utc_ms);
    cbor_put_text(&payload, BYTES_LIT("pcrs"));
    cbor_put_map(&payload, 1);
    cbor_put_uint(&payload, 0);
    cbor_put_bytes(&payload, BYTES_OF(pcr));
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
    must(writer_done(&payload, &text));
    cbor_put_array(out, 4);
    cbor_put_bytes(out, BYTES_OF(es384));
    cbor_put_map(out, 0);
    cbor_put_bytes(out, text);
    cbor_put_bytes(out, BYTES_OF(signature));
}

static void put_endless(struct writer *out)
{
    static const uint8_t zeros[4096];
    while (!out->failed)
        writer_put(out, BYTES_OF(zeros));
}

static void put_garbage(struct deeds *deeds, struct writer *out)
{
    const size_t len = deeds_pick(deeds, 64);
    for (size_t i = 0; i < len; i++)
        writer_u8(out, (uint8_t)deeds_pick(deeds, 256));
}

static void flip_a_byte(struct deeds *deeds, struct writer *out, size_t from)
{
    const size_t place = (size_t)deeds_pick(deeds, 256) << 8 | deeds_pick(deeds, 256);
    if (out->len > from && !out->failed)
        out->data[from + place % (out->len - from)] ^= (uint8_t)(1u << deeds_pick(deeds, 8));
}

static bool answer_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    static uint8_t room[8192];
    struct world *const world = context;
    struct nsm_request asked;
    struct nsm_response answer = { .operation = NSM_ATTESTATION };
    struct writer out = writer_of(room, sizeof room);
    const size_t from = response->len;
    world->nsm_calls++;
    must(nsm_read_request(request, &asked, why) && asked.operation == NSM_ATTESTATION);
    /* rule 11: a document for KMS carries no user_data, one for people no public key */
    must(!asked.public_key.present || !asked.user_data.present);
    if (world->nsm == NSM_FAULT)
        return fault_set(why, FAULT_REMOTE, "the NSM is not there");
    if (world->nsm == NSM_ENDLESS)
        put_endless(response);
    else if (world->nsm == NSM_GARBAGE)
        put_garbage(world->deeds, response);
    else if (world->nsm == NSM_SAYS_ERROR)
        nsm_put_error(response, "InternalError");
    if (world->nsm >= NSM_FAULT && world->nsm <= NSM_ENDLESS)
        return true;
    put_document(&out, world, &asked);
    must(writer_done(&out, &answer.data));
    nsm_put_response(response, &answer);
    if (world->nsm == NSM_FLIPS_A_BYTE)
        flip_a_byte(world->deeds, response, from);
    return true;
}

/* --- what leaves for KMS */

/* Any case, Unicode's too: what folds to s or i counts as one. */
static bool is_reserved(struct bytes name)
{
    char folded[8] = "";
    size_t at = 0;
    for (size_t i = 0; i < 7 && at < name.len; i++) {
        const bool two = at + 1 < name.len && name.data[at] >= 0xc4 && name.data[at] <= 0xc5;
        const unsigned pair = two ? name.data[at] * 256u + name.data[at + 1] : 0;
        folded[i] = pair == 0xc5bf ? 's' : pair == 0xc4b0 || pair == 0xc4b1 ? 'i' : (char)name.data[at];
        at += two ? 2 : 1;
    }
    return strcasecmp(folded, "ensign-") == 0;
}

static void check_context(const struct world *world, struct json context)
{
    struct json key, value;
    size_t ours = 0;
    for (struct json_cursor at = json_items(context); json_next(&at, &key, &value);) {
        static uint8_t room[KMS_CONTEXT_TEXT_MAX];
        struct writer out = writer_of(room, sizeof room);
        must(json_string(key, &out));
        if (!is_reserved((struct bytes){ room, out.len }))
            continue;
        must(world->policy_digest != NULL && json_string_is(key, BYTES_LIT("ensign-policy-sha256")) &&
             json_string_is(value, bytes_of_text(world->policy_digest)));
        ours++;
    }
    must(ours == (world->policy_digest != NULL ? 1 : 0));
}

static struct bytes base64_member(struct json object, const char *name, uint8_t *room, size_t cap)
{
    struct bytes text = { 0 };
    size_t len = 0;
    must(json_plain_string(json_member(object, bytes_of_text(name)), &text) && text_read_base64(text, room, cap, &len));
    return (struct bytes){ room, len };
}

/* The members of a body that were all checked; *spki is what to encrypt to. */
static struct json check_request(struct world *world, struct bytes request, bool *generates, struct bytes *spki)
{
    static uint8_t arrived[REQUEST_MAX], document[ATTESTATION_DOC_MAX];
    struct http_head head;
    struct bytes body, target, host;
    struct json object;
    struct fault why;
    struct attestation_doc doc;
    size_t used;
    must(request.len <= sizeof arrived);
    memcpy(arrived, request.data, request.len);
    must(memmem(request.data, request.len, WORLD_SECRET, sizeof WORLD_SECRET - 1) == NULL);
    must(http_read_request(arrived, request.len, sizeof arrived, &head, &body, &used) == HTTP_WHOLE &&
         used == request.len);
    must(http_header(&head, BYTES_LIT("host"), &host) && bytes_equal(host, BYTES_LIT("kms.us-east-2.amazonaws.com")));
    must(http_header(&head, BYTES_LIT("x-amz-target"), &target) && json_read(body, &object, &why));
    *generates = bytes_equal(target, BYTES_LIT("TrentService.GenerateDataKey"));
    must(*generates || bytes_equal(target, BYTES_LIT("TrentService.Decrypt")));
    check_context(world, json_member(object, BYTES_LIT("EncryptionContext")));
    const struct json key = json_member(object, BYTES_LIT("KeyId"));
    must(world->pinned == NULL || json_string_is(key, bytes_of_text(world->pinned)));
    must(attestation_doc_read(
        base64_member(json_member(object, BYTES_LIT("Recipient")), "AttestationDocument", document, sizeof document),
        &doc, &why));
    must(doc.public_key.present && !doc.user_data.present);
    *spki = doc.public_key.bytes;
    world->asked_for = sha256(*spki);
    return object;
}

/* --- what comes back */

static void put_body(struct world *world, struct json asked, bool generates, struct bytes spki, struct writer *out)
{
    static uint8_t envelope[8192];
    struct writer sealed = writer_of(envelope, sizeof envelope);
    struct json_writer json = json_writer_of(out);
    struct bytes plaintext = generates ? BYTES_LIT("33333333333333333333333333333333") : bytes_of_text(world->opens_to),
                 key = { 0 };
    struct fault why;
    if (world->kms == KMS_NO_KEY)
        plaintext = generates ? BYTES_LIT("short") : BYTES_LIT("0x00");
    if (world->kms == KMS_FOR_ANOTHER)
        spki = foreign_spki();
    if (!json_plain_string(json_member(asked, BYTES_LIT("KeyId")), &key) || !text_starts_with(key, BYTES_LIT("arn:")))
        key = BYTES_LIT(WORLD_ARN);
    if (world->kms == KMS_OTHER_KEY_ID)
        key = bytes_equal(key, BYTES_LIT(WORLD_OTHER)) ? BYTES_LIT(WORLD_ARN) : BYTES_LIT(WORLD_OTHER);
    if (world->kms == KMS_ABROAD)
        key = BYTES_LIT(WORLD_ABROAD);
    must(kms_cms_seal(spki, plaintext, deeds_pick(world->deeds, 2) == 0 ? KMS_CMS_CONSTRUCTED : KMS_CMS_PRIMITIVE,
                      &sealed, &why));
    json_begin_object(&json);
    if (generates) {
        json_key(&json, "CiphertextBlob");
        json_put_base64(&json, BYTES_LIT("generated ciphertext"));
    }
    if (world->kms != KMS_PLAINTEXT) {
        json_key(&json, "CiphertextForRecipient");
        json_put_base64(&json, (struct bytes){ envelope, sealed.len });
    }
    if (!generates) {
        json_key(&json, "EncryptionAlgorithm");
        json_put_text(&json, world->kms == KMS_OTHER_ALGORITHM ? "RSAES_OAEP_SHA_1" : "SYMMETRIC_DEFAULT");
    }
    if (world->kms != KMS_NO_KEY_ID) {
        json_key(&json, "KeyId");
        json_put_string(&json, key);
    }
    if (world->kms == KMS_PLAINTEXT || world->kms == KMS_PLAINTEXT_BESIDE) {
        json_key(&json, "Plaintext");
        json_put_base64(&json, plaintext);
    }
    json_end_object(&json);
}

static void put_http(struct writer *out, unsigned status, struct bytes body, long more)
{
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 %u X\r\nContent-Length: %ld\r\n\r\n", status, (long)body.len + more);
    writer_text(out, head);
    writer_put(out, body);
}

static void put_chunked(struct writer *out, struct bytes body)
{
    char size[32];
    writer_text(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.len; at += 100) {
        const size_t len = body.len - at < 100 ? body.len - at : 100;
        snprintf(size, sizeof size, "%zx\r\n", len);
        writer_text(out, size);
        writer_put(out, (struct bytes){ body.data + at, len });
        writer_text(out, "\r\n");
    }
    writer_text(out, "0\r\n\r\n");
}

static void remember(struct world *world, struct writer *answer, size_t from)
{
    world->replay_len = answer->len - from;
    must(world->replay_len <= sizeof world->replay);
    memcpy(world->replay, answer->data + from, world->replay_len);
    world->replay_for = world->asked_for;
}

static void put_refusal(struct world *world, struct writer *response)
{
    static const char *const names[] = { "AccessDeniedException", "InvalidCiphertextException", "Unheard-of" };
    char body[128];
    const int len = snprintf(body, sizeof body, "{\"__type\":\"%s\"}", names[deeds_pick(world->deeds, 3)]);
    put_http(response, world->kms == KMS_IS_DOWN ? 503 : 400, (struct bytes){ (uint8_t *)body, (size_t)len }, 0);
}

static void put_answer(struct world *world, struct json asked, bool generates, struct bytes spki,
                       struct writer *response)
{
    static uint8_t room[BODY_MAX];
    struct writer out = writer_of(room, sizeof room);
    const size_t from = response->len;
    struct bytes body;
    put_body(world, asked, generates, spki, &out);
    must(writer_done(&out, &body));
    if (world->kms == KMS_ANSWERS_CHUNKED)
        put_chunked(response, body);
    else
        put_http(response, 200, body, world->kms == KMS_TOO_LONG ? 1 : world->kms == KMS_TOO_SHORT ? -1 : 0);
    if (world->kms == KMS_CUT)
        response->len -= 1 + deeds_pick(world->deeds, 200);
    if (world->kms == KMS_FLIPS_A_BYTE)
        flip_a_byte(world->deeds, response, from);
    if (world->kms == KMS_ANSWERS)
        remember(world, response, from);
}

static bool answer_https(void *context, const struct kms_call *call, struct bytes request, struct writer *response,
                         struct fault *why)
{
    struct world *const world = context;
    bool generates;
    struct bytes spki;
    world->https_calls++;
    must(strcmp(call->host, "kms.us-east-2.amazonaws.com") == 0 && call->proxy_port != 0);
    const struct json asked = check_request(world, request, &generates, &spki);
    if (world->kms == KMS_REPLAYS && (world->replay_len == 0 || hash32_equal(&world->replay_for, &world->asked_for)))
        world->kms = KMS_FAULT; /* nothing that was made for another RSA key */
    if (world->kms == KMS_FAULT)
        return fault_set(why, FAULT_REMOTE, "no way to KMS");
    if (world->kms == KMS_ANSWERS_LATE)
        world->monotonic_ms += UINT64_C(30000) << deeds_pick(world->deeds, 16);
    if (world->kms == KMS_REPLAYS)
        writer_put(response, (struct bytes){ world->replay, world->replay_len });
    else if (world->kms == KMS_REFUSES || world->kms == KMS_IS_DOWN)
        put_refusal(world, response);
    else if (world->kms == KMS_GARBAGE)
        put_garbage(world->deeds, response);
    else if (world->kms == KMS_ENDLESS)
        put_endless(response);
    else
        put_answer(world, asked, generates, spki, response);
    return true;
}

static uint64_t monotonic_ms(void *context)
{
    return ((struct world *)context)->monotonic_ms;
}

static void random_bytes(void *context, uint8_t *out, size_t len)
{
    (void)context;
    must(RAND_bytes(out, (int)len) == 1);
}

void world_open(struct world *world, struct deeds *deeds)
{
    world->outside = (struct outside){
        .context = world, .nsm = answer_nsm, .https = answer_https, .monotonic_ms = monotonic_ms, .random = random_bytes
    };
    world->deeds = deeds;
    world->monotonic_ms = 1000000;
    world->utc_ms = UINT64_C(1795359600000);
    world->nsm = NSM_ANSWERS;
    world->kms = KMS_ANSWERS;
    world->nsm_calls = world->https_calls = 0;
    world->replay_len = 0;
}
