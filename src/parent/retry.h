/* retry: how long to wait before the next try of something that failed. */
#ifndef PARENT_RETRY_H
#define PARENT_RETRY_H

#include <stdint.h>

/* Doubles with each failure in a row (1 and more) from `least_ms` up to `most_ms`, and of that the upper half by
 * chance: many that failed together do not come back together. `random`: any 32 bits. */
uint64_t retry_delay_ms(unsigned failures, uint64_t least_ms, uint64_t most_ms, uint32_t random);

#endif
