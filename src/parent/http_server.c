#include "parent/http_server.h"

#include "core/base/text.h"
#include "io/http_reader.h"
#include "io/stream.h"
#include "parent/memory_release.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 1024, TICK_MS = 20, LINGER_BYTES = 16384 };

struct server;

/* One row a connection; a row is free when nobody is in it. */
struct place {
    bool taken, answering;
    uint64_t waiting_since_ms;
    int fd;
    struct server *server;
};

struct server {
    pthread_mutex_t lock; /* over the places */
    pthread_cond_t left;  /* a place */
    struct place places[HTTP_SERVER_CONNECTIONS];
    struct http_tls *tls;
    const struct http_service *service;
};

/* One connection, while it lasts. */
struct conversation {
    struct place *place;
    struct http_peer *peer;
    void *worker;
    uint8_t *room; /* of HTTP_SERVER_REPLY_MAX */
};

static const char *status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = { { 200, "OK" },        { 400, "Bad Request" },       { 401, "Unauthorized" },
                  { 403, "Forbidden" }, { 404, "Not Found" },         { 405, "Method Not Allowed" },
                  { 413, "Too Large" }, { 415, "Unsupported Media" }, { 503, "Service Unavailable" } };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Internal Server Error";
}

/* Fetch's protocol (CORS): the page may read this answer, and send what JSON-RPC needs. */
static void put_origin(char *out, size_t cap, struct bytes origin)
{
    out[0] = '\0';
    if (origin.len > 0 && origin.len <= HTTP_SERVER_ORIGIN_MAX)
        (void)snprintf(out, cap,
                       "Access-Control-Allow-Origin: %.*s\r\nAccess-Control-Allow-Headers: content-type, "
                       "authorization\r\nVary: Origin\r\n",
                       (int)origin.len, (const char *)origin.data);
}

static bool send_answer(struct http_peer *peer, struct http_answer *answer, bool has_body, bool last)
{
    char head[HEAD_MAX], cors[HEAD_MAX / 2];
    struct bytes body;
    struct fault why;
    if (!writer_done(&answer->body, &body))
        return false;
    put_origin(cors, sizeof cors, answer->origin);
    const int len = snprintf(head, sizeof head,
                             "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\n%s%s%s\r\n",
                             answer->status, status_text(answer->status), answer->content_type, body.len,
                             answer->asks_for_token ? "WWW-Authenticate: Bearer\r\n" : "", cors,
                             last ? "Connection: close\r\n" : "");
    must(len > 0 && (size_t)len < sizeof head);
    const uint64_t deadline_ms = io_now_ms() + HTTP_SERVER_ANSWER_MS;
    return http_peer_write(peer, (struct bytes){ (const uint8_t *)head, (size_t)len }, deadline_ms, &why) &&
           (!has_body || http_peer_write(peer, body, deadline_ms, &why));
}

static struct http_answer answer_of(const struct conversation *with)
{
    return (struct http_answer){ .status = 200,
                                 .content_type = "text/plain; charset=utf-8",
                                 .body = writer_of(with->room, HTTP_SERVER_REPLY_MAX),
                                 .asker = with->peer };
}

bool http_asker_is_there(const struct http_answer *answer)
{
    if (answer->asker == NULL)
        return true;
    struct pollfd state = { .fd = answer->asker->fd, .events = POLLRDHUP };
    return poll(&state, 1, 0) == 0;
}

static bool read_some(void *peer, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms, struct fault *why)
{
    return http_peer_read(peer, out, cap, len, deadline_ms, why);
}

static bool is_wanted(void *context, const struct http_head *head)
{
    const struct conversation *const with = context;
    return with->place->server->service->wants(with->worker, head);
}

static void set_answering(struct place *place, bool answering)
{
    (void)pthread_mutex_lock(&place->server->lock);
    place->answering = answering;
    place->waiting_since_ms = io_now_ms();
    (void)pthread_mutex_unlock(&place->server->lock);
}

