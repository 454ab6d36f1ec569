/* The server with a service of a few lines, over unix sockets in this process. A body says what is to happen:
 *
 *   "echo …"     the body back
 *   "slow …"     the body back, from the slow thread; "slow hold" when the test lets go
 *   "hold …"     the body back, when the test lets go
 *   "big N"      N bytes; "hold big N" when the test lets go
 *   "slow mark"  the body back, from the slow thread, whose stack has a mark left on it
 */
#include "check.h"
#include "core/base/text.h"
#include "core/codec/frame.h"
#include "enclave/server.h"
#include "enclave/workers.h"
#include "io/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { PATIENCE_MS = 10000, ANSWER_MAX = 1 << 20 };

static sem_t held, let_go;
static atomic_bool service_ended;
static atomic_int tended;

static const char mark[] = "what an unsealing leaves on its stack";
static uintptr_t marked; /* where the slow thread's frame was */
enum { MARKED = 100000 };

static void __attribute__((noinline)) leave_mark(void)
{
    volatile char left[MARKED];
    for (size_t i = 0; i < sizeof left; i++)
        left[i] = mark[i % sizeof mark];
    marked = (uintptr_t)left;
}

/* The linker puts these between the server and the C library: one asking for memory may be refused. */
void *__real_malloc(size_t len);
void *__wrap_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len);
static atomic_int refuse_in; /* 0: none is refused */

static bool is_refused(void)
{
    return atomic_load(&refuse_in) > 0 && atomic_fetch_sub(&refuse_in, 1) == 1;
}

void *__wrap_malloc(size_t len)
{
    return is_refused() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return is_refused() ? NULL : __real_calloc(count, len);
}

static bool says(struct bytes request, const char *word)
{
    return request.len >= strlen(word) && memcmp(request.data, word, strlen(word)) == 0;
}

static enum service_turn toy_answer(void *context, struct bytes request, enum service_pace pace, struct arena *arena,
                                    struct writer *answer)
{
    (void)context;
    uint8_t *const piece = arena_take(arena, 100);
    must(piece != NULL);
    memset(piece, 1, 100);
    if (says(request, "wait") && pace < SERVICE_MAY_WAIT) {
        arena_wipe(arena);
        return SERVICE_WAITS;
    }
    if (says(request, "slow") && pace < SERVICE_MAY_BE_SLOW) {
        arena_wipe(arena);
        return SERVICE_IS_SLOW;
    }
    if (says(request, "hold") || says(request, "slow hold") || says(request, "wait hold")) {
        sem_post(&held);
        sem_wait(&let_go);
    }
    if (says(request, "slow mark"))
        leave_mark();
    const size_t word = says(request, "hold ") ? 5 : 0;
    struct bytes rest = { request.data + word, request.len - word };
    uint64_t count = 0;
    if (says(rest, "big ") && text_read_uint((struct bytes){ rest.data + 4, rest.len - 4 }, &count)) {
        for (; count > 0; count--)
            writer_u8(answer, 'x');
    } else {
        writer_put(answer, request);
    }
    arena_wipe(arena);
    return SERVICE_ANSWERED;
}

static void toy_put_fault(struct writer *answer, const struct fault *why)
{
    writer_text(answer, fault_code_name(why->code));
    writer_text(answer, ": ");
    writer_text(answer, why->text);
}

static void toy_tend(void *context)
{
    (void)context;
    atomic_fetch_add(&tended, 1);
}

static bool toy_ended(void *context)
{
    (void)context;
    return atomic_load(&service_ended);
}

static const struct service toy = { .answer = toy_answer,
                                    .put_fault = toy_put_fault,
                                    .tend = toy_tend,
                                    .ended = toy_ended,
                                    .arena_bytes = 4096,
                                    .answer_max = ANSWER_MAX };

static const struct server_limits roomy = { .frame_bytes = 1 << 20,
                                            .connections = 64,
                                            .buffered_bytes = 8 << 20,
                                            .first_byte_ms = PATIENCE_MS,
                                            .request_ms = PATIENCE_MS,
                                            .idle_ms = PATIENCE_MS };

struct scene {
    struct server_config config;
    struct sockaddr_un address;
    socklen_t address_len;
    pthread_t thread;
    enum server_end end;
};

static void *run(void *argument)
{
    struct scene *scene = argument;
    struct fault why;
    scene->end = server_run(&scene->config, &why);
    return NULL;
}

static void start(struct scene *scene, const struct server_limits *limits)
{
    static int count;
    *scene = (struct scene){ .address.sun_family = AF_UNIX };
    /* an abstract name: nothing is left in the file system */
    const int len = snprintf(scene->address.sun_path + 1, sizeof scene->address.sun_path - 1, "ensign-test-%d-%d",
                             (int)getpid(), count++);
    scene->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(bind(fd, (const struct sockaddr *)&scene->address, scene->address_len) == 0 && listen(fd, 128) == 0);
    scene->config = (struct server_config){ .service = &toy,
                                            .limits = *limits,
                                            .listeners = { fd },
                                            .listener_count = 1,
                                            .workers = 2,
                                            .stop_fd = eventfd(0, EFD_CLOEXEC) };
    atomic_store(&service_ended, false);
    must(pthread_create(&scene->thread, NULL, run, scene) == 0);
}

