/* connection_parts: what the files of one client's connection share. Private to connection*.c.
 *
 *   connection.c         its states, its place in epoll, its deadline; what happens to it
 *   connection_read.c    a request arrives, and is handed to the workers
 *   connection_answer.c  an answer leaves, and the one behind it
 *   connection_refuse.c  what is said about a request that does not arrive
 *
 * Each may close the connection: whoever goes on afterwards looks at its state.
 */
#ifndef ENCLAVE_CONNECTION_PARTS_H
#define ENCLAVE_CONNECTION_PARTS_H

#include "enclave/server_state.h"

/* The exchange whose turn it is, and the other. */
static inline struct exchange *connection_exchange_now(struct connection *connection)
{
    return &connection->exchanges[connection->now];
}

static inline struct exchange *connection_exchange_ahead(struct connection *connection)
{
    return &connection->exchanges[connection->now ^ 1];
}

/* connection.c */

/* One request is read ahead, and no more. */
bool connection_may_read(const struct connection *connection) MUST_USE;
/* Tells epoll what its state waits for. */
void connection_watch(const struct server *server, struct connection *connection);
void connection_set_deadline(struct server *server, struct connection *connection, uint64_t at_ms);
void connection_set_starved(struct server *server, struct connection *connection, bool starved);
void connection_drop_block(struct server *server, struct block *block);
/* The last answer is out: reads away what still comes, so that no reset destroys it. */
void connection_drain(struct server *server, struct connection *connection);
/* Reads the next request, or serves it if it was read ahead, or tells what was wrong with it. Returns with the
 * connection free when there is nothing more to do for it. */
void connection_next_request(struct server *server, struct connection *connection);

/* connection_read.c */

void connection_read(struct server *server, struct connection *connection);
void connection_read_away(struct server *server, struct connection *connection);
/* The request that has arrived is the workers' from here on. */
void connection_serve(struct server *server, struct connection *connection);

/* connection_answer.c */

void connection_start_answer(struct server *server, struct connection *connection);
/* As much of the answer as the client takes now, and of the one behind it. */
void connection_send_answer(struct server *server, struct connection *connection);

/* connection_refuse.c */

/* What is arriving is no request: says so when its turn comes, and closes after it. */
void connection_refuse(struct server *server, struct connection *connection, enum refusal refusal);
void connection_answer_refusal(struct server *server, struct connection *connection);

#endif
