/* signature: an image's signature section: CBOR, one entry.
 *
 *   [ { "signing_certificate": [PEM bytes as integers], "signature": [COSE_Sign1 bytes as integers] } ]
 *   COSE payload: { "register_index": 0, "register_value": [48 integers: PCR0] }, ES384, untagged
 */
#ifndef IMAGE_SIGNATURE_H
#define IMAGE_SIGNATURE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "core/crypto/sha2.h"

enum {
    EIF_CERTIFICATE_MAX = 8192, /* bytes of PEM, and of DER */
    EIF_COSE_MAX = 1024,
};

struct eif_signature {
    uint8_t pem[EIF_CERTIFICATE_MAX];
    size_t pem_len;
    uint8_t der[EIF_CERTIFICATE_MAX]; /* of the PEM's first certificate */
    size_t der_len;
    uint8_t cose[EIF_COSE_MAX];
    size_t cose_len;
};

bool eif_signature_read(struct bytes section, struct eif_signature *signature, struct fault *why) MUST_USE;

/* That it signs this PCR0 with the certificate's key. Whether to trust the certificate is PCR8's question. */
bool eif_signature_check(const struct eif_signature *signature, const struct hash48 *pcr0, struct fault *why) MUST_USE;

/* Writes the section for a PEM certificate and its PEM private key (P-384). FAULT_INPUT when they do not fit together.
 */
bool eif_signature_make(struct bytes certificate_pem, struct bytes key_pem, const struct hash48 *pcr0,
                        struct writer *out, struct fault *why) MUST_USE;

#endif
