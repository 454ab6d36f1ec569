/* The budget against a brute-force count, the bucket, and the memory for tickets. */
#include "policy_text.h"

#include "core/policy/budget.h"

static struct policy policy;
static struct budget budget;

enum { EVENTS = 4000 };

/* What was taken and when, kept beside the budget. */
static struct {
    uint64_t at_ms, amount;
} taken[EVENTS];
static size_t taken_count;

/* xorshift64: the same sequence every time. */
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);
static uint64_t random_below(uint64_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % bound;
}

static void start(uint64_t window_seconds, uint64_t limit, bool empty, uint64_t now_ms)
{
    const struct limit of = { .value = u256_of(limit) };
    policy.budget.window_seconds = window_seconds;
    policy.budget.starts_empty = empty;
    policy.budget.max_face_value = policy.budget.max_fund_deposit = policy.budget.max_fee = of;
    budget_start(&budget, &policy, now_ms);
}

static bool charge_fee(uint64_t amount, uint64_t now_ms, struct fault *why)
{
    const struct charge charge = { .fee = u256_of(amount) };
    return budget_charge(&budget, &charge, now_ms, why);
}

/* All that was taken in the window that ends at at_ms, both ends included. */
static uint64_t in_window(uint64_t at_ms, uint64_t window_ms)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < taken_count; i++)
        if (taken[i].at_ms <= at_ms && at_ms - taken[i].at_ms <= window_ms)
            sum += taken[i].amount;
    return sum;
}

static void run_random_sequence(uint64_t window_seconds, uint64_t limit, bool empty, uint64_t step_ms)
{
    const uint64_t started_ms = random_below(1000000);
    const uint64_t window_ms = window_seconds * 1000;
    uint64_t now_ms = started_ms, spent = 0, refused = 0;
    taken_count = 0;
    start(window_seconds, limit, empty, started_ms);
    for (size_t i = 0; i < EVENTS; i++) {
        /* now and then a jump of exactly a window, of a slice, or of several windows: the edges */
        switch (random_below(40)) {
        case 0:
            now_ms += window_ms;
            break;
        case 1:
            now_ms += (window_ms + 63) / 64;
            break;
        case 2:
            now_ms += 3 * window_ms + random_below(window_ms);
            break;
        default:
            now_ms += random_below(step_ms + 1);
        }
        const uint64_t amount = random_below(limit / 4 + 2);
        struct fault why = { 0 };
        if (!charge_fee(amount, now_ms, &why)) {
            CHECK(why.code == FAULT_POLICY && strcmp(why.rule, "budget.max_fee_wei") == 0);
            refused++;
            continue;
        }
        taken[taken_count].at_ms = now_ms;
        taken[taken_count++].amount = amount;
        spent += amount;
        CHECK(in_window(now_ms, window_ms) <= limit);
        if (empty)
            CHECK(spent <= limit * ((now_ms - started_ms) / window_ms) +
                               limit * ((now_ms - started_ms) % window_ms) / window_ms);
    }
    CHECK(refused > EVENTS / 20 && taken_count > EVENTS / 20); /* both happened: the sequence tests something */
}

static void rule_08_no_window_ever_exceeds_its_limit(void)
{
    static const uint64_t windows[] = { 1, 2, 60, 3601, 86400, 31536000 };
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        for (unsigned empty = 0; empty < 2; empty++) {
            run_random_sequence(windows[i], 1000000, empty, windows[i] * 1000 / 20);
            run_random_sequence(windows[i], 7, empty, windows[i] * 1000 / 5);
        }
}

static void what_was_spent_is_free_again_after_a_window_and_a_slice(void)
{
    struct fault why;
    start(64, 100, false, 500); /* slices of a second */
    CHECK(charge_fee(100, 500, &why));
    CHECK(!charge_fee(1, 500 + 64000, &why)); /* the window's two ends are within it */
    CHECK(!charge_fee(1, 500 + 64999, &why));
    CHECK(charge_fee(100, 500 + 65000, &why));
}

