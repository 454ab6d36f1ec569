/* budget: how much face value, deposit and fee may be spent in any window, counted in this enclave since its start.
 *
 * No span of window_seconds, its two ends included, ever sees more than the limit: time is counted in slices of a 64th
 * of the window, and a slice counts whole until it has left the window, so what was spent is free again after between
 * one window and one window and a 64th. With "start": "empty" there is a second bound: all that has been spent since
 * the start is at most what has flowed in since at limit / window (rounded down), so that a restart gains nothing.
 * With "start": "full" every start begins with a whole budget. Another policy (allow_reprovision) begins
 * empty, and does not remember what was spent under the one before. A ticket is charged once however often it is signed
 * or redeemed; charges are never given back.
 *
 * It bounds a compromised client, not whoever can restart enclaves or run several. Not locked: the caller serialises.
 */
#ifndef CORE_POLICY_BUDGET_H
#define CORE_POLICY_BUDGET_H

#include "core/policy/charged_tickets.h"
#include "core/policy/policy.h"

enum { BUDGET_SLICES = 64 };

struct budget_meter {
    struct limit limit;
    struct u256 slices[BUDGET_SLICES + 1]; /* slice number % (BUDGET_SLICES + 1); the last that touch the window */
    struct u256 spent;                     /* since the start, for the second bound */
};

struct budget {
    uint64_t started_ms, latest_ms; /* the clock at the start, and the latest that was seen */
    uint64_t window_ms, slice_ms;
    uint64_t slice; /* number of the slice that latest_ms is in, counted from the start */
    bool starts_empty;
    struct budget_meter face_value, fund_deposit, fee;
    struct charged_tickets tickets;
};

/* Forgets everything and starts. Provisioning again under the same policy (a lease renewed) is no start: keep the
 * budget, or renewing would refill it. */
void budget_start(struct budget *budget, const struct policy *policy, uint64_t now_ms);

/* Charges all of it or nothing. FAULT_POLICY with rule "budget.max_face_value_wei" and so on, saying what is wanted,
 * what is left, and in how many seconds there will be enough if nothing else is charged. `now_ms` never goes back; an
 * earlier value counts as the latest seen. */
bool budget_charge(struct budget *budget, const struct charge *charge, uint64_t now_ms, struct fault *why) MUST_USE;

/* Face value of those tickets of the charge that budget_charge would take now: not charged before, each once. Saturates
 * at 2^256 - 1. */
struct u256 budget_new_face_value(const struct budget *budget, const struct charge *charge) MUST_USE;

/* What could be charged now. Unlimited meters stay unlimited. */
struct budget_left {
    struct limit face_value, fund_deposit, fee;
};
struct budget_left budget_left(struct budget *budget, uint64_t now_ms) MUST_USE;

#endif
