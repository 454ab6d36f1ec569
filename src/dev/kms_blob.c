#include "dev/kms_blob.h"

#include "core/base/text.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

enum { MAGIC = 4, ID = 16, IV = 12, TAG = 16 };

static void id_bytes(const struct sim_key *key, uint8_t bytes[static ID])
{
    char digits[2 * ID];
    size_t count = 0;
    for (const char *at = key->id; *at != '\0' && count < sizeof digits; at++) {
        if (*at != '-')
            digits[count++] = *at;
    }
    must(count == sizeof digits && text_read_hex((struct bytes){ (const uint8_t *)digits, count }, bytes));
}

bool kms_blob_key_id(struct bytes blob, char id[static 37])
{
    if (blob.len < KMS_BLOB_HEAD + TAG || blob.len > KMS_BLOB_MAX || memcmp(blob.data, "ES1", MAGIC) != 0)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < ID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        snprintf(id + at, 3, "%02x", blob.data[MAGIC + i]);
        at += 2;
    }
    return true;
}

static bool add_data(EVP_CIPHER_CTX *cipher, bool sealing, struct bytes data)
{
    int len = 0;
    return data.len == 0 || (sealing ? EVP_EncryptUpdate(cipher, NULL, &len, data.data, (int)data.len)
                                     : EVP_DecryptUpdate(cipher, NULL, &len, data.data, (int)data.len)) == 1;
}

static bool add_string(EVP_CIPHER_CTX *cipher, bool sealing, struct bytes text)
{
    uint8_t len[4];
    struct writer out = writer_of(len, sizeof len);
    writer_be(&out, text.len, sizeof len);
    return add_data(cipher, sealing, BYTES_OF(len)) && add_data(cipher, sealing, text);
}

static bool add_context(EVP_CIPHER_CTX *cipher, bool sealing, const struct kms_context *context)
{
    /* In the order of names; names are unique. */
    for (size_t rank = 0; rank < context->count; rank++) {
        for (size_t i = 0; i < context->count; i++) {
            size_t before = 0;
            for (size_t j = 0; j < context->count; j++)
                before += bytes_compare(context->pairs[j].name, context->pairs[i].name) < 0;
            if (before == rank && (!add_string(cipher, sealing, context->pairs[i].name) ||
                                   !add_string(cipher, sealing, context->pairs[i].value)))
                return false;
        }
    }
    return true;
}

bool kms_blob_seal(const struct sim_key *key, const struct kms_context *context, struct bytes plaintext,
                   struct writer *blob)
{
    uint8_t head[KMS_BLOB_HEAD] = { 'E', 'S', '1', 0 }, sealed[KMS_PLAINTEXT_MAX], tag[TAG];
    int len = 0, tail = 0;
    if (plaintext.len == 0 || plaintext.len > KMS_PLAINTEXT_MAX || RAND_bytes(head + MAGIC + ID, IV) != 1)
        return false;
    id_bytes(key, head + MAGIC);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const bool ok = cipher != NULL &&
                    EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->material, head + MAGIC + ID) == 1 &&
                    add_data(cipher, true, (struct bytes){ head, MAGIC + ID }) && add_context(cipher, true, context) &&
                    EVP_EncryptUpdate(cipher, sealed, &len, plaintext.data, (int)plaintext.len) == 1 &&
                    EVP_EncryptFinal_ex(cipher, sealed + len, &tail) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (ok) {
        writer_put(blob, BYTES_OF(head));
        writer_put(blob, (struct bytes){ sealed, plaintext.len });
        writer_put(blob, BYTES_OF(tag));
    }
    return ok;
}

bool kms_blob_open(const struct sim_key *key, const struct kms_context *context, struct bytes blob, uint8_t *plaintext,
                   size_t *len)
{
    char id[37];
    if (!kms_blob_key_id(blob, id) || strcmp(id, key->id) != 0)
        return false;
    const struct bytes sealed = { blob.data + KMS_BLOB_HEAD, blob.len - KMS_BLOB_HEAD - TAG };
    uint8_t tag[TAG];
    memcpy(tag, blob.data + blob.len - TAG, TAG);
    int wrote = 0, tail = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const bool ok = cipher != NULL &&
                    EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->material, blob.data + MAGIC + ID) == 1 &&
                    add_data(cipher, false, (struct bytes){ blob.data, MAGIC + ID }) &&
                    add_context(cipher, false, context) &&
                    EVP_DecryptUpdate(cipher, plaintext, &wrote, sealed.data, (int)sealed.len) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
                    EVP_DecryptFinal_ex(cipher, plaintext + wrote, &tail) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (ok)
        *len = sealed.len;
    return ok;
}
