#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double slice_us(const struct bench_job *job, unsigned slice_ms)
{
    const uint64_t begin = bench_now_ns(), end = begin + slice_ms * UINT64_C(1000000);
    uint64_t now = begin;
    unsigned runs = 0;
    for (; now < end; runs++, now = bench_now_ns())
        job->run(job->context);
    return (double)(now - begin) / runs / 1000;
}

void bench_in_turns(struct bench_job *jobs, size_t count, unsigned slice_ms)
{
    for (unsigned round = 0; round < BENCH_ROUNDS; round++)
        for (size_t i = 0; i < count; i++) {
            const double us = slice_us(&jobs[i], slice_ms);
            if (round == 0 || us < jobs[i].best_us)
                jobs[i].best_us = us;
        }
}

void bench_say(const char *key, double value)
{
    printf("%s %.6g\n", key, value);
    fflush(stdout);
}
