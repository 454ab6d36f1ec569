/* The server among clients who do anything in any order, at limits that are always reached: they come, ask, ask ahead,
 * stop within a frame, take answers or do not, end one half, vanish. Whatever happened, a client who then comes is
 * answered, and the server ends when told to, with nobody left. With ASan (make sanitize) it also shows every place
 * that is used twice. RANDOM_SEED repeats one story. A body's first letter says what is to be done with it:
 *
 *   e  the body back              w  the same, where it need not be quick
 *   b  a large answer             s  the same from the slow thread, after a while
 *   n  the body back after a while
 */
#include "check.h"
#include "core/codec/frame.h"
#include "enclave/server.h"
#include "io/stream.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { STORIES = 40, STEPS = 400, CLIENTS = 12, LARGE = 300000, NAP_US = 2000, PATIENCE_MS = 10000 };

static enum service_turn answer(void *context, struct bytes request, enum service_pace pace, struct arena *arena,
                                struct writer *out)
{
    (void)context;
    (void)arena;
    const char kind = request.len == 0 ? 'e' : (char)request.data[0];
    if (kind == 'w' && pace < SERVICE_MAY_WAIT)
        return SERVICE_WAITS;
    if (kind == 's' && pace < SERVICE_MAY_BE_SLOW)
        return SERVICE_IS_SLOW;
    if (kind == 'n' || kind == 's')
        usleep(NAP_US);
    for (size_t i = 0; kind == 'b' && i < LARGE; i++)
        writer_u8(out, 'x');
    if (kind != 'b')
        writer_put(out, request);
    return SERVICE_ANSWERED;
}

static void put_fault(struct writer *out, const struct fault *why)
{
    writer_text(out, why->text);
}

static void tend(void *context)
{
    (void)context;
}

static bool ended(void *context)
{
    (void)context;
    return false;
}

static const struct service service = {
    .answer = answer, .put_fault = put_fault, .tend = tend, .ended = ended, .arena_bytes = 4096, .answer_max = LARGE
};

static struct server_config config;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len;
static uint32_t state;

/* xorshift32: the same story for the same seed. */
static uint32_t below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static void *run(void *unused)
{
    (void)unused;
    struct fault why;
    CHECK(server_run(&config, &why) == SERVER_STOPPED);
    return NULL;
}

static int listening(uint32_t story)
{
    const int len =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "ensign-random-%d-%u", (int)getpid(), story);
    address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(bind(fd, (const struct sockaddr *)&address, address_len) == 0 && listen(fd, 128) == 0);
    return fd;
}

static int come(int flags)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    must(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, address_len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A frame, whole or cut off, of which the client sends what the socket takes. */
static void ask(int fd)
{
    static const char kinds[] = "eeebbnnsw";
    uint8_t frame[FRAME_HEADER + 8192];
    const size_t len = below(8) == 0 ? 5000 : below(40);
    struct writer out = writer_of(frame, sizeof frame);
    writer_be(&out, below(50) == 0 ? UINT32_MAX : len, FRAME_HEADER);
    memset(frame + FRAME_HEADER, kinds[below(sizeof kinds - 1)], len);
    const size_t whole = FRAME_HEADER + len;
    (void)send(fd, frame, below(6) == 0 ? below((uint32_t)whole) : whole, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take(int fd)
{
    static uint8_t some[1 << 20];
    (void)recv(fd, some, 1 + below(sizeof some), MSG_DONTWAIT);
}

static void step(int *client)
{
    if (*client < 0) {
        *client = come(SOCK_NONBLOCK);
        return;
    }
    switch (below(12)) {
    case 0:
        close(*client);
        *client = -1;
        break;
    case 1:
        (void)shutdown(*client, SHUT_WR);
        break;
    case 2:
    case 3:
        take(*client);
        break;
    case 4:
        usleep(below(1000));
        break;
    default:
        ask(*client);
        break;
    }
}

/* Among the others, who all stay as they are: within the time that the limits give them. */
static bool newcomer_is_answered(void)
{
    static const uint8_t request[] = { 0, 0, 0, 2, 'e', '!' };
    uint8_t got[sizeof request];
    const uint64_t deadline_ms = io_now_ms() + PATIENCE_MS;
    while (io_now_ms() < deadline_ms) { /* who is refused a place by the crowd comes again */
        struct fault why;
        const int fd = come(0);
        const bool answered = fd >= 0 && stream_write(fd, BYTES_OF(request), deadline_ms, &why) &&
                              stream_read(fd, got, sizeof got, deadline_ms, &why);
        close(fd);
        if (answered)
            return memcmp(got, request, sizeof request) == 0;
    }
    return false;
}

static void tell(uint32_t story)
{
    int clients[CLIENTS];
    const uint64_t one = 1;
    pthread_t thread;
    state = story * 2654435761u + 1;
    config = (struct server_config){ .service = &service,
                                     .limits = { .frame_bytes = 1 << 16,
                                                 .connections = 1 + below(5),
                                                 .buffered_bytes = (1 << 16) + below(1 << 19),
                                                 .first_byte_ms = 200,
                                                 .request_ms = 100,
                                                 .idle_ms = 300 },
                                     .listeners = { listening(story) },
                                     .listener_count = 1,
                                     .workers = 1 + below(3),
                                     .stop_fd = eventfd(0, EFD_CLOEXEC) };
    must(pthread_create(&thread, NULL, run, NULL) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = -1;
    for (size_t i = 0; i < STEPS; i++)
        step(&clients[below(CLIENTS)]);
    if (!newcomer_is_answered()) {
        fprintf(stderr, "RANDOM_SEED=%u: a newcomer was not answered\n", story);
        failures++;
    }
    must(write(config.stop_fd, &one, sizeof one) == sizeof one);
    must(pthread_join(thread, NULL) == 0);
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i] >= 0)
            close(clients[i]);
    close(config.stop_fd);
}

int main(void)
{
    const char *const seed = getenv("RANDOM_SEED");
    signal(SIGPIPE, SIG_IGN);
    if (seed != NULL)
        tell((uint32_t)strtoul(seed, NULL, 10));
    for (uint32_t story = 1; seed == NULL && story <= STORIES; story++)
        tell(story);
    return failures != 0;
}
