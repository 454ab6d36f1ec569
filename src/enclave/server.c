#include "enclave/server.h"

#include "enclave/server_state.h"
#include "io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_PER_ROUND = 256,
    ACCEPTS_PER_ROUND = 64,      /* then those who are connected have their turn */
    ROUND_MAX_MS = 1000,         /* how often `ended` is asked */
    ACCEPT_RETRY_MS = 100,       /* after there was no place, file descriptor or memory for a client */
    SLOW_SHARE = 4,              /* of buffered_bytes, a fourth may be held by what waits for KMS */
    ANSWERS_WAITING = 256 << 10, /* bytes of answers that the workers may be ahead of the I/O thread */
};

static void watch_source(const struct server *server, struct source *source, int operation, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = source };
    must(epoll_ctl(server->epoll, operation, source->fd, &event) == 0);
}

static void set_accepting(struct server *server, bool accepting)
{
    if (server->accepting == accepting)
        return;
    server->accepting = accepting;
    for (unsigned i = 0; i < server->config->listener_count; i++)
        watch_source(server, &server->listeners[i], EPOLL_CTL_MOD, accepting ? EPOLLIN : 0);
}

static void bury_closed(struct server *server)
{
    while (server->closed != NULL) {
        struct connection *const one = server->closed;
        server->closed = one->next_free;
        one->next_free = server->free;
        server->free = one;
    }
}

/* Only between rounds of events, so that no event of the place's last connection is still to come. */
static struct connection *place(struct server *server)
{
    if (server->open == server->config->limits.connections)
        must(limits_make_place(server));
    bury_closed(server);
    struct connection *const connection = server->free;
    if (connection != NULL) {
        server->free = connection->next_free;
        return connection;
    }
    must(server->touched < server->config->limits.connections);
    return &server->table[server->touched++];
}

static bool is_transient(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM || error == ENETDOWN ||
           error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

static void accept_some(struct server *server, int listener)
{
    for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
        const bool has_place = limits_has_place(server);
        server->crowded = !has_place && i == 0; /* after that, whether more wait is not known */
        if (server->crowded)
            set_accepting(server, false);
        if (!has_place)
            return;
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && is_transient(errno))
            continue;
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (fd < 0) { /* EMFILE, ENFILE, ENOBUFS, ENOMEM: someone has to go first */
            if (!limits_make_place(server))
                set_accepting(server, false);
            bury_closed(server);
            return;
        }
        const int on = 1; /* answers of pipelined requests must not wait for acknowledgements; TCP only */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection_open(server, place(server), fd);
    }
}

static void take_answers(struct server *server)
{
    for (struct job *job = workers_take_done(server->workers), *next; job != NULL; job = next) {
        next = job->next;
        connection_answered(server, job);
    }
}

static void expire(struct server *server)
{
    if (server->now_ms < server->next_deadline_ms)
        return;
    server->next_deadline_ms = UINT64_MAX;
    for (uint32_t i = 0; i < server->touched; i++) {
        struct connection *const one = &server->table[i];
        if (one->state == CONNECTION_FREE)
            continue;
        if (one->deadline_ms <= server->now_ms)
            connection_late(server, one);
        if (one->state != CONNECTION_FREE && one->deadline_ms < server->next_deadline_ms)
            server->next_deadline_ms = one->deadline_ms;
    }
}

static void resume_starved(struct server *server)
{
    for (uint32_t i = 0; i < server->touched && server->starved > 0; i++) {
        if (server->table[i].state != CONNECTION_FREE && server->table[i].starved)
            connection_resume(server, &server->table[i]);
    }
}

static void begin_stopping(struct server *server)
{
    server->stopping = true;
    for (unsigned i = 0; i < server->config->listener_count; i++)
        watch_source(server, &server->listeners[i], EPOLL_CTL_DEL, 0);
    for (uint32_t i = 0; i < server->touched; i++) {
        struct connection *const one = &server->table[i];
        if (one->state == CONNECTION_READING || one->state == CONNECTION_DRAINING)
            connection_close(server, one);
    }
}

