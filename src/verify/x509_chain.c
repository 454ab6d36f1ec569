#include "verify/x509_chain.h"

#include <limits.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

enum { NAME_TEXT = 32 };

static void certificate_name(const struct x509_chain *chain, size_t index, char name[static NAME_TEXT])
{
    if (index == chain->bundle_count)
        snprintf(name, NAME_TEXT, "the leaf");
    else
        snprintf(name, NAME_TEXT, "certificate %zu", index);
}

/* NULL: no certificate, or something after it. */
static X509 *certificate_read(struct bytes der)
{
    if (der.len == 0 || der.len > INT_MAX)
        return NULL;
    const uint8_t *end = der.data;
    X509 *certificate = d2i_X509(NULL, &end, (long)der.len);
    if (certificate != NULL && end != der.data + der.len) {
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

/* The whole chain, root first, leaf last; NULL on failure. */
static STACK_OF(X509) * chain_read(const struct x509_chain *chain, struct fault *why)
{
    STACK_OF(X509) *read = sk_X509_new_null();
    if (read == NULL) {
        fault_set(why, FAULT_INTERNAL, "no memory for certificates");
        return NULL;
    }
    for (size_t i = 0; i <= chain->bundle_count; i++) {
        X509 *certificate = certificate_read(i < chain->bundle_count ? chain->bundle[i] : chain->leaf);
        if (certificate == NULL || sk_X509_push(read, certificate) == 0) {
            char name[NAME_TEXT];
            certificate_name(chain, i, name);
            fault_set(why, FAULT_REMOTE, "%s is not one DER certificate", name);
            X509_free(certificate);
            sk_X509_pop_free(read, X509_free);
            return NULL;
        }
    }
    return read;
}

bool x509_chain_in_order(const struct x509_chain *chain, struct fault *why)
{
    STACK_OF(X509) *all = chain_read(chain, why);
    if (all == NULL)
        return false;
    bool ok = true;
    for (int i = 1; ok && i < sk_X509_num(all); i++) {
        X509 *issuer = sk_X509_value(all, i - 1), *certificate = sk_X509_value(all, i);
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        ok = X509_check_issued(issuer, certificate) == X509_V_OK && key != NULL && X509_verify(certificate, key) == 1;
        if (!ok) {
            char name[NAME_TEXT];
            certificate_name(chain, (size_t)i, name);
            fault_set(why, FAULT_REMOTE, "%s is not signed by certificate %d (want the bundle root first)", name,
                      i - 1);
        }
    }
    sk_X509_pop_free(all, X509_free);
    return ok;
}

bool x509_chain_holds(const struct x509_chain *chain, uint64_t utc_s, struct fault *why)
{
    STACK_OF(X509) *all = chain_read(chain, why);
    if (all == NULL)
        return false;
    bool ok = false;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    const int leaf = sk_X509_num(all) - 1;
    if (store == NULL || context == NULL || between == NULL || X509_STORE_add_cert(store, sk_X509_value(all, 0)) != 1) {
        fault_set(why, FAULT_INTERNAL, "no memory for certificates");
        goto out;
    }
    for (int i = 1; i < leaf; i++) {
        if (sk_X509_push(between, sk_X509_value(all, i)) == 0) {
            fault_set(why, FAULT_INTERNAL, "no memory for certificates");
            goto out;
        }
    }
    if (X509_STORE_CTX_init(context, store, sk_X509_value(all, leaf), between) != 1) {
        fault_set(why, FAULT_INTERNAL, "no memory for certificates");
        goto out;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)utc_s);
    ok = X509_verify_cert(context) == 1;
    if (!ok) {
        char name[NAME_TEXT];
        /* Depth counts from the leaf. */
        const int depth = X509_STORE_CTX_get_error_depth(context);
        certificate_name(chain, depth > leaf ? 0 : (size_t)(leaf - depth), name);
        fault_set(why, FAULT_REMOTE, "%s: %s", name, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
out:
    sk_X509_free(between);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_pop_free(all, X509_free);
    return ok;
}

static bool key_is_p384(EVP_PKEY *key)
{
    char group[32];
    size_t len = 0;
    return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           bytes_equal(bytes_of_text(group), BYTES_LIT("secp384r1"));
}

bool x509_leaf_may_sign(struct bytes leaf, struct fault *why)
{
    X509 *certificate = certificate_read(leaf);
    if (certificate == NULL)
        return fault_set(why, FAULT_REMOTE, "the leaf is not one DER certificate");
    bool ok = true;
    /* X509_check_ca: 0 is certainly no CA; old forms of CA are refused with the rest. */
    if (X509_check_ca(certificate) != 0)
        ok = fault_set(why, FAULT_REMOTE, "the leaf is a CA certificate (want an end entity)");
    else if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) == 0 ||
             (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
        ok = fault_set(why, FAULT_REMOTE, "the leaf's key usage lacks digitalSignature");
    else if (!key_is_p384(X509_get0_pubkey(certificate)))
        ok = fault_set(why, FAULT_REMOTE, "the leaf's key is not on P-384");
    X509_free(certificate);
    return ok;
}

/* ECDSA-Sig-Value in DER, as libcrypto wants it. Two integers of 48 bytes take at most 104. */
static size_t signature_to_der(struct bytes signature, uint8_t der[static 128])
{
    size_t len = 0;
    const int half = ES384_SIGNATURE / 2;
    ECDSA_SIG *both = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.data, half, NULL), *s = BN_bin2bn(signature.data + half, half, NULL);
    if (both != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(both, r, s) == 1) {
        r = s = NULL; /* owned by `both` from here */
        uint8_t *end = der;
        const int wrote = i2d_ECDSA_SIG(both, NULL);
        if (wrote > 0 && wrote <= 128)
            len = (size_t)i2d_ECDSA_SIG(both, &end);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(both);
    return len;
}

bool x509_leaf_signed(struct bytes leaf, struct bytes message, struct bytes signature, struct fault *why)
{
    if (signature.len != ES384_SIGNATURE)
        return fault_set(why, FAULT_REMOTE, "signature of %zu bytes (want %d)", signature.len, ES384_SIGNATURE);
    X509 *certificate = certificate_read(leaf);
    EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[128];
    const size_t der_len = signature_to_der(signature, der);
    const bool ok = key_is_p384(key) && context != NULL && der_len > 0 &&
                    EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, key) == 1 &&
                    EVP_DigestVerify(context, der, der_len, message.data, message.len) == 1;
    EVP_MD_CTX_free(context);
    X509_free(certificate);
    return ok || fault_set(why, FAULT_REMOTE, "the document's signature is not the leaf's");
}

bool x509_pem_fingerprint(struct bytes pem, struct hash32 *fingerprint, struct fault *why)
{
    bool ok = false;
    uint8_t *der = NULL;
    X509 *certificate = NULL, *second = NULL;
    BIO *in = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    if (in != NULL) {
        certificate = PEM_read_bio_X509(in, NULL, NULL, NULL);
        second = PEM_read_bio_X509(in, NULL, NULL, NULL);
    }
    const int len = certificate != NULL && second == NULL ? i2d_X509(certificate, &der) : 0;
    if (len > 0) {
        *fingerprint = sha256((struct bytes){ der, (size_t)len });
        ok = true;
    }
    OPENSSL_free(der);
    X509_free(second);
    X509_free(certificate);
    BIO_free(in);
    return ok || fault_set(why, FAULT_INPUT, "not a PEM text of exactly one certificate");
}

static bool seconds_of(const ASN1_TIME *time, uint64_t *seconds)
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    const time_t value = timegm(&parts);
    *seconds = value < 0 ? 0 : (uint64_t)value;
    return true;
}

bool x509_validity(struct bytes der, uint64_t *not_before_s, uint64_t *not_after_s, struct fault *why)
{
    uint64_t from = 0, to = 0;
    X509 *certificate = certificate_read(der);
    const bool ok = certificate != NULL && seconds_of(X509_get0_notBefore(certificate), &from) &&
                    seconds_of(X509_get0_notAfter(certificate), &to);
    X509_free(certificate);
    if (!ok)
        return fault_set(why, FAULT_REMOTE, "not a DER certificate with readable dates");
    *not_before_s = from;
    *not_after_s = to;
    return true;
}
