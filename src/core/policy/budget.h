/* budget: how much face value, deposit and fee may be spent in any window, counted in this enclave since its start.
 *
 * No span of window_seconds ever sees more than the limit (time is counted in slices, and a slice counts whole until it
 * has left the window). With "start": "empty" there is a second bound: what has been spent is at most what has flowed
 * in since the start at limit / window, so that a restart gains nothing. A ticket is charged once however often it is
 * signed or redeemed; charges are never given back.
 *
 * Not locked: the caller serialises.
 */
#ifndef CORE_POLICY_BUDGET_H
#define CORE_POLICY_BUDGET_H

#include "core/policy/policy.h"

enum {
    BUDGET_SLICES = 64,
    BUDGET_TICKETS = 16384, /* remembered; when full, tickets older than the window go first, then nothing is
                             * forgotten early: the oldest is, and could be charged twice, never too little */
};

struct budget_meter {
    struct limit limit;
    struct u256 slices[BUDGET_SLICES + 1];
    struct u256 spent; /* since the start, for the second bound */
};

struct budget {
    uint64_t started_ms, window_ms, slice;
    bool starts_empty;
    struct budget_meter face_value, fund_deposit, fee;
    size_t ticket_next;                        /* ring over `tickets` */
    struct hash32 tickets[BUDGET_TICKETS];     /* oldest overwritten first */
    uint32_t ticket_index[2 * BUDGET_TICKETS]; /* open addressing into `tickets`, 0 empty, else slot + 1 */
};

void budget_start(struct budget *budget, const struct policy *policy, uint64_t now_ms);

/* Charges all of it or nothing. FAULT_POLICY with rule "budget.max_face_value_wei" and so on, saying what is left and
 * when enough will be. `now_ms` never goes back; an earlier value counts as the latest seen. */
bool budget_charge(struct budget *budget, const struct charge *charge, uint64_t now_ms, struct fault *why) MUST_USE;

/* What could be charged now. Unlimited meters stay unlimited. */
struct budget_left {
    struct limit face_value, fund_deposit, fee;
};
struct budget_left budget_left(struct budget *budget, uint64_t now_ms) MUST_USE;

#endif
