#include "parent/program_output.h"

#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(char *const arguments[], int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (error == 0)
        error = posix_spawnp(pid, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* True: the program has closed its output. */
static bool read_all(int from, uint64_t deadline_ms, uint8_t *buffer, size_t cap, size_t *len, struct fault *why)
{
    for (*len = 0;;) {
        if (!io_wait(from, POLLIN, deadline_ms, why))
            return false;
        uint8_t one_more;
        const ssize_t count = *len < cap ? read(from, buffer + *len, cap - *len) : read(from, &one_more, 1);
        if (count == 0)
            return true;
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return fault_set(why, FAULT_REMOTE, "its output cannot be read: %s", strerror(errno));
        if (count > 0 && *len == cap)
            return fault_set(why, FAULT_REMOTE, "it prints more than %zu bytes", cap);
        if (count > 0)
            *len += (size_t)count;
    }
}

/* The program has closed its output: it may still take its time to end. */
static bool wait_for(pid_t pid, uint64_t deadline_ms, int *status)
{
    for (;;) {
        const pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid)
            return true;
        if (io_now_ms() >= deadline_ms)
            return false;
        (void)usleep(1000);
    }
}

enum program_end program_output(char *const arguments[], uint64_t deadline_ms, uint8_t *buffer, size_t cap,
                                struct bytes *printed, struct fault *why)
{
    int ends[2], status = 0;
    pid_t pid;
    size_t len = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)fault_set(why, FAULT_REMOTE, "no pipe: %s", strerror(errno));
        return PROGRAM_FAILED;
    }
    const int error = spawn(arguments, ends[1], &pid);
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        (void)fault_set(why, FAULT_REMOTE, "%s: %s", arguments[0], strerror(error));
        return error == ENOENT || error == ENOTDIR || error == EACCES ? PROGRAM_ABSENT : PROGRAM_FAILED;
    }
    const bool whole = read_all(ends[0], deadline_ms, buffer, cap, &len, why);
    const bool ended = whole && wait_for(pid, deadline_ms, &status);
    (void)close(ends[0]);
    if (!ended) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        if (io_now_ms() < deadline_ms)
            return PROGRAM_FAILED;
        (void)fault_set(why, FAULT_REMOTE, "it did not end in time");
        return PROGRAM_TOO_SLOW;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fault_set(why, FAULT_REMOTE, "it ended with %s %d", WIFEXITED(status) ? "exit code" : "signal",
                        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return PROGRAM_FAILED;
    }
    *printed = (struct bytes){ buffer, len };
    return PROGRAM_DONE;
}
