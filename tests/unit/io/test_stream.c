/* Whole reads and writes with deadlines, and frames both ways. */
#include "check.h"

#include "core/codec/frame.h"
#include "io/log.h"
#include "io/stream.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

struct pair {
    int ours, theirs;
};

static struct pair open_pair(void)
{
    int fds[2] = { -1, -1 };
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    return (struct pair){ fds[0], fds[1] };
}

static void close_pair(struct pair pair)
{
    (void)close(pair.ours);
    (void)close(pair.theirs);
}

static uint64_t soon(void)
{
    return io_now_ms() + 5000;
}

static void the_clock_is_the_monotonic_one_in_milliseconds(void)
{
    struct timespec before, after;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    const uint64_t now = io_now_ms();
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    CHECK(now >= (uint64_t)before.tv_sec * 1000 + (uint64_t)before.tv_nsec / 1000000);
    CHECK(now <= (uint64_t)after.tv_sec * 1000 + (uint64_t)after.tv_nsec / 1000000);
}

static void what_does_not_fit_the_sockets_buffer_is_written_as_it_empties(void)
{
    static uint8_t sent[1 << 20], got[1 << 20];
    struct pair pair = open_pair();
    struct fault why = { 0 };
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 >> 3);
    const pid_t child = fork();
    if (child == 0)
        _exit(stream_write(pair.theirs, BYTES_OF(sent), soon(), &why) ? 0 : 1);
    CHECK(stream_read(pair.ours, got, sizeof got, soon(), &why) && memcmp(sent, got, sizeof got) == 0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    close_pair(pair);
}

static void a_silent_peer_costs_until_the_deadline(void)
{
    struct pair pair = open_pair();
    struct fault why = { 0 };
    uint8_t byte;
    size_t len;
    uint64_t before = io_now_ms();
    CHECK(!stream_read(pair.ours, &byte, 1, before + 30, &why) && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "did not answer in time") != NULL && io_now_ms() - before >= 30);
    CHECK(!stream_read_some(pair.ours, &byte, 1, &len, io_now_ms(), &why));

    static uint8_t much[1 << 20];
    before = io_now_ms();
    CHECK(!stream_write(pair.ours, BYTES_OF(much), before + 30, &why) && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "did not take in time") != NULL);
    close_pair(pair);
}

static void a_peer_that_closes_is_told_from_one_that_is_silent(void)
{
    struct pair pair = open_pair();
    struct fault why = { 0 };
    uint8_t bytes[4];
    size_t len = 9;
    CHECK(stream_write(pair.theirs, BYTES_LIT("abc"), soon(), &why));
    (void)shutdown(pair.theirs, SHUT_WR);
    CHECK(!stream_read(pair.ours, bytes, sizeof bytes, soon(), &why) && why.code == FAULT_REMOTE);
    CHECK(strcmp(why.text, "the peer closed after 3 of 4 bytes") == 0);
    CHECK(stream_read_some(pair.ours, bytes, sizeof bytes, &len, soon(), &why) && len == 0);
    (void)close(pair.theirs);
    CHECK(!stream_write(pair.ours, BYTES_LIT("x"), soon(), &why) && why.code == FAULT_REMOTE); /* and no SIGPIPE */
    (void)close(pair.ours);
}

/* A call whose answer is these bytes, written before the request comes: the socket holds them. */
static bool call_answered_with(struct bytes answer, size_t cap, struct bytes *body, struct fault *why)
{
    static uint8_t buffer[64];
    struct pair pair = open_pair();
    uint8_t request[8];
    CHECK(stream_write(pair.theirs, answer, soon(), why));
    (void)shutdown(pair.theirs, SHUT_WR);
    const bool done = stream_call(pair.ours, BYTES_LIT("ping"), buffer, cap, body, soon(), why);
    struct fault ignored;
    CHECK(stream_read(pair.theirs, request, sizeof request, soon(), &ignored));
    CHECK(memcmp(request, "\0\0\0\4ping", sizeof request) == 0);
    close_pair(pair);
    return done;
}

static void a_call_takes_one_frame_within_its_bounds(void)
{
    struct fault why = { 0 };
    struct bytes body = { 0 };
    CHECK(call_answered_with(BYTES_LIT("\0\0\0\4pong"), 4, &body, &why) && bytes_equal(body, BYTES_LIT("pong")));
    CHECK(call_answered_with(BYTES_LIT("\0\0\0\0"), 4, &body, &why) && body.len == 0);
    CHECK(!call_answered_with(BYTES_LIT("\0\0\0\5pongs"), 4, &body, &why) && why.code == FAULT_REMOTE);
    CHECK(strcmp(why.text, "the peer announces an answer of 5 bytes, at most 4 are taken") == 0);
    CHECK(!call_answered_with(BYTES_LIT("\xff\xff\xff\xffx"), SIZE_MAX, &body, &why));
    CHECK(strcmp(why.text, "the peer announces an answer of 4294967295 bytes, at most 1048576 are taken") == 0);
    CHECK(!call_answered_with(BYTES_LIT("\0\0\0\4pon"), 4, &body, &why) && why.code == FAULT_REMOTE);
    CHECK(!call_answered_with(BYTES_LIT("\0\0"), 4, &body, &why) && why.code == FAULT_REMOTE);
    static const uint8_t too_long[FRAME_MAX + 1];
    CHECK(!stream_call(-1, BYTES_OF(too_long), NULL, 0, &body, soon(), &why) && why.code == FAULT_LIMIT);
}

static void a_line_is_one_write_without_control_characters(void)
{
    int pipe_fds[2];
    char got[4096] = { 0 };
    static char long_text[2 * LOG_LINE_MAX];
    const int standard_error = dup(STDERR_FILENO);
    CHECK(pipe(pipe_fds) == 0 && dup2(pipe_fds[1], STDERR_FILENO) == STDERR_FILENO);
    log_name("prog");
    log_line(LOG_LINE_WARN, "a\nb\x1b %d\xc3\xa9", 7);
    memset(long_text, 'x', sizeof long_text - 1);
    log_line(LOG_LINE_ERROR, "%s", long_text);
    log_line(LOG_LINE_INFO, "end");
    CHECK(dup2(standard_error, STDERR_FILENO) == STDERR_FILENO);
    (void)close(standard_error);
    (void)close(pipe_fds[1]);
    const ssize_t len = read(pipe_fds[0], got, sizeof got - 1);
    CHECK(len > 0);
    static const char first[] = "prog: warning: a?b? 7\xc3\xa9\nprog: error: xxx", last[] = "xxx\nprog: end\n";
    CHECK(memcmp(got, first, sizeof first - 1) == 0);
    CHECK((size_t)len == strlen("prog: warning: a?b? 7..\n") + LOG_LINE_MAX + strlen("prog: end\n"));
    CHECK(len > 0 && strcmp(got + len - (sizeof last - 1), last) == 0);
    (void)close(pipe_fds[0]);
}

int main(void)
{
    the_clock_is_the_monotonic_one_in_milliseconds();
    what_does_not_fit_the_sockets_buffer_is_written_as_it_empties();
    a_silent_peer_costs_until_the_deadline();
    a_peer_that_closes_is_told_from_one_that_is_silent();
    a_call_takes_one_frame_within_its_bounds();
    a_line_is_one_write_without_control_characters();
    return failures != 0;
}