static void tell_to_stop(const struct scene *scene)
{
    const uint64_t one = 1;
    must(write(scene->config.stop_fd, &one, sizeof one) == sizeof one);
}

static void join(struct scene *scene)
{
    must(pthread_join(scene->thread, NULL) == 0);
    close(scene->config.stop_fd);
}

static void stop(struct scene *scene)
{
    tell_to_stop(scene);
    join(scene);
    CHECK(scene->end == SERVER_STOPPED);
}

static int client(const struct scene *scene)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(connect(fd, (const struct sockaddr *)&scene->address, scene->address_len) == 0);
    return fd;
}

static bool send_all(int fd, struct bytes bytes)
{
    struct fault why;
    return stream_write(fd, bytes, io_now_ms() + PATIENCE_MS, &why);
}

static bool ask(int fd, const char *body)
{
    uint8_t frame[2 * WORKERS_LARGE];
    struct writer out = writer_of(frame, sizeof frame);
    frame_write_header(&out, strlen(body));
    writer_text(&out, body);
    struct bytes whole;
    must(writer_done(&out, &whole));
    return send_all(fd, whole);
}

/* One answer, as a text; "(closed)" when the server has closed. */
static const char *hear(int fd)
{
    static char text[8192];
    uint8_t header[FRAME_HEADER];
    struct fault why;
    const uint64_t deadline_ms = io_now_ms() + PATIENCE_MS;
    if (!stream_read(fd, header, sizeof header, deadline_ms, &why))
        return io_now_ms() < deadline_ms ? "(closed)" : "(nothing)";
    struct reader in = reader_of(BYTES_OF(header));
    const size_t len = (size_t)reader_be(&in, FRAME_HEADER);
    if (len >= sizeof text || !stream_read(fd, (uint8_t *)text, len, deadline_ms, &why))
        return "(cut short)";
    text[len] = '\0';
    return text;
}

static bool hears(int fd, const char *expected)
{
    const char *const found = hear(fd);
    if (strcmp(found, expected) != 0)
        fprintf(stderr, "heard \"%s\", not \"%s\"\n", found, expected);
    return strcmp(found, expected) == 0;
}

static bool is_silent(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    return poll(&ready, 1, 100) == 0;
}

static void requests_on_one_connection_are_answered_in_order(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    /* The first and third go through the slow thread: they must not be overtaken. */
    CHECK(ask(fd, "slow 1") && ask(fd, "echo 2") && ask(fd, "slow 3") && ask(fd, "echo 4"));
    CHECK(hears(fd, "slow 1") && hears(fd, "echo 2") && hears(fd, "slow 3") && hears(fd, "echo 4"));
    CHECK(ask(fd, "") && hears(fd, ""));
    close(fd);
    stop(&scene);
}

/* Within a tenth of a second. */
static bool another_begins(void)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += 100000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    return sem_timedwait(&held, &end) == 0;
}

/* Two workers, and still: the second is the workers' while the first is answered, and begins when it is done. */
static void a_request_begins_when_the_one_before_it_is_done(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "hold 1") && ask(fd, "hold 2") && ask(fd, "hold 3"));
    for (int i = 1; i <= 3; i++) {
        char text[8];
        snprintf(text, sizeof text, "hold %d", i);
        CHECK(sem_wait(&held) == 0 && !another_begins());
        sem_post(&let_go);
        CHECK(hears(fd, text));
    }
    close(fd);
    stop(&scene);
}

static void a_client_that_ends_its_half_is_still_answered(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "slow 1") && ask(fd, "echo 2"));
    shutdown(fd, SHUT_WR);
    CHECK(hears(fd, "slow 1") && hears(fd, "echo 2") && hears(fd, "(closed)"));
    close(fd);
    stop(&scene);
}

static void half_a_frame_is_told_to_one_who_still_listens(void)
{
    static const struct bytes halves[] = { BYTES_INIT("\0"), BYTES_INIT("\0\0\0\x10"), BYTES_INIT("\0\0\0\x10{}") };
    struct scene scene;
    start(&scene, &roomy);
    for (size_t i = 0; i < 3; i++) {
        const int fd = client(&scene);
        CHECK(send_all(fd, halves[i]));
        shutdown(fd, SHUT_WR);
        CHECK(hears(fd, "input: peer closed") && hears(fd, "(closed)"));
        close(fd);
    }
    const int behind = client(&scene); /* the same, behind a request that is still being answered */
    CHECK(ask(behind, "hold 1") && sem_wait(&held) == 0 && send_all(behind, halves[2]));
    shutdown(behind, SHUT_WR);
    CHECK(is_silent(behind));
    sem_post(&let_go);
    CHECK(hears(behind, "hold 1") && hears(behind, "input: peer closed") && hears(behind, "(closed)"));
    close(behind);
    stop(&scene);
}

