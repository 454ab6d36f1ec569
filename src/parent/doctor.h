/* doctor: what is wrong with a signer and the machine around it, one line a check, each with what to do.
 *
 * Checks run in the order of the table in doctor.c, and later ones use what earlier ones found: a thing that is broken
 * is told once, on its own line, and what hangs on it is "not checkable here". Nothing is changed by any of them.
 *
 * What the enclave is said to be is taken from an attestation document that was asked for now and verified, never from
 * the signer's word; `status` is used for what a document does not say (the lease).
 */
#ifndef PARENT_DOCTOR_H
#define PARENT_DOCTOR_H

#include "parent/evidence.h"
#include "parent/kms_client.h"
#include "parent/policy_file.h"
#include "parent/signer_client.h"
#include "verify/judge.h"
#include "verify/key_policy_lint.h"
#include "verify/user_data.h"

enum {
    DOCTOR_LINES_MAX = 32,
    DOCTOR_STATUS_MAX = 65536, /* of a status answer that is kept */
    DOCTOR_LEASE_S = 3600,     /* a lease that ends sooner is a warning: renewing is at half a lease's time */
};

enum doctor_state { DOCTOR_OK, DOCTOR_NOT_HERE, DOCTOR_WARNING, DOCTOR_FAULT }; /* the worst last */

struct doctor_line {
    const char *name;
    enum doctor_state state;
    char found[512];    /* printable */
    const char *remedy; /* what to do, a static text; NULL when all is well */
};

struct doctor {
    /* from the command line */
    uint64_t timeout_ms; /* of each thing that is asked */
    struct signer_client *client;
    bool has_cid;
    uint64_t cid;
    const char *image_path; /* NULL: not given */
    uint64_t image_bytes;
    struct digest_text policy; /* "": not given */
    char pcr0[97];             /* lower-case hex; "": not given */
    enum user_data_mode mode;
    bool allow_custom_roots;
    struct hash32 root;
    const char *proxy, *allocator, *hugepages; /* never NULL */
    const char *key_policy, *admin;            /* NULL: not given */
    char region[KMS_REGION_MAX];               /* "": not known yet */
    char key[KMS_KEY_ID_MAX + 1];              /* ARN or id; "": not known yet */
    uint64_t lease_least_s;

    /* what checks found */
    bool has_enclave, enclave_is_debug;
    uint64_t enclave_cid;
    bool answered;
    struct json status; /* a view into status_text */
    bool genuine;       /* the document is an enclave's own, and `said` and `report` hold */
    struct judge_report report;
    struct user_data said;
    uint64_t document_at_ms, kms_at_ms; /* this machine's UTC when each came */
    bool proxy_is_up;
    uint64_t kms_date_s; /* 0: KMS was not reached */
    bool clock_is_off;
    bool may_ask_kms; /* KMS takes the credentials */
    enum exit_code described;
    struct fault described_why;
    struct kms_client kms;
    struct aws_credentials credentials;
    struct json metadata; /* a view into metadata_text; JSON_NONE: none */
    bool linted;
    struct lint_report lint; /* of the key policy, against the verified document's image and policy */

    uint8_t status_text[DOCTOR_STATUS_MAX], metadata_text[KMS_RESPONSE_MAX];
    struct evidence evidence;
};

/* Runs every check; the lines in their order. Returns how many. */
size_t doctor_run(struct doctor *doctor, struct doctor_line lines[static DOCTOR_LINES_MAX]) MUST_USE;

const char *doctor_state_name(enum doctor_state state) MUST_USE; /* "ok", "warning", "fault", "not checkable here" */

/* --- for the checks: each says one thing */

void doctor_say(struct doctor_line *line, enum doctor_state state, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
uint64_t doctor_utc_ms(void) MUST_USE;
/* The region and key as far as they are known by now: from the command line, the environment, the verified document,
 * or, of a signer that has no key yet, the key that its settings pin. False: not known, and said on the line. */
bool doctor_knows_region(struct doctor *doctor, struct doctor_line *line) MUST_USE;
bool doctor_knows_key(struct doctor *doctor, struct doctor_line *line) MUST_USE;

typedef void doctor_check(struct doctor *doctor, struct doctor_line *line);
doctor_check doctor_vsock, doctor_enclave, doctor_debug, doctor_cid;        /* doctor_enclave.c */
doctor_check doctor_memory;                                                 /* doctor_memory.c */
doctor_check doctor_signer, doctor_document, doctor_image, doctor_roots;    /* doctor_signer.c */
doctor_check doctor_provisioned, doctor_policy, doctor_lease;               /* doctor_provisioned.c */
doctor_check doctor_proxy, doctor_kms, doctor_clock;                        /* doctor_kms.c */
doctor_check doctor_credentials, doctor_key, doctor_regions, doctor_origin; /* doctor_key.c */
doctor_check doctor_grants;                                                 /* doctor_grants.c */
doctor_check doctor_key_policy, doctor_key_image;                           /* doctor_key_policy.c */

#endif
