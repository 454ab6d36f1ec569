/* A stack of ours: what was left below the caller is gone after a wipe, what the caller has is not, and below it is a
 * guard. */
#include "check.h"
#include "enclave/own_stack.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { LEN = 256 << 10, LEFT = 16, CALLERS = 20000 };

static const char secret[LEFT + 1] = "a secret is left";

/* Writes it all over `len` bytes of stack, which are then free. */
#define LEAVE(len) \
    static void __attribute__((noinline)) leave_##len(void) \
    { \
        volatile char left[len]; \
        for (size_t i = 0; i < sizeof left; i++) \
            left[i] = secret[i % LEFT]; \
    }
LEAVE(4096)
LEAVE(8192)
LEAVE(12288)
LEAVE(100000)
LEAVE(200000)

static struct own_stack stack;
static void (*leave)(void);
static bool kept;
static size_t found_before, found_after;

static size_t count_left(void)
{
    const char *at = (const char *)stack.guard + sysconf(_SC_PAGESIZE);
    size_t count = 0;
    for (size_t left = LEN; (at = memmem(at, left, secret, LEFT)) != NULL; at++) {
        count++;
        left = LEN - (size_t)(at + 1 - ((const char *)stack.guard + sysconf(_SC_PAGESIZE)));
    }
    return count;
}

static void *leave_and_wipe(void *argument)
{
    volatile char callers[CALLERS];
    for (size_t i = 0; i < sizeof callers; i++)
        callers[i] = (char)(i % 7);
    leave();
    found_before = count_left();
    own_stack_wipe(&stack);
    found_after = count_left();
    kept = true;
    for (size_t i = 0; i < sizeof callers; i++)
        kept = kept && callers[i] == (char)(i % 7);
    return argument;
}

static void what_was_left_below_is_gone_and_what_callers_have_is_not(void)
{
    static void (*const depths[])(void) = { leave_4096, leave_8192, leave_12288, leave_100000, leave_200000 };
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct fault why;
        pthread_t thread;
        leave = depths[i];
        CHECK(own_stack_open(&stack, LEN, &why));
        CHECK(own_stack_start(&stack, &thread, leave_and_wipe, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(found_before > 0);
        CHECK(found_after == 0 && kept);
        own_stack_close(&stack);
        CHECK(stack.guard == NULL);
    }
}

static void below_it_is_a_guard(void)
{
    struct fault why;
    CHECK(own_stack_open(&stack, LEN, &why));
    const pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile uint8_t *)(stack.guard + sysconf(_SC_PAGESIZE)) = 1;
        *(volatile uint8_t *)(stack.guard + sysconf(_SC_PAGESIZE) - 1) = 1;
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    own_stack_close(&stack);
}

int main(void)
{
    if (SANITIZED) {
        puts("skipped: a sanitizer has frames of its own");
        return TEST_SKIPPED;
    }
    what_was_left_below_is_gone_and_what_callers_have_is_not();
    below_it_is_a_guard();
    return failures != 0;
}