static void a_frame_that_announces_too_much_is_refused_and_costs_nothing(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int huge = client(&scene);
    CHECK(send_all(huge, BYTES_LIT("\xff\xff\xff\xff")));
    CHECK(hears(huge, "limit: a frame of 4294967295 bytes is announced, at most 1048576 are accepted"));
    CHECK(hears(huge, "(closed)"));
    close(huge);
    const int http = client(&scene);
    CHECK(send_all(http, BYTES_LIT("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    CHECK(hears(http, "limit: a frame of 1195725856 bytes is announced, at most 1048576 are accepted (these 4 bytes "
                      "read \"GET \": wanted is a length of 4 bytes, big endian, then JSON; not HTTP, not bare text)"));
    CHECK(hears(http, "(closed)"));
    close(http);
    const int honest = client(&scene);
    CHECK(ask(honest, "echo") && hears(honest, "echo"));
    close(honest);
    stop(&scene);
}

static void slow_requests_keep_nobody_else_waiting(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int a = client(&scene), b = client(&scene), c = client(&scene), quick = client(&scene);
    CHECK(ask(a, "hold a") && ask(b, "slow b") && ask(c, "slow c"));
    CHECK(sem_wait(&held) == 0); /* one of two workers is held; the slow ones must not take the other */
    CHECK(ask(quick, "echo") && hears(quick, "echo"));
    CHECK(hears(b, "slow b") && hears(c, "slow c"));
    sem_post(&let_go);
    CHECK(hears(a, "hold a"));
    close(a), close(b), close(c), close(quick);
    stop(&scene);
}

#define TOO_MANY_SLOW \
    "limit: requests are waiting for KMS already, as many or as large as may (at most 8): try again later"

static void rule_14_a_slow_request_leaves_nothing_on_the_stack(void)
{
    if (SANITIZED)
        return; /* whose frames are elsewhere */
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "slow mark") && hears(fd, "slow mark"));
    CHECK(memmem((const void *)marked, MARKED, mark, sizeof mark) == NULL);
    close(fd);
    stop(&scene);
}

static void more_slow_requests_than_may_wait_are_refused_at_once(void)
{
    struct server_limits limits = roomy;
    limits.connections = 2 + WORKERS_SLOW_WAITING;
    struct scene scene;
    start(&scene, &limits);
    int waiting[1 + WORKERS_SLOW_WAITING];
    for (int i = 0; i < 1 + WORKERS_SLOW_WAITING; i++) {
        waiting[i] = client(&scene);
        CHECK(ask(waiting[i], i == 0 ? "slow hold" : "slow"));
        if (i == 0)
            CHECK(sem_wait(&held) == 0);
    }
    usleep(100000);
    const int one_more = client(&scene);
    CHECK(ask(one_more, "slow") && hears(one_more, TOO_MANY_SLOW));
    CHECK(ask(one_more, "echo") && hears(one_more, "echo"));
    sem_post(&let_go);
    CHECK(hears(waiting[0], "slow hold"));
    for (int i = 1; i < 1 + WORKERS_SLOW_WAITING; i++)
        CHECK(hears(waiting[i], "slow"));
    CHECK(ask(one_more, "slow") && hears(one_more, "slow"));
    for (int i = 0; i < 1 + WORKERS_SLOW_WAITING; i++)
        close(waiting[i]);
    close(one_more);
    stop(&scene);
}

/* What waits for KMS holds its bytes for as long as KMS likes: it must not be able to hold all of them. */
static void rule_13_what_waits_for_kms_leaves_room_for_the_others(void)
{
    static char large[WORKERS_LARGE + 1] = "slow hold";
    struct server_limits limits = roomy;
    limits.buffered_bytes = 4 * WORKERS_LARGE;
    struct scene scene;
    int clients[5];
    memset(large + 9, ' ', WORKERS_LARGE - 9);
    start(&scene, &limits);
    for (size_t i = 0; i < 4; i++)
        CHECK(ask(clients[i] = client(&scene), large) && (i > 0 || sem_wait(&held) == 0));
    for (size_t i = 1; i < 4; i++)
        CHECK(hears(clients[i], TOO_MANY_SLOW));
    clients[4] = client(&scene);
    CHECK(ask(clients[4], "echo") && hears(clients[4], "echo"));
    sem_post(&let_go);
    CHECK(hears(clients[0], large));
    for (size_t i = 0; i < 5; i++)
        close(clients[i]);
    stop(&scene);
}

/* Two workers, and two long requests at once: the second waits for the first, and the others pass both by. */
static void long_requests_leave_a_worker(const char *one, const char *other)
{
    struct scene scene;
    start(&scene, &roomy);
    const int first = client(&scene), second = client(&scene), honest = client(&scene);
    CHECK(ask(first, one) && sem_wait(&held) == 0 && ask(second, other));
    for (int i = 0; i < 50; i++)
        CHECK(ask(honest, "echo") && hears(honest, "echo"));
    CHECK(sem_trywait(&held) != 0 && is_silent(second));
    sem_post(&let_go);
    CHECK(hears(first, one) && sem_wait(&held) == 0);
    sem_post(&let_go);
    CHECK(hears(second, other));
    close(first), close(second), close(honest);
    stop(&scene);
}

