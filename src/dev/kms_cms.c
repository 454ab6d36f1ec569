#include "dev/kms_cms.h"

#include "core/crypto/sha2.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { PLAINTEXT_MAX = 4096, BLOCK = 16, CEK = 32, RSA_BYTES_MAX = 512 };

static EVP_PKEY *public_key_read(struct bytes spki)
{
    const uint8_t *end = spki.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)spki.len);
    if (key != NULL && end != spki.data + spki.len) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool kms_cms_recipient_ok(struct bytes spki, struct fault *why)
{
    EVP_PKEY *key = public_key_read(spki);
    const bool rsa = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    const int bits = rsa ? EVP_PKEY_get_bits(key) : 0;
    EVP_PKEY_free(key);
    if (!rsa)
        return fault_set(why, FAULT_INPUT, "public_key is not an RSA SubjectPublicKeyInfo in DER");
    return bits == 2048 || bits == 3072 || bits == 4096 ||
           fault_set(why, FAULT_INPUT, "public_key is RSA of %d bits (want 2048, 3072 or 4096)", bits);
}

static bool encrypt_key(struct bytes spki, const uint8_t cek[static CEK], uint8_t *out, size_t *len)
{
    EVP_PKEY *key = public_key_read(spki);
    EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    *len = RSA_BYTES_MAX;
    const bool ok = context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_encrypt(context, out, len, cek, CEK) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

static bool encrypt_content(const uint8_t cek[static CEK], const uint8_t iv[static BLOCK], struct bytes plaintext,
                            uint8_t *out, size_t *len)
{
    int head = 0, tail = 0;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const bool ok = cipher != NULL && EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, cek, iv) == 1 &&
                    EVP_EncryptUpdate(cipher, out, &head, plaintext.data, (int)plaintext.len) == 1 &&
                    EVP_EncryptFinal_ex(cipher, out + head, &tail) == 1;
    EVP_CIPHER_CTX_free(cipher);
    *len = (size_t)(head + tail);
    return ok;
}

/* X.690 section 8.1.3: the length of a definite form, as short as it goes. */
static void put_length(struct writer *out, size_t len)
{
    if (len >= 0x100)
        writer_be(out, 0x820000 | len, 3);
    else if (len >= 0x80)
        writer_be(out, 0x8100 | len, 2);
    else
        writer_u8(out, (uint8_t)len);
}

static size_t header_size(size_t len)
{
    return len >= 0x100 ? 4 : len >= 0x80 ? 3 : 2;
}

static void put_header(struct writer *out, uint8_t tag, size_t len)
{
    writer_u8(out, tag);
    put_length(out, len);
}

/* What is the same in every message, in its order of appearance. */
static const uint8_t opening[] = {
    0x30, 0x80,                                                       /* ContentInfo */
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03, /* id-envelopedData */
    0xa0, 0x80, 0x30, 0x80,                                           /* [0], EnvelopedData */
    0x02, 0x01, 0x02,                                                 /* version 2 */
};
static const uint8_t oaep_sha256[] = {
    0x30, 0x3c, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07,                   /* RSAES-OAEP */
    0x30, 0x2f, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, /* SHA-256 */
    0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, /* MGF1 */
    0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, /* SHA-256 */
    0x00,
};
static const uint8_t content_opening[] = {
    0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01,             /* id-data */
    0x30, 0x1d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x04, 0x10, /* aes-256-cbc, then IV */
};
static const uint8_t ends[8] = { 0 }; /* of EncryptedContentInfo, EnvelopedData, [0], ContentInfo */

bool kms_cms_seal(struct bytes spki, struct bytes plaintext, enum kms_cms_form form, struct writer *out,
                  struct fault *why)
{
    uint8_t cek[CEK], iv[BLOCK], encrypted_key[RSA_BYTES_MAX], content[PLAINTEXT_MAX + BLOCK];
    size_t key_len = 0, content_len = 0;
    const struct hash32 key_id = sha256(spki);
    if (plaintext.len > PLAINTEXT_MAX || RAND_bytes(cek, CEK) != 1 || RAND_bytes(iv, BLOCK) != 1 ||
        !encrypt_key(spki, cek, encrypted_key, &key_len) || !encrypt_content(cek, iv, plaintext, content, &content_len))
        return fault_set(why, FAULT_INTERNAL, "cannot encrypt to the recipient");

    const size_t recipient_len = 3 + 2 + sizeof key_id.bytes + sizeof oaep_sha256 + header_size(key_len) + key_len;
    writer_put(out, BYTES_OF(opening));
    put_header(out, 0x31, header_size(recipient_len) + recipient_len);
    put_header(out, 0x30, recipient_len);
    writer_be(out, 0x020102, 3); /* version 2 */
    put_header(out, 0x80, sizeof key_id.bytes);
    writer_put(out, BYTES_OF(key_id.bytes));
    writer_put(out, BYTES_OF(oaep_sha256));
    put_header(out, 0x04, key_len);
    writer_put(out, (struct bytes){ encrypted_key, key_len });
    writer_put(out, BYTES_OF(content_opening));
    writer_put(out, BYTES_OF(iv));
    if (form == KMS_CMS_CONSTRUCTED)
        writer_be(out, 0xa080, 2);
    put_header(out, form == KMS_CMS_CONSTRUCTED ? 0x04 : 0x80, content_len);
    writer_put(out, (struct bytes){ content, content_len });
    if (form == KMS_CMS_CONSTRUCTED)
        writer_be(out, 0x0000, 2);
    writer_put(out, BYTES_OF(ends));
    return !out->failed || fault_set(why, FAULT_LIMIT, "the message does not fit its buffer");
}
