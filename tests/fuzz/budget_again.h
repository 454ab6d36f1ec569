/* budget_again: what docs/policy.md says of the budget, reckoned from a plain list of everything that was ever charged.
 * No slices, no ring: each charge is added up anew over the window that ends with it, and over all time since the
 * start. A sum beyond its bound aborts.
 */
#ifndef TESTS_FUZZ_BUDGET_AGAIN_H
#define TESTS_FUZZ_BUDGET_AGAIN_H

#include "policy_again.h"

enum { BUDGET_AGAIN_CHARGES_MAX = 2048, BUDGET_AGAIN_TICKETS_MAX = 4096 };

enum budget_again_meter { AGAIN_FACE_VALUE, AGAIN_FUND_DEPOSIT, AGAIN_FEE, AGAIN_METERS };

struct budget_again {
    uint64_t started_ms, window_ms;
    bool starts_empty;
    struct again_limit limits[AGAIN_METERS];
    size_t count, ticket_count;
    struct {
        uint64_t at_ms;
        struct wei amounts[AGAIN_METERS];
    } charges[BUDGET_AGAIN_CHARGES_MAX];
    struct hash32 tickets[BUDGET_AGAIN_TICKETS_MAX];
};

static inline void budget_again_start(struct budget_again *budget, const struct policy_again *policy, uint64_t now_ms)
{
    budget->started_ms = now_ms;
    budget->window_ms = policy->window_ms;
    budget->starts_empty = policy->starts_empty;
    budget->limits[AGAIN_FACE_VALUE] = policy->budget_face_value;
    budget->limits[AGAIN_FUND_DEPOSIT] = policy->budget_fund_deposit;
    budget->limits[AGAIN_FEE] = policy->budget_fee;
    budget->count = budget->ticket_count = 0;
}

/* True: not seen before, and remembered from now on. */
static inline bool budget_again_sees(struct budget_again *budget, const struct hash32 *ticket)
{
    for (size_t i = 0; i < budget->ticket_count; i++)
        if (memcmp(&budget->tickets[i], ticket, sizeof *ticket) == 0)
            return false;
    must(budget->ticket_count < BUDGET_AGAIN_TICKETS_MAX);
    budget->tickets[budget->ticket_count++] = *ticket;
    return true;
}

static inline void budget_again_charge(struct budget_again *budget, const struct again_charge *charge, uint64_t now_ms)
{
    must(budget->count < BUDGET_AGAIN_CHARGES_MAX);
    struct wei face_value = wei_of(0);
    for (size_t i = 0; i < charge->ticket_count; i++)
        if (budget_again_sees(budget, &charge->tickets[i].hash))
            face_value = wei_add(face_value, charge->tickets[i].face_value);
    budget->charges[budget->count].at_ms = now_ms;
    budget->charges[budget->count].amounts[AGAIN_FACE_VALUE] = face_value;
    budget->charges[budget->count].amounts[AGAIN_FUND_DEPOSIT] = charge->fund_deposit;
    budget->charges[budget->count++].amounts[AGAIN_FEE] = charge->fee;
    must(now_ms >= budget->started_ms);
    for (size_t meter = 0; meter < AGAIN_METERS; meter++) {
        struct wei in_window = wei_of(0), ever = wei_of(0);
        for (size_t i = 0; i < budget->count; i++) {
            ever = wei_add(ever, budget->charges[i].amounts[meter]);
            if (now_ms - budget->charges[i].at_ms <= budget->window_ms)
                in_window = wei_add(in_window, budget->charges[i].amounts[meter]);
        }
        if (budget->limits[meter].unlimited || wei_is_zero(budget->charges[budget->count - 1].amounts[meter]))
            continue;
        must(wei_compare(in_window, budget->limits[meter].value) <= 0);
        if (budget->starts_empty)
            must(wei_compare(wei_times(ever, budget->window_ms),
                             wei_times(budget->limits[meter].value, now_ms - budget->started_ms)) <= 0);
    }
}

#endif