static void rule_13_long_requests_never_have_all_the_workers(void)
{
    static char large[WORKERS_LARGE + 2] = "hold";
    memset(large + 4, ' ', sizeof large - 5);
    long_requests_leave_a_worker(large, large);
    long_requests_leave_a_worker("wait hold", "wait hold too");
    long_requests_leave_a_worker("wait hold", large);
    long_requests_leave_a_worker(large, "wait hold");
}

/* The worker that ends a long request takes the next long one, and the other has slept since that could not be taken:
 * it has to hear of what stood behind the first. */
static void what_stood_behind_a_long_request_does_not_wait_for_another(void)
{
    static char large[WORKERS_LARGE + 2] = "hold";
    struct scene scene;
    memset(large + 4, ' ', sizeof large - 5);
    start(&scene, &roomy);
    const int first = client(&scene), second = client(&scene);
    CHECK(ask(first, large) && sem_wait(&held) == 0 && ask(second, large) && ask(first, "echo"));
    CHECK(!another_begins());
    sem_post(&let_go);
    CHECK(hears(first, large) && sem_wait(&held) == 0);
    CHECK(!is_silent(first));
    sem_post(&let_go);
    CHECK(hears(first, "echo") && hears(second, large));
    close(first), close(second);
    stop(&scene);
}

static void a_client_that_vanishes_while_served_harms_nobody(void)
{
    struct scene scene;
    start(&scene, &roomy);
    for (int i = 0; i < 20; i++) {
        const int fd = client(&scene);
        CHECK(ask(fd, i % 2 ? "hold" : "slow"));
        if (i % 2)
            CHECK(sem_wait(&held) == 0);
        close(fd);
        if (i % 2)
            sem_post(&let_go);
    }
    const int fd = client(&scene);
    CHECK(ask(fd, "echo") && hears(fd, "echo"));
    close(fd);
    stop(&scene);
}

/* The server has read all that was sent: what it makes of it follows before it looks at anything else. */
static void wait_until_read(int fd)
{
    int unread = 1;
    while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0)
        usleep(1000);
}

/* One under way and one behind it; and one ready that is behind an answer not taken. */
static void a_client_that_vanishes_with_two_under_way_harms_nobody(void)
{
    struct scene scene;
    start(&scene, &roomy);
    int fd = client(&scene);
    CHECK(ask(fd, "hold 1") && ask(fd, "hold 2") && sem_wait(&held) == 0);
    wait_until_read(fd);
    CHECK(!another_begins());
    close(fd);
    usleep(50000);
    sem_post(&let_go);
    CHECK(sem_wait(&held) == 0);
    sem_post(&let_go);
    usleep(50000); /* it is the one let go, and not the next */
    fd = client(&scene);
    CHECK(ask(fd, "hold big 1000000") && ask(fd, "hold 2") && sem_wait(&held) == 0);
    CHECK(!another_begins());
    sem_post(&let_go);
    CHECK(sem_wait(&held) == 0);
    close(fd);
    usleep(50000);
    sem_post(&let_go);
    fd = client(&scene);
    CHECK(ask(fd, "echo") && hears(fd, "echo"));
    close(fd);
    stop(&scene);
}

static void at_the_limit_of_connections_the_longest_without_a_request_goes(void)
{
    struct server_limits limits = roomy;
    limits.connections = 3;
    struct scene scene;
    start(&scene, &limits);
    const int served = client(&scene);
    CHECK(ask(served, "hold") && sem_wait(&held) == 0); /* oldest of all, and never closed */
    const int idle = client(&scene);
    usleep(20000);
    const int half = client(&scene);
    CHECK(send_all(half, BYTES_LIT("\0\0")));
    usleep(20000);
    const int third = client(&scene);
    CHECK(ask(third, "echo 3") && hears(third, "echo 3")); /* took the idle one's place */
    CHECK(hears(idle, "(closed)"));
    usleep(20000);
    const int fourth = client(&scene); /* half a request is no whole one: bytes buy no time */
    CHECK(ask(fourth, "echo 4") && hears(fourth, "echo 4"));
    CHECK(hears(half, "(closed)"));
    sem_post(&let_go);
    CHECK(hears(served, "hold"));
    close(served), close(idle), close(half), close(third), close(fourth);
    stop(&scene);
}

/* Who does not take one answer while its next request is being answered has no place to give: the workers have the
 * request, which stands there. */
