#include "enclave/connection_parts.h"

#include <errno.h>
#include <sys/socket.h>

/* False: the client takes no more for now, or it was closed. */
static bool send_rest(struct server *server, struct connection *connection)
{
    const struct block *answer = &connection_exchange_now(connection)->job.answer;
    while (connection->answer_sent < answer->len) {
        const ssize_t sent = send(connection->source.fd, answer->data + connection->answer_sent,
                                  answer->len - connection->answer_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            connection_watch(server, connection);
            return false;
        }
        if (sent < 0) {
            connection_close(server, connection);
            return false;
        }
        connection->answer_sent += (size_t)sent;
    }
    connection_drop_block(server, &connection_exchange_now(connection)->job.answer);
    return true;
}

static void begin_answer(struct server *server, struct connection *connection)
{
    connection->state = CONNECTION_ANSWERING;
    connection->answer_sent = 0;
    connection->waiting_since = server->turn++;
    connection_set_deadline(server, connection, server->now_ms + server->config->limits.idle_ms);
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
    if (!server->stopping && connection_may_read(connection))
        connection_read(server, connection);
    if (connection->state == CONNECTION_SERVED)
        connection_watch(server, connection);
}

void connection_send_answer(struct server *server, struct connection *connection)
{
    while (send_rest(server, connection)) {
        if (connection->ahead == AHEAD_NONE) {
            if (connection->last_answer) {
                connection_drain(server, connection);
                return;
            }
            connection->state = CONNECTION_READING;
            connection->waiting_since = server->turn++;
            connection_next_request(server, connection);
            return;
        }
        turn_over(server, connection);
        if (connection->state != CONNECTION_ANSWERING)
            return;
    }
}

void connection_start_answer(struct server *server, struct connection *connection)
{
    begin_answer(server, connection);
    connection_send_answer(server, connection);
    limits_settle(server, connection);
}
