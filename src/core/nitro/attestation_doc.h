/* attestation_doc: reads an attestation document: COSE_Sign1 (RFC 9052, untagged or tag 18) around a CBOR map
 * (FACTS B.1, B.2). Reading checks form only; whether to believe it is src/verify's question.
 *
 *   84 | 44 a1 01 38 22 | a0 | 59 LL LL payload | 58 60 signature (r, s: 48 bytes each)
 */
#ifndef CORE_NITRO_ATTESTATION_DOC_H
#define CORE_NITRO_ATTESTATION_DOC_H

#include "core/nitro/nsm_api.h"

enum {
    ATTESTATION_DOC_MAX = 16384,
    ATTESTATION_BUNDLE_MAX = 8,
    ATTESTATION_SIGNED_MAX = ATTESTATION_DOC_MAX + 32,
};

struct attestation_doc {
    bool tagged;
    struct bytes protected, payload, signature; /* contents of the three byte strings */
    struct bytes module_id, digest;
    uint64_t timestamp_ms;            /* UTC, from the hypervisor */
    struct bytes pcrs[NSM_PCR_COUNT]; /* empty: not in the document */
    struct bytes certificate;         /* DER, leaf */
    size_t cabundle_count;
    struct bytes cabundle[ATTESTATION_BUNDLE_MAX]; /* DER, root first */
    struct optional_bytes public_key, user_data, nonce;
};

/* Views point into `document`. FAULT_REMOTE, saying which rule of FACTS B.2 is broken: required keys, each key once, no
 * unknown key, lengths, digest SHA384, alg ES384, nothing left over. */
bool attestation_doc_read(struct bytes document, struct attestation_doc *doc, struct fault *why) MUST_USE;

/* Sig_structure: the bytes that were signed. */
void attestation_doc_put_signed(struct writer *out, const struct attestation_doc *doc);

bool attestation_doc_is_debug(const struct attestation_doc *doc) MUST_USE; /* PCR0 all zero */

#endif