static void a_place_that_the_workers_still_need_is_given_to_nobody(void)
{
    struct server_limits limits = roomy;
    limits.connections = 3;
    struct scene scene;
    start(&scene, &limits);
    const int stubborn = client(&scene);
    CHECK(ask(stubborn, "big 1000000") && ask(stubborn, "hold ahead") && sem_wait(&held) == 0);
    usleep(20000);
    const int first = client(&scene), second = client(&scene);
    usleep(100000);
    int newcomers[4];
    for (size_t i = 0; i < 4; i++) {
        newcomers[i] = client(&scene);
        CHECK(ask(newcomers[i], "echo") && hears(newcomers[i], "echo"));
    }
    CHECK(hears(first, "(closed)") && hears(second, "(closed)"));
    static uint8_t whole[FRAME_HEADER + 1000000];
    struct fault why;
    CHECK(stream_read(stubborn, whole, sizeof whole, io_now_ms() + PATIENCE_MS, &why));
    sem_post(&let_go);
    CHECK(hears(stubborn, "hold ahead"));
    for (size_t i = 0; i < 4; i++)
        close(newcomers[i]);
    close(stubborn), close(first), close(second);
    stop(&scene);
}

static void when_all_are_served_a_new_client_waits(void)
{
    struct server_limits limits = roomy;
    limits.connections = 2;
    struct scene scene;
    start(&scene, &limits);
    const int a = client(&scene), b = client(&scene);
    CHECK(ask(a, "hold a") && sem_wait(&held) == 0 && ask(b, "hold b") && sem_wait(&held) == 0);
    const int c = client(&scene);
    CHECK(ask(c, "echo c") && is_silent(c));
    sem_post(&let_go), sem_post(&let_go);
    CHECK(hears(a, "hold a") && hears(b, "hold b") && hears(c, "echo c"));
    close(a), close(b), close(c);
    stop(&scene);
}

/* Requests without end on every connection there may be: whoever comes has a place when one answer is out, and the
 * request that was under way beside it is still answered. */
static void rule_13_those_who_ask_without_pause_do_not_keep_others_out(void)
{
    struct server_limits limits = roomy;
    limits.connections = 2;
    struct scene scene;
    start(&scene, &limits);
    const int a = client(&scene), b = client(&scene);
    for (int i = 0; i < 4; i++)
        CHECK(ask(a, "hold a") && ask(b, "hold b"));
    CHECK(sem_wait(&held) == 0 && sem_wait(&held) == 0);
    const int c = client(&scene);
    CHECK(ask(c, "echo c") && is_silent(c));
    for (int i = 0; i < 4; i++)
        sem_post(&let_go);
    CHECK(hears(a, "hold a") && hears(a, "hold a") && hears(b, "hold b") && hears(b, "hold b"));
    CHECK(!is_silent(c) && hears(c, "echo c"));
    for (int i = 0; i < 8; i++)
        sem_post(&let_go);
    close(a), close(b), close(c);
    stop(&scene);
    while (sem_trywait(&held) == 0 || sem_trywait(&let_go) == 0)
        continue;
}

/* Where most are being served, who has just come and is a little slow to ask does not lose its place to the next: or a
 * crowd that asks without pause, and comes again when it is closed, would keep everybody out. */
static void rule_13_a_newcomer_has_time_to_ask(void)
{
    struct server_limits limits = roomy;
    limits.connections = 3;
    struct scene scene;
    start(&scene, &limits);
    const int a = client(&scene), b = client(&scene);
    CHECK(ask(a, "hold a") && sem_wait(&held) == 0 && ask(b, "slow hold") && sem_wait(&held) == 0);
    const int slow = client(&scene);
    usleep(5000);
    const int next = client(&scene);
    CHECK(ask(next, "echo next"));
    usleep(15000);
    CHECK(ask(slow, "echo slow") && hears(slow, "echo slow") && hears(next, "echo next"));
    const int silent = client(&scene); /* but it is no way to keep a place */
    usleep(5000);
    const int last = client(&scene);
    CHECK(ask(last, "echo last") && hears(last, "echo last") && hears(silent, "(closed)"));
    sem_post(&let_go), sem_post(&let_go);
    CHECK(hears(a, "hold a") && hears(b, "slow hold"));
    close(a), close(b), close(slow), close(next), close(silent), close(last);
    stop(&scene);
}

/* Nor does that time come out of the place of one who asks, and was answered a moment ago. */
static void rule_13_silent_newcomers_take_no_place_from_who_asks(void)
{
    struct server_limits limits = roomy;
    limits.connections = 2;
    struct scene scene;
    start(&scene, &limits);
    int silent[10];
    const int kept = client(&scene);
    for (size_t i = 0; i < 10; i++) {
        CHECK(ask(kept, "echo") && hears(kept, "echo"));
        silent[i] = client(&scene);
        usleep(2000);
    }
    CHECK(ask(kept, "echo") && hears(kept, "echo") && hears(silent[0], "(closed)"));
    for (size_t i = 0; i < 10; i++)
        close(silent[i]);
    close(kept);
    stop(&scene);
}

