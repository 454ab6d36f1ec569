/* judge: whether to believe an attestation document (FACTS B.4). attestation_doc says whether it is well formed; this
 * says whether a root that the caller trusts vouches for it, at which time, and whether it states what is demanded.
 *
 * Nothing is skipped silently: the report has one line for every check that was made, in the order of this list, and
 * goes on after a failure, so that a person sees all that is wrong at once. Only a document that cannot be read, or
 * whose root is not trusted, ends the list early: what stands in it then is anybody's claim.
 *
 *   form        COSE_Sign1, ES384, fields and lengths; tag 18 only when allowed
 *   root        cabundle[0] is one of the trusted roots, by SHA-256 of its DER
 *   order       root first, each certificate signed by the one before
 *   chain       dates, CA flags, path lengths at the time of judging
 *   leaf        no CA, digitalSignature, P-384
 *   signature   over the document, by the leaf
 *   fresh       timestamp within the window, when one is demanded
 *   debug       PCR0 is not zero, unless debug enclaves are allowed
 *   nonce, user_data, public_key, pcr<n>   equal to what is demanded
 */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "core/crypto/sha2.h"
#include "core/nitro/attestation_doc.h"

enum {
    JUDGE_ROOTS_MAX = 4,
    JUDGE_CHECKS_MAX = 24 + NSM_PCR_COUNT, /* with those that judge_note adds */
};

/* SHA-256 of the DER of AWS's root for the commercial partition (aws.nitro-enclaves, G1), as AWS publishes it. */
extern const struct hash32 JUDGE_AWS_ROOT_G1;

struct judge_demands {
    size_t root_count; /* with none, nothing is believed */
    struct hash32 roots[JUDGE_ROOTS_MAX];
    uint64_t utc_ms;       /* the time of judging */
    bool at_its_own_time;  /* for stored documents: certificates are judged at the document's signed timestamp */
    uint64_t max_age_ms;   /* 0: any age */
    uint64_t max_ahead_ms; /* how far the timestamp may lie ahead of utc_ms, when max_age_ms is set */
    bool allow_tag, allow_debug;
    struct optional_bytes nonce, user_data, public_key; /* present: the document's must be equal */
    struct optional_bytes pcrs[NSM_PCR_COUNT];
};

struct judge_check {
    char name[16];
    bool ok;
    char found[192]; /* what was found, and on failure what was wanted; printable */
};

struct judge_report {
    bool believed; /* every check is ok */
    bool genuine;  /* form to signature are ok: the document is the enclave's own, whatever else was demanded */
    size_t count;
    struct judge_check checks[JUDGE_CHECKS_MAX];
    struct attestation_doc doc; /* views into `document`; to be used only when genuine */
};

/* Returns report->believed. */
bool judge(struct bytes document, const struct judge_demands *demands, struct judge_report *report);

/* A further check by the caller, at the end of the list; a failed one ends belief. Returns ok. must(): there is room.
 */
bool judge_note(struct judge_report *report, const char *name, bool ok, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The first check that is not ok, or NULL. */
const struct judge_check *judge_first_failure(const struct judge_report *report) MUST_USE;

#endif
