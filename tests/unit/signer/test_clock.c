/* clock: the last document's time plus what has passed since, and never back (rule 10). */
#include "check.h"

#include "core/signer/clock.h"

static uint64_t monotonic;

static uint64_t monotonic_ms(void *context)
{
    (void)context;
    return monotonic;
}

static const struct outside outside = { .monotonic_ms = monotonic_ms };
static struct clock clock_;

static void start(void)
{
    monotonic = 100;
    clock_start(&clock_, &outside);
}

static void before_any_document_it_is_monotonic_and_says_so(void)
{
    start();
    CHECK(!clock_is_told(&clock_) && clock_utc(&clock_) == 0 && clock_now(&clock_) == 100);
    monotonic = 150;
    CHECK(clock_now(&clock_) == 150);
}

static void rule_10_a_document_sets_it_and_monotonic_time_goes_on(void)
{
    start();
    clock_tell(&clock_, 1000000, 100);
    CHECK(clock_is_told(&clock_) && clock_now(&clock_) == 1000000 && clock_utc(&clock_) == 1000000);
    monotonic = 160;
    CHECK(clock_now(&clock_) == 1000060);
    clock_tell(&clock_, 1000500, 160); /* the clock was slow */
    CHECK(clock_now(&clock_) == 1000500);
}

static void rule_10_it_never_goes_back(void)
{
    start();
    clock_tell(&clock_, 1000000, 100);
    monotonic = 200;
    clock_tell(&clock_, 1000050, 200); /* the clock was fast: it goes on from where it was */
    CHECK(clock_now(&clock_) == 1000100);
    clock_tell(&clock_, 1000000, 100); /* told late, though made first */
    CHECK(clock_now(&clock_) == 1000100);
    clock_tell(&clock_, 0, 150);
    CHECK(clock_now(&clock_) == 1000100);
    monotonic = 190; /* a monotonic clock that is not */
    CHECK(clock_now(&clock_) == 1000100);
    monotonic = 210;
    CHECK(clock_now(&clock_) == 1000110);
}

static void rule_10_a_monotonic_clock_that_falls_back_takes_no_time_back(void)
{
    start();
    clock_tell(&clock_, 1000000, 100);
    monotonic = 5100;
    CHECK(clock_now(&clock_) == 1005000);
    monotonic = 2100;
    CHECK(clock_now(&clock_) == 1005000 && clock_utc(&clock_) == 1005000);
    clock_tell(&clock_, 1000000, 2100);
    CHECK(clock_now(&clock_) == 1005000);
    monotonic = 5101;
    CHECK(clock_now(&clock_) == 1005001);

    start();
    CHECK(clock_now(&clock_) == 100);
    monotonic = 50;
    CHECK(clock_now(&clock_) == 100);
}

int main(void)
{
    before_any_document_it_is_monotonic_and_says_so();
    rule_10_a_document_sets_it_and_monotonic_time_goes_on();
    rule_10_it_never_goes_back();
    rule_10_a_monotonic_clock_that_falls_back_takes_no_time_back();
    return failures != 0;
}
