/* The calls that each process may make, and that any other kills it: every number the kernel has, one by one, and each
 * argument that is looked at. */
#include "check.h"
#include "enclave/sandbox.h"
#include "enclave/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { NUMBERS = 480, LIST_MAX = 2048 }; /* Linux 6.12 has 463 on x86-64 */

/* uretprobe and uprobe: newer kernels show them to no filter, since their own trampolines make them; from elsewhere
 * they do nothing but raise SIGILL or fail. The enclave's kernel has no such probes. */
static bool is_kernels_own(int number)
{
#ifdef __x86_64__
    return number == 335 || number == 336;
#else
    (void)number;
    return false;
#endif
}

static const struct sandbox_reach in_an_enclave = { AF_UNSPEC, AF_VSOCK, true };

/* Said once more and apart from the table, so that a call is added to a process on purpose. Sorted. */
static const struct {
    enum sandbox_process process;
    const char *name, *calls;
} processes[] = {
    { SANDBOX_SIGNER_START, "signer, no key yet",
      "accept4 brk clock_gettime clone clone3 close connect epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 "
      "exit "
      "exit_group "
      "fcntl fstat futex getpid getrandom getsockopt gettid gettimeofday ioctl madvise mmap mprotect mremap munmap "
      "newfstatat poll ppoll read recvfrom restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn seccomp "
      "sendmsg "
      "sendto set_robust_list setsockopt shutdown socket socketpair sysinfo tgkill time write" },
    { SANDBOX_SIGNER, "signer, with a key",
      "accept4 brk clock_gettime close connect epoll_ctl epoll_pwait epoll_wait exit exit_group fcntl fstat futex "
      "getpid "
      "getrandom "
      "getsockopt gettid gettimeofday ioctl madvise mmap mremap munmap newfstatat poll ppoll read recvfrom "
      "restart_syscall "
      "rseq rt_sigaction rt_sigprocmask rt_sigreturn sendmsg sendto set_robust_list setsockopt shutdown socket "
      "socketpair sysinfo tgkill time write" },
    { SANDBOX_TLS, "TLS, waiting",
      "alarm brk clock_gettime clone close exit exit_group futex getpid getrandom gettid gettimeofday madvise mmap "
      "mremap munmap openat poll ppoll prlimit64 read recvfrom recvmsg restart_syscall rt_sigaction rt_sigprocmask "
      "rt_sigreturn seccomp sendto set_robust_list setitimer sysinfo time write" },
    { SANDBOX_EXCHANGE, "TLS, one exchange",
      "brk clock_gettime close exit exit_group futex getpid getrandom gettid gettimeofday madvise mmap mremap munmap "
      "openat poll ppoll read recvfrom restart_syscall rt_sigreturn sendto sysinfo time write" },
};
enum { PROCESSES = sizeof processes / sizeof *processes };

