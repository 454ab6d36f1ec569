/* Certificates: their dates, and what is left of a judgement when libcrypto gets no memory. */
#include "check.h"
#include "dev/nsm_pki.h"
#include "verify/x509_chain.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#define NOW_S ((uint64_t)1795359600) /* 2026-11-22T15:00:00Z */

static const struct nsm_names names = { "us-east-2", "i-0e5160000000051e0", "i-0e5160000000051e0-enc0190e51651e51e51" };
static struct nsm_pki pki;

/* The allocation that fails, counted from 1; 0: none. */
static size_t allocations, failing;

static bool fails(void)
{
    return ++allocations == failing;
}

static void *allocate(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : malloc(len);
}

static void *allocate_again(void *memory, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails() ? NULL : realloc(memory, len);
}

static void give_back(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void dates_are_seconds_since_the_epoch(void)
{
    const struct bytes leaf = identity_der(&pki.chain[NSM_LEAF]);
    uint64_t from = 7, to = 8;
    struct fault why = { 0 };
    CHECK(!x509_validity((struct bytes){ leaf.data, leaf.len - 1 }, &from, &to, &why));
    CHECK(why.code == FAULT_REMOTE && from == 7 && to == 8);
    CHECK(x509_validity(leaf, &from, &to, &why) && from <= NOW_S && NOW_S < to && to - from == 3 * 3600 + 3);

    /* UTCTime counts from 1950 (RFC 5280 section 4.1.2.5.1): before the epoch is its first second */
    uint8_t old[4096];
    memcpy(old, leaf.data, leaf.len);
    uint8_t *time = memmem(old, leaf.len, "\x17\x0d", 2);
    CHECK(time != NULL);
    if (time == NULL)
        return;
    memcpy(time + 2, "69", 2);
    CHECK(x509_validity((struct bytes){ old, leaf.len }, &from, &to, &why) && from == 0 && to > NOW_S);
}

static void sign(EVP_PKEY *key, struct bytes message, uint8_t signature[static ES384_SIGNATURE])
{
    uint8_t der[128];
    const uint8_t *end = der;
    size_t len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key) == 1);
    CHECK(EVP_DigestSign(context, der, &len, message.data, message.len) == 1);
    ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &end, (long)len);
    CHECK(both != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(both), signature, 48) == 48);
    CHECK(both != NULL && BN_bn2binpad(ECDSA_SIG_get0_s(both), signature + 48, 48) == 48);
    ECDSA_SIG_free(both);
    EVP_MD_CTX_free(context);
}

/* By whatever allocation fails: a refusal or the true answer, and no crash. */
static void without_memory_a_signature_is_not_believed(void)
{
    static const uint8_t message[] = "judged";
    uint8_t signature[ES384_SIGNATURE] = { 0 };
    struct bytes bundle[NSM_LEAF];
    size_t refused = 0;
    for (size_t i = 0; i < NSM_LEAF; i++)
        bundle[i] = identity_der(&pki.chain[i]);
    struct x509_chain *chain = x509_chain_read(bundle, NSM_LEAF, identity_der(&pki.chain[NSM_LEAF]));
    struct fault why = { 0 };
    sign(pki.chain[NSM_LEAF].key, BYTES_OF(message), signature);
    CHECK(chain != NULL);
    CHECK(x509_leaf_signed(chain, BYTES_OF(message), BYTES_OF(signature), &why));
    for (failing = 1; failing < 100000; failing++) {
        allocations = 0;
        refused += !x509_leaf_signed(chain, BYTES_OF(message), BYTES_OF(signature), &why);
        ERR_clear_error();
        if (allocations < failing)
            break;
    }
    CHECK(refused > 10 && failing < 100000);
    failing = 0;
    CHECK(x509_leaf_signed(chain, BYTES_OF(message), BYTES_OF(signature), &why));
    x509_chain_free(chain);
}

/* The asking that is refused is the first for the context of all certificates, then the first for this one: neither is
 * replaced by libcrypto's own context. */
static void without_memory_no_certificate_is_read(void)
{
    const struct bytes leaf = identity_der(&pki.chain[NSM_LEAF]);
    uint64_t from, to;
    struct fault why = { 0 };
    for (size_t i = 0; i < 2; i++) {
        allocations = 0;
        failing = 1;
        CHECK(!x509_validity(leaf, &from, &to, &why));
        failing = 0;
        CHECK(x509_validity(leaf, &from, &to, &why));
    }
}

int main(void)
{
    struct fault why = { 0 };
    const struct nsm_names none = { "", "", "" };
    CHECK(CRYPTO_set_mem_functions(allocate, allocate_again, give_back) == 1);
    CHECK(nsm_certificate_make(NSM_ROOT, &none, NOW_S - 86400, NULL, &pki.chain[NSM_ROOT], &why));
    CHECK(nsm_pki_renew(&pki, &names, NOW_S - 5, &why));
    without_memory_no_certificate_is_read(); /* first, since the context is made once */
    dates_are_seconds_since_the_epoch();
    without_memory_a_signature_is_not_believed();
    nsm_pki_free(&pki);
    return failures != 0;
}
