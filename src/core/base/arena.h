/* arena: a caller's buffer, handed out in pieces, so that the core needs no heap.
 *
 * Every worker owns one for the request it is answering and wipes it afterwards: pieces may have held secrets. Only
 * what was taken or kept is wiped, so a writer that held a secret must be kept, not dropped.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include "core/base/bytes.h"

struct arena {
    uint8_t *data;
    size_t len, cap;
};

struct arena arena_of(uint8_t *data, size_t cap) MUST_USE;

/* A piece of exactly `len` bytes, not cleared, aligned to 16; NULL when there is no room (callers say FAULT_LIMIT).
 * A piece of no bytes is not NULL. */
uint8_t *arena_take(struct arena *arena, size_t len) MUST_USE;

/* A writer over all that is left; what it wrote is then kept with arena_keep, or given back by doing nothing.
 * No other piece may be taken in between. */
struct writer arena_writer(struct arena *arena) MUST_USE;
bool arena_keep(struct arena *arena, struct writer *written, struct bytes *kept) MUST_USE;

void arena_wipe(struct arena *arena); /* zeroes what was handed out since the last wipe and starts again */

#endif
