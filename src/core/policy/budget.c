#include "core/policy/budget.h"

#include <inttypes.h>

enum { RING = BUDGET_SLICES + 1 };

static void meter_start(struct budget_meter *meter, const struct limit *limit)
{
    *meter = (struct budget_meter){ .limit = *limit };
}

void budget_start(struct budget *budget, const struct policy *policy, uint64_t now_ms)
{
    budget->started_ms = budget->latest_ms = now_ms;
    budget->window_ms = policy->budget.window_seconds * 1000;
    budget->slice_ms = (budget->window_ms + BUDGET_SLICES - 1) / BUDGET_SLICES; /* up: 64 slices cover the window */
    budget->slice = 0;
    budget->starts_empty = policy->budget.starts_empty;
    meter_start(&budget->face_value, &policy->budget.max_face_value);
    meter_start(&budget->fund_deposit, &policy->budget.max_fund_deposit);
    meter_start(&budget->fee, &policy->budget.max_fee);
    charged_tickets_clear(&budget->tickets);
}

/* Moves the clock on and empties the slices that have left the window. */
static void settle(struct budget *budget, uint64_t now_ms)
{
    if (now_ms > budget->latest_ms)
        budget->latest_ms = now_ms;
    const uint64_t slice = (budget->latest_ms - budget->started_ms) / budget->slice_ms;
    for (uint64_t passed = 1; passed <= slice - budget->slice && passed <= RING; passed++) {
        const size_t place = (size_t)((budget->slice + passed) % RING);
        budget->face_value.slices[place] = budget->fund_deposit.slices[place] = budget->fee.slices[place] = u256_of(0);
    }
    budget->slice = slice;
}

static struct u256 add_saturating(const struct u256 *a, const struct u256 *b)
{
    struct u256 sum;
    return u256_add(a, b, &sum) ? sum : U256_MAX;
}

/* a - b, and 0 below that. */
static struct u256 what_is_left(const struct u256 *a, const struct u256 *b)
{
    struct u256 difference;
    return u256_sub(a, b, &difference) ? difference : u256_of(0);
}

static struct u256 in_window(const struct budget_meter *meter)
{
    struct u256 sum = u256_of(0);
    for (size_t i = 0; i < RING; i++)
        sum = add_saturating(&sum, &meter->slices[i]);
    return sum;
}

/* limit * elapsed / window, rounded down, exactly: the limit is split at the window, so that nothing overflows before
 * the result does (it then counts as 2^256 - 1). */
static struct u256 flowed_in(const struct u256 *limit, uint64_t elapsed_ms, uint64_t window_ms)
{
    const struct u256 window = u256_of(window_ms), elapsed = u256_of(elapsed_ms);
    struct u256 per_ms, whole, flowed, rest;
    must(u256_div_u64(limit, window_ms, &per_ms));
    must(u256_mul(&per_ms, &window, &whole) && u256_sub(limit, &whole, &rest));
    must(u256_mul(&rest, &elapsed, &rest) && u256_div_u64(&rest, window_ms, &rest));
    if (!u256_mul(&per_ms, &elapsed, &flowed))
        return U256_MAX;
    return add_saturating(&flowed, &rest);
}

/* What the second bound leaves. */
static struct u256 left_in_bucket(const struct budget *budget, const struct budget_meter *meter, uint64_t at_ms)
{
    const struct u256 flowed = flowed_in(&meter->limit.value, at_ms - budget->started_ms, budget->window_ms);
    return what_is_left(&flowed, &meter->spent);
}

static struct u256 left(const struct budget *budget, const struct budget_meter *meter)
{
    const struct u256 used = in_window(meter);
    const struct u256 window = what_is_left(&meter->limit.value, &used);
    if (!budget->starts_empty)
        return window;
    const struct u256 bucket = left_in_bucket(budget, meter, budget->latest_ms);
    return u256_compare(&bucket, &window) < 0 ? bucket : window;
}

/* When the window alone would leave `amount`, which is not above the limit. */
static uint64_t window_frees_ms(const struct budget *budget, const struct budget_meter *meter,
                                const struct u256 *amount)
{
    struct u256 used = in_window(meter);
    uint64_t slice = budget->slice >= BUDGET_SLICES ? budget->slice - BUDGET_SLICES : 0;
    uint64_t frees_ms = budget->latest_ms;
    for (; slice <= budget->slice; slice++) {
        const struct u256 free = what_is_left(&meter->limit.value, &used);
        if (u256_compare(amount, &free) <= 0)
            break;
        used = what_is_left(&used, &meter->slices[slice % RING]);
        frees_ms = budget->started_ms + (slice + RING) * budget->slice_ms;
    }
    return frees_ms;
}

