#include "verify/x509_chain.h"

#include "verify/ec_library.h"

#include <limits.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

enum { NAME_TEXT = 40 };

struct x509_chain {
    bool path_is_this; /* the path that x509_chain_holds verified is all of them, in this order */
    size_t count;      /* with the leaf */
    X509 *each[];      /* root first, leaf last; NULL: not one DER certificate */
};

static void certificate_name(const struct x509_chain *chain, size_t index, char name[static NAME_TEXT])
{
    if (index == chain->count - 1)
        snprintf(name, NAME_TEXT, "the leaf");
    else
        snprintf(name, NAME_TEXT, "certificate %zu", index);
}

/* NULL: no certificate, or something after it. */
static X509 *certificate_read(struct bytes der)
{
    if (der.len == 0 || der.len > INT_MAX)
        return NULL;
    X509 *certificate = ec_library() != NULL ? X509_new_ex(ec_library(), NULL) : NULL;
    const uint8_t *end = der.data;
    if (certificate != NULL && d2i_X509(&certificate, &end, (long)der.len) != NULL && end == der.data + der.len)
        return certificate;
    X509_free(certificate);
    return NULL;
}

struct x509_chain *x509_chain_read(const struct bytes *bundle, size_t count, struct bytes leaf)
{
    must(count >= 1 && count < INT_MAX);
    struct x509_chain *chain = OPENSSL_zalloc(sizeof *chain + (count + 1) * sizeof chain->each[0]);
    if (chain == NULL)
        return NULL;
    chain->count = count + 1;
    for (size_t i = 0; i <= count; i++)
        chain->each[i] = certificate_read(i < count ? bundle[i] : leaf);
    return chain;
}

void x509_chain_free(struct x509_chain *chain)
{
    for (size_t i = 0; chain != NULL && i < chain->count; i++)
        X509_free(chain->each[i]);
    OPENSSL_free(chain);
}

static X509 *leaf_of(const struct x509_chain *chain)
{
    return chain->each[chain->count - 1];
}

static bool all_are_read(const struct x509_chain *chain, struct fault *why)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->each[i] == NULL) {
            char name[NAME_TEXT];
            certificate_name(chain, i, name);
            return fault_set(why, FAULT_REMOTE, "%s is not one DER certificate", name);
        }
    }
    return true;
}

/* libcrypto would refuse such a path too, and say less about it. */
static bool keys_are_read(const struct x509_chain *chain, struct fault *why)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (X509_get0_pubkey(chain->each[i]) == NULL) {
            char name[NAME_TEXT];
            certificate_name(chain, i, name);
            return fault_set(why, FAULT_REMOTE, "%s has no key on an elliptic curve (AWS's are on P-384)", name);
        }
    }
    return true;
}

/* The path that was verified, leaf first, is the chain itself: libcrypto hands back the objects that it was given. */
static bool is_this_chain(const struct x509_chain *chain, STACK_OF(X509) * path)
{
    const int count = (int)chain->count;
    bool same = sk_X509_num(path) == count;
    for (int i = 0; same && i < count; i++)
        same = sk_X509_value(path, count - 1 - i) == chain->each[i];
    return same;
}

static bool verify_path(struct x509_chain *chain, X509_STORE_CTX *context, struct fault *why)
{
    if (X509_verify_cert(context) == 1) {
        chain->path_is_this = is_this_chain(chain, X509_STORE_CTX_get0_chain(context));
        return true;
    }
    char name[NAME_TEXT];
    /* Depth counts from the leaf. */
    const size_t leaf = chain->count - 1, depth = (size_t)X509_STORE_CTX_get_error_depth(context);
    certificate_name(chain, depth > leaf ? 0 : leaf - depth, name);
    return fault_set(why, FAULT_REMOTE, "%s: %s", name,
                     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
}

bool x509_chain_holds(struct x509_chain *chain, uint64_t utc_s, struct fault *why)
{
    if (!all_are_read(chain, why) || !keys_are_read(chain, why))
        return false;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new_ex(ec_library(), NULL);
    STACK_OF(X509) *between = sk_X509_new_null();
    bool ready = store != NULL && context != NULL && between != NULL && X509_STORE_add_cert(store, chain->each[0]) == 1;
    for (size_t i = 1; ready && i < chain->count - 1; i++)
        ready = sk_X509_push(between, chain->each[i]) > 0;
    ready = ready && X509_STORE_CTX_init(context, store, leaf_of(chain), between) == 1;
    bool ok = ready || fault_set(why, FAULT_INTERNAL, "no memory for certificates");
    if (ready) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)utc_s);
        ok = verify_path(chain, context, why);
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return ok;
}

static bool is_signed_by(X509 *issuer, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return key != NULL && X509_verify(certificate, key) == 1;
}

bool x509_chain_in_order(const struct x509_chain *chain, struct fault *why)
{
    if (!all_are_read(chain, why))
        return false;
    for (size_t i = 1; i < chain->count; i++) {
        X509 *issuer = chain->each[i - 1], *certificate = chain->each[i];
        if (X509_check_issued(issuer, certificate) != X509_V_OK ||
            (!chain->path_is_this && !is_signed_by(issuer, certificate))) {
            char name[NAME_TEXT];
            certificate_name(chain, i, name);
            return fault_set(why, FAULT_REMOTE, "%s is not signed by certificate %zu (want the bundle root first)",
                             name, i - 1);
        }
    }
    return true;
}

static bool key_is_p384(EVP_PKEY *key)
{
    char group[32];
    size_t len = 0;
    return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           bytes_equal(bytes_of_text(group), BYTES_LIT("secp384r1"));
}

bool x509_leaf_may_sign(const struct x509_chain *chain, struct fault *why)
{
    X509 *leaf = leaf_of(chain);
    if (leaf == NULL)
        return fault_set(why, FAULT_REMOTE, "the leaf is not one DER certificate");
    /* X509_check_ca: 0 is certainly no CA; old forms of CA are refused with the rest. */
    if (X509_check_ca(leaf) != 0)
        return fault_set(why, FAULT_REMOTE, "the leaf is a CA certificate (want an end entity)");
    if ((X509_get_extension_flags(leaf) & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) == 0)
        return fault_set(why, FAULT_REMOTE, "the leaf's key usage lacks digitalSignature");
    return key_is_p384(X509_get0_pubkey(leaf)) || fault_set(why, FAULT_REMOTE, "the leaf's key is not on P-384");
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

bool x509_leaf_signed(const struct x509_chain *chain, struct bytes message, struct bytes signature, struct fault *why)
{
    if (signature.len != ES384_SIGNATURE)
        return fault_set(why, FAULT_REMOTE, "signature of %zu bytes (want %d)", signature.len, ES384_SIGNATURE);
    X509 *leaf = leaf_of(chain);
    EVP_PKEY *key = leaf != NULL ? X509_get0_pubkey(leaf) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[128];
    const size_t der_len = signature_to_der(signature, der);
    const bool ok = key_is_p384(key) && context != NULL && der_len > 0 &&
                    EVP_DigestVerifyInit_ex(context, NULL, "SHA384", ec_library(), NULL, key, NULL) == 1 &&
                    EVP_DigestVerify(context, der, der_len, message.data, message.len) == 1;
    EVP_MD_CTX_free(context);
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
