/* own_stack: a thread's stack in memory of ours: left out of dumps, with a guard below it, and wiped below the caller
 * when that asks for it, so that what a library left there of a secret is gone however deep it went.
 *
 *   low                              high
 *   | guard | free, wiped | callers ...  |
 */
#ifndef ENCLAVE_OWN_STACK_H
#define ENCLAVE_OWN_STACK_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#include <pthread.h>

struct own_stack {
    uint8_t *guard; /* one page, then `len` bytes; NULL: none */
    size_t len;
};

/* `len` is whole pages, PTHREAD_STACK_MIN at least. FAULT_INTERNAL when the kernel gives no memory. */
bool own_stack_open(struct own_stack *stack, size_t len, struct fault *why) MUST_USE;
void own_stack_close(struct own_stack *stack); /* when no thread runs on it any more */

/* 0, or an error of pthread_create's. */
int own_stack_start(const struct own_stack *stack, pthread_t *thread, void *(*run)(void *), void *argument) MUST_USE;

/* To be called by the thread that runs on it. */
void own_stack_wipe(const struct own_stack *stack);

#endif
