#include "enclave/connection_parts.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SETTLING_MS = 50 /* for a newcomer to be scheduled and to ask */
};

bool connection_may_read(const struct connection *connection)
{
    return !connection->body_whole && connection->ahead == AHEAD_NONE && connection->refusal == REFUSAL_NONE &&
           !connection->peer_finished && !connection->starved && !connection->last_answer;
}

void connection_watch(const struct server *server, struct connection *connection)
{
    uint32_t events = 0;
    if (connection->state == CONNECTION_DRAINING || connection_may_read(connection))
        events |= EPOLLIN;
    if (connection->state == CONNECTION_ANSWERING)
        events |= EPOLLOUT;
    if (events == connection->events || connection->gone)
        return;
    struct epoll_event event = { .events = events, .data.ptr = &connection->source };
    must(epoll_ctl(server->epoll, EPOLL_CTL_MOD, connection->source.fd, &event) == 0);
    connection->events = events;
}

void connection_set_deadline(struct server *server, struct connection *connection, uint64_t at_ms)
{
    connection->deadline_ms = at_ms;
    if (at_ms < server->next_deadline_ms)
        server->next_deadline_ms = at_ms;
}

void connection_set_starved(struct server *server, struct connection *connection, bool starved)
{
    if (connection->starved == starved)
        return;
    connection->starved = starved;
    if (starved)
        server->starved++;
    else
        server->starved--;
}

void connection_drop_block(struct server *server, struct block *block)
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
    connection_set_deadline(server, connection, server->now_ms + server->config->limits.first_byte_ms);
    connection->settles_ms = server->now_ms + SETTLING_MS;
    connection_read(server, connection); /* mostly the request came with the client */
}

void connection_close(struct server *server, struct connection *connection)
{
    if (!connection->gone)
        close(connection->source.fd); /* which also takes it out of epoll */
    connection_set_starved(server, connection, false);
    connection_drop_block(server, &connection->body);
    if (connection->state == CONNECTION_ANSWERING)
        connection_drop_block(server, &connection_exchange_now(connection)->job.answer);
    if (connection->ahead == AHEAD_ANSWERED)
        connection_drop_block(server, &connection_exchange_ahead(connection)->job.answer);
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

void connection_drain(struct server *server, struct connection *connection)
{
    if (connection->peer_finished || server->stopping || shutdown(connection->source.fd, SHUT_WR) != 0) {
        connection_close(server, connection);
        return;
    }
    connection->state = CONNECTION_DRAINING;
    connection_set_deadline(server, connection, server->now_ms + server->config->limits.request_ms);
    connection_watch(server, connection);
}

void connection_next_request(struct server *server, struct connection *connection)
{
    const struct server_limits *limits = &server->config->limits;
    if (server->stopping || server->crowded) {
        server->crowded = false; /* there is a place */
        connection_close(server, connection);
    } else if (connection->body_whole)
        connection_serve(server, connection);
    else if (connection->refusal != REFUSAL_NONE)
        connection_answer_refusal(server, connection);
    else if (connection->peer_finished)
        connection_close(server, connection);
    else {
        connection_set_deadline(server, connection,
                                connection->header_len > 0 ? connection->first_byte_ms + limits->request_ms
                                                           : server->now_ms + limits->idle_ms);
        connection_watch(server, connection);
    }
}

void connection_event(struct server *server, struct connection *connection, uint32_t events)
{
    if (connection->state == CONNECTION_FREE || connection->gone)
        return; /* closed earlier in this round */
    if (events & connection->events & EPOLLIN) {
        if (connection->state == CONNECTION_DRAINING)
            connection_read_away(server, connection);
        else
            connection_read(server, connection);
        return;
    }
    if (events & (EPOLLERR | EPOLLHUP))
        connection_close(server, connection); /* both ways are shut: nobody takes an answer */
    else if (events & connection->events & EPOLLOUT)
        connection_send_answer(server, connection);
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
        connection_drop_block(server, &job->answer);
        if (connection->given == 0)
            connection_close(server, connection);
    } else if (job->answer.len == 0) {
        connection_close(server, connection);
    } else if (exchange == connection_exchange_now(connection)) {
        must(connection->state == CONNECTION_SERVED);
        connection_start_answer(server, connection);
    } else { /* the client has not taken the answer before it */
        must(connection->state == CONNECTION_ANSWERING && connection->ahead == AHEAD_SERVED);
        connection->ahead = AHEAD_ANSWERED;
        limits_settle(server, connection);
    }
}

void connection_late(struct server *server, struct connection *connection)
{
    if (connection->state == CONNECTION_READING && connection->header_len > 0) {
        connection_set_starved(server, connection, false);
        connection_refuse(server, connection, REFUSAL_TOO_SLOW);
    } else {
        connection_close(server, connection);
    }
}

void connection_resume(struct server *server, struct connection *connection)
{
    connection_set_starved(server, connection, false);
    connection_read(server, connection);
    if (connection->state != CONNECTION_FREE)
        connection_watch(server, connection);
}
