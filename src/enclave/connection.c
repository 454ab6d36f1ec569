#include "core/base/text.h"
#include "enclave/server_state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    READ_PER_EVENT = 256 << 10, /* bytes, then the others have their turn */
    BODY_FIRST = 4096,          /* bytes of buffer for a body's first bytes, whatever it announces */
};

static struct exchange *exchange_now(struct connection *connection)
{
    return &connection->exchanges[connection->now];
}

static struct exchange *exchange_ahead(struct connection *connection)
{
    return &connection->exchanges[connection->now ^ 1];
}

/* One request is read ahead, and no more. */
static bool may_read(const struct connection *connection)
{
    return !connection->body_whole && connection->ahead == AHEAD_NONE && connection->refusal == REFUSAL_NONE &&
           !connection->peer_finished && !connection->starved && !connection->last_answer;
}

static void watch(const struct server *server, struct connection *connection)
{
    uint32_t events = 0;
    if (connection->state == CONNECTION_DRAINING || may_read(connection))
        events |= EPOLLIN;
    if (connection->state == CONNECTION_ANSWERING)
        events |= EPOLLOUT;
    if (events == connection->events || connection->gone)
        return;
    struct epoll_event event = { .events = events, .data.ptr = &connection->source };
    must(epoll_ctl(server->epoll, EPOLL_CTL_MOD, connection->source.fd, &event) == 0);
    connection->events = events;
}

static void set_deadline(struct server *server, struct connection *connection, uint64_t at_ms)
{
    connection->deadline_ms = at_ms;
    if (at_ms < server->next_deadline_ms)
        server->next_deadline_ms = at_ms;
}

static void set_starved(struct server *server, struct connection *connection, bool starved)
{
    if (connection->starved == starved)
        return;
    connection->starved = starved;
    if (starved)
        server->starved++;
    else
        server->starved--;
}

static void drop_block(struct server *server, struct block *block)
{
    limits_release(server, block->cap);
    block_free(block);
}

void connection_open(struct server *server, struct connection *connection, int fd)
{
    *connection = (struct connection){ .source = { SOURCE_CONNECTION, fd }, .state = CONNECTION_READING };
    for (size_t i = 0; i < 2; i++)
        connection->exchanges[i].job.owner = connection;
    connection->waiting_since = server->turn++;
    connection->events = EPOLLIN;
    server->open++;
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connection->source };
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) != 0) { /* ENOMEM or ENOSPC: the kernel's limits */
        connection_close(server, connection);
        return;
    }
    set_deadline(server, connection, server->now_ms + server->config->limits.first_byte_ms);
}

void connection_close(struct server *server, struct connection *connection)
{
    if (!connection->gone)
        close(connection->source.fd); /* which also takes it out of epoll */
    set_starved(server, connection, false);
    drop_block(server, &connection->body);
    if (connection->state == CONNECTION_ANSWERING)
        drop_block(server, &exchange_now(connection)->job.answer);
    if (connection->ahead == AHEAD_ANSWERED)
        drop_block(server, &exchange_ahead(connection)->job.answer);
    if (connection->given > 0) { /* the workers still have them */
        connection->gone = true;
        connection->state = CONNECTION_SERVED;
        connection->ahead = AHEAD_NONE;
        connection->deadline_ms = UINT64_MAX;
        return;
    }
    connection->state = CONNECTION_FREE;
    connection->next_free = server->closed;
    server->closed = connection;
    server->open--;
}

/* The request that has arrived is the workers' from here on. */
static struct job *give(struct server *server, struct connection *connection, struct exchange *exchange)
{
    exchange->request_bytes = connection->body.cap;
    exchange->job.request = connection->body;
    connection->body = (struct block){ 0 };
    connection->body_whole = false;
    connection->header_len = 0;
    connection->given++;
    server->served++;
    return &exchange->job;
}

static void serve(struct server *server, struct connection *connection)
{
    struct job *const job = give(server, connection, exchange_now(connection));
    connection->state = CONNECTION_SERVED;
    connection->deadline_ms = UINT64_MAX;
    watch(server, connection);
    workers_put(server->workers, job);
}

