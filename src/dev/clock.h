/* clock: UTC, for programs that stand outside an enclave. */
#ifndef DEV_CLOCK_H
#define DEV_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_utc_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
