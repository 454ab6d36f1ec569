/* failing_memory: the memory that libcrypto and libssl ask for, of which one asking is refused: the Nth, once or from
 * then on. A test goes through N = 1, 2, 3 … until what it tries succeeds without a refusal.
 *
 *   memory_start();                                  first of all
 *   for (struct memory_trial trial = { 0 }; memory_next(&trial);) {
 *       memory_arm(&trial);
 *       … what must end in a refusal …
 *       memory_disarm(&trial);
 *   }
 */
#ifndef TESTS_UNIT_FAILING_MEMORY_H
#define TESTS_UNIT_FAILING_MEMORY_H

#include "core/base/fault.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct {
    atomic_bool armed, stays;
    atomic_uint left, refused;
    atomic_long live; /* blocks */
} memory_state;

struct memory_trial {
    unsigned n;     /* the asking that is refused */
    bool stays;     /* and all that follow it */
    bool succeeded; /* none was refused: there are no more askings */
};

static inline bool memory_refuses(void)
{
    if (!atomic_load(&memory_state.armed))
        return false;
    const unsigned left = atomic_load(&memory_state.left);
    if (left > 1) {
        atomic_store(&memory_state.left, left - 1);
        return false;
    }
    if (left == 0 && !atomic_load(&memory_state.stays))
        return false;
    atomic_store(&memory_state.left, 0);
    atomic_fetch_add(&memory_state.refused, 1);
    return true;
}

static inline void *memory_malloc(size_t len, const char *file, int line)
{
    (void)file, (void)line;
    void *const made = len == 0 || memory_refuses() ? NULL : malloc(len);
    atomic_fetch_add(&memory_state.live, made != NULL);
    return made;
}

static inline void memory_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    atomic_fetch_sub(&memory_state.live, block != NULL);
    free(block);
}

static inline void *memory_realloc(void *block, size_t len, const char *file, int line)
{
    if (block == NULL)
        return memory_malloc(len, file, line);
    if (len > 0)
        return memory_refuses() ? NULL : realloc(block, len);
    memory_free(block, file, line);
    return NULL;
}

static inline void memory_start(void)
{
    must(CRYPTO_set_mem_functions(memory_malloc, memory_realloc, memory_free) == 1);
}

static inline void memory_arm(const struct memory_trial *trial)
{
    atomic_store(&memory_state.left, trial->n);
    atomic_store(&memory_state.stays, trial->stays);
    atomic_store(&memory_state.refused, 0);
    atomic_store(&memory_state.armed, true);
}

static inline void memory_disarm(struct memory_trial *trial)
{
    atomic_store(&memory_state.armed, false);
    trial->succeeded = atomic_load(&memory_state.refused) == 0;
}

/* For what the world does meanwhile, whose memory is its own. */
static inline bool memory_pause(void)
{
    return atomic_exchange(&memory_state.armed, false);
}

static inline void memory_resume(bool armed)
{
    atomic_store(&memory_state.armed, armed);
}

/* The next N; the first round refuses once, the second from then on. */
static inline bool memory_next(struct memory_trial *trial)
{
    if (trial->succeeded && trial->stays)
        return false;
    if (trial->succeeded)
        *trial = (struct memory_trial){ .stays = true };
    trial->n++;
    return true;
}

#endif
