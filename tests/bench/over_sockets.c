#include "awake.h"
#include "bench.h"
#include "clock.h"

#include "core/base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADER = 4,
    ANSWER_MAX = 4096,
    PIPELINED = 400, /* requests that are sent without waiting */
    CONNECTED = 200, /* requests with a connection each */
    PACED = 500,     /* requests of one measurement of p99: few, so that some measurements are undisturbed */
    IDLE = 1000,
    STALLING = 50,
    ROUNDS = 15,
    IN_A_ROW = 3,   /* of the same: where the threads run best, the scheduler finds out on the way */
    SETTLE_MS = 20, /* for ensignd to be done with a thousand clients who have come or gone at once */
    SPUN_US = 80,   /* before a request is due: a sleep may take so much longer */
    HOLD_S = 4,     /* ensignd closes a client that stalls after 5 s: the hostile ones are made anew before */
};

static struct bytes request; /* with its header */
static struct sockaddr_un one, two;

static void fail(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(2);
}

static struct sockaddr_un address_of(const char *folder, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name) >= sizeof address.sun_path)
        fail("the folder's name is too long for a socket");
    return address;
}

static int connected(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        fail("connect");
    return fd;
}

static void put(int fd, struct bytes bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        const ssize_t sent = send(fd, bytes.data + done, bytes.len - done, MSG_NOSIGNAL);
        if (sent <= 0)
            fail("send");
        done += (size_t)sent;
    }
}

static void get(int fd, uint8_t *into, size_t len)
{
    if (recv(fd, into, len, MSG_WAITALL) != (ssize_t)len)
        fail("an answer was cut short");
}

static void get_answer(int fd)
{
    uint8_t header[HEADER], body[ANSWER_MAX];
    get(fd, header, sizeof header);
    const size_t len = (size_t)header[2] << 8 | header[3];
    if (header[0] != 0 || header[1] != 0 || len > sizeof body)
        fail("an answer is too long");
    get(fd, body, len);
    if (len < 10 || memcmp(body, "{\"result\":", 10) != 0)
        fail("an answer is a refusal");
}

static void *send_all(void *fd)
{
    for (unsigned i = 0; i < PIPELINED; i++)
        put(*(int *)fd, request);
    return NULL;
}

/* Requests a microsecond. */
static double pipelined(const struct sockaddr_un *address)
{
    int fd = connected(address);
    pthread_t sender;
    const uint64_t begin = bench_now_ns();
    must(pthread_create(&sender, NULL, send_all, &fd) == 0);
    for (unsigned i = 0; i < PIPELINED; i++)
        get_answer(fd);
    const uint64_t end = bench_now_ns();
    must(pthread_join(sender, NULL) == 0);
    close(fd);
    return PIPELINED * 1000.0 / (double)(end - begin);
}

static void ask_once(const struct sockaddr_un *address)
{
    const int fd = connected(address);
    put(fd, request);
    get_answer(fd);
    close(fd);
}

static double one_by_one(const struct sockaddr_un *address)
{
    const uint64_t begin = bench_now_ns();
    for (unsigned i = 0; i < CONNECTED; i++)
        ask_once(address);
    return CONNECTED * 1000.0 / (double)(bench_now_ns() - begin);
}

