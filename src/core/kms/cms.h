/* cms: opens the CMS EnvelopedData in which KMS returns a plaintext to an attested recipient.
 *
 * RFC 5652 section 6.1, one KeyTransRecipientInfo (version 2, subjectKeyIdentifier = SHA-256 of the SPKI), RSAES-OAEP
 * with SHA-256 and MGF1-SHA-256 (RFC 8017 section 7.1), AES-256-CBC; BER, indefinite lengths and both content forms
 * (FACTS D.1). CBC protects nothing: whoever could change it is kept out by TLS, and the plaintext is checked.
 */
#ifndef CORE_KMS_CMS_H
#define CORE_KMS_CMS_H

#include "core/base/fault.h"
#include "core/base/secret.h"
#include "core/crypto/rsa.h"

enum { CMS_MAX = 8192 };

/*   envelope   untrusted, at most CMS_MAX bytes, nothing after it
 *   recipient  the key whose public half was in the attestation document
 *   plaintext  at most SECRET_TEXT_MAX bytes; untouched on failure
 *
 * FAULT_REMOTE. Bad padding, wrong key and damaged content give the same text. */
bool cms_open(struct bytes envelope, const struct rsa_key *recipient, struct secret_text *plaintext,
              struct fault *why) MUST_USE;

#endif
