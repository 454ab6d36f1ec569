/* signer_state: what struct signer is made of. For core/signer alone.
 *
 * Locks, in the order in which they may be taken; none is held during an exchange with KMS or the NSM:
 *
 *   lock    reader-writer over `holding` and the key slot. A thread takes it once, never twice: writers go first.
 *   ledger  mutex over budget, journal and counters.
 *   desk    mutex over the RSA key kept ready, whether a provisioning is under way, and what the NSM last said.
 *   clock   its own.
 */
#ifndef CORE_SIGNER_SIGNER_STATE_H
#define CORE_SIGNER_SIGNER_STATE_H

#include "core/crypto/rsa.h"
#include "core/nitro/attestation_doc.h"
#include "core/policy/budget.h"
#include "core/signer/clock.h"
#include "core/signer/journal.h"
#include "core/signer/key_slot.h"
#include "core/signer/signer.h"

#include <pthread.h>

enum key_origin { KEY_IMPORTED, KEY_GENERATED };

/* All that a successful provisioning stores, and stores at once. */
struct holding {
    bool provisioned;
    bool lease_ended;            /* for good: the key is gone, the program must end */
    const struct policy *policy; /* of the settings, or one of the signer's two; NULL: none */
    struct hash32 policy_digest;
    bool policy_bound;
    bool policy_provisioned; /* it came by RPC, not with the image */
    bool insecure;           /* the key came from a file */
    enum key_origin origin;
    uint64_t lease_ends_ms; /* by `clock`; 0: never */
    char kms_key[SETTINGS_KMS_KEY_MAX + 1];
    uint8_t ciphertext[KMS_CIPHERTEXT_MAX];
    size_t ciphertext_len;
    struct hash32 ciphertext_sha256;
};

struct counters {
    uint64_t requests, signatures, refusals;
};

struct nsm_facts {
    bool known;
    size_t module_id_len;
    char module_id[NSM_MODULE_ID_MAX];
    uint8_t pcr_len[NSM_PCR_COUNT]; /* 0: not told */
    uint8_t pcrs[NSM_PCR_COUNT][NSM_PCR_MAX];
};

struct signer {
    const struct settings *settings;
    const struct outside *outside;
    const char *version;
    struct hash32 settings_policy_digest; /* when the settings have one */
    struct clock clock;

    pthread_rwlock_t lock;
    struct key_slot *slot;
    struct holding holding;
    /* A provisioning parses into the one that `holding.policy` does not point to. */
    struct policy policies[2];

    pthread_mutex_t ledger;
    bool has_budget;
    struct hash32 budget_digest; /* of the policy that `budget` belongs to */
    struct budget budget;
    struct journal journal;
    struct counters counters;

    pthread_mutex_t desk;
    bool provisioning;
    struct rsa_key next_recipient; /* empty: none ready */
    bool asked_nsm;
    uint64_t asked_nsm_ms; /* monotonic */
    struct nsm_facts nsm;
};

/* Locking never fails with these kinds of lock unless we have a bug. */
void signer_read_lock(struct signer *signer);
void signer_write_lock(struct signer *signer);
void signer_unlock(struct signer *signer);
void signer_lock_ledger(struct signer *signer);
void signer_unlock_ledger(struct signer *signer);
void signer_lock_desk(struct signer *signer);
void signer_unlock_desk(struct signer *signer);

/* With `lock` held. The policy in force: the one stored with the key, before that the image's. */
const struct policy *signer_policy(const struct signer *signer, struct hash32 *digest) MUST_USE;
/* With `lock` held. True when the lease is over, whether or not the key has been wiped yet. */
bool signer_lease_is_over(struct signer *signer) MUST_USE;

/* One NSM Attestation. `response` needs NSM_RESPONSE_MAX and owns what *document views. Tells the clock and remembers
 * what the document says of the NSM. FAULT_REMOTE. */
bool signer_attest(struct signer *signer, const struct nsm_request *request, struct writer *response,
                   struct bytes *document, struct fault *why) MUST_USE;

#endif