static void a_refusal_says_what_is_left_and_when_there_is_enough(void)
{
    struct fault why;
    start(64, 100, false, 0);
    CHECK(charge_fee(30, 0, &why) && charge_fee(60, 10000, &why));
    CHECK(!charge_fee(20, 20000, &why));
    CHECK(
        text_begins(&why, "budget.max_fee_wei exceeded (got 20, allowed 10 now, of 100 in any 64 s; enough in 45 s)"));
    CHECK(!charge_fee(20, 64999, &why) && charge_fee(20, 65000, &why)); /* and so it is */
    CHECK(
        !charge_fee(100, 65000, &why) &&
        text_begins(&why, "budget.max_fee_wei exceeded (got 100, allowed 20 now, of 100 in any 64 s; enough in 65 s)"));
    CHECK(!charge_fee(101, 65000, &why) &&
          text_begins(&why, "budget.max_fee_wei exceeded (got 101, allowed 100 in any 64 s: it never fits)"));
    CHECK(!charge_fee(100, 129999, &why) && charge_fee(100, 130000, &why));
    start(86400, 100, false, 0);
    CHECK(charge_fee(100, 0, &why) && !charge_fee(1, 0, &why));
    CHECK(strstr(why.text, "; enough in 87750 s)") != NULL); /* 65 slices of 1,350 s */
}

static void rule_08_a_bucket_that_starts_empty_gains_nothing_by_a_restart(void)
{
    struct fault why;
    uint64_t spent = 0;
    for (uint64_t restart = 0; restart < 100; restart++) {
        start(1000, 1000, true, restart * 10000); /* one a second; a restart every ten seconds */
        CHECK(!charge_fee(1, restart * 10000, &why));
        for (uint64_t i = 0; i < 20; i++)
            if (charge_fee(1, restart * 10000 + 500 * i, &why))
                spent++;
    }
    CHECK(spent == 100 * 9); /* never more than the 1000 that flowed in */

    start(1000, 1000, true, 0);
    CHECK(!charge_fee(500, 100000, &why) &&
          text_begins(
              &why, "budget.max_fee_wei exceeded (got 500, allowed 100 now, of 1000 in any 1000 s; enough in 400 s)"));
    CHECK(!charge_fee(500, 499999, &why) && charge_fee(500, 500000, &why));
    /* a long rest fills the window, not more */
    CHECK(charge_fee(1000, 5000000, &why) && !charge_fee(1, 5000000, &why));

    /* a full start spends at once what an empty one must wait for: the loose end that the warning names */
    start(1000, 1000, false, 0);
    CHECK(charge_fee(1000, 0, &why));
    start(1000, 1000, false, 1);
    CHECK(charge_fee(1000, 1, &why));
}

/* Limits near 2^256 and the longest of windows are counted exactly, rounded against the spender. */
static void large_limits_are_exact(void)
{
    struct fault why;
    start(31536000, 0, true, 0);
    budget.fee.limit.value = U256_MAX;
    struct charge charge = { .fee = U256_MAX };
    CHECK(!budget_charge(&budget, &charge, UINT64_C(31535999999), &why));
    CHECK(budget_charge(&budget, &charge, UINT64_C(31536000000), &why));
    charge.fee = u256_of(1);
    CHECK(!budget_charge(&budget, &charge, UINT64_C(31536000000), &why));

    /* 10 wei in 3 s: after 299 ms not yet one, after 300 ms one; after 1 s three, not three and a third */
    start(3, 10, true, 0);
    CHECK(!charge_fee(1, 299, &why) && charge_fee(1, 300, &why) && !charge_fee(1, 300, &why));
    CHECK(!charge_fee(3, 1000, &why) && charge_fee(2, 1000, &why));
}

static void the_clock_never_goes_back(void)
{
    struct fault why;
    start(64, 100, false, 1000000);
    CHECK(charge_fee(100, 1000000, &why));
    CHECK(!charge_fee(1, 0, &why));
    CHECK(charge_fee(100, 1065000, &why));
    CHECK(!charge_fee(1, 1000000, &why));
    /* and may stand still, or leap to its end */
    CHECK(charge_fee(100, UINT64_MAX - 70000, &why) && !charge_fee(1, UINT64_MAX - 70000, &why));
    CHECK(charge_fee(100, UINT64_MAX, &why));
}

