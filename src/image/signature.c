#include "image/signature.h"

#include "core/codec/cbor.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

enum { COORDINATE = 48, ES384 = -35, PAYLOAD_MAX = 256 };

#define HEADER_ALGORITHM 1 /* RFC 9052 section 3.1 */

/* {1: -35} */
static void put_protected(struct writer *out)
{
    cbor_put_map(out, 1);
    cbor_put_uint(out, HEADER_ALGORITHM);
    cbor_put_int(out, ES384);
}

static void put_integers(struct writer *out, struct bytes bytes)
{
    cbor_put_array(out, bytes.len);
    for (size_t i = 0; i < bytes.len; i++)
        cbor_put_uint(out, bytes.data[i]);
}

static size_t read_integers(struct reader *in, uint8_t *out, size_t cap)
{
    struct cbor_items items = cbor_read_array(in);
    size_t len = 0;
    while (cbor_more(in, &items)) {
        uint64_t value = cbor_read_uint(in);
        if (value > 255 || len == cap)
            reader_fail(in);
        else
            out[len++] = (uint8_t)value;
    }
    return len;
}

static void put_payload(struct writer *out, const struct hash48 *pcr0)
{
    cbor_put_map(out, 2);
    cbor_put_text(out, BYTES_LIT("register_index"));
    cbor_put_uint(out, 0);
    cbor_put_text(out, BYTES_LIT("register_value"));
    put_integers(out, BYTES_OF(pcr0->bytes));
}

/* Sig_structure, RFC 9052 section 4.4. */
static void put_to_be_signed(struct writer *out, struct bytes protected, struct bytes payload)
{
    cbor_put_array(out, 4);
    cbor_put_text(out, BYTES_LIT("Signature1"));
    cbor_put_bytes(out, protected);
    cbor_put_bytes(out, (struct bytes){ 0 });
    cbor_put_bytes(out, payload);
}

static X509 *read_certificate(struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

bool eif_signature_read(struct bytes section, struct eif_signature *signature, struct fault *why)
{
    struct reader in = reader_of(section);
    struct cbor_items entries = cbor_read_array(&in);
    bool certificate_seen = false, signature_seen = false;
    if (!cbor_more(&in, &entries))
        return fault_set(why, FAULT_INPUT, "the signature section has no entry");
    struct cbor_items members = cbor_read_map(&in);
    while (cbor_more(&in, &members)) {
        struct bytes name = cbor_read_text(&in);
        if (bytes_equal(name, BYTES_LIT("signing_certificate")) && !certificate_seen) {
            signature->pem_len = read_integers(&in, signature->pem, sizeof signature->pem);
            certificate_seen = true;
        } else if (bytes_equal(name, BYTES_LIT("signature")) && !signature_seen) {
            signature->cose_len = read_integers(&in, signature->cose, sizeof signature->cose);
            signature_seen = true;
        } else {
            reader_fail(&in);
        }
    }
    while (cbor_more(&in, &entries)) /* only the first entry counts: PCR0's */
        cbor_skip(&in);
    if (!reader_done(&in) || !certificate_seen || !signature_seen)
        return fault_set(why, FAULT_INPUT, "the signature section is malformed");
    X509 *certificate = read_certificate((struct bytes){ signature->pem, signature->pem_len });
    uint8_t *end = signature->der;
    int len = certificate == NULL ? 0 : i2d_X509(certificate, NULL);
    bool fits = len > 0 && (size_t)len <= sizeof signature->der && i2d_X509(certificate, &end) == len;
    X509_free(certificate);
    if (!fits)
        return fault_set(why, FAULT_INPUT, "the signature section's certificate cannot be read");
    signature->der_len = (size_t)len;
    return true;
}

static bool verify(EVP_PKEY *key, struct bytes message, struct bytes raw)
{
    uint8_t der[2 * COORDINATE + 16], *end = der;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw.data, COORDINATE, NULL), *s = BN_bin2bn(raw.data + COORDINATE, COORDINATE, NULL);
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    must(parts != NULL && r != NULL && s != NULL && state != NULL && ECDSA_SIG_set0(parts, r, s) == 1);
    int len = i2d_ECDSA_SIG(parts, &end);
    bool good = len > 0 && EVP_DigestVerifyInit(state, NULL, EVP_sha384(), NULL, key) == 1 &&
                EVP_DigestVerify(state, der, (size_t)len, message.data, message.len) == 1;
    EVP_MD_CTX_free(state);
    ECDSA_SIG_free(parts);
    return good;
}

static bool is_p384(EVP_PKEY *key)
{
    char group[32];
    size_t len;
    return key != NULL && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, "secp384r1") == 0;
}

