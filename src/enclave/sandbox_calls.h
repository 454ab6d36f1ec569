/* sandbox_calls: which system calls each process may make, and the filters (seccomp, by libseccomp) that hold it to
 * them. A call that is not in the table kills the process. What the table says is in docs/sandbox.md, for people.
 *
 * A build with a sanitizer has no filters: its runtime makes calls of its own. It says so when it starts.
 */
#ifndef ENCLAVE_SANDBOX_CALLS_H
#define ENCLAVE_SANDBOX_CALLS_H

#include "core/base/fault.h"

#include <stddef.h>

enum sandbox_process {
    SANDBOX_SIGNER_START = 1, /* from before the first client until a key is there */
    SANDBOX_SIGNER = 2,       /* from then on */
    SANDBOX_TLS = 4,          /* waits for exchanges, and forks for each; what an exchange needs, it needs to pass on */
    SANDBOX_EXCHANGE = 8,     /* one exchange with KMS */
};

enum sandbox_check {
    SANDBOX_ANY,
    SANDBOX_NOT_EXECUTABLE, /* memory is never made executable */
    SANDBOX_THREAD,         /* of clone: a thread of this process */
    SANDBOX_FORK,           /* of clone: a process, as fork asks for it */
    SANDBOX_NSM,            /* of ioctl: the NSM's one request, where there is its device */
    SANDBOX_FAMILY,         /* of socket: those of struct sandbox_reach */
    SANDBOX_LOCAL,          /* of socketpair: AF_UNIX */
    SANDBOX_SELF,           /* of prlimit64: this process */
    SANDBOX_ITSELF,         /* of tgkill: the process that the filter is made in */
    SANDBOX_NOT_HERE,       /* answered with ENOSYS: the C library then does it in an older way */
    SANDBOX_NO_FILES,       /* answered with EMFILE, as the limit of open files does */
};

struct sandbox_row {
    const char *calls; /* names with single spaces between */
    unsigned who;      /* of enum sandbox_process, or-ed */
    enum sandbox_check check;
    const char *reason;
};

/* NULL past the end. */
const struct sandbox_row *sandbox_row_at(size_t index) __attribute__((warn_unused_result));

/* The families of sockets that the signer connects, AF_UNSPEC for none, and whether it has the NSM's device. */
struct sandbox_reach {
    int nsm_family, kms_family;
    bool nsm_device;
};

enum {
    SANDBOX_IS_FILTERED = /* 0 in a build with a sanitizer */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
    0
#else
    1
#endif
#else
    1
#endif
};

/* Holds every thread of this process, and what it forks, to the calls of `process`, on top of what it is held to
 * already. `reach` is of the signer's only, else NULL. After sandbox_enter. FAULT_INTERNAL; true at once in a build
 * without filters. */
bool sandbox_filter(enum sandbox_process process, const struct sandbox_reach *reach, struct fault *why)
    __attribute__((warn_unused_result));

#endif
