/* nsm_document: makes attestation documents as today's hardware does (FACTS B.1, B.2): COSE_Sign1 without a tag, the
 * payload an indefinite map, its keys in the order seen, PCRs only when locked.
 */
#ifndef DEV_NSM_DOCUMENT_H
#define DEV_NSM_DOCUMENT_H

#include "core/crypto/sha2.h"
#include "core/nitro/attestation_doc.h"

#include <openssl/evp.h>

enum { NSM_DOCUMENT_CAP = NSM_RESPONSE_MAX - 64 }; /* leaves room for the response around it */

struct nsm_document {
    struct bytes module_id;
    uint64_t timestamp_ms;
    struct hash48 pcrs[NSM_PCR_COUNT];
    bool locked[NSM_PCR_COUNT];
    struct bytes certificate;
    size_t cabundle_count;
    struct bytes cabundle[ATTESTATION_BUNDLE_MAX];
    struct optional_bytes public_key, user_data, nonce;
};

/* Signed ES384 with that key, which should be the certificate's. FAULT_LIMIT over NSM_DOCUMENT_CAP, FAULT_INTERNAL. */
bool nsm_document_put(struct writer *out, const struct nsm_document *document, EVP_PKEY *key,
                      struct fault *why) MUST_USE;

#endif
