#include "enclave/server_state.h"

static bool holds_bytes(const struct connection *connection)
{
    const struct exchange *const now = &connection->exchanges[connection->now];
    return connection->body.cap > 0 || now->job.answer.cap > 0 || connection->ahead == AHEAD_ANSWERED;
}

/* The one who has waited longest without a whole request; NULL when every connection is being served. */
static struct connection *longest_waiting(const struct server *server, bool holding_bytes)
{
    struct connection *longest = NULL;
    for (uint32_t i = 0; i < server->touched; i++) {
        struct connection *const one = &server->table[i];
        if (one->state == CONNECTION_FREE || one->state == CONNECTION_SERVED)
            continue;
        if (holding_bytes && !holds_bytes(one))
            continue;
        if (longest == NULL || one->waiting_since < longest->waiting_since)
            longest = one;
    }
    return longest;
}

enum grant limits_grant(struct server *server, struct connection *asking, size_t bytes)
{
    const size_t limit = server->config->limits.buffered_bytes;
    while (server->buffered > limit || bytes > limit - server->buffered) {
        struct connection *const longest = longest_waiting(server, true);
        const bool alone = longest == NULL || (longest == asking && server->buffered == asking->body.cap);
        if (alone || (longest == asking && server->served > 0))
            return GRANT_LATER;
        connection_close(server, longest);
        if (longest == asking)
            return GRANT_CLOSED;
    }
    server->buffered += bytes;
    return GRANTED;
}

void limits_release(struct server *server, size_t bytes)
{
    must(bytes <= server->buffered);
    server->buffered -= bytes;
}

void limits_settle(struct server *server, const struct connection *answered)
{
    while (server->buffered > server->config->limits.buffered_bytes) {
        struct connection *const longest = longest_waiting(server, true);
        if (longest == NULL || longest == answered)
            return;
        connection_close(server, longest);
    }
}

static bool is_settling(const struct server *server, const struct connection *one)
{
    return one->settles_ms > server->now_ms;
}

enum place limits_place(const struct server *server)
{
    if (server->open < server->config->limits.connections)
        return PLACE_FOUND;
    const struct connection *const longest = longest_waiting(server, false);
    return longest == NULL ? PLACE_NONE : is_settling(server, longest) ? PLACE_LATER : PLACE_FOUND;
}

bool limits_make_place(struct server *server)
{
    struct connection *const longest = longest_waiting(server, false);
    if (longest == NULL || is_settling(server, longest))
        return false;
    connection_close(server, longest);
    return true;
}