static void late_clients_are_closed_or_told(void)
{
    struct server_limits limits = roomy;
    limits.first_byte_ms = 100, limits.request_ms = 200, limits.idle_ms = 300;
    struct scene scene;
    start(&scene, &limits);
    const uint64_t begin_ms = io_now_ms();
    const int silent = client(&scene), half = client(&scene), done = client(&scene), hoarder = client(&scene);
    CHECK(send_all(half, BYTES_LIT("\0\0\0\x64{\"me")));
    CHECK(ask(done, "echo") && hears(done, "echo"));
    CHECK(ask(hoarder, "big 1000000")); /* and never takes it all */
    CHECK(hears(silent, "(closed)"));
    const uint64_t first_ms = io_now_ms() - begin_ms;
    CHECK(hears(half, "limit: the request was not whole 200 ms after its first byte (got 4 of 100 bytes)"));
    const uint64_t request_ms = io_now_ms() - begin_ms;
    CHECK(hears(done, "(closed)"));
    const uint64_t idle_ms = io_now_ms() - begin_ms;
    CHECK(first_ms >= 100 && request_ms >= 200 && idle_ms >= 300);
    struct pollfd answered = { .fd = hoarder, .events = POLLIN };
    CHECK(poll(&answered, 1, PATIENCE_MS) == 1);
    usleep(2 * 1000 * limits.idle_ms);
    uint8_t taken[65536];
    size_t total = 0;
    for (ssize_t got; (got = read(hoarder, taken, sizeof taken)) > 0;)
        total += (size_t)got;
    CHECK(total < 1000004); /* cut off: the socket's buffer held what it could */
    close(silent), close(half), close(done), close(hoarder);
    stop(&scene);
}

static void a_trickle_does_not_stretch_the_time_for_a_request(void)
{
    struct server_limits limits = roomy;
    limits.request_ms = 300;
    struct scene scene;
    start(&scene, &limits);
    const int fd = client(&scene);
    CHECK(send_all(fd, BYTES_LIT("\0\0\0\x64")));
    const uint64_t begin_ms = io_now_ms();
    for (int i = 0; i < 8; i++) {
        usleep(50000);
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
            break;
    }
    const char *const heard = hear(fd);
    CHECK(strncmp(heard, "limit: the request was not whole 300 ms after", 45) == 0);
    CHECK(io_now_ms() - begin_ms < 1000);
    close(fd);
    stop(&scene);
}

/* Sends `count` bytes of a body announced as `announced`. */
static int part_of_a_body(const struct scene *scene, uint32_t announced, size_t count)
{
    static uint8_t zeros[1 << 20];
    const int fd = client(scene);
    uint8_t header[FRAME_HEADER];
    struct writer out = writer_of(header, sizeof header);
    frame_write_header(&out, announced);
    CHECK(send_all(fd, BYTES_OF(header)) && send_all(fd, (struct bytes){ zeros, count }));
    usleep(20000);
    return fd;
}

static void at_the_limit_of_bytes_the_longest_that_holds_some_goes(void)
{
    struct server_limits limits = roomy;
    limits.frame_bytes = 100000, limits.buffered_bytes = 200000;
    struct scene scene;
    start(&scene, &limits);
    const int idle = client(&scene); /* older than all, but it holds nothing */
    usleep(20000);
    const int first = part_of_a_body(&scene, 100000, 90000), second = part_of_a_body(&scene, 100000, 90000);
    CHECK(is_silent(first) && is_silent(second));
    const int third = part_of_a_body(&scene, 100000, 90000);
    CHECK(hears(first, "(closed)") && is_silent(second) && is_silent(third) && is_silent(idle));
    CHECK(ask(idle, "echo") && hears(idle, "echo"));
    close(idle), close(first), close(second), close(third);
    stop(&scene);
}

static void announced_bytes_count_only_when_they_arrive(void)
{
    struct server_limits limits = roomy;
    limits.frame_bytes = 1 << 20, limits.buffered_bytes = 1 << 20;
    struct scene scene;
    start(&scene, &limits);
    int fds[50];
    for (int i = 0; i < 50; i++) {
        fds[i] = client(&scene);
        CHECK(send_all(fds[i], BYTES_LIT("\0\x0f\xff\xff{")));
    }
    for (int i = 0; i < 50; i++) {
        struct pollfd ready = { .fd = fds[i], .events = POLLIN };
        CHECK(poll(&ready, 1, i == 0 ? 100 : 0) == 0);
        close(fds[i]);
    }
    stop(&scene);
}

