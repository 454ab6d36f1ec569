/* clock: what time it is, from attestation documents and the monotonic time since (rule 10). Never goes back.
 *
 * Any thread may tell and ask.
 */
#ifndef CORE_SIGNER_CLOCK_H
#define CORE_SIGNER_CLOCK_H

#include "core/base/outside.h"

#include <pthread.h>

struct clock {
    const struct outside *outside;
    pthread_mutex_t lock;
    bool told;
    uint64_t utc_ms, monotonic_ms; /* of the last document; both 0 before the first */
    uint64_t latest_ms;            /* that was ever said: also a monotonic clock that falls back takes none back */
};

void clock_start(struct clock *clock, const struct outside *outside);

/* A document made at `monotonic_ms` says `utc_ms`. An earlier time than the clock's own is taken as the clock's own. */
void clock_tell(struct clock *clock, uint64_t utc_ms, uint64_t monotonic_ms);

/* Milliseconds since the epoch; before any document, monotonic milliseconds. */
uint64_t clock_now(struct clock *clock) MUST_USE;
bool clock_is_told(struct clock *clock) MUST_USE;
/* 0 before any document: for people. */
uint64_t clock_utc(struct clock *clock) MUST_USE;

#endif
