/* provisioner_round: one look at the signer, and what it asks for: nothing, a key, or a new lease. All of it goes over
 * one connection:
 *
 *   status        does it hold a key, and for how long (hearsay: it decides only when to look closer)
 *   attestation   with a fresh nonce; judged whole, by PCR0, mode, address, policy
 *   provision     only if all of that holds are credentials even looked for, and sent
 *
 * The lease's length is what provisioning promised beyond the attested time, so this machine's clock has no part in it.
 */
#ifndef PARENT_PROVISIONER_ROUND_H
#define PARENT_PROVISIONER_ROUND_H

#include "parent/provisioner_config.h"

enum round_event {
    ROUND_HOLDS,       /* nothing was to be done */
    ROUND_FOUND,       /* the first look at a signer that holds its key, without a lease */
    ROUND_PROVISIONED, /* it was empty and holds the key now */
    ROUND_RENEWED,     /* it holds the key for another lease */
};

/* What is known of the signer from one round to the next. */
struct provisioner {
    bool is_known;             /* judged since it was last out of reach or empty */
    uint64_t lease_s;          /* the lease's whole length; 0: none, or not known yet */
    uint64_t left_s;           /* of it, at the last look; 0: no lease */
    uint64_t lease_ends;       /* UTC seconds, as the signer says; 0: no lease */
    struct digest_text policy; /* that it states, or was given; empty: not known */
    size_t warning_count;      /* of the last provisioning */
};

/* On failure *why says it for a log: no credential is in it, whatever the signer said. EXIT_CODE_REFUSED with
 * FAULT_LIMIT: worth another try at once. */
enum exit_code provisioner_round(struct provisioner *provisioner, struct provisioner_config *config,
                                 enum round_event *event, struct fault *why) MUST_USE;

/* Until half of the lease is gone; UINT64_MAX without one. */
uint64_t provisioner_renews_in_ms(const struct provisioner *provisioner) MUST_USE;

#endif