/* The request is answered; false: it was the last one. */
static bool answer_one(const struct conversation *with, const struct http_head *head, struct bytes body, bool last)
{
    struct bytes wish;
    struct http_answer answer = answer_of(with);
    set_answering(with->place, true);
    with->place->server->service->answer(with->worker, head, body, &answer);
    last |= http_header(head, BYTES_LIT("connection"), &wish) && text_equal_nocase(wish, BYTES_LIT("close"));
    const bool sent = send_answer(with->peer, &answer, !bytes_equal(head->method, BYTES_LIT("HEAD")), last);
    if (answer.body.len > MEMORY_LARGE) /* the connection may be kept for long, beside 255 others */
        memory_release(with->room, HTTP_SERVER_REPLY_MAX);
    set_answering(with->place, false);
    return sent && !last;
}

/* What is still being sent is thrown away for a while: a connection that is closed over it is reset, and the answer
 * with it. */
static void linger(const struct conversation *with)
{
    size_t got = 1;
    struct fault why;
    const uint64_t deadline_ms = io_now_ms() + HTTP_SERVER_LINGER_MS;
    (void)shutdown(with->peer->fd, SHUT_WR);
    while (got > 0 && io_now_ms() < deadline_ms &&
           stream_read_some(with->peer->fd, with->room, LINGER_BYTES, &got, deadline_ms, &why))
        continue;
}

static void refuse(const struct conversation *with, enum http_arrival arrival)
{
    struct http_answer answer = answer_of(with);
    answer.status = arrival == HTTP_OVERLONG ? 413 : 400;
    writer_text(&answer.body, arrival == HTTP_OVERLONG ? "too large\n" : "not an HTTP/1.1 request\n");
    (void)send_answer(with->peer, &answer, true, true);
}

static void converse(struct conversation *with)
{
    struct http_reader reader = { .body_max = HTTP_SERVER_BODY_MAX,
                                  .idle_ms = HTTP_SERVER_IDLE_MS,
                                  .request_ms = HTTP_SERVER_REQUEST_MS,
                                  .read = read_some,
                                  .peer = with->peer,
                                  .wants = is_wanted,
                                  .context = with };
    struct http_head head;
    struct bytes body;
    enum http_arrival arrival;
    while ((arrival = http_reader_next(&reader, &head, &body)) == HTTP_ARRIVED && answer_one(with, &head, body, false))
        continue;
    if (arrival == HTTP_UNWANTED)
        (void)answer_one(with, &head, (struct bytes){ NULL, 0 }, true);
    if (arrival == HTTP_NOT_HTTP || arrival == HTTP_OVERLONG)
        refuse(with, arrival);
    http_reader_end(&reader);
    if (arrival != HTTP_ARRIVED && arrival != HTTP_NONE_CAME)
        linger(with);
}

