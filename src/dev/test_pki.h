/* test_pki: keys and certificates for the stand-ins, made on the spot: what a certificate shall say is a plan, and a
 * plan with one thing wrong is how tests make the certificates that must be refused.
 */
#ifndef DEV_TEST_PKI_H
#define DEV_TEST_PKI_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
    IDENTITY_SUBJECT_MAX = 8,
    IDENTITY_EXTENSIONS_MAX = 8,
    IDENTITY_DER_MAX = 8192, /* the KMS certificate names every region */
};

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
    uint8_t der[IDENTITY_DER_MAX]; /* of the certificate */
    size_t der_len;
};

struct identity_plan {
    struct {
        const char *field, *value; /* "CN", "aws.nitro-enclaves" */
    } subject[IDENTITY_SUBJECT_MAX];
    struct {
        int nid;           /* NID_basic_constraints … */
        const char *value; /* in the words of x509v3_config(5) */
    } extensions[IDENTITY_EXTENSIONS_MAX];
    const char *curve; /* "P-384", "P-256" */
    uint64_t not_before_s, not_after_s;
};

/* A new key, and its certificate signed by the issuer (NULL: by itself), with SHA-384 on P-384 and SHA-256 otherwise.
 * FAULT_INTERNAL. */
bool identity_make(const struct identity_plan *plan, const struct identity *issuer, struct identity *made,
                   struct fault *why) MUST_USE;
void identity_free(struct identity *identity); /* accepts an empty one; leaves it empty */
struct bytes identity_der(const struct identity *identity) MUST_USE;

/* name.pem and name.key.pem (mode 0600) in that folder. Loading: FAULT_STATE when they are not there. */
bool identity_store(const struct identity *identity, const char *folder, const char *name, struct fault *why) MUST_USE;
bool identity_load(const char *folder, const char *name, struct identity *loaded, struct fault *why) MUST_USE;

#endif
