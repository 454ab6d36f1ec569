/* What KMS says. Of an error only a name of our list is repeated, and only one that stands in the body; our list's own
 * names are recognised however AWS frames them. Of a success is taken what libcrypto's CMS opens too, from the key that
 * was ordered, with no plaintext beside it; whatever is refused leaves nothing.
 *
 *   u8: 0 an error's body follows; 1 the body of a 200 follows; else edits of a good body of a 200 (edits.h)
 */
#include "edits.h"

#include "core/kms/unseal_ask.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#define ARN "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"

enum { ARENA = 1 << 17 };

static struct rsa_key recipient;
static struct edits_good good;

/* A body around every envelope that opens. */
static void load(void)
{
    static struct edits_good keys, envelopes;
    struct fault why;
    edits_load(&keys, "kms/cms.txt", 4, 1, "key");
    edits_load(&envelopes, "kms/cms.txt", 4, 1, "opens");
    must(rsa_key_read(keys.messages[0], &recipient, &why));
    for (size_t i = 0; i < envelopes.count; i++) {
        static uint8_t room[EDITS_MESSAGE_MAX];
        struct writer out = writer_of(room, sizeof room);
        struct json_writer json = json_writer_of(&out);
        struct bytes body;
        json_begin_object(&json);
        json_key(&json, "CiphertextBlob");
        json_put_base64(&json, BYTES_LIT("ciphertext"));
        json_key(&json, "CiphertextForRecipient");
        json_put_base64(&json, envelopes.messages[i]);
        json_key(&json, "EncryptionAlgorithm");
        json_put_text(&json, "SYMMETRIC_DEFAULT");
        json_key(&json, "KeyId");
        json_put_text(&json, ARN);
        json_key(&json, "Plaintext");
        json_put_text(&json, "");
        json_end_object(&json);
        if (writer_done(&out, &body))
            good.messages[good.count++] = (struct bytes){ exact_copy(body.data, body.len), body.len };
    }
    must(good.count > 0);
}

static void check_error(unsigned status, struct bytes body)
{
    const struct kms_error error = kms_error_read(status, body);
    must(error.name != NULL && error.hint != NULL && error.hint[0] != '\0');
    const struct kms_error *listed = NULL;
    for (size_t i = 0; kms_error_at(i) != NULL; i++)
        if (strcmp(kms_error_at(i)->name, error.name) == 0)
            listed = kms_error_at(i);
    if (listed == NULL) {
        must(strcmp(error.name, "UnknownError") == 0);
        return;
    }
    must(listed->hint == error.hint);
    must(memmem(body.data, body.len, error.name, strlen(error.name)) != NULL ||
         memchr(body.data, '\\', body.len) != NULL);

    char framed[256];
    const int len = snprintf(framed, sizeof framed, "{\"__type\":\"com.amazonaws.kms#%s:http://x/\"}", error.name);
    must(kms_error_read(status, (struct bytes){ (const uint8_t *)framed, (size_t)len }).hint == listed->hint);
}

static bool libcrypto_opens(struct json object, struct bytes plaintext)
{
    static uint8_t der[EDITS_MESSAGE_MAX], base64[EDITS_MESSAGE_MAX];
    struct writer text = writer_of(base64, sizeof base64);
    size_t len = 0;
    uint8_t *opened = NULL;
    must(json_string(json_member(object, BYTES_LIT("CiphertextForRecipient")), &text));
    must(text_read_base64((struct bytes){ base64, text.len }, der, sizeof der, &len));
    const uint8_t *end = der;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)len);
    BIO *out = BIO_new(BIO_s_mem());
    const bool done = cms != NULL && CMS_decrypt(cms, recipient.pkey, NULL, NULL, out, CMS_DEBUG_DECRYPT) == 1;
    const long opened_len = BIO_get_mem_data(out, &opened);
    const bool same = done && bytes_equal((struct bytes){ opened, (size_t)opened_len }, plaintext);
    BIO_free(out);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return same;
}

static void check_taken(const struct unseal_ask *ask, struct bytes body, struct bytes plaintext,
                        const struct unseal_answer *answer)
{
    struct json object;
    struct fault why;
    must(json_read(body, &object, &why) && libcrypto_opens(object, plaintext));
    const struct json beside = json_member(object, BYTES_LIT("Plaintext"));
    must(json_kind(beside) == JSON_NONE || json_kind(beside) == JSON_NULL ||
         bytes_equal(beside.text, BYTES_LIT("\"\"")));
    must(json_string_is(json_member(object, BYTES_LIT("KeyId")), bytes_of_text(answer->key_arn)));
    must(text_starts_with(bytes_of_text(answer->key_arn), BYTES_LIT("arn:aws:kms:us-east-2:")));
    must(ask->order->key_id.len == 0 || bytes_equal(bytes_of_text(answer->key_arn), ask->order->key_id));
    must((ask->kind == UNSEAL_DATA_KEY) == (answer->ciphertext_len > 0));
    must(ask->kind != UNSEAL_DATA_KEY || plaintext.len == 32);
}

static void check_answer(bool generates, bool pinned, struct bytes body)
{
    static uint8_t room[ARENA];
    static struct unseal_answer answer;
    const struct unseal_order order = { .region = BYTES_LIT("us-east-2"),
                                        .key_id = pinned ? BYTES_LIT(ARN) : (struct bytes){ 0 },
                                        .key_is_pinned = pinned };
    const struct unseal_ask ask = { .kind = generates ? UNSEAL_DATA_KEY : UNSEAL_DECRYPT, .order = &order };
    struct arena arena = arena_of(room, sizeof room);
    WIPED_TEXT struct secret_text plaintext = { .len = 0 };
    struct fault why = { 0 };
    answer.ciphertext_len = 77;
    must(secret_text_set(&plaintext, BYTES_LIT("untouched")));
    if (unseal_read_answer(&ask, body, &recipient, &arena, &plaintext, &answer, &why)) {
        check_taken(&ask, body, secret_text_view(&plaintext), &answer);
        return;
    }
    must(why.code == FAULT_REMOTE && text_is_printable(bytes_of_text(why.text)));
    must(bytes_equal(secret_text_view(&plaintext), BYTES_LIT("untouched")) && answer.ciphertext_len == 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    if (good.count == 0)
        load();
    if (len == 0)
        return 0;
    const struct bytes rest = { data + 1, len - 1 };
    const struct bytes body = data[0] < 2 ? rest : edits_apply(&good, rest, changed);
    uint8_t *const input = exact_copy(body.data, body.len);
    if (data[0] == 0) {
        check_error(400, (struct bytes){ input, body.len });
        check_error(503, (struct bytes){ input, body.len });
    } else {
        check_answer(data[0] & 2, data[0] & 4, (struct bytes){ input, body.len });
    }
    free(input);
    return 0;
}
