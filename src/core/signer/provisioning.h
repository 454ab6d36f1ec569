/* provisioning: how a key comes in, by the methods `provision` (KMS Decrypt) and `generate` (KMS GenerateDataKey).
 *
 *   read   parameters become a plan: everything that can be refused here is refused before a byte leaves
 *   run    one exchange with KMS, the key checked, then all is stored at once under the write lock, or nothing is
 *
 * One at a time. A renewal is a provisioning with the same ciphertext under the same policy while a lease is in force:
 * KMS is asked in full again, and only the lease changes.
 */
#ifndef CORE_SIGNER_PROVISIONING_H
#define CORE_SIGNER_PROVISIONING_H

#include "core/kms/unseal.h"
#include "core/signer/notes.h"
#include "core/signer/signer_state.h"

enum {
    PROVISIONING_DEADLINE_MS = 20000, /* for the exchange with KMS; clients of the original give up after 5 s */
    PROVISIONING_PORT = 8000,         /* of the parent's proxy, unless given */
};

struct plan {
    bool generates;
    bool renews;
    bool replaces; /* a key is there, and the settings allow another in its place */
    struct bytes region, key_id, ciphertext, expected_address;
    struct hash32 ciphertext_sha256;
    uint16_t proxy_port;
    enum kms_algorithm algorithm;
    struct aws_credentials credentials;
    struct kms_context context;
    struct policy *draft; /* where a provisioned policy is parsed to */
    const struct policy *policy;
    struct hash32 policy_digest;
    bool policy_provisioned, policy_bound;
    struct notes notes;
};

void plan_wipe(struct plan *plan);
#define WIPED_PLAN __attribute__((cleanup(plan_wipe)))

/* The order and the texts are the original's where it had them. FAULT_INPUT, FAULT_STATE, FAULT_POLICY, FAULT_LIMIT. */
bool plan_read(struct call *call, bool generates, struct plan *plan) MUST_USE;

/* Parts of plan_read, each in a file of its own. */
bool plan_read_sealed(struct call *call, struct plan *plan) MUST_USE; /* region, ciphertext, credentials, key … */
bool plan_read_policy(struct call *call, struct plan *plan) MUST_USE; /* policy, binding, encryption context */
bool plan_note_unknown(struct call *call, struct plan *plan) MUST_USE;

/* The whole of both methods. */
bool provisioning_run(struct call *call, bool generates) MUST_USE;

#endif