static int round_ms(const struct server *server)
{
    const uint64_t cap = server->accepting || server->stopping ? ROUND_MAX_MS : ACCEPT_RETRY_MS;
    if (server->next_deadline_ms <= server->now_ms)
        return 0;
    const uint64_t left = server->next_deadline_ms - server->now_ms;
    return (int)(left < cap ? left : cap);
}

/* One round: what has happened, then who is late, then who is new. */
static void run_round(struct server *server)
{
    struct epoll_event events[EVENTS_PER_ROUND];
    const int count = epoll_wait(server->epoll, events, EVENTS_PER_ROUND, round_ms(server));
    must(count >= 0 || errno == EINTR);
    server->now_ms = io_now_ms();
    struct source *ready[SERVER_LISTENERS_MAX];
    unsigned ready_count = 0;
    bool stop = false;
    for (int i = 0; i < count; i++) {
        struct source *const source = events[i].data.ptr;
        switch (source->kind) {
        case SOURCE_LISTENER:
            ready[ready_count++] = source;
            break;
        case SOURCE_DONE:
            take_answers(server);
            break;
        case SOURCE_STOP:
            stop = true;
            break;
        case SOURCE_CONNECTION:
            connection_event(server, (struct connection *)(void *)source, events[i].events);
            break;
        }
    }
    expire(server);
    resume_starved(server);
    bury_closed(server);
    if (stop && !server->stopping)
        begin_stopping(server);
    if (server->stopping)
        return;
    if (!server->accepting) /* after a pause: the next round tries again, and pauses again if it must */
        set_accepting(server, true);
    for (unsigned i = 0; i < ready_count; i++)
        accept_some(server, ready[i]->fd);
}

static enum server_end run(struct server *server)
{
    const struct service *service = server->config->service;
    uint64_t ask_ms = server->now_ms;
    uint64_t give_up_ms = UINT64_MAX;
    enum server_end end = SERVER_STOPPED;
    for (;;) {
        run_round(server);
        if (server->now_ms >= ask_ms && !server->stopping) {
            ask_ms = server->now_ms + ROUND_MAX_MS;
            if (service->ended(service->context)) {
                end = SERVER_SERVICE_ENDED;
                begin_stopping(server);
            }
        }
        if (!server->stopping)
            continue;
        if (give_up_ms == UINT64_MAX) {
            give_up_ms = server->now_ms + SERVER_STOP_MS;
            watch_source(server, &server->stop, EPOLL_CTL_DEL, 0);
        }
        if (server->open == 0 || server->now_ms >= give_up_ms)
            return end;
    }
}

enum server_end server_run(const struct server_config *config, struct fault *why)
{
    must(config->listener_count <= SERVER_LISTENERS_MAX);
    static struct server server; /* one a process; too large for a small stack to like */
    server = (struct server){ .config = config, .next_deadline_ms = UINT64_MAX, .now_ms = io_now_ms() };
    server.table = calloc(config->limits.connections, sizeof *server.table); /* untouched until used */
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server.table == NULL || server.epoll < 0)
        fault_set(why, FAULT_INTERNAL, "cannot set up the server: %s", strerror(errno));
    else
        server.workers = workers_start(config->service, config->workers, ANSWERS_WAITING,
                                       config->limits.buffered_bytes / SLOW_SHARE, why);
    if (server.workers == NULL) {
        if (server.epoll >= 0)
            close(server.epoll);
        free(server.table);
        return SERVER_FAILED;
    }
    server.done = (struct source){ SOURCE_DONE, workers_done_fd(server.workers) };
    server.stop = (struct source){ SOURCE_STOP, config->stop_fd };
    watch_source(&server, &server.done, EPOLL_CTL_ADD, EPOLLIN);
    watch_source(&server, &server.stop, EPOLL_CTL_ADD, EPOLLIN);
    for (unsigned i = 0; i < config->listener_count; i++) {
        server.listeners[i] = (struct source){ SOURCE_LISTENER, config->listeners[i] };
        watch_source(&server, &server.listeners[i], EPOLL_CTL_ADD, EPOLLIN);
    }
    server.accepting = true;
    const enum server_end end = run(&server);
    for (unsigned i = 0; i < config->listener_count; i++)
        close(config->listeners[i]);
    close(server.epoll);
    if (server.open == 0) {
        workers_stop(server.workers);
        free(server.table);
    }
    return end;
}
