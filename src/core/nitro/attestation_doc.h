/* attestation_doc: reads an attestation document: COSE_Sign1 (RFC 9052, untagged or tag 18) around a CBOR map.
 * Reading checks form only; whether to believe it is src/verify's question.
 *
 *   84 | 44 a1 01 38 22 | a0 | 59 LL LL payload | 58 60 signature (r, s: 48 bytes each, big endian)
 *
 *   payload, keys in any order, the map's header definite (a9) or indefinite (bf … ff):
 *     module_id   text, printable ASCII      certificate  bstr, 1..1024: the leaf, DER
 *     digest      text "SHA384"              cabundle     array of 1..8 bstr of 1..1024: DER, root first
 *     timestamp   uint > 0, ms since 1970    public_key   bstr 1..1024, null or absent
 *     pcrs        map of 1..32: 0..31        user_data    bstr 0..1024, null or absent
 *                 to bstr 32, 48 or 64       nonce        bstr 0..1024, null or absent
 */
#ifndef CORE_NITRO_ATTESTATION_DOC_H
#define CORE_NITRO_ATTESTATION_DOC_H

#include "core/nitro/nsm_api.h"

enum {
    ATTESTATION_DOC_MAX = 16384, /* AWS's C SDK reserves as much; documents seen have 4.4 to 5.3 KB */
    ATTESTATION_BUNDLE_MAX = 8,  /* four are seen */
    ATTESTATION_CERTIFICATE_MAX = 1024,
    ATTESTATION_FIELD_MAX = 1024, /* user_data, nonce, public_key: the largest of the limits that sources give */
    ATTESTATION_SIGNATURE_LEN = 96,
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

/* Views point into `document`. FAULT_REMOTE, saying which rule of the form above is broken: required keys, each key
 * once, no unknown key, lengths, digest, alg ES384 alone in the protected header and nothing in the other, nothing left
 * over inside the payload or after the document. `doc` is untouched on failure. */
bool attestation_doc_read(struct bytes document, struct attestation_doc *doc, struct fault *why) MUST_USE;

/* Sig_structure (RFC 9052 section 4.4): the bytes that were signed, at most ATTESTATION_SIGNED_MAX. */
void attestation_doc_put_signed(struct writer *out, const struct attestation_doc *doc);

/* PCR0 is all zero, as in an enclave in debug mode; or not there, and so says nothing of the image. */
bool attestation_doc_is_debug(const struct attestation_doc *doc) MUST_USE;

#endif
