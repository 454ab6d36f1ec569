#include "core/kms/unseal_ask.h"

#include "core/base/text.h"
#include "core/kms/cms.h"

#include <string.h>

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

static bool read_key_arn(const struct unseal_ask *ask, struct json object, struct arena *arena, struct bytes *key_arn,
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

static bool algorithm_agrees(const struct unseal_ask *ask, struct json object)
{
    const struct json algorithm = json_member(object, BYTES_LIT("EncryptionAlgorithm"));
    return ask->kind != UNSEAL_DECRYPT || json_kind(algorithm) == JSON_NONE ||
           json_string_is(algorithm, bytes_of_text(kms_algorithm_name(ask->order->algorithm)));
}

bool unseal_read_answer(const struct unseal_ask *ask, struct bytes body, const struct rsa_key *recipient,
                        struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                        struct fault *why)
{
    struct json object = { 0 };
    struct fault malformed;
    struct bytes key_arn = { 0 }, envelope, ciphertext = { 0 };
    if (!json_read(body, &object, &malformed) || json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_REMOTE, "KMS's answer is not a JSON object");
    if (brings_plaintext(object))
        return fault_set(why, FAULT_REMOTE, "KMS's answer brings a plaintext that is not encrypted to this enclave");
    if (ask->kind != UNSEAL_RANDOM && !read_key_arn(ask, object, arena, &key_arn, why))
        return false;
    if (!algorithm_agrees(ask, object))
        return fault_set(why, FAULT_REMOTE, "KMS's answer is by another encryption algorithm");
    if (ask->kind == UNSEAL_DATA_KEY &&
        !read_base64(object, BYTES_LIT("CiphertextBlob"), KMS_CIPHERTEXT_MAX, arena, &ciphertext))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextBlob of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    if (!read_base64(object, BYTES_LIT("CiphertextForRecipient"), CMS_MAX, arena, &envelope))
        return fault_set(why, FAULT_REMOTE, "KMS's answer has no CiphertextForRecipient of 1 to %d bytes", CMS_MAX);

    WIPED_TEXT struct secret_text opened = { .len = 0 };
    if (!cms_open(envelope, recipient, &opened, why))
        return false;
    const size_t wanted = unseal_wanted_len(ask);
    if (wanted != 0 && opened.len != wanted)
        return fault_set(why, FAULT_REMOTE, "what KMS generated has %zu bytes, want %zu", opened.len, wanted);

    must(secret_text_set(plaintext, secret_text_view(&opened)));
    memset(answer->key_arn, 0, sizeof answer->key_arn);
    if (key_arn.len > 0)
        memcpy(answer->key_arn, key_arn.data, key_arn.len);
    answer->ciphertext_len = ciphertext.len;
    if (ciphertext.len > 0)
        memcpy(answer->ciphertext, ciphertext.data, ciphertext.len);
    return true;
}
