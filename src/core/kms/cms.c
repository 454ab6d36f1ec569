#include "core/kms/cms.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

enum {
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_NULL = 0x05,
    BER_OID = 0x06,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
    BER_CONTEXT_0 = 0x80,             /* primitive */
    BER_CONTEXT_0_CONSTRUCTED = 0xa0, /* EXPLICIT, or parts */
    BER_CONTEXT_1_CONSTRUCTED = 0xa1,
    BER_INDEFINITE = 0x80,
};

enum { KEY_IDENTIFIER = 32, ENCRYPTED_KEY = 256, CONTENT_KEY = 32, BLOCK = 16 };

static const struct bytes version_2 = BYTES_INIT("\x02");
static const struct bytes oid_enveloped_data = BYTES_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03");
static const struct bytes oid_data = BYTES_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01");
static const struct bytes oid_rsaes_oaep = BYTES_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07");
static const struct bytes oid_mgf1 = BYTES_INIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
static const struct bytes oid_sha256 = BYTES_INIT("\x60\x86\x48\x01\x65\x03\x04\x02\x01");
static const struct bytes oid_aes256_cbc = BYTES_INIT("\x60\x86\x48\x01\x65\x03\x04\x01\x2a");

struct envelope {
    struct bytes key_identifier, encrypted_key, iv;
    uint8_t content[SECRET_TEXT_MAX + BLOCK]; /* encrypted, parts joined */
    size_t content_len;
};

/* X.690 section 8.1.3: short form, or one or two octets of length. More cannot be needed within CMS_MAX. */
static size_t read_length(struct reader *in, uint8_t first)
{
    if (first < 0x80)
        return first;
    if (first != 0x81 && first != 0x82)
        reader_fail(in);
    return (size_t)reader_be(in, first & 3);
}

/* What remains of the element around the one that was entered. */
struct level {
    struct bytes after;
    bool indefinite;
};

/* From here on `in` reads the contents of the element, until leave. */
static struct level enter(struct reader *in, uint8_t tag)
{
    struct level level = { 0 };
    if (reader_u8(in) != tag)
        reader_fail(in);
    const uint8_t first = reader_u8(in);
    level.indefinite = first == BER_INDEFINITE;
    if (level.indefinite)
        return level;
    const struct bytes contents = reader_take(in, read_length(in, first));
    level.after = in->rest;
    if (!in->failed)
        in->rest = contents;
    return level;
}

/* Nothing may be left in it but, of an indefinite one, the end-of-contents 00 00. */
static void leave(struct reader *in, const struct level *level)
{
    if (level->indefinite) {
        if (reader_be(in, 2) != 0)
            reader_fail(in);
    } else if (in->rest.len != 0) {
        reader_fail(in);
    } else if (!in->failed) {
        in->rest = level->after;
    }
}

static struct bytes read_primitive(struct reader *in, uint8_t tag)
{
    if (reader_u8(in) != tag)
        reader_fail(in);
    const size_t len = read_length(in, reader_u8(in));
    return reader_take(in, len);
}

static void expect(struct reader *in, uint8_t tag, struct bytes contents)
{
    if (!bytes_equal(read_primitive(in, tag), contents))
        reader_fail(in);
}

static bool next_is(const struct reader *in, uint8_t tag)
{
    return in->rest.len > 0 && in->rest.data[0] == tag;
}

/* AlgorithmIdentifier of SHA-256: its parameters are NULL or absent (RFC 4055 section 2.1). */
static void expect_sha256(struct reader *in)
{
    const struct level identifier = enter(in, BER_SEQUENCE);
    expect(in, BER_OID, oid_sha256);
    if (next_is(in, BER_NULL))
        expect(in, BER_NULL, (struct bytes){ 0 });
    leave(in, &identifier);
}

/* RSAES-OAEP-params (RFC 4055 section 4.1): an absent pSource is the empty label. */
static void expect_oaep(struct reader *in)
{
    const struct level identifier = enter(in, BER_SEQUENCE);
    expect(in, BER_OID, oid_rsaes_oaep);
    const struct level parameters = enter(in, BER_SEQUENCE);
    const struct level hash = enter(in, BER_CONTEXT_0_CONSTRUCTED);
    expect_sha256(in);
    leave(in, &hash);
    const struct level mask = enter(in, BER_CONTEXT_1_CONSTRUCTED);
    const struct level mask_identifier = enter(in, BER_SEQUENCE);
    expect(in, BER_OID, oid_mgf1);
    expect_sha256(in);
    leave(in, &mask_identifier);
    leave(in, &mask);
    leave(in, &parameters);
    leave(in, &identifier);
}

static void read_recipient(struct reader *in, struct envelope *envelope)
{
    const struct level recipients = enter(in, BER_SET);
    const struct level recipient = enter(in, BER_SEQUENCE);
    expect(in, BER_INTEGER, version_2);
    envelope->key_identifier = read_primitive(in, BER_CONTEXT_0);
    expect_oaep(in);
    envelope->encrypted_key = read_primitive(in, BER_OCTETS);
    leave(in, &recipient);
    leave(in, &recipients);
    if (envelope->key_identifier.len != KEY_IDENTIFIER || envelope->encrypted_key.len != ENCRYPTED_KEY)
        reader_fail(in);
}

