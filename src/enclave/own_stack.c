#include "enclave/own_stack.h"

#include "core/base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum {
    GROWN = SANITIZED ? 8 : 1, /* sanitizers put red zones around every variable */
    MARGIN = 8 << 10,          /* bytes below a frame in which the calls that wipe have room */
};

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

bool own_stack_open(struct own_stack *stack, size_t len, struct fault *why)
{
    const size_t page = page_len();
    len *= GROWN;
    must(len % page == 0);
    uint8_t *const guard = mmap(NULL, page + len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard == MAP_FAILED)
        return fault_set(why, FAULT_INTERNAL, "no memory for a thread's stack: %s", strerror(errno));
    if (mprotect(guard, page, PROT_NONE) != 0) {
        const int error = errno;
        munmap(guard, page + len);
        return fault_set(why, FAULT_INTERNAL, "no guard for a thread's stack: %s", strerror(error));
    }
    madvise(guard, page + len, MADV_DONTDUMP);
    madvise(guard, page + len, MADV_NOHUGEPAGE); /* a first byte must not cost two megabytes */
    *stack = (struct own_stack){ .guard = guard, .len = len };
    return true;
}

void own_stack_close(struct own_stack *stack)
{
    if (stack->guard != NULL)
        munmap(stack->guard, page_len() + stack->len);
    *stack = (struct own_stack){ 0 };
}

int own_stack_start(const struct own_stack *stack, pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attr;
    must(pthread_attr_init(&attr) == 0);
    must(pthread_attr_setstack(&attr, stack->guard + page_len(), stack->len) == 0);
    const int error = pthread_create(thread, &attr, run, argument);
    pthread_attr_destroy(&attr);
    return error;
}

static void __attribute__((noinline)) wipe_margin(void)
{
    uint8_t below[2 * MARGIN];
    wipe(below, sizeof below);
}

/* Whole pages are given back, and read as zeroes when they are next touched. */
void own_stack_wipe(const struct own_stack *stack)
{
    const size_t page = page_len();
    uint8_t *const low = stack->guard + page;
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (SANITIZED) /* its own frames are larger, and its own business */
        return;
    must(here > (uintptr_t)low && here - (uintptr_t)low <= stack->len);
    const size_t below = here - (uintptr_t)low;
    const size_t far = below > MARGIN ? below - MARGIN : 0, whole = far / page * page;
    must(madvise(low, whole, MADV_DONTNEED) == 0);
    wipe(low + whole, far - whole);
    wipe_margin();
}
