#include "enclave/connection_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READ_PER_EVENT = 256 << 10, /* bytes, then the others have their turn */
    BODY_FIRST = 4096,          /* bytes of buffer for a body's first bytes, whatever it announces */
};

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

void connection_serve(struct server *server, struct connection *connection)
{
    struct job *const job = give(server, connection, connection_exchange_now(connection));
    connection->state = CONNECTION_SERVED;
    connection->deadline_ms = UINT64_MAX;
    connection_watch(server, connection);
    workers_put(server->workers, job);
}

static void serve_ahead(struct server *server, struct connection *connection)
{
    struct job *const job = give(server, connection, connection_exchange_ahead(connection));
    connection->ahead = AHEAD_SERVED;
    connection_watch(server, connection);
    workers_put_behind(server->workers, &connection_exchange_now(connection)->job, job);
}

static void body_arrived(struct server *server, struct connection *connection)
{
    connection->body_whole = true;
    connection->settles_ms = 0;
    if (connection->state == CONNECTION_READING)
        connection_serve(server, connection);
    else if (connection->state == CONNECTION_SERVED && !server->stopping && !server->crowded)
        serve_ahead(server, connection);
    else
        connection_watch(server, connection);
}

static void peer_finished(struct server *server, struct connection *connection)
{
    connection->peer_finished = true;
    if (connection->header_len > 0)
        connection_refuse(server, connection, REFUSAL_PEER_CLOSED);
    else if (connection->state == CONNECTION_READING)
        connection_close(server, connection);
    else
        connection_watch(server, connection);
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
            connection_set_starved(server, connection, true);
            connection_watch(server, connection);
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
            connection_set_deadline(server, connection, server->now_ms + server->config->limits.request_ms);
    }
    if (connection->header_len < FRAME_HEADER) {
        connection->header_len += len;
        if (connection->header_len < FRAME_HEADER)
            return true;
        struct reader header = reader_of(BYTES_OF(connection->header));
        connection->body_len = (size_t)reader_be(&header, FRAME_HEADER);
        if (connection->body_len > server->config->limits.frame_bytes) {
            connection_refuse(server, connection, REFUSAL_TOO_LONG);
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

void connection_read(struct server *server, struct connection *connection)
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

void connection_read_away(struct server *server, struct connection *connection)
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
