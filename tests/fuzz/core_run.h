/* core_run: a whole signer in its world, and beside it what must be true of it by the requests and answers alone: who
 * holds the key, under which policy, until when, and what has been signed. core_provision.c and core_sign.c ask and
 * look at each answer; core_check looks at what stands.
 */
#ifndef TESTS_FUZZ_CORE_RUN_H
#define TESTS_FUZZ_CORE_RUN_H

#include "budget_again.h"
#include "world.h"

#include "core/signer/signer_state.h"
#include "parent/journal_chain.h"

enum { CORE_REQUEST_MAX = 1 << 16, CORE_POLICY_MAX = DEEDS_POLICY_MAX };

struct core_policy {
    bool given;
    char text[CORE_POLICY_MAX]; /* canonical */
    char digest[65];            /* of it, by libcrypto */
    struct policy_again rules;
};

/* What was read from the answers. */
struct core_model {
    bool provisioned, ended;
    uint8_t address[20];
    struct core_policy policy, earlier; /* earlier: the one before it, to be gone back to */
    uint64_t lease_ends_ms;             /* 0: never */
    bool has_budget;
    char budget_digest[65];
    uint64_t signatures, now_ms;
    struct journal_chain chain;
    uint64_t listed; /* signatures in the journal up to chain.seq */
};

struct core_run {
    struct deeds *deeds;
    struct world world;
    struct settings settings, settings_as_read;
    struct core_policy image_policy;
    struct signer *signer;
    _Alignas(64) uint8_t page[KEY_SLOT_BYTES];
    uint8_t *arena, *answer;
    uint8_t request[CORE_REQUEST_MAX];
    struct writer out;
    struct core_model model;
    struct budget_again budget;
};

void core_open(struct core_run *run, struct deeds *deeds, const char *settings, const struct core_policy *image_policy);
void core_close(struct core_run *run);

/* Reads a policy's canonical text into the struct around it. */
void core_policy_read(struct core_policy *policy);

/* The request is written into run->out, from its start. The answer is one object with a result or an error, and names
 * no secret; JSON_NONE: an error. */
struct writer *core_begin(struct core_run *run);
struct json core_ask(struct core_run *run);

uint64_t core_now(struct core_run *run); /* by the signer's own clock, which never goes back */
void core_check(struct core_run *run);

void core_provision(struct core_run *run);
void core_sign_transaction(struct core_run *run);
void core_sign_ticket(struct core_run *run);
void core_sign_message(struct core_run *run);
void core_sign_typed_data(struct core_run *run);
void core_read_journal(struct core_run *run);
void core_end_lease(struct core_run *run);

#endif
