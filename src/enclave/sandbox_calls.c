#include "enclave/sandbox_calls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BOTH = SANDBOX_SIGNER_START | SANDBOX_SIGNER,
    TLS_BOTH = SANDBOX_TLS | SANDBOX_EXCHANGE,
    ALL = BOTH | TLS_BOTH,
    CALL_NAME_MAX = 32, /* with its NUL; the longest in the table has 16 */
};

#define NSM_RAW_REQUEST 0xc0200a00u /* _IOWR(0x0a, 0, struct nsm_raw), linux/nsm.h */

/* clang-format off */
static const struct sandbox_row rows[] = {
    { "mmap",                                  ALL,                  SANDBOX_NOT_EXECUTABLE, "memory" },
    { "brk munmap mremap madvise",             ALL,                  SANDBOX_ANY, "memory" },
    { "futex",                                 ALL,                  SANDBOX_ANY, "locks" },
    { "clock_gettime gettimeofday time",       ALL,                  SANDBOX_ANY, "time, where the kernel's clock page does not give it" },
    { "getrandom",                             ALL,                  SANDBOX_ANY, "random numbers" },
    { "getpid",                                ALL,                  SANDBOX_ANY, "libcrypto's generator asks whether it was forked" },
    { "sysinfo",                               ALL,                  SANDBOX_ANY, "qsort asks how much memory there is" },
    { "rt_sigreturn restart_syscall gettid",   ALL,                  SANDBOX_ANY, "signals arrive" },
    { "rt_sigaction rt_sigprocmask",           BOTH | SANDBOX_TLS,   SANDBOX_ANY, "signals are set up; an exchange cannot put off its alarm" },
    { "tgkill",                                BOTH,                 SANDBOX_ITSELF, "abort" },
    { "exit exit_group",                       ALL,                  SANDBOX_ANY, "the end" },
    { "read write sendto recvfrom close poll ppoll", ALL,            SANDBOX_ANY, "descriptors that are open; aarch64 has ppoll alone" },
    { "accept4 epoll_wait epoll_pwait epoll_ctl setsockopt getsockopt shutdown", BOTH, SANDBOX_ANY, "clients; aarch64 has epoll_pwait alone" },
    { "socket",                                BOTH,                 SANDBOX_FAMILY, "the streams to KMS and to an NSM that is a socket" },
    { "connect",                               BOTH,                 SANDBOX_ANY, "the streams to KMS and to an NSM that is a socket" },
    { "fcntl fstat newfstatat",                BOTH,                 SANDBOX_ANY, "the state of a descriptor that is open" },
    { "socketpair",                            BOTH,                 SANDBOX_LOCAL, "the channel to an exchange" },
    { "sendmsg",                               BOTH,                 SANDBOX_ANY, "the stream is handed to the TLS process" },
    { "ioctl",                                 BOTH,                 SANDBOX_NSM, "the NSM's device" },
    { "clone",                                 SANDBOX_SIGNER_START, SANDBOX_THREAD, "threads are made, all before the first client" },
    { "clone3",                                SANDBOX_SIGNER_START, SANDBOX_NOT_HERE, "its flags lie in memory, where no filter sees them" },
    { "mprotect",                              SANDBOX_SIGNER_START, SANDBOX_NOT_EXECUTABLE, "the threads' stacks" },
    { "epoll_create1 eventfd2",                SANDBOX_SIGNER_START, SANDBOX_ANY, "the event loop is made" },
    { "set_robust_list rseq",                  BOTH,                 SANDBOX_ANY, "a thread begins, maybe a moment after the first key" },
    { "seccomp",                               SANDBOX_SIGNER_START | SANDBOX_TLS, SANDBOX_ANY, "the next, tighter filter" },
    { "recvmsg",                               SANDBOX_TLS,          SANDBOX_ANY, "an exchange's stream and channel arrive" },
    { "clone",                                 SANDBOX_TLS,          SANDBOX_FORK, "an exchange's process is made" },
    { "set_robust_list",                       SANDBOX_TLS,          SANDBOX_ANY, "an exchange's process begins" },
    { "prlimit64",                             SANDBOX_TLS,          SANDBOX_SELF, "an exchange's limits" },
    { "alarm setitimer",                       SANDBOX_TLS,          SANDBOX_ANY, "an exchange's end, whatever its peer does" },
    { "openat",                                TLS_BOTH,             SANDBOX_NO_FILES, "gmtime looks for a time zone" },
};
/* clang-format on */

const struct sandbox_row *sandbox_row_at(size_t index)
{
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

/* 0, or a negative error of libseccomp's. */
static int allow_families(scmp_filter_ctx filter, int call, const struct sandbox_reach *reach)
{
    int result = 0;
    const int families[] = { reach->nsm_family, reach->kms_family };
    for (size_t i = 0; i < 2 && result == 0; i++)
        if (families[i] != AF_UNSPEC && (i == 0 || families[0] != families[1]))
            result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    return result;
}

static int allow(scmp_filter_ctx filter, int call, enum sandbox_check check, const struct sandbox_reach *reach)
{
    const uint32_t yes = SCMP_ACT_ALLOW;
    const scmp_datum_t fork_flags = CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD;
    switch (check) {
    case SANDBOX_ANY:
        return seccomp_rule_add(filter, yes, call, 0);
    case SANDBOX_NOT_EXECUTABLE:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    case SANDBOX_THREAD:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    case SANDBOX_FORK:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A0(SCMP_CMP_EQ, fork_flags));
    case SANDBOX_NSM:
        return reach->nsm_device ? seccomp_rule_add(filter, yes, call, 1, SCMP_A1(SCMP_CMP_EQ, NSM_RAW_REQUEST)) : 0;
    case SANDBOX_FAMILY:
        return allow_families(filter, call, reach);
    case SANDBOX_LOCAL:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    case SANDBOX_SELF:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A0(SCMP_CMP_EQ, 0));
    case SANDBOX_ITSELF:
        return seccomp_rule_add(filter, yes, call, 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    case SANDBOX_NOT_HERE:
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
    case SANDBOX_NO_FILES:
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EMFILE), call, 0);
    }
    return -EINVAL;
}

static int allow_row(scmp_filter_ctx filter, const struct sandbox_row *row, const struct sandbox_reach *reach)
{
    int result = 0;
    for (const char *at = row->calls; *at != '\0' && result == 0;) {
        const size_t len = strcspn(at, " ");
        char name[CALL_NAME_MAX];
        must(len < sizeof name);
        memcpy(name, at, len);
        name[len] = '\0';
        const int call = seccomp_syscall_resolve_name(name);
        must(call != __NR_SCMP_ERROR);
        result = allow(filter, call, row->check, reach);
        at += len + (at[len] == ' ');
    }
    return result;
}

bool sandbox_filter(enum sandbox_process process, const struct sandbox_reach *reach, struct fault *why)
{
    if (!SANDBOX_IS_FILTERED)
        return true;
    const struct sandbox_reach nowhere = { .nsm_family = AF_UNSPEC, .kms_family = AF_UNSPEC };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int result = filter == NULL ? -ENOMEM : 0;
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0); /* sandbox_enter has given them up */
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && result == 0; i++)
        if ((rows[i].who & process) != 0)
            result = allow_row(filter, &rows[i], reach == NULL ? &nowhere : reach);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 || fault_set(why, FAULT_INTERNAL,
                                    "cannot filter system calls (wanted is a kernel with CONFIG_SECCOMP_FILTER): %s",
                                    strerror(-result));
}
