/* wrong_clock: a machine whose clock of the day is wrong, each time by another span, back and forth: linked into an
 * ensignd of its own, where it stands before the C library's for libcrypto too. What counts from the machine's start
 * stays right. */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
    FIVE_YEARS = 5 * 365 * 86400,
    SAME_WAY = 16, /* looks, before the clock jumps the other way: no pair of limits may be looked at from both sides */
};

static time_t wrong(time_t seconds)
{
    static unsigned asked;
    const unsigned look = __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
    const time_t by = FIVE_YEARS * (time_t)(look % 5 + 1);
    return look / SAME_WAY % 2 == 0 ? seconds + by : seconds - by;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)
        now->tv_sec = wrong(now->tv_sec);
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return -1;
    *now = (struct timeval){ exact.tv_sec, exact.tv_nsec / 1000 };
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return -1;
    if (now != NULL)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