static struct ticket_charge ticket_of(uint64_t n, uint64_t face_value)
{
    struct ticket_charge ticket = { .face_value = u256_of(face_value) };
    ticket.ticket_hash = keccak256((struct bytes){ (const uint8_t *)&n, sizeof n });
    return ticket;
}

static bool charge_tickets(const struct ticket_charge *tickets, size_t count, uint64_t now_ms, struct fault *why)
{
    const struct charge charge = { .ticket_count = count, .tickets = tickets };
    return budget_charge(&budget, &charge, now_ms, why);
}

static bool charge_ticket(uint64_t n, uint64_t face_value, struct fault *why)
{
    const struct ticket_charge ticket = ticket_of(n, face_value);
    return charge_tickets(&ticket, 1, 0, why);
}

static uint64_t face_value_left(uint64_t now_ms)
{
    uint64_t value = UINT64_MAX;
    const struct budget_left left = budget_left(&budget, now_ms);
    CHECK(!left.face_value.unlimited && u256_fits_u64(&left.face_value.value, &value));
    return value;
}

static void rule_07_a_ticket_is_charged_once(void)
{
    struct fault why;
    start(64, 100, false, 0);
    const struct ticket_charge batch[] = { ticket_of(1, 30), ticket_of(2, 30), ticket_of(1, 30), ticket_of(3, 30) };
    CHECK(charge_tickets(batch, 1, 0, &why) && face_value_left(0) == 70);
    CHECK(charge_tickets(batch, 1, 0, &why) && face_value_left(0) == 70);
    /* a batch with one that is paid for, twice: the other two are charged */
    CHECK(charge_tickets(batch, 4, 0, &why) && face_value_left(0) == 10);
    CHECK(charge_tickets(batch, 4, 0, &why) && face_value_left(0) == 10);
    /* one that is new, twice in one batch */
    const struct ticket_charge twice[] = { ticket_of(4, 10), ticket_of(4, 10) };
    const struct charge charge = { .ticket_count = 2, .tickets = twice };
    const struct u256 once = u256_of(10);
    struct u256 fresh = budget_new_face_value(&budget, &charge);
    CHECK(u256_compare(&fresh, &once) == 0);
    CHECK(charge_tickets(twice, 2, 0, &why) && face_value_left(0) == 0);
    fresh = budget_new_face_value(&budget, &charge);
    CHECK(u256_is_zero(&fresh));
    /* nor again in a later window */
    CHECK(charge_tickets(batch, 4, 1000000, &why) && face_value_left(1000000) == 100);
}

static void a_charge_is_all_or_nothing(void)
{
    struct fault why;
    start(64, 100, false, 0);
    const struct ticket_charge tickets[] = { ticket_of(1, 60), ticket_of(2, 60) };
    CHECK(!charge_tickets(tickets, 2, 0, &why) && strcmp(why.rule, "budget.max_face_value_wei") == 0);
    CHECK(text_begins(&why, "budget.max_face_value_wei exceeded (got 120, allowed 100 in any 64 s: it never fits)"));
    CHECK(face_value_left(0) == 100);
    CHECK(charge_tickets(tickets, 1, 0, &why) && face_value_left(0) == 40); /* was not remembered as charged */

    const struct ticket_charge small = ticket_of(3, 5);
    struct charge charge = { .fee = u256_of(101), .fund_deposit = u256_of(1), .ticket_count = 1, .tickets = &small };
    CHECK(!budget_charge(&budget, &charge, 0, &why) && strcmp(why.rule, "budget.max_fee_wei") == 0);
    charge.fee = u256_of(1);
    charge.fund_deposit = u256_of(101);
    CHECK(!budget_charge(&budget, &charge, 0, &why) && strcmp(why.rule, "budget.max_fund_deposit_wei") == 0);
    struct budget_left left = budget_left(&budget, 0);
    const struct u256 whole = u256_of(100);
    CHECK(face_value_left(0) == 40 && u256_compare(&left.fee.value, &whole) == 0 &&
          u256_compare(&left.fund_deposit.value, &whole) == 0);
}