static void bytes_held_by_requests_in_service_make_others_wait_not_fail(void)
{
    struct server_limits limits = roomy;
    limits.frame_bytes = 100000, limits.buffered_bytes = 100000;
    struct scene scene;
    start(&scene, &limits);
    static uint8_t body[90000];
    memcpy(body, "hold", 4);
    const int served = client(&scene);
    uint8_t header[FRAME_HEADER];
    struct writer out = writer_of(header, sizeof header);
    frame_write_header(&out, sizeof body);
    CHECK(send_all(served, BYTES_OF(header)) && send_all(served, BYTES_OF(body)) && sem_wait(&held) == 0);
    const int waiting = part_of_a_body(&scene, 50000, 50000);
    CHECK(is_silent(waiting));
    sem_post(&let_go);
    uint8_t answer[FRAME_HEADER + sizeof body];
    struct fault why;
    CHECK(stream_read(served, answer, sizeof answer, io_now_ms() + PATIENCE_MS, &why));
    CHECK(stream_read(waiting, answer, FRAME_HEADER + 50000, io_now_ms() + PATIENCE_MS, &why));
    close(served), close(waiting);
    stop(&scene);
}

/* Takes one answer of `len` bytes of body, and looks at its length only. */
static bool takes(int fd, size_t len)
{
    static uint8_t room[FRAME_HEADER + ANSWER_MAX];
    struct fault why;
    if (!stream_read(fd, room, FRAME_HEADER + len, io_now_ms() + PATIENCE_MS, &why))
        return false;
    struct reader in = reader_of((struct bytes){ room, FRAME_HEADER });
    return reader_be(&in, FRAME_HEADER) == len;
}

static void an_answer_larger_than_all_buffers_is_still_given(void)
{
    struct server_limits limits = roomy;
    limits.frame_bytes = 4096, limits.buffered_bytes = 4096;
    struct scene scene;
    start(&scene, &limits);
    const int fd = client(&scene);
    CHECK(ask(fd, "big 1000000") && poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, PATIENCE_MS) == 1);
    usleep(100000);
    CHECK(takes(fd, 1000000));
    CHECK(ask(fd, "echo") && hears(fd, "echo"));
    close(fd);
    stop(&scene);
}

/* The first answer is more than the socket takes: the one behind it is ready, and waits for its turn; a third is not
 * begun. */
static void an_answer_that_is_not_taken_keeps_those_behind_it(void)
{
    struct scene scene;
    start(&scene, &roomy);
    for (int taken = 0; taken < 2; taken++) {
        const int fd = client(&scene);
        CHECK(ask(fd, "hold big 1000000") && ask(fd, "hold 2") && ask(fd, "hold 3"));
        CHECK(sem_wait(&held) == 0 && !another_begins()); /* the second is behind it by now */
        sem_post(&let_go);
        CHECK(sem_wait(&held) == 0);
        sem_post(&let_go);
        CHECK(!another_begins());
        if (taken) {
            CHECK(takes(fd, 1000000) && hears(fd, "hold 2"));
            CHECK(sem_wait(&held) == 0);
            sem_post(&let_go);
            CHECK(hears(fd, "hold 3"));
        }
        close(fd); /* with an answer half sent and one ready, or with nothing left */
    }
    stop(&scene);
}

static void who_does_not_take_its_answers_makes_way(void)
{
    struct server_limits limits = roomy;
    limits.frame_bytes = 100000, limits.buffered_bytes = 2500000;
    struct scene scene;
    start(&scene, &limits);
    int hoarders[4];
    for (int i = 0; i < 4; i++) { /* each answer leaves about 800,000 bytes in the server */
        hoarders[i] = client(&scene);
        CHECK(ask(hoarders[i], "big 1000000"));
        struct pollfd ready = { .fd = hoarders[i], .events = POLLIN };
        CHECK(poll(&ready, 1, PATIENCE_MS) == 1);
        usleep(50000);
    }
    const int honest = part_of_a_body(&scene, 50000, 50000);
    CHECK(takes(honest, 50000));
    CHECK(!takes(hoarders[0], 1000000) && !takes(hoarders[1], 1000000)); /* the oldest two went */
    CHECK(takes(hoarders[2], 1000000) && takes(hoarders[3], 1000000));
    for (int i = 0; i < 4; i++)
        close(hoarders[i]);
    close(honest);
    stop(&scene);
}

static void a_refusal_waits_for_the_answers_before_it(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "hold 1") && sem_wait(&held) == 0 && send_all(fd, BYTES_LIT("\xff\xff\xff\xff")));
    CHECK(is_silent(fd));
    sem_post(&let_go);
    CHECK(hears(fd, "hold 1"));
    CHECK(hears(fd, "limit: a frame of 4294967295 bytes is announced, at most 1048576 are accepted"));
    CHECK(hears(fd, "(closed)"));
    close(fd);
    stop(&scene);
}

static void told_to_stop_it_finishes_what_it_answers(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int served = client(&scene), idle = client(&scene), half = client(&scene);
    CHECK(ask(served, "hold") && sem_wait(&held) == 0 && send_all(half, BYTES_LIT("\0\0\0\x05{")));
    tell_to_stop(&scene);
    CHECK(hears(idle, "(closed)") && hears(half, "(closed)") && is_silent(served));
    sem_post(&let_go);
    CHECK(hears(served, "hold") && hears(served, "(closed)"));
    join(&scene);
    CHECK(scene.end == SERVER_STOPPED);
    close(served), close(idle), close(half);
}

