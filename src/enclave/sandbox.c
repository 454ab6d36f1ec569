#include "enclave/sandbox.h"

#include "enclave/sandbox_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    TLS_FILES = 16,     /* the standard three, the control socket, and two of each exchange that is passed on */
    EXCHANGE_FILES = 2, /* poll asks for room for two; every descriptor below is taken by then */
    EXCHANGE_MEMORY = 256 << 20, /* bytes of address space, so that a peer's certificates cannot ask for more */
    MAIN_STACK = 1 << 20,        /* bytes; what is large lives elsewhere */
};

bool sandbox_enter(struct fault *why)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return fault_set(why, FAULT_INTERNAL, "cannot forbid core dumps: %s", strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fault_set(why, FAULT_INTERNAL, "cannot close this process to others of the same user: %s",
                         strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fault_set(why, FAULT_INTERNAL, "cannot give up new privileges: %s", strerror(errno));
    return true;
}

bool sandbox_allow_files(unsigned count, struct fault *why)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return fault_set(why, FAULT_INTERNAL, "cannot read the limit of open files: %s", strerror(errno));
    if (limit.rlim_cur >= count)
        return true;
    if (limit.rlim_max < count)
        limit.rlim_max = count; /* root may */
    limit.rlim_cur = count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return fault_set(why, FAULT_INTERNAL,
                         "limits.connections needs %u open files, and the kernel's limit is lower (raise it, as with "
                         "ulimit -n, or ask for fewer connections)",
                         count);
    return true;
}

static bool limit_memory(size_t bytes)
{
    const struct rlimit memory = { bytes, bytes }, stack = { MAIN_STACK, MAIN_STACK };
    if (!SANDBOX_IS_FILTERED) /* a sanitizer's shadow is terabytes of it */
        return true;
    return setrlimit(RLIMIT_AS, &memory) == 0 && setrlimit(RLIMIT_STACK, &stack) == 0;
}

bool sandbox_allow_memory(size_t bytes, struct fault *why)
{
    return limit_memory(bytes) || fault_set(why, FAULT_INTERNAL, "cannot limit this process's memory to %zu bytes: %s",
                                            bytes, strerror(errno));
}

void sandbox_tls(void)
{
    struct fault why;
    const struct rlimit files = { TLS_FILES, TLS_FILES };
    const struct rlimit none = { 0, 0 };
    must(setrlimit(RLIMIT_NOFILE, &files) == 0);
    must(setrlimit(RLIMIT_FSIZE, &none) == 0);
    must(limit_memory(EXCHANGE_MEMORY));
    must(sandbox_filter(SANDBOX_TLS, NULL, &why));
}

void sandbox_exchange(unsigned seconds)
{
    struct fault why;
    const struct rlimit files = { EXCHANGE_FILES, EXCHANGE_FILES };
    const struct rlimit none = { 0, 0 };
    const struct rlimit cpu = { seconds, seconds };
    must(setrlimit(RLIMIT_NOFILE, &files) == 0);
    must(setrlimit(RLIMIT_NPROC, &none) == 0);
    must(setrlimit(RLIMIT_FSIZE, &none) == 0);
    must(setrlimit(RLIMIT_CPU, &cpu) == 0);
    alarm(seconds);
    must(sandbox_filter(SANDBOX_EXCHANGE, NULL, &why));
}
