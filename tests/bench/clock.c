#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static double slice_us(const struct bench_job *job, unsigned slice_ms)
{
    const uint64_t end = bench_now_ns() + slice_ms * UINT64_C(1000000), begin = cpu_ns();
    unsigned runs = 0;
    do {
        job->run(job->context);
        runs++;
    } while (bench_now_ns() < end);
    return (double)(cpu_ns() - begin) / runs / 1000;
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
