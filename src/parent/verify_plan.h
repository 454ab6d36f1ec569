/* verify_plan: the command line of `ensign verify`, read into what is to be demanded. Strict: a fact that a signer
 * states and that nobody gave is a fault of the command line, not a check that is left out. */
#ifndef PARENT_VERIFY_PLAN_H
#define PARENT_VERIFY_PLAN_H

#include "parent/evidence.h"
#include "parent/image_facts.h"
#include "parent/policy_file.h"
#include "verify/signer_judge.h"

enum { VERIFY_MAX_AGE_MS = 300000, VERIFY_MAX_AHEAD_MS = 60000 };

struct verify_plan {
    const char *file; /* NULL: ask the signer at --endpoint */
    const char *birth_file;
    bool chain_only, stored;
    struct judge_demands demands;
    struct signer_demands signer;
    bool has_image;
    const char *image_path;
    struct image_facts image;
    struct hash48 pcrs[NSM_PCR_COUNT]; /* that demands.pcrs points at */
    char address[43];
    struct digest_text digest;
    struct evidence evidence; /* its nonce may be set here */
};

/* FAULT_INPUT: *code is EXIT_CODE_USAGE for the command line, EXIT_CODE_INPUT for files. The plan's image is to be
 * freed, also on failure. */
bool verify_plan_read(const struct arguments *arguments, struct verify_plan *plan, enum exit_code *code,
                      struct fault *why) MUST_USE;

/* Pieces of it, for whoever makes a plan of another kind. FAULT_INPUT.
 *
 *   image    PCR0, 1 and 2 of that file are demanded
 *   pcr0     96 hex digits
 *   root     PEM of the root to trust; NULL: AWS's own
 *   now      fresh documents alone, by this machine's clock as it is now */
bool verify_plan_image(struct verify_plan *plan, const char *path, struct fault *why) MUST_USE;
bool verify_plan_pcr0(struct verify_plan *plan, const char *hex, struct fault *why) MUST_USE;
bool verify_plan_root(struct verify_plan *plan, const char *path, struct fault *why) MUST_USE;
void verify_plan_now(struct verify_plan *plan);

/* "2026-11-22T15:00:00Z", or seconds since the epoch. */
bool verify_time_read(const char *text, uint64_t *utc_ms) MUST_USE;

#endif
