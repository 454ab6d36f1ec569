#include "parent/retry.h"

uint64_t retry_delay_ms(unsigned failures, uint64_t least_ms, uint64_t most_ms, uint32_t random)
{
    uint64_t delay_ms = least_ms < most_ms ? least_ms : most_ms;
    for (unsigned i = 1; i < failures && delay_ms < most_ms; i++)
        delay_ms = delay_ms > most_ms / 2 ? most_ms : 2 * delay_ms;
    return delay_ms - random % (delay_ms / 2 + 1);
}