static void *serve_one(void *context)
{
    struct place *const place = context;
    struct server *const server = place->server;
    struct http_peer peer;
    struct fault why;
    uint8_t *const room = malloc(HTTP_SERVER_REPLY_MAX);
    void *const worker = server->service->make_worker(server->service->context);
    const bool open = http_peer_open(&peer, place->fd, server->tls, io_now_ms() + HTTP_SERVER_REQUEST_MS, &why);
    if (open && room != NULL && worker != NULL)
        converse(&(struct conversation){ .place = place, .peer = &peer, .worker = worker, .room = room });
    if (worker != NULL)
        server->service->end_worker(worker);
    free(room);
    (void)pthread_mutex_lock(&server->lock);
    http_peer_close(&peer); /* within the lock: nobody shuts a descriptor that has been given to another */
    place->taken = false;
    (void)pthread_cond_signal(&server->left);
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* A free place, and *longest who has waited longest where there is none. Within the lock. */
static struct place *find_place(struct server *server, struct place **longest)
{
    *longest = NULL;
    for (size_t i = 0; i < HTTP_SERVER_CONNECTIONS; i++) {
        struct place *const place = &server->places[i];
        if (!place->taken)
            return place;
        if (!place->answering && (*longest == NULL || place->waiting_since_ms < (*longest)->waiting_since_ms))
            *longest = place;
    }
    return NULL;
}

/* The same, and the longest waiter makes room. It is gone at once, but for one in a TLS handshake's arithmetic. */
static struct place *make_place(struct server *server)
{
    struct place *longest, *place = find_place(server, &longest);
    struct timespec until;
    if (place != NULL)
        return place;
    if (longest != NULL)
        (void)shutdown(longest->fd, SHUT_RDWR);
    must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_nsec += TICK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    (void)pthread_cond_clockwait(&server->left, &server->lock, CLOCK_MONOTONIC, &until);
    return find_place(server, &longest);
}

static void take_connection(struct server *server, const pthread_attr_t *detached, int listener)
{
    pthread_t thread;
    (void)pthread_mutex_lock(&server->lock);
    struct place *const place = make_place(server);
    const int fd = place == NULL ? -1 : accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        /* An answer's head and body are two writes: the second is not to wait for the client's delayed
         * acknowledgement of the first. */
        const int at_once = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        *place = (struct place){ .taken = true, .waiting_since_ms = io_now_ms(), .fd = fd, .server = server };
        if (pthread_create(&thread, detached, serve_one, place) != 0) {
            place->taken = false;
            (void)close(fd);
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
    if (place != NULL && fd < 0) /* no descriptor: the next try is not at once */
        (void)poll(NULL, 0, TICK_MS);
}

static bool is_answering(struct server *server)
{
    bool answering = false;
    (void)pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < HTTP_SERVER_CONNECTIONS; i++)
        answering |= server->places[i].taken && server->places[i].answering;
    (void)pthread_mutex_unlock(&server->lock);
    return answering;
}

bool http_serve(int listener, struct http_tls *tls, const struct http_service *service, struct fault *why)
{
    static struct server server; /* one a process; threads may hold it to the end */
    pthread_attr_t detached;
    sigset_t ends;
    server.tls = tls;
    server.service = service;
    must(pthread_mutex_init(&server.lock, NULL) == 0 && pthread_cond_init(&server.left, NULL) == 0 &&
         pthread_attr_init(&detached) == 0 && pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    must(sigemptyset(&ends) == 0 && sigaddset(&ends, SIGTERM) == 0 && sigaddset(&ends, SIGINT) == 0 &&
         pthread_sigmask(SIG_BLOCK, &ends, NULL) == 0);
    (void)mallopt(M_MMAP_THRESHOLD, MEMORY_LARGE); /* fixed, so that a large buffer that is freed goes back at once */
    struct pollfd waits[] = { { .fd = listener, .events = POLLIN },
                              { .fd = signalfd(-1, &ends, SFD_CLOEXEC), .events = POLLIN } };
    if (waits[1].fd < 0)
        return fault_set(why, FAULT_INTERNAL, "signalfd: %s", strerror(errno));
    while ((waits[1].revents & POLLIN) == 0) {
        if (poll(waits, 2, -1) < 0 && errno != EINTR)
            return fault_set(why, FAULT_INTERNAL, "waiting for connections: %s", strerror(errno));
        if ((waits[0].revents & (POLLERR | POLLNVAL)) != 0)
            return fault_set(why, FAULT_INTERNAL, "the listening socket failed");
        if ((waits[0].revents & POLLIN) != 0)
            take_connection(&server, &detached, listener);
    }
    (void)close(listener);
    const uint64_t deadline_ms = io_now_ms() + HTTP_SERVER_DRAIN_MS;
    while (is_answering(&server) && io_now_ms() < deadline_ms)
        (void)poll(NULL, 0, TICK_MS);
    return true;
}
