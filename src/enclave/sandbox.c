#include "enclave/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    EXCHANGE_FILES = 2,          /* poll asks for room for two; every descriptor below is taken by then */
    EXCHANGE_MEMORY = 256 << 20, /* bytes of address space, so that a peer's certificates cannot ask for more */
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

void sandbox_exchange(unsigned seconds)
{
    const struct rlimit files = { EXCHANGE_FILES, EXCHANGE_FILES };
    const struct rlimit memory = { EXCHANGE_MEMORY, EXCHANGE_MEMORY };
    const struct rlimit none = { 0, 0 };
    const struct rlimit cpu = { seconds, seconds };
    must(setrlimit(RLIMIT_NOFILE, &files) == 0);
    must(setrlimit(RLIMIT_NPROC, &none) == 0);
    must(setrlimit(RLIMIT_FSIZE, &none) == 0);
    must(setrlimit(RLIMIT_CPU, &cpu) == 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* whose shadow is terabytes of address space */
    must(setrlimit(RLIMIT_AS, &memory) == 0);
#else
    (void)memory;
#endif
    alarm(seconds);
}