/* When the second bound alone would leave `amount`, which is not above the limit: within one window from now. */
static uint64_t bucket_fills_ms(const struct budget *budget, const struct budget_meter *meter,
                                const struct u256 *amount)
{
    uint64_t early = budget->latest_ms, late = budget->latest_ms + budget->window_ms;
    while (early < late) {
        const uint64_t middle = early + (late - early) / 2;
        const struct u256 free = left_in_bucket(budget, meter, middle);
        if (u256_compare(amount, &free) <= 0)
            late = middle;
        else
            early = middle + 1;
    }
    return late;
}

static bool fits(const struct budget *budget, const struct budget_meter *meter, const char *rule,
                 const struct u256 *amount, struct fault *why)
{
    if (meter->limit.unlimited || u256_is_zero(amount))
        return true;
    const struct u256 now = left(budget, meter);
    if (u256_compare(amount, &now) <= 0)
        return true;
    const uint64_t window_seconds = budget->window_ms / 1000;
    if (u256_compare(amount, &meter->limit.value) > 0)
        return fault_refuse(why, rule, "%s exceeded (got %s, allowed %s in any %" PRIu64 " s: it never fits)", rule,
                            u256_text(amount).text, u256_text(&meter->limit.value).text, window_seconds);
    uint64_t enough_ms = window_frees_ms(budget, meter, amount);
    if (budget->starts_empty) {
        const uint64_t filled_ms = bucket_fills_ms(budget, meter, amount);
        enough_ms = filled_ms > enough_ms ? filled_ms : enough_ms;
    }
    return fault_refuse(why, rule,
                        "%s exceeded (got %s, allowed %s now, of %s in any %" PRIu64 " s; enough in %" PRIu64 " s)",
                        rule, u256_text(amount).text, u256_text(&now).text, u256_text(&meter->limit.value).text,
                        window_seconds, (enough_ms - budget->latest_ms + 999) / 1000);
}

static void take(struct budget *budget, struct budget_meter *meter, const struct u256 *amount)
{
    struct u256 *slice = &meter->slices[budget->slice % RING];
    *slice = add_saturating(slice, amount);
    meter->spent = add_saturating(&meter->spent, amount);
}

/* Whether the ticket at `at` is to be paid for: not charged before, and not the same as an earlier one beside it. */
static bool is_new(const struct budget *budget, const struct charge *charge, size_t at)
{
    const struct hash32 *hash = &charge->tickets[at].ticket_hash;
    for (size_t i = 0; i < at; i++)
        if (hash32_equal(&charge->tickets[i].ticket_hash, hash))
            return false;
    return !charged_tickets_has(&budget->tickets, hash);
}

/* False when the sum is over 256 bits: *sum is then 2^256 - 1. */
static bool add_new_face_values(const struct budget *budget, const struct charge *charge, struct u256 *sum)
{
    *sum = u256_of(0);
    for (size_t i = 0; i < charge->ticket_count; i++)
        if (is_new(budget, charge, i) && !u256_add(sum, &charge->tickets[i].face_value, sum)) {
            *sum = U256_MAX;
            return false;
        }
    return true;
}

struct u256 budget_new_face_value(const struct budget *budget, const struct charge *charge)
{
    struct u256 sum;
    (void)add_new_face_values(budget, charge, &sum);
    return sum;
}

bool budget_charge(struct budget *budget, const struct charge *charge, uint64_t now_ms, struct fault *why)
{
    struct u256 face_value;
    settle(budget, now_ms);
    const bool counted = add_new_face_values(budget, charge, &face_value);
    if (!counted && !budget->face_value.limit.unlimited)
        return fault_refuse(why, "budget.max_face_value_wei",
                            "budget.max_face_value_wei exceeded (got 2^256 or more, allowed %s in any %" PRIu64
                            " s: it never fits)",
                            u256_text(&budget->face_value.limit.value).text, budget->window_ms / 1000);
    if (!fits(budget, &budget->face_value, "budget.max_face_value_wei", &face_value, why) ||
        !fits(budget, &budget->fund_deposit, "budget.max_fund_deposit_wei", &charge->fund_deposit, why) ||
        !fits(budget, &budget->fee, "budget.max_fee_wei", &charge->fee, why))
        return false;

    take(budget, &budget->face_value, &face_value);
    take(budget, &budget->fund_deposit, &charge->fund_deposit);
    take(budget, &budget->fee, &charge->fee);
    for (size_t i = 0; i < charge->ticket_count; i++)
        if (!charged_tickets_has(&budget->tickets, &charge->tickets[i].ticket_hash))
            charged_tickets_add(&budget->tickets, &charge->tickets[i].ticket_hash);
    return true;
}

static struct limit limit_left(const struct budget *budget, const struct budget_meter *meter)
{
    if (meter->limit.unlimited)
        return meter->limit;
    return (struct limit){ .value = left(budget, meter) };
}

struct budget_left budget_left(struct budget *budget, uint64_t now_ms)
{
    settle(budget, now_ms);
    return (struct budget_left){
        .face_value = limit_left(budget, &budget->face_value),
        .fund_deposit = limit_left(budget, &budget->fund_deposit),
        .fee = limit_left(budget, &budget->fee),
    };
}