static void serve_ahead(struct server *server, struct connection *connection)
{
    struct job *const job = give(server, connection, exchange_ahead(connection));
    connection->ahead = AHEAD_SERVED;
    watch(server, connection);
    workers_put_behind(server->workers, &exchange_now(connection)->job, job);
}

static void drain(struct server *server, struct connection *connection)
{
    if (connection->peer_finished || server->stopping || shutdown(connection->source.fd, SHUT_WR) != 0) {
        connection_close(server, connection);
        return;
    }
    connection->state = CONNECTION_DRAINING;
    set_deadline(server, connection, server->now_ms + server->config->limits.request_ms);
    watch(server, connection);
}

/* Reads the next request, or serves it if it was read ahead, or tells what was wrong with it. Returns with the
 * connection free when there is nothing more to do for it. */
static void next_request(struct server *server, struct connection *connection);

static void read_request(struct server *server, struct connection *connection);

/* False: the client takes no more for now, or it was closed. */
static bool send_rest(struct server *server, struct connection *connection)
{
    const struct block *answer = &exchange_now(connection)->job.answer;
    while (connection->answer_sent < answer->len) {
        const ssize_t sent = send(connection->source.fd, answer->data + connection->answer_sent,
                                  answer->len - connection->answer_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            watch(server, connection);
            return false;
        }
        if (sent < 0) {
            connection_close(server, connection);
            return false;
        }
        connection->answer_sent += (size_t)sent;
    }
    drop_block(server, &exchange_now(connection)->job.answer);
    return true;
}

static void begin_answer(struct server *server, struct connection *connection)
{
    connection->state = CONNECTION_ANSWERING;
    connection->answer_sent = 0;
    connection->waiting_since = server->turn++;
    set_deadline(server, connection, server->now_ms + server->config->limits.idle_ms);
}

/* The one ahead has its turn. What the client has sent after it is waited for by nobody yet, and probably there. */
static void turn_over(struct server *server, struct connection *connection)
{
    const bool is_answered = connection->ahead == AHEAD_ANSWERED;
    connection->now ^= 1;
    connection->ahead = AHEAD_NONE;
    if (is_answered) {
        begin_answer(server, connection);
        return;
    }
    connection->state = CONNECTION_SERVED;
    connection->deadline_ms = UINT64_MAX;
    if (!server->stopping && may_read(connection))
        read_request(server, connection);
    if (connection->state == CONNECTION_SERVED)
        watch(server, connection);
}

static void send_answer(struct server *server, struct connection *connection)
{
    while (send_rest(server, connection)) {
        if (connection->ahead == AHEAD_NONE) {
            if (connection->last_answer) {
                drain(server, connection);
                return;
            }
            connection->state = CONNECTION_READING;
            connection->waiting_since = server->turn++;
            next_request(server, connection);
            return;
        }
        turn_over(server, connection);
        if (connection->state != CONNECTION_ANSWERING)
            return;
    }
}

static void start_answer(struct server *server, struct connection *connection)
{
    begin_answer(server, connection);
    send_answer(server, connection);
    limits_settle(server, connection);
}

static void describe(const struct server *server, const struct connection *connection, struct fault *why)
{
    const struct server_limits *limits = &server->config->limits;
    const struct bytes header = { connection->header, connection->header_len };
    switch (connection->refusal) {
    case REFUSAL_TOO_LONG:
        fault_set(why, FAULT_LIMIT, "a frame of %zu bytes is announced, at most %u are accepted", connection->body_len,
                  limits->frame_bytes);
        if (text_is_printable(header))
            fault_set(why, FAULT_LIMIT,
                      "a frame of %zu bytes is announced, at most %u are accepted (these 4 bytes read \"%.4s\": wanted "
                      "is a length of 4 bytes, big endian, then JSON; not HTTP, not bare text)",
                      connection->body_len, limits->frame_bytes, (const char *)connection->header);
        return;
    case REFUSAL_PEER_CLOSED:
        fault_set(why, FAULT_INPUT, "peer closed");
        return;
    case REFUSAL_TOO_SLOW:
        if (connection->header_len < FRAME_HEADER)
            fault_set(why, FAULT_LIMIT,
                      "the request was not whole %u ms after its first byte (got %zu of 4 bytes of "
                      "length)",
                      limits->request_ms, connection->header_len);
        else
            fault_set(why, FAULT_LIMIT, "the request was not whole %u ms after its first byte (got %zu of %zu bytes)",
                      limits->request_ms, connection->body.len, connection->body_len);
        return;
    case REFUSAL_NONE:
        break;
    }
    must(false);
}

