#include "enclave/server_state.h"

static bool holds_bytes(const struct connection *connection)
{
    const struct exchange *const now = &connection->exchanges[connection->now];
    return connection->body.cap > 0 || now->job.answer.cap > 0 || connection->ahead == AHEAD_ANSWERED;
}

enum wanted { WANTED_PLACE, WANTED_BYTES };

/* Whether closing it gives that. What the workers have of it stands in its place until they are done. */
static bool gives(const struct connection *one, enum wanted wanted)
{
    if (one->state == CONNECTION_FREE || one->state == CONNECTION_SERVED)
        return false;
    return wanted == WANTED_BYTES ? holds_bytes(one) : one->given == 0;
}

/* The one who has waited longest without a whole request; NULL when there is none to close. */
static struct connection *longest_waiting(const struct server *server, enum wanted wanted)
{
    struct connection *longest = NULL;
    for (uint32_t i = 0; i < server->touched; i++) {
        struct connection *const one = &server->table[i];
        if (gives(one, wanted) && (longest == NULL || one->waiting_since < longest->waiting_since))
            longest = one;
    }
    return longest;
}

enum grant limits_grant(struct server *server, struct connection *asking, size_t bytes)
{
    const size_t limit = server->config->limits.buffered_bytes;
    while (server->buffered > limit || bytes > limit - server->buffered) {
        struct connection *const longest = longest_waiting(server, WANTED_BYTES);
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
        struct connection *const longest = longest_waiting(server, WANTED_BYTES);
        if (longest == NULL || longest == answered)
            return;
        connection_close(server, longest);
    }
}

/* Beside those who wait, a newcomer has as long to ask as it takes for all of them to go before it. Where most are
 * being served, who has only just come may be the only one who waits, and would go for the very next. */
static bool keeps_its_place(const struct server *server, const struct connection *longest)
{
    uint32_t waiting = 0;
    if (longest->settles_ms <= server->now_ms)
        return false;
    for (uint32_t i = 0; i < server->touched; i++)
        waiting += gives(&server->table[i], WANTED_PLACE);
    return waiting <= server->open / 2;
}

bool limits_has_place(const struct server *server)
{
    if (server->open < server->config->limits.connections)
        return true;
    const struct connection *const longest = longest_waiting(server, WANTED_PLACE);
    return longest != NULL && !keeps_its_place(server, longest);
}

bool limits_make_place(struct server *server)
{
    struct connection *const longest = longest_waiting(server, WANTED_PLACE);
    if (longest == NULL)
        return false;
    connection_close(server, longest);
    return true;
}
