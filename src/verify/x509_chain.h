/* x509_chain: the certificates of an attestation document, from a root that the caller trusts down to the leaf that
 * signed (FACTS B.3, B.4; RFC 5280). No certificate is fetched, no revocation list asked for: the leaf lives three
 * hours. All is done in ec_library's context: a key that is on no elliptic curve counts as one that cannot be decoded.
 *
 * The bundle is root first. Every function gives FAULT_REMOTE, saying which certificate ("certificate 2" is bundle[2],
 * "the leaf") and what is wrong with it.
 */
#ifndef VERIFY_X509_CHAIN_H
#define VERIFY_X509_CHAIN_H

#include "core/base/fault.h"
#include "core/crypto/sha2.h"

enum { ES384_SIGNATURE = 96 };

struct x509_chain;

/* Parses each certificate once. NULL: no memory. A certificate that is none is a fault of the checks below that need
 * it.
 *
 *   bundle  DER, root first; borrowed during the call, `count` at least 1
 *   leaf    DER, likewise
 */
struct x509_chain *x509_chain_read(const struct bytes *bundle, size_t count, struct bytes leaf) MUST_USE;
void x509_chain_free(struct x509_chain *chain); /* NULL is fine */

/* The path from the leaf to bundle[0] holds at that second (UTC): dates, CA flags, path lengths, signatures. bundle[0]
 * is the trust anchor: whether to trust it is for the caller to say, by its fingerprint. Not X509_V_FLAG_X509_STRICT,
 * which refuses AWS's own certificates for lacking an Authority Key Identifier. */
bool x509_chain_holds(struct x509_chain *chain, uint64_t utc_s, struct fault *why) MUST_USE;

/* Each certificate is issued and signed by the one before it, the leaf by the last of the bundle. Path building finds a
 * path whatever the order, so the order is a check of its own. Asked after x509_chain_holds, it does not verify
 * the signatures again if the path that held is this very chain. */
bool x509_chain_in_order(const struct x509_chain *chain, struct fault *why) MUST_USE;

/* The leaf is no CA, may make digital signatures, and has a P-384 key. */
bool x509_leaf_may_sign(const struct x509_chain *chain, struct fault *why) MUST_USE;

/* ES384 (RFC 9053 section 2.1): r and s of 48 bytes each, big endian, by the leaf's key over SHA-384 of the message.
 * Either s passes: AWS does not make it the low one. */
bool x509_leaf_signed(const struct x509_chain *chain, struct bytes message, struct bytes signature,
                      struct fault *why) MUST_USE;

/* SHA-256 of the DER of the one certificate in this PEM text. FAULT_INPUT. */
bool x509_pem_fingerprint(struct bytes pem, struct hash32 *fingerprint, struct fault *why) MUST_USE;

/* The certificate's validity as seconds since the epoch, for reports. */
bool x509_validity(struct bytes certificate, uint64_t *not_before_s, uint64_t *not_after_s, struct fault *why) MUST_USE;

#endif
