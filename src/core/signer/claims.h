/* claims: what an attestation document of ours says about the signer, as user_data (ASCII, at most 512 bytes):
 *
 *   payments-signer:unprovisioned | payments-signer:0x<40 lower-case hex>
 *
 * alone in open mode with no policy, Amazon's roots and a key that is not insecure: the original's words. Otherwise,
 * in this order, each at most once, what does not apply left out:
 *
 *   ;mode=<open|strict>            always
 *   ;policy-sha256=<64 hex>        there is a policy
 *   ;policy-bound=<true|false>     provisioned
 *   ;key-origin=<generated|imported>   provisioned; `generated` only in the boot that generated it
 *   ;kms-key=<ARN>                 provisioned by KMS, from its checked answer
 *   ;sealed-sha256=<64 hex>        provisioned by KMS: of the ciphertext
 *   ;journal=<64 hex>              always: the journal's head
 *   ;trust-roots=custom            KMS was believed by other roots than Amazon's
 *   ;insecure                      the key came from a file
 */
#ifndef CORE_SIGNER_CLAIMS_H
#define CORE_SIGNER_CLAIMS_H

#include "core/signer/signer_state.h"

/* With `lock` and `ledger` held. */
void claims_put(struct writer *out, const struct signer *signer);

#endif