static void told_to_stop_it_finishes_what_was_put_behind(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "hold 1") && ask(fd, "hold 2") && sem_wait(&held) == 0);
    wait_until_read(fd);
    CHECK(ask(fd, "hold 3"));
    tell_to_stop(&scene);
    usleep(50000);
    sem_post(&let_go);
    CHECK(hears(fd, "hold 1") && sem_wait(&held) == 0);
    sem_post(&let_go);
    CHECK(hears(fd, "hold 2") && hears(fd, "(closed)"));
    join(&scene);
    CHECK(scene.end == SERVER_STOPPED);
    close(fd);
}

/* Whoever's request or answer it was for is closed; the others are served, and so is the next. */
static void without_memory_one_client_goes(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int other = client(&scene);
    unsigned closed = 0;
    for (int n = 1, done = 0; !done && n < 50; n++) {
        const int fd = client(&scene);
        CHECK(ask(other, "echo before") && hears(other, "echo before"));
        atomic_store(&refuse_in, n);
        CHECK(ask(fd, "echo a"));
        const bool sent = ask(fd, "slow b"); /* not, where it has been closed by now */
        const bool first = strcmp(hear(fd), "echo a") == 0, second = first && strcmp(hear(fd), "slow b") == 0;
        done = atomic_exchange(&refuse_in, 0) > 0;
        CHECK(!done || (sent && second));
        closed += !second;
        CHECK(ask(other, "slow after") && hears(other, "slow after")); /* what stood behind is over as well */
        close(fd);
    }
    CHECK(closed >= 4); /* a body and an answer, twice */
    CHECK(ask(other, "slow still here") && hears(other, "slow still here"));
    close(other);
    stop(&scene);
}

static void without_memory_it_does_not_start(void)
{
    for (int n = 1; n <= 2; n++) {
        struct server_config config = { .service = &toy, .limits = roomy, .workers = 2, .stop_fd = eventfd(0, 0) };
        struct fault why = { 0 };
        atomic_store(&refuse_in, n);
        CHECK(server_run(&config, &why) == SERVER_FAILED && why.code == FAULT_INTERNAL);
        atomic_store(&refuse_in, 0);
        close(config.stop_fd);
    }
}

static void when_the_service_ends_the_server_does(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int fd = client(&scene);
    CHECK(ask(fd, "echo") && hears(fd, "echo"));
    atomic_store(&service_ended, true);
    CHECK(hears(fd, "(closed)"));
    join(&scene);
    CHECK(scene.end == SERVER_SERVICE_ENDED);
    close(fd);
}

static void the_slow_thread_tends_when_idle(void)
{
    struct scene scene;
    start(&scene, &roomy);
    const int before = atomic_load(&tended);
    usleep(1300000);
    const int after = atomic_load(&tended);
    CHECK(after - before >= 1 && after - before <= 3);
    stop(&scene);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    must(sem_init(&held, 0, 0) == 0 && sem_init(&let_go, 0, 0) == 0);
    requests_on_one_connection_are_answered_in_order();
    a_request_begins_when_the_one_before_it_is_done();
    a_client_that_ends_its_half_is_still_answered();
    half_a_frame_is_told_to_one_who_still_listens();
    a_frame_that_announces_too_much_is_refused_and_costs_nothing();
    slow_requests_keep_nobody_else_waiting();
    rule_14_a_slow_request_leaves_nothing_on_the_stack();
    more_slow_requests_than_may_wait_are_refused_at_once();
    rule_13_what_waits_for_kms_leaves_room_for_the_others();
    rule_13_long_requests_never_have_all_the_workers();
    what_stood_behind_a_long_request_does_not_wait_for_another();
    a_client_that_vanishes_while_served_harms_nobody();
    a_client_that_vanishes_with_two_under_way_harms_nobody();
    at_the_limit_of_connections_the_longest_without_a_request_goes();
    a_place_that_the_workers_still_need_is_given_to_nobody();
    when_all_are_served_a_new_client_waits();
    rule_13_those_who_ask_without_pause_do_not_keep_others_out();
    rule_13_a_newcomer_has_time_to_ask();
    rule_13_silent_newcomers_take_no_place_from_who_asks();
    late_clients_are_closed_or_told();
    a_trickle_does_not_stretch_the_time_for_a_request();
    at_the_limit_of_bytes_the_longest_that_holds_some_goes();
    announced_bytes_count_only_when_they_arrive();
    bytes_held_by_requests_in_service_make_others_wait_not_fail();
    an_answer_larger_than_all_buffers_is_still_given();
    an_answer_that_is_not_taken_keeps_those_behind_it();
    who_does_not_take_its_answers_makes_way();
    a_refusal_waits_for_the_answers_before_it();
    told_to_stop_it_finishes_what_it_answers();
    told_to_stop_it_finishes_what_was_put_behind();
    without_memory_one_client_goes();
    without_memory_it_does_not_start();
    when_the_service_ends_the_server_does();
    the_slow_thread_tends_when_idle();
    return failures != 0;
}
