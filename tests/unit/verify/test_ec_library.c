/* Certificates whose keys are on no elliptic curve: good signatures do not help them, and they are refused as ones
 * whose key cannot be decoded. */
#include "check.h"
#include "dev/nsm_pki.h"
#include "verify/ec_library.h"
#include "verify/x509_chain.h"

#include <openssl/rsa.h>
#include <string.h>

#define NOW_S ((uint64_t)1795359600) /* 2026-11-22T15:00:00Z */

static const struct nsm_names names = { "us-east-2", "i-0e5160000000051e0", "i-0e5160000000051e0-enc0190e51651e51e51" };
static struct nsm_pki pki;

/* The certificate that stands there, with another key and signed by `issuer`. */
static struct bytes again(enum nsm_certificate which, EVP_PKEY *key, EVP_PKEY *issuer, uint8_t **der)
{
    X509 *made = X509_dup(pki.chain[which].certificate);
    const EVP_MD *digest = EVP_PKEY_is_a(issuer, "ED25519") ? NULL : EVP_sha384();
    CHECK(X509_set_pubkey(made, key) == 1 && X509_sign(made, issuer, digest) > 0);
    *der = NULL;
    const int len = i2d_X509(made, der);
    CHECK(len > 0);
    X509_free(made);
    return (struct bytes){ *der, (size_t)len };
}

struct said {
    struct fault path, order, leaf;
    bool holds, in_order, may_sign;
};

static struct said of(const struct bytes chain[static NSM_CERTIFICATES])
{
    struct said said = { .holds = false };
    struct x509_chain *read = x509_chain_read(chain, NSM_LEAF, chain[NSM_LEAF]);
    CHECK(read != NULL);
    said.holds = x509_chain_holds(read, NOW_S, &said.path);
    said.in_order = x509_chain_in_order(read, &said.order);
    said.may_sign = x509_leaf_may_sign(read, &said.leaf);
    x509_chain_free(read);
    return said;
}

static void expect(const char *name, bool ok, const struct fault *why, const char *wanted)
{
    CHECK_ROW(name, ok == (wanted == NULL));
    CHECK_ROW(wanted != NULL ? why->text : name, wanted == NULL || strcmp(why->text, wanted) == 0);
}

static void try_key(const char *name, EVP_PKEY *key, bool is_elliptic)
{
    struct bytes chain[NSM_CERTIFICATES];
    uint8_t *instance = NULL, *leaf = NULL;
    CHECK_ROW(name, key != NULL);
    for (size_t i = 0; i < NSM_CERTIFICATES; i++)
        chain[i] = identity_der(&pki.chain[i]);
    chain[NSM_LEAF] = again(NSM_LEAF, key, pki.chain[NSM_INSTANCE].key, &leaf);
    struct said said = of(chain);
    expect(name, said.holds, &said.path,
           is_elliptic ? NULL : "the leaf has no key on an elliptic curve (AWS's are on P-384)");
    expect(name, said.in_order, &said.order, NULL);
    expect(name, said.may_sign, &said.leaf, is_elliptic ? NULL : "the leaf's key is not on P-384");
    OPENSSL_free(leaf);

    chain[NSM_INSTANCE] = again(NSM_INSTANCE, key, pki.chain[NSM_ZONAL].key, &instance);
    chain[NSM_LEAF] = again(NSM_LEAF, pki.chain[NSM_LEAF].key, key, &leaf);
    said = of(chain);
    expect(name, said.holds, &said.path,
           is_elliptic ? NULL : "certificate 3 has no key on an elliptic curve (AWS's are on P-384)");
    expect(name, said.in_order, &said.order,
           is_elliptic ? NULL : "the leaf is not signed by certificate 3 (want the bundle root first)");
    expect(name, said.may_sign, &said.leaf, NULL);
    OPENSSL_free(instance);
    OPENSSL_free(leaf);
    EVP_PKEY_free(key);
}

int main(void)
{
    struct fault why = { 0 };
    const struct nsm_names none = { "", "", "" };
    CHECK(nsm_certificate_make(NSM_ROOT, &none, NOW_S - 86400, NULL, &pki.chain[NSM_ROOT], &why));
    CHECK(nsm_pki_renew(&pki, &names, NOW_S - 5, &why));
    CHECK(ec_library() != NULL && ec_library() == ec_library());
    try_key("P-384", EVP_EC_gen("P-384"), true);
    try_key("RSA", EVP_RSA_gen(2048), false);
    try_key("Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), false);
    nsm_pki_free(&pki);
    return failures != 0;
}
