/* kms_cms: CiphertextForRecipient as AWS KMS makes it (FACTS D.1): CMS EnvelopedData in BER with indefinite lengths,
 * one recipient by subjectKeyIdentifier = SHA-256 of the SPKI, RSAES-OAEP with SHA-256, AES-256-CBC.
 */
#ifndef DEV_KMS_CMS_H
#define DEV_KMS_CMS_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum kms_cms_form {
    KMS_CMS_CONSTRUCTED, /* form A: a0 80 04 LL … 00 00 */
    KMS_CMS_PRIMITIVE,   /* form B: 80 LL … */
};

/* The public key's SPKI in DER is RSA of 2048, 3072 or 4096 bits, or FAULT_INPUT. */
bool kms_cms_recipient_ok(struct bytes spki, struct fault *why) MUST_USE;

/* `spki` has passed kms_cms_recipient_ok; the plaintext has at most 4096 bytes. */
bool kms_cms_seal(struct bytes spki, struct bytes plaintext, enum kms_cms_form form, struct writer *out,
                  struct fault *why) MUST_USE;

#endif