static void answer_refusal(struct server *server, struct connection *connection)
{
    struct fault why = { 0 };
    describe(server, connection, &why);
    drop_block(server, &connection->body);
    uint8_t text[SERVICE_FAULT_MAX];
    struct writer out = writer_of(text, sizeof text);
    server->config->service->put_fault(&out, &why);
    struct bytes body;
    must(writer_done(&out, &body));
    struct block *answer = &exchange_now(connection)->job.answer;
    if (!block_grow(answer, FRAME_HEADER + body.len)) {
        connection_close(server, connection);
        return;
    }
    struct writer frame = writer_of(answer->data, answer->cap);
    frame_write_header(&frame, body.len);
    writer_put(&frame, body);
    must(writer_done(&frame, &body));
    answer->len = body.len;
    server->buffered += answer->cap;
    connection->last_answer = true;
    start_answer(server, connection);
}

static void next_request(struct server *server, struct connection *connection)
{
    const struct server_limits *limits = &server->config->limits;
    if (server->stopping)
        connection_close(server, connection);
    else if (connection->body_whole)
        serve(server, connection);
    else if (connection->refusal != REFUSAL_NONE)
        answer_refusal(server, connection);
    else if (connection->peer_finished)
        connection_close(server, connection);
    else {
        set_deadline(server, connection,
                     connection->header_len > 0 ? connection->first_byte_ms + limits->request_ms
                                                : server->now_ms + limits->idle_ms);
        watch(server, connection);
    }
}

static void refuse(struct server *server, struct connection *connection, enum refusal refusal)
{
    connection->refusal = refusal;
    if (connection->state == CONNECTION_READING)
        answer_refusal(server, connection);
    else
        watch(server, connection);
}

static void body_arrived(struct server *server, struct connection *connection)
{
    connection->body_whole = true;
    if (connection->state == CONNECTION_READING)
        serve(server, connection);
    else if (connection->state == CONNECTION_SERVED && !server->stopping)
        serve_ahead(server, connection);
    else
        watch(server, connection);
}

static void peer_finished(struct server *server, struct connection *connection)
{
    connection->peer_finished = true;
    if (connection->header_len > 0)
        refuse(server, connection, REFUSAL_PEER_CLOSED);
    else if (connection->state == CONNECTION_READING)
        connection_close(server, connection);
    else
        watch(server, connection);
}

/* Where the next bytes go. False: there is no room now, or the connection was closed for want of it. */
static bool room(struct server *server, struct connection *connection, uint8_t **into, size_t *cap)
{
    if (connection->header_len < FRAME_HEADER) {
        *into = connection->header + connection->header_len;
        *cap = FRAME_HEADER - connection->header_len;
        return true;
    }
    struct block *body = &connection->body;
    if (body->len == body->cap) {
        size_t wanted = body->cap == 0 ? BODY_FIRST : body->cap * 2;
        if (wanted > connection->body_len)
            wanted = connection->body_len;
        const size_t more = wanted - body->cap;
        switch (limits_grant(server, connection, more)) {
        case GRANT_CLOSED:
            return false;
        case GRANT_LATER:
            set_starved(server, connection, true);
            watch(server, connection);
            return false;
        case GRANTED:
            break;
        }
        if (!block_grow(body, wanted)) {
            limits_release(server, more);
            connection_close(server, connection);
            return false;
        }
    }
    *into = body->data + body->len;
    *cap = body->cap - body->len;
    return true;
}