bool eif_signature_check(const struct eif_signature *signature, const struct hash48 *pcr0, struct fault *why)
{
    uint8_t expected[PAYLOAD_MAX], signed_bytes[PAYLOAD_MAX + 64];
    struct writer payload_out = writer_of(expected, sizeof expected);
    struct reader in = reader_of((struct bytes){ signature->cose, signature->cose_len });
    put_payload(&payload_out, pcr0);

    struct cbor_items parts = cbor_read_array(&in);
    struct bytes fields[3] = { { 0 } };
    bool four = cbor_more(&in, &parts);
    fields[0] = cbor_read_bytes(&in);
    four = four && cbor_more(&in, &parts);
    cbor_skip(&in); /* unprotected */
    four = four && cbor_more(&in, &parts);
    fields[1] = cbor_read_bytes(&in);
    four = four && cbor_more(&in, &parts);
    fields[2] = cbor_read_bytes(&in);
    if (cbor_more(&in, &parts) || !four || !reader_done(&in) || fields[2].len != (size_t)2 * COORDINATE)
        return fault_set(why, FAULT_INPUT, "the signature is no COSE_Sign1 of ES384");
    if (!bytes_equal(fields[1], (struct bytes){ expected, payload_out.len }))
        return fault_set(why, FAULT_INPUT, "the signature is over another PCR0 than this image's");

    struct writer message = writer_of(signed_bytes, sizeof signed_bytes);
    struct bytes to_check;
    put_to_be_signed(&message, fields[0], fields[1]);
    if (!writer_done(&message, &to_check))
        return fault_set(why, FAULT_INPUT, "the signature's header is too long");
    X509 *certificate = read_certificate((struct bytes){ signature->pem, signature->pem_len });
    EVP_PKEY *key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    bool good = is_p384(key) && verify(key, to_check, fields[2]);
    X509_free(certificate);
    return good || fault_set(why, FAULT_INPUT, "the signature was not made with the certificate's P-384 key");
}

static bool sign(EVP_PKEY *key, struct bytes message, uint8_t raw[static 2 * COORDINATE])
{
    uint8_t der[2 * COORDINATE + 32];
    size_t len = sizeof der;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    bool made = state != NULL && EVP_DigestSignInit(state, NULL, EVP_sha384(), NULL, key) == 1 &&
                EVP_DigestSign(state, der, &len, message.data, message.len) == 1;
    const uint8_t *at = der;
    ECDSA_SIG *parts = made ? d2i_ECDSA_SIG(NULL, &at, (long)len) : NULL;
    made = parts != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw, COORDINATE) == COORDINATE &&
           BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw + COORDINATE, COORDINATE) == COORDINATE;
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(state);
    return made;
}

static void put_cose(struct writer *out, struct bytes protected, struct bytes payload, struct bytes raw)
{
    cbor_put_array(out, 4);
    cbor_put_bytes(out, protected);
    cbor_put_map(out, 0);
    cbor_put_bytes(out, payload);
    cbor_put_bytes(out, raw);
}

bool eif_signature_make(struct bytes certificate_pem, struct bytes key_pem, const struct hash48 *pcr0,
                        struct writer *out, struct fault *why)
{
    uint8_t header[16], content[PAYLOAD_MAX], to_sign[PAYLOAD_MAX + 64], cose[EIF_COSE_MAX], raw[2 * COORDINATE];
    struct writer protected = writer_of(header, sizeof header), payload = writer_of(content, sizeof content);
    struct writer message = writer_of(to_sign, sizeof to_sign), envelope = writer_of(cose, sizeof cose);
    if (certificate_pem.len > EIF_CERTIFICATE_MAX)
        return fault_set(why, FAULT_LIMIT, "the signing certificate is %zu bytes, at most %d are allowed",
                         certificate_pem.len, EIF_CERTIFICATE_MAX);
    put_protected(&protected);
    put_payload(&payload, pcr0);
    put_to_be_signed(&message, (struct bytes){ header, protected.len }, (struct bytes){ content, payload.len });

    BIO *bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
    X509 *certificate = read_certificate(certificate_pem);
    BIO_free(bio);
    bool good = false;
    if (certificate == NULL)
        (void)fault_set(why, FAULT_INPUT, "the signing certificate is not PEM");
    else if (!is_p384(key))
        (void)fault_set(why, FAULT_INPUT, "the private key is no unencrypted PEM key on P-384 (ES384)");
    else if (X509_check_private_key(certificate, key) != 1)
        (void)fault_set(why, FAULT_INPUT, "the private key is not the signing certificate's");
    else if (!sign(key, (struct bytes){ to_sign, message.len }, raw))
        (void)fault_set(why, FAULT_INTERNAL, "signing failed");
    else
        good = true;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!good)
        return false;

    put_cose(&envelope, (struct bytes){ header, protected.len }, (struct bytes){ content, payload.len }, BYTES_OF(raw));
    cbor_put_array(out, 1);
    cbor_put_map(out, 2);
    cbor_put_text(out, BYTES_LIT("signing_certificate"));
    put_integers(out, certificate_pem);
    cbor_put_text(out, BYTES_LIT("signature"));
    put_integers(out, (struct bytes){ cose, envelope.len });
    return !out->failed || fault_set(why, FAULT_LIMIT, "the signature does not fit its section");
}
