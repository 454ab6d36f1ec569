/* awake: a processor with nothing to do halts, and what is then waited for comes as late as it takes to run again: a
 * virtual one may take as long as a signature. That is the machine's part of an answer, and none of the signer's; so
 * what goes over sockets is measured with processors that do not halt, as cyclictest does it, and once more as the
 * machine is. */
#ifndef TESTS_BENCH_AWAKE_H
#define TESTS_BENCH_AWAKE_H

#include <stdbool.h>

/* Until bench_let_halt. By the kernel's PM QoS: root may, where there is the device. */
bool bench_keep_awake(void);
void bench_let_halt(void);

/* Microseconds from the writing of a byte until who waited for it on another processor has it: half of a round trip,
 * the median of some, each after so long a pause that a processor may have halted. 0: there is one processor only. */
double bench_wake_us(void);

#endif
