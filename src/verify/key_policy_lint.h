/* key_policy_lint: what root on the parent could do with a KMS key under a key policy, in sentences.
 *
 * Root on the parent has the instance role's credentials, can run any image in an enclave, in debug mode too, and has
 * every older ciphertext. The lint reads every Allow together with the Denies for everyone; a statement or condition
 * that it does not understand counts as no barrier, and it says so. It judges the key policy alone: IAM policies,
 * grants that exist already and the account's owner stand outside.
 */
#ifndef VERIFY_KEY_POLICY_LINT_H
#define VERIFY_KEY_POLICY_LINT_H

#include "core/base/fault.h"
#include "core/codec/json.h"

enum { LINT_FINDINGS_MAX = 64, LINT_POLICY_MAX = 131072 };

struct lint_finding {
    const char *rule;   /* a static word: no-measurement, zeros, … */
    char sentence[480]; /* printable */
};

struct lint_demands {
    bool rollover;              /* two images and two digests are meant */
    struct bytes image;         /* PCR0 that must be the one allowed, lower-case hex; empty: not asked */
    struct bytes policy_sha256; /* the same for the policy */
    struct bytes admin;         /* the one principal that may change the policy and move ciphertexts; empty: whoever may
                                 * change the policy and not open anything */
};

struct lint_report {
    size_t count; /* 0: sound */
    struct lint_finding findings[LINT_FINDINGS_MAX];
};

/* `policy` is the whole document. FAULT_INPUT: it is no policy at all. */
bool key_policy_lint(struct json policy, const struct lint_demands *demands, struct lint_report *report,
                     struct fault *why) MUST_USE;

#endif
