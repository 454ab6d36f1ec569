/* cms: opens the CMS EnvelopedData in which KMS returns a plaintext to an attested recipient.
 *
 * RFC 5652 section 6.1, one KeyTransRecipientInfo (version 2, subjectKeyIdentifier = SHA-256 of the SPKI), RSAES-OAEP
 * with SHA-256, MGF1 with SHA-256 and no label (RFC 8017 section 7.1), AES-256-CBC; BER, every length that may be
 * indefinite is read either way. CBC protects nothing: whoever could change it is kept out by TLS, and the plaintext is
 * checked by whoever asked for it.
 *
 *   30 ContentInfo
 *      06 id-envelopedData
 *      a0 30 EnvelopedData
 *            02 01 02                              version
 *            31 30 KeyTransRecipientInfo           exactly one
 *                  02 01 02                        version: the recipient is named by a key identifier
 *                  80 20 <32>                      subjectKeyIdentifier
 *                  30 06 id-RSAES-OAEP 30 (a0 30 sha256) (a1 30 mgf1 30 sha256)
 *                  04 82 0100 <256>                encryptedKey
 *            30 EncryptedContentInfo
 *               06 id-data
 *               30 06 aes256-CBC 04 10 <16>        IV
 *               a0 (04 <part>)*  or  80 <whole>    content: KMS has been seen to send both
 *
 * Why the form is read here and not by libcrypto's CMS_decrypt: that one takes any version, several recipients and
 * other algorithms, goes on with a random key after a failed RSA step, and leaves the plaintext on its stack. libcrypto
 * does the RSA and AES; its CMS is what the tests compare with.
 */
#ifndef CORE_KMS_CMS_H
#define CORE_KMS_CMS_H

#include "core/base/fault.h"
#include "core/base/secret.h"
#include "core/crypto/rsa.h"

enum { CMS_MAX = 8192 }; /* 493 bytes carry a key; 4096 bytes of plaintext in parts of 16 take 5069 */

/*   envelope   untrusted, at most CMS_MAX bytes, nothing after it
 *   recipient  the key whose public half was in the attestation document
 *   plaintext  at most SECRET_TEXT_MAX bytes; untouched on failure
 *
 * FAULT_REMOTE. A form that is not the above says which part; an envelope for another key says so. Bad padding, damaged
 * key and damaged content give one text. */
bool cms_open(struct bytes envelope, const struct rsa_key *recipient, struct secret_text *plaintext,
              struct fault *why) MUST_USE;

#endif