/* True: the frame is neither whole nor refused, and more of it may be read. */
static bool took(struct server *server, struct connection *connection, size_t len)
{
    if (connection->header_len == 0) {
        connection->first_byte_ms = server->now_ms;
        if (connection->state == CONNECTION_READING)
            set_deadline(server, connection, server->now_ms + server->config->limits.request_ms);
    }
    if (connection->header_len < FRAME_HEADER) {
        connection->header_len += len;
        if (connection->header_len < FRAME_HEADER)
            return true;
        struct reader header = reader_of(BYTES_OF(connection->header));
        connection->body_len = (size_t)reader_be(&header, FRAME_HEADER);
        if (connection->body_len > server->config->limits.frame_bytes) {
            refuse(server, connection, REFUSAL_TOO_LONG);
            return false;
        }
    } else {
        connection->body.len += len;
    }
    if (connection->body.len < connection->body_len)
        return true;
    body_arrived(server, connection);
    return false;
}

static void read_request(struct server *server, struct connection *connection)
{
    for (size_t total = 0; total < READ_PER_EVENT;) {
        uint8_t *into;
        size_t cap;
        if (!room(server, connection, &into, &cap))
            return;
        const ssize_t got = recv(connection->source.fd, into, cap, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got < 0) {
            connection_close(server, connection);
            return;
        }
        if (got == 0) {
            peer_finished(server, connection);
            return;
        }
        total += (size_t)got;
        if (!took(server, connection, (size_t)got))
            return;
    }
}

static void read_away(struct server *server, struct connection *connection)
{
    uint8_t nowhere[16384];
    for (size_t total = 0; total < READ_PER_EVENT;) {
        const ssize_t got = recv(connection->source.fd, nowhere, sizeof nowhere, 0);
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            break;
        if (got <= 0) {
            connection_close(server, connection);
            break;
        }
        total += (size_t)got;
    }
    explicit_bzero(nowhere, sizeof nowhere); /* a request too long may hold credentials too */
}

void connection_event(struct server *server, struct connection *connection, uint32_t events)
{
    if (connection->state == CONNECTION_FREE || connection->gone)
        return; /* closed earlier in this round */
    if (events & connection->events & EPOLLIN) {
        if (connection->state == CONNECTION_DRAINING)
            read_away(server, connection);
        else
            read_request(server, connection);
        return;
    }
    if (events & (EPOLLERR | EPOLLHUP))
        connection_close(server, connection); /* both ways are shut: nobody takes an answer */
    else if (events & connection->events & EPOLLOUT)
        send_answer(server, connection);
}

void connection_answered(struct server *server, struct job *job)
{
    struct connection *const connection = job->owner;
    struct exchange *const exchange = (struct exchange *)(void *)job;
    must(connection->given > 0);
    connection->given--;
    server->served--;
    limits_release(server, exchange->request_bytes);
    exchange->request_bytes = 0;
    server->buffered += job->answer.cap;
    if (connection->gone) {
        drop_block(server, &job->answer);
        if (connection->given == 0)
            connection_close(server, connection);
    } else if (job->answer.len == 0) {
        connection_close(server, connection);
    } else if (exchange == exchange_now(connection)) {
        must(connection->state == CONNECTION_SERVED);
        start_answer(server, connection);
    } else { /* the client has not taken the answer before it */
        must(connection->state == CONNECTION_ANSWERING && connection->ahead == AHEAD_SERVED);
        connection->ahead = AHEAD_ANSWERED;
        limits_settle(server, connection);
    }
}

void connection_late(struct server *server, struct connection *connection)
{
    if (connection->state == CONNECTION_READING && connection->header_len > 0) {
        set_starved(server, connection, false);
        refuse(server, connection, REFUSAL_TOO_SLOW);
    } else {
        connection_close(server, connection);
    }
}

void connection_resume(struct server *server, struct connection *connection)
{
    set_starved(server, connection, false);
    read_request(server, connection);
    if (connection->state != CONNECTION_FREE)
        watch(server, connection);
}