static void sums_over_256_bits_never_fit(void)
{
    struct fault why;
    start(64, 0, false, 0);
    struct ticket_charge tickets[] = { ticket_of(1, 0), ticket_of(2, 0) };
    tickets[0].face_value = tickets[1].face_value = budget.face_value.limit.value = U256_MAX;
    CHECK(!charge_tickets(tickets, 2, 0, &why) && strcmp(why.rule, "budget.max_face_value_wei") == 0);
    budget.face_value.limit = (struct limit){ .unlimited = true };
    CHECK(charge_tickets(tickets, 2, 0, &why) && budget_left(&budget, 0).face_value.unlimited);
}

/* As many tickets as are remembered, all of them; then the oldest go, one by one, and are charged again. */
static void the_oldest_ticket_is_forgotten_first(void)
{
    struct fault why;
    start(31536000, UINT64_MAX, false, 0);
    for (uint64_t n = 0; n < CHARGED_TICKETS_MAX; n++)
        CHECK(charge_ticket(n, 1, &why));
    CHECK(face_value_left(0) == UINT64_MAX - CHARGED_TICKETS_MAX);
    for (uint64_t n = 0; n < CHARGED_TICKETS_MAX; n++)
        CHECK(charge_ticket(n, 1, &why));
    CHECK(face_value_left(0) == UINT64_MAX - CHARGED_TICKETS_MAX);
    /* three rounds of others: every remembered one is found, nothing else is */
    for (uint64_t n = CHARGED_TICKETS_MAX; n < 4 * CHARGED_TICKETS_MAX; n++) {
        const struct ticket_charge fresh = ticket_of(n, 1), gone = ticket_of(n - CHARGED_TICKETS_MAX, 1),
                                   oldest = ticket_of(n - CHARGED_TICKETS_MAX + 1, 1);
        CHECK(charge_tickets(&fresh, 1, 0, &why));
        CHECK(charged_tickets_has(&budget.tickets, &fresh.ticket_hash));
        CHECK(!charged_tickets_has(&budget.tickets, &gone.ticket_hash));
        CHECK(charged_tickets_has(&budget.tickets, &oldest.ticket_hash));
    }
    CHECK(face_value_left(0) == UINT64_MAX - 4 * CHARGED_TICKETS_MAX);
    for (uint64_t n = 3 * CHARGED_TICKETS_MAX; n < 4 * CHARGED_TICKETS_MAX; n++) {
        const struct ticket_charge kept = ticket_of(n, 1);
        CHECK(charged_tickets_has(&budget.tickets, &kept.ticket_hash));
    }
}

/* Hashes that all want the same place: a bounded number is remembered, the rest are charged each time. */
static void crowded_hashes_cost_no_more_than_the_probes(void)
{
    static struct charged_tickets tickets;
    struct hash32 hash = { { 0 } };
    size_t kept = 0;
    charged_tickets_clear(&tickets);
    for (uint16_t n = 0; n < 1000; n++) {
        hash.bytes[30] = (uint8_t)(n >> 8);
        hash.bytes[31] = (uint8_t)n;
        if (!charged_tickets_has(&tickets, &hash))
            charged_tickets_add(&tickets, &hash);
        kept += charged_tickets_has(&tickets, &hash);
    }
    CHECK(kept == CHARGED_TICKETS_PROBES);

    /* the first byte spreads hashes: more than the probes would reach are all remembered */
    charged_tickets_clear(&tickets);
    for (uint16_t n = 0; n < 2 * CHARGED_TICKETS_PROBES; n++) {
        hash = (struct hash32){ { (uint8_t)n } };
        hash.bytes[31] = (uint8_t)(n >> 8);
        charged_tickets_add(&tickets, &hash);
        CHECK(charged_tickets_has(&tickets, &hash));
    }
}

int main(void)
{
    policy_plain(&policy);
    rule_08_no_window_ever_exceeds_its_limit();
    what_was_spent_is_free_again_after_a_window_and_a_slice();
    a_refusal_says_what_is_left_and_when_there_is_enough();
    rule_08_a_bucket_that_starts_empty_gains_nothing_by_a_restart();
    large_limits_are_exact();
    the_clock_never_goes_back();
    rule_07_a_ticket_is_charged_once();
    a_charge_is_all_or_nothing();
    sums_over_256_bits_never_fit();
    the_oldest_ticket_is_forgotten_first();
    crowded_hashes_cost_no_more_than_the_probes();
    return failures != 0;
}