static uint64_t cpu_ns(clockid_t clock)
{
    struct timespec used;
    if (clock_gettime(clock, &used) != 0)
        fail("the signer's CPU time");
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static void *pipeline_in_thread(void *address)
{
    (void)pipelined(address);
    return NULL;
}

/* Signatures per CPU second, with two connections at once. */
static double per_cpu_second(struct sockaddr_un *address, clockid_t clock)
{
    pthread_t other;
    const uint64_t before = cpu_ns(clock);
    must(pthread_create(&other, NULL, pipeline_in_thread, address) == 0);
    (void)pipelined(address);
    must(pthread_join(other, NULL) == 0);
    return 2 * PIPELINED * 1e9 / (double)(cpu_ns(clock) - before);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The waiting is the client's, and must not be late. */
static void wait_until(uint64_t due_ns)
{
    const uint64_t now = bench_now_ns();
    if (now + SPUN_US * 1000 < due_ns) {
        const struct timespec rest = { 0, (long)(due_ns - now) - SPUN_US * 1000 };
        nanosleep(&rest, NULL);
    }
    while (bench_now_ns() < due_ns)
        ;
}

/* p99, in microseconds from the moment at which a request was due, at `rate` a microsecond. */
static double p99_at(const struct sockaddr_un *address, double rate)
{
    static double late[PACED];
    const uint64_t begin = bench_now_ns();
    for (unsigned i = 0; i < PACED; i++) {
        const uint64_t due = begin + (uint64_t)(i / rate * 1000);
        wait_until(due);
        ask_once(address);
        late[i] = (double)(bench_now_ns() - due) / 1000;
    }
    qsort(late, PACED, sizeof *late, compare);
    return late[PACED * 99 / 100];
}

static void settle(const struct sockaddr_un *address)
{
    const struct timespec pause = { 0, SETTLE_MS * 1000000 };
    nanosleep(&pause, NULL);
    ask_once(address); /* its place in the queue was behind all who came before */
}

static double p99_beside_hostile(const struct sockaddr_un *address, double rate)
{
    static int fds[IDLE + STALLING];
    const uint64_t begin = bench_now_ns();
    for (unsigned i = 0; i < IDLE + STALLING; i++) {
        fds[i] = connected(address);
        if (i >= IDLE)
            put(fds[i], (struct bytes){ request.data, request.len / 2 });
    }
    settle(address);
    const double p99 = p99_at(address, rate);
    for (unsigned i = 0; i < IDLE + STALLING; i++)
        close(fds[i]);
    settle(address);
    if (bench_now_ns() - begin > HOLD_S * UINT64_C(1000000000))
        fputs("bench: the hostile clients were there for longer than ensignd keeps them\n", stderr);
    return p99;
}

static void keep_best(double *best, double value, bool higher)
{
    if (*best == 0 || (higher ? value > *best : value < *best))
        *best = value;
}

/* The best of every round, in microseconds or their inverse. */
struct found {
    double core_us, pipelined, connected, calm, hostile;
};

static struct found measure(void)
{
    struct found found = { 0 };
    struct bench_job core = bench_jobs[BENCH_REDEEM];
    for (unsigned round = 0; round < ROUNDS; round++) {
        bench_in_turns(&core, 1, 4);
        keep_best(&found.core_us, core.best_us, false);
        for (unsigned i = 0; i < IN_A_ROW; i++)
            keep_best(&found.pipelined, pipelined(&one), true);
        for (unsigned i = 0; i < IN_A_ROW; i++)
            keep_best(&found.connected, one_by_one(&one), true);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        keep_best(&found.calm, p99_at(&one, found.connected / 2), false);
        keep_best(&found.hostile, p99_beside_hostile(&one, found.connected / 2), false);
    }
    return found;
}

/* By the signers' CPU time, of which waking is no part. */
static double compare_workers(int one_pid, int two_pid)
{
    double with_one = 0, with_two = 0;
    clockid_t clock_one, clock_two;
    if (clock_getcpuclockid(one_pid, &clock_one) != 0 || clock_getcpuclockid(two_pid, &clock_two) != 0)
        fail("the signers' clocks");
    for (unsigned round = 0; round < ROUNDS; round++) {
        keep_best(&with_one, per_cpu_second(&one, clock_one), true);
        keep_best(&with_two, per_cpu_second(&two, clock_two), true);
    }
    return with_two / with_one;
}

static void say_as_it_is(const struct found *found)
{
    bench_say("wake_halting_us", bench_wake_us());
    bench_say("rpc_pipelined_ratio_halting", found->pipelined * found->core_us);
    bench_say("rpc_connect_ratio_halting", found->connected * found->core_us);
    bench_say("p99_ratio_half_load_halting", found->calm / found->core_us);
}

void bench_over_sockets(const char *folder, int one_pid, int two_pid)
{
    const struct bytes body = bench_file(folder, "redeem.json");
    uint8_t *const frame = malloc(HEADER + body.len);
    must(frame != NULL && body.len < 65536);
    struct writer out = writer_of(frame, HEADER + body.len);
    writer_be(&out, body.len, HEADER);
    writer_put(&out, body);
    must(writer_done(&out, &request));
    one = address_of(folder, "one.sock");
    two = address_of(folder, "two.sock");

    bench_say("workers_ratio", compare_workers(one_pid, two_pid));
    const struct found as_it_is = measure();
    say_as_it_is(&as_it_is);
    const bool awake = bench_keep_awake();
    if (!awake)
        fprintf(stderr,
                "bench: processors may halt (/dev/cpu_dma_latency: %s): the figures over sockets have their waking in "
                "them\n",
                strerror(errno));
    const struct found found = awake ? measure() : as_it_is;
    bench_say("wake_us", bench_wake_us());
    bench_let_halt();
    bench_say("rpc_pipelined_ratio", found.pipelined * found.core_us);
    bench_say("rpc_connect_ratio", found.connected * found.core_us);
    bench_say("p99_ratio_half_load", found.calm / found.core_us);
    bench_say("p99_ratio_hostile", found.hostile / found.calm);
}