/* How a process ends that is held to `process` and then does `act`: 0 to 255 its exit code, else minus its signal. */
static int end_of(enum sandbox_process process, const struct sandbox_reach *reach, int (*act)(long), long argument)
{
    const pid_t pid = fork();
    if (pid == 0) {
        struct fault why;
        if (!sandbox_enter(&why) || !sandbox_filter(process, reach, &why))
            _exit(100);
        _exit(act(argument));
    }
    int status = 0;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool names_call(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = strstr(list, name); at != NULL; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static void the_table_says_what_is_listed_here(void)
{
    for (size_t p = 0; p < PROCESSES; p++) {
        size_t in_list = 1, in_table = 0;
        for (const char *c = processes[p].calls; *c != '\0'; c++)
            in_list += *c == ' ';
        char seen[LIST_MAX] = "";
        const struct sandbox_row *row;
        for (size_t i = 0; (row = sandbox_row_at(i)) != NULL; i++) {
            char names[LIST_MAX], *rest = names;
            CHECK(row->reason[0] != '\0' && row->who != 0);
            strcpy(names, (row->who & processes[p].process) != 0 ? row->calls : "");
            for (const char *name; (name = strsep(&rest, " ")) != NULL;) {
                if (*name == '\0' || names_call(seen, name))
                    continue;
                strcat(strcat(seen, " "), name);
                in_table++;
                CHECK_ROW(name, names_call(processes[p].calls, name));
            }
        }
        CHECK_ROW(processes[p].name, in_table == in_list);
        printf("%s:%s\n", processes[p].name, seen);
    }
}

static int call_number(long number)
{
    syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
    return 0;
}

static void every_other_call_kills(void)
{
    for (size_t p = 0; p < PROCESSES; p++)
        for (int number = 0; number < NUMBERS; number++) {
            char *const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
            if (!is_kernels_own(number) && (name == NULL || !names_call(processes[p].calls, name)))
                CHECK_ROW(name == NULL ? processes[p].name : name,
                          end_of(processes[p].process, &in_an_enclave, call_number, number) == -SIGSYS);
            free(name);
        }
#ifdef __x86_64__
    /* the other ways into the same kernel */
    CHECK(end_of(SANDBOX_SIGNER, &in_an_enclave, call_number, 0x40000000 | SYS_getpid) == -SIGSYS);
#endif
}

static int map(long protection)
{
    return mmap(NULL, 4096, (int)protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int protect(long protection)
{
    static uint8_t page[8192] __attribute__((aligned(4096)));
    return mprotect(page, 4096, (int)protection) != 0;
}

static int open_socket(long family)
{
    errno = 0;
    return socket((int)family, SOCK_STREAM, 0) < 0 && errno != EAFNOSUPPORT;
}

static int open_pair(long family)
{
    int pair[2];
    return socketpair((int)family, SOCK_STREAM, 0, pair) != 0;
}

static int ask_descriptor(long request)
{
    return syscall(SYS_ioctl, -1, request, 0) == 0 || errno != EBADF;
}

static int limits_of(long pid)
{
    char room[16];
    return syscall(SYS_prlimit64, pid, 0 /* RLIMIT_CPU */, NULL, room) != 0;
}

static int open_file(long unused)
{
    (void)unused;
    return syscall(SYS_openat, AT_FDCWD, "/", 0, 0) >= 0 || errno != EMFILE;
}

static int signal_to(long pid)
{
    return syscall(SYS_tgkill, pid == 0 ? syscall(SYS_getpid) : pid, syscall(SYS_gettid), 0) != 0 && errno != ESRCH;
}

static int make_process(long flags)
{
    const long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid < 0;
}

static void *do_nothing(void *argument)
{
    return argument;
}

static int make_thread(long unused)
{
    pthread_t thread;
    (void)unused;
    return pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0;
}

static void arguments_are_looked_at(void)
{
    enum { FORK = CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD };
    const struct sandbox_reach on_a_laptop = { AF_UNIX, AF_INET, false };
    const struct {
        const char *name;
        enum sandbox_process process;
        const struct sandbox_reach *reach;
        int (*act)(long);
        long argument;
        bool lives;
    } cases[] = {
        { "memory to write", SANDBOX_SIGNER, &in_an_enclave, map, PROT_READ | PROT_WRITE, true },
        { "memory to execute", SANDBOX_SIGNER_START, &in_an_enclave, map, PROT_READ | PROT_EXEC, false },
        { "memory to execute, in an exchange", SANDBOX_EXCHANGE, NULL, map, PROT_EXEC, false },
        { "a stack's guard", SANDBOX_SIGNER_START, &in_an_enclave, protect, PROT_READ | PROT_WRITE, true },
        { "memory made executable", SANDBOX_SIGNER_START, &in_an_enclave, protect, PROT_READ | PROT_EXEC, false },
        { "the key's guards opened", SANDBOX_SIGNER, &in_an_enclave, protect, PROT_READ | PROT_WRITE, false },
        { "vsock", SANDBOX_SIGNER, &in_an_enclave, open_socket, AF_VSOCK, true },
        { "TCP in an enclave", SANDBOX_SIGNER, &in_an_enclave, open_socket, AF_INET, false },
        { "unix in an enclave", SANDBOX_SIGNER, &in_an_enclave, open_socket, AF_UNIX, false },
        { "netlink", SANDBOX_SIGNER_START, &in_an_enclave, open_socket, AF_NETLINK, false },
        { "the stand-in's NSM", SANDBOX_SIGNER, &on_a_laptop, open_socket, AF_UNIX, true },
        { "the stand-in's KMS", SANDBOX_SIGNER, &on_a_laptop, open_socket, AF_INET, true },
        { "neither", SANDBOX_SIGNER, &on_a_laptop, open_socket, AF_VSOCK, false },
        { "a local pair", SANDBOX_SIGNER, &in_an_enclave, open_pair, AF_UNIX, true },
        { "another pair", SANDBOX_SIGNER, &in_an_enclave, open_pair, AF_TIPC, false },
        { "the NSM's request", SANDBOX_SIGNER, &in_an_enclave, ask_descriptor, 0xc0200a00, true },
        { "another request", SANDBOX_SIGNER, &in_an_enclave, ask_descriptor, 0x5413, false },
        { "the NSM's request without its device", SANDBOX_SIGNER, &on_a_laptop, ask_descriptor, 0xc0200a00, false },
        { "a thread before there is a key", SANDBOX_SIGNER_START, &in_an_enclave, make_thread, 0, true },
        { "a thread beside a key", SANDBOX_SIGNER, &in_an_enclave, make_thread, 0, false },
        { "a process of the signer's", SANDBOX_SIGNER_START, &in_an_enclave, make_process, FORK, false },
        { "an exchange's process", SANDBOX_TLS, NULL, make_process, FORK, true },
        { "one in a namespace of its own", SANDBOX_TLS, NULL, make_process, FORK | CLONE_NEWUSER, false },
        { "a process of an exchange's", SANDBOX_EXCHANGE, NULL, make_process, FORK, false },
        { "a signal to itself", SANDBOX_SIGNER, &in_an_enclave, signal_to, 0, true },
        { "a signal to another", SANDBOX_SIGNER_START, &in_an_enclave, signal_to, getpid(), false },
        { "a signal of an exchange's", SANDBOX_EXCHANGE, NULL, signal_to, 0, false },
        { "limits of its own", SANDBOX_TLS, NULL, limits_of, 0, true },
        { "limits of another's", SANDBOX_TLS, NULL, limits_of, 1, false },
        { "a file is not opened", SANDBOX_TLS, NULL, open_file, 0, true },
        { "nor in an exchange", SANDBOX_EXCHANGE, NULL, open_file, 0, true },
        { "a file, in the signer", SANDBOX_SIGNER_START, &in_an_enclave, open_file, 0, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_ROW(cases[i].name, end_of(cases[i].process, cases[i].reach, cases[i].act, cases[i].argument) ==
                                     (cases[i].lives ? 0 : -SIGSYS));
}

static int wake[2];

static void *wait_and_call(void *unused)
{
    char byte;
    if (read(wake[0], &byte, 1) == 1)
        syscall(SYS_getppid);
    return unused;
}

/* A thread that is there before the filter is held to it too, and takes the whole process with it. */
static int call_from_older_thread(long unused)
{
    struct fault why;
    pthread_t thread;
    (void)unused;
    if (pthread_create(&thread, NULL, wait_and_call, NULL) != 0 ||
        !sandbox_filter(SANDBOX_SIGNER, &in_an_enclave, &why) || write(wake[1], "x", 1) != 1)
        return 101;
    pthread_join(thread, NULL);
    return 0;
}

static void every_thread_is_held(void)
{
    CHECK(pipe(wake) == 0);
    CHECK(end_of(SANDBOX_SIGNER_START, &in_an_enclave, call_from_older_thread, 0) == -SIGSYS);
}

/* A filter cannot give back what an earlier one took: each stage's calls are among those of the stage before. */
static void stages_only_tighten(void)
{
    const struct sandbox_row *row;
    for (size_t i = 0; (row = sandbox_row_at(i)) != NULL; i++) {
        CHECK_ROW(row->calls, (row->who & SANDBOX_SIGNER) == 0 || (row->who & SANDBOX_SIGNER_START) != 0);
        CHECK_ROW(row->calls, (row->who & SANDBOX_EXCHANGE) == 0 || (row->who & SANDBOX_TLS) != 0);
    }
}

int main(void)
{
    if (!SANDBOX_IS_FILTERED) {
        puts("skipped: a build with a sanitizer has no filters");
        return TEST_SKIPPED;
    }
    the_table_says_what_is_listed_here();
    every_other_call_kills();
    arguments_are_looked_at();
    every_thread_is_held();
    stages_only_tighten();
    return failures != 0;
}
