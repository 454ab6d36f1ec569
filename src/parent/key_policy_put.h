/* key_policy_put: the key policy and the IAM policy of a signer's KMS key. docs/kms-policy.md says why each statement
 * is there; ensign-sim kms enforces every one.
 *
 *   Administer            the administrator: everything but using the key
 *   OpenInTheEnclave      the instance's role: Decrypt (GenerateDataKey) for this image, this policy, this instance
 * role Seal                  the sealing principal: Encrypt under this policy; not when keys are generated
 *   DenyOtherPrograms     everyone: opening without a document of this image
 *   DenyOtherPolicies     everyone: opening under another policy
 *   DenyWaysAround        everyone: grants, replicas, imports, sealing without showing
 *   DenyAllButTheAdministrator   re-encrypting, changing the policy, disabling, deleting
 *   DenyAllButTheSealer   Encrypt; everyone when keys are generated
 *
 * A Deny uses StringNotEquals, which bites where the key is absent: so it bites without a document. No IfExists
 * anywhere.
 */
#ifndef PARENT_KEY_POLICY_PUT_H
#define PARENT_KEY_POLICY_PUT_H

#include "core/codec/json.h"

enum { KEY_POLICY_ROLLOVER = 2 };

/* All texts are checked: lower-case hex of their length, ARNs of a role or user. Unset ones are NULL. */
struct key_policy_order {
    size_t image_count, digest_count;
    const char *images[KEY_POLICY_ROLLOVER]; /* PCR0, 96 digits */
    const char *digests[KEY_POLICY_ROLLOVER];
    bool as_image_sha384; /* condition on ImageSha384 in place of PCR0 */
    const char *pcr3, *pcr4, *pcr8;
    const char *role, *admin;
    const char *sealer;  /* NULL: keys are generated, nobody seals */
    const char *key_arn; /* for the IAM policy; NULL: any key of the role's account */
};

void key_policy_put(struct json_writer *json, const struct key_policy_order *order);
void iam_policy_put(struct json_writer *json, const struct key_policy_order *order);

/* arn:aws…:iam::<12 digits>:role/… or user/…, no wildcard; `only_role` takes no user. */
bool iam_principal_ok(const char *arn, bool only_role) MUST_USE;

#endif
