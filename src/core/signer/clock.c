#include "core/signer/clock.h"

void clock_start(struct clock *clock, const struct outside *outside)
{
    *clock = (struct clock){ .outside = outside };
    must(pthread_mutex_init(&clock->lock, NULL) == 0);
}

/* With the lock held. */
static uint64_t at(const struct clock *clock, uint64_t monotonic_ms)
{
    uint64_t since = monotonic_ms > clock->monotonic_ms ? monotonic_ms - clock->monotonic_ms : 0;
    return clock->utc_ms + since;
}

void clock_tell(struct clock *clock, uint64_t utc_ms, uint64_t monotonic_ms)
{
    must(pthread_mutex_lock(&clock->lock) == 0);
    /* Two documents may be told in the other order than they were made in. */
    const uint64_t mark = monotonic_ms > clock->monotonic_ms ? monotonic_ms : clock->monotonic_ms;
    const uint64_t own = at(clock, mark);
    clock->utc_ms = utc_ms > own ? utc_ms : own;
    clock->monotonic_ms = mark;
    clock->told = true;
    must(pthread_mutex_unlock(&clock->lock) == 0);
}

uint64_t clock_now(struct clock *clock)
{
    const uint64_t monotonic_ms = clock->outside->monotonic_ms(clock->outside->context);
    must(pthread_mutex_lock(&clock->lock) == 0);
    const uint64_t own = at(clock, monotonic_ms);
    const uint64_t now = own > clock->latest_ms ? own : clock->latest_ms;
    clock->latest_ms = now;
    must(pthread_mutex_unlock(&clock->lock) == 0);
    return now;
}

bool clock_is_told(struct clock *clock)
{
    must(pthread_mutex_lock(&clock->lock) == 0);
    const bool told = clock->told;
    must(pthread_mutex_unlock(&clock->lock) == 0);
    return told;
}

uint64_t clock_utc(struct clock *clock)
{
    return clock_is_told(clock) ? clock_now(clock) : 0;
}