static void read_content(struct reader *in, struct envelope *envelope)
{
    struct writer content = writer_of(envelope->content, sizeof envelope->content);
    if (next_is(in, BER_CONTEXT_0)) {
        writer_put(&content, read_primitive(in, BER_CONTEXT_0));
    } else {
        const struct level parts = enter(in, BER_CONTEXT_0_CONSTRUCTED);
        while (next_is(in, BER_OCTETS))
            writer_put(&content, read_primitive(in, BER_OCTETS));
        leave(in, &parts);
    }
    envelope->content_len = content.len;
    if (content.failed || content.len == 0 || content.len % BLOCK != 0)
        reader_fail(in);
}

static void read_encrypted_content(struct reader *in, struct envelope *envelope)
{
    const struct level info = enter(in, BER_SEQUENCE);
    expect(in, BER_OID, oid_data);
    const struct level cipher = enter(in, BER_SEQUENCE);
    expect(in, BER_OID, oid_aes256_cbc);
    envelope->iv = read_primitive(in, BER_OCTETS);
    leave(in, &cipher);
    read_content(in, envelope);
    leave(in, &info);
    if (envelope->iv.len != BLOCK)
        reader_fail(in);
}

static bool malformed(struct fault *why, const char *part)
{
    return fault_set(why, FAULT_REMOTE, "KMS's envelope is malformed: %s", part);
}

static bool read_envelope(struct bytes bytes, struct envelope *envelope, struct fault *why)
{
    if (bytes.len > CMS_MAX)
        return fault_set(why, FAULT_REMOTE, "KMS's envelope has %zu bytes, want at most %d", bytes.len, CMS_MAX);
    struct reader in = reader_of(bytes);
    const struct level info = enter(&in, BER_SEQUENCE);
    expect(&in, BER_OID, oid_enveloped_data);
    const struct level explicit_tag = enter(&in, BER_CONTEXT_0_CONSTRUCTED);
    const struct level data = enter(&in, BER_SEQUENCE);
    expect(&in, BER_INTEGER, version_2);
    if (in.failed)
        return malformed(why, "not CMS EnvelopedData of version 2");
    read_recipient(&in, envelope);
    if (in.failed)
        return malformed(why, "not one recipient by key identifier, with RSAES-OAEP and SHA-256");
    read_encrypted_content(&in, envelope);
    if (in.failed)
        return malformed(why, "not data in whole blocks of AES-256-CBC");
    leave(&in, &data);
    leave(&in, &explicit_tag);
    leave(&in, &info);
    return reader_done(&in) || malformed(why, "it is cut short, or something follows it");
}

/* RFC 8017 section 7.1.2. `content_key` is written on success only. */
static bool decrypt_key(const struct rsa_key *recipient, struct bytes encrypted, struct secret32 *content_key)
{
    uint8_t opened[ENCRYPTED_KEY];
    size_t len = sizeof opened;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(recipient->pkey, NULL);
    const bool done = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                      EVP_PKEY_decrypt(context, opened, &len, encrypted.data, encrypted.len) == 1 && len == CONTENT_KEY;
    if (done)
        memcpy(content_key->bytes, opened, CONTENT_KEY);
    wipe(opened, sizeof opened);
    EVP_PKEY_CTX_free(context);
    return done;
}

static bool decrypt_content(const struct envelope *envelope, const struct secret32 *content_key,
                            struct secret_text *plaintext)
{
    uint8_t opened[sizeof envelope->content + BLOCK]; /* EVP_DecryptUpdate may write a block more than it is given */
    int len = 0, last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const bool done =
        context != NULL &&
        EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, content_key->bytes, envelope->iv.data) == 1 &&
        EVP_DecryptUpdate(context, opened, &len, envelope->content, (int)envelope->content_len) == 1 &&
        EVP_DecryptFinal_ex(context, opened + len, &last) == 1 &&
        secret_text_set(plaintext, (struct bytes){ opened, (size_t)len + (size_t)last });
    wipe(opened, sizeof opened);
    EVP_CIPHER_CTX_free(context);
    return done;
}

bool cms_open(struct bytes envelope, const struct rsa_key *recipient, struct secret_text *plaintext, struct fault *why)
{
    struct envelope read;
    if (!read_envelope(envelope, &read, why))
        return false;
    if (!bytes_equal(read.key_identifier, BYTES_OF(recipient->key_id.bytes)))
        return fault_set(why, FAULT_REMOTE, "KMS's envelope is for another key than this request's");

    WIPED struct secret32 content_key = { { 0 } };
    const bool done =
        decrypt_key(recipient, read.encrypted_key, &content_key) && decrypt_content(&read, &content_key, plaintext);
    ERR_clear_error();
    return done || fault_set(why, FAULT_REMOTE, "KMS's envelope does not open with this request's key");
}
