/* clock: how the benchmarks measure. Jobs that are compared run in turns, a slice each, for some rounds, and the
 * fastest slice of each counts, by the CPU time of this thread: what else runs on the machine takes no part in it but
 * by emptying caches. */
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct bench_job {
    const char *name;
    void (*run)(void *context); /* once */
    void *context;
    double best_us; /* of one run; the result */
};

enum { BENCH_ROUNDS = 45 };

uint64_t bench_now_ns(void);
void bench_in_turns(struct bench_job *jobs, size_t count, unsigned slice_ms);

/* One line for bench.py. */
void bench_say(const char *key, double value);

#endif
