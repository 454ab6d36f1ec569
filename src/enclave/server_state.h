/* server_state: what the parts of the server share. Private to server.c, connection*.c and limits.c. */
#ifndef ENCLAVE_SERVER_STATE_H
#define ENCLAVE_SERVER_STATE_H

#include "core/codec/frame.h"
#include "enclave/server.h"
#include "enclave/workers.h"

enum source_kind { SOURCE_LISTENER, SOURCE_DONE, SOURCE_STOP, SOURCE_CONNECTION };

/* What epoll hands back a pointer to. */
struct source {
    enum source_kind kind;
    int fd;
};

enum connection_state {
    CONNECTION_FREE,
    CONNECTION_READING,   /* the next request has not arrived whole */
    CONNECTION_SERVED,    /* a request is with the workers; the next may be read meanwhile, and put behind it */
    CONNECTION_ANSWERING, /* the client has not taken all of its answer */
    CONNECTION_DRAINING,  /* the last answer is out; what still comes is thrown away, so that no reset destroys it */
};

/* What is wrong with what arrives; told when its turn comes. */
enum refusal { REFUSAL_NONE, REFUSAL_TOO_LONG, REFUSAL_PEER_CLOSED, REFUSAL_TOO_SLOW };

/* A request that the workers have, and then its answer until it is sent. */
struct exchange {
    struct job job;       /* first: connection_answered relies on it */
    size_t request_bytes; /* of buffer, held by the request while the workers have it */
};

/* The request behind the one whose turn it is. */
enum ahead { AHEAD_NONE, AHEAD_SERVED, AHEAD_ANSWERED };

struct connection {
    struct source source; /* first: source_connection relies on it */
    enum connection_state state;

    uint8_t header[FRAME_HEADER]; /* of the frame that arrives */
    size_t header_len, body_len;  /* bytes of header here; bytes of body announced */
    struct block body;            /* of that frame, so far */
    bool body_whole;              /* read ahead: waits for the answer before it to be taken */
    enum refusal refusal;         /* instead of a next frame */
    bool peer_finished;           /* the client sends no more */
    bool starved;                 /* waits for bytes of buffer */

    struct exchange exchanges[2];        /* that whose turn it is, and the one ahead */
    unsigned now;                        /* whose turn it is. SERVED: with the workers. ANSWERING: being sent */
    enum ahead ahead;                    /* SERVED or ANSWERING: of the other */
    unsigned given;                      /* so many are with the workers */
    size_t answer_sent;                  /* ANSWERING: bytes */
    bool last_answer;                    /* close after it */
    bool gone;                           /* SERVED: the client has vanished; free when the workers are done */
    uint32_t events;                     /* registered with epoll */
    uint64_t waiting_since;              /* a turn of server->turn: milliseconds would make ties */
    uint64_t first_byte_ms, deadline_ms; /* io_now_ms's clock; no deadline: UINT64_MAX */
    uint64_t settles_ms;                 /* before it, the place is its own: it has come, and has not asked yet */

    struct connection *next_free;
};

struct server {
    const struct server_config *config;
    int epoll;
    struct workers *workers;
    struct source listeners[SERVER_LISTENERS_MAX], done, stop;
    struct connection *table;  /* config->limits.connections of them, touched as needed */
    uint32_t touched;          /* the first so many of the table have been in use */
    struct connection *free;   /* of the touched */
    struct connection *closed; /* free from the end of this round of events on */
    uint32_t open, starved;    /* counts of connections */
    uint32_t served;           /* requests that the workers have */
    size_t buffered;           /* bytes of blocks */
    uint64_t turn;             /* counts up whenever a wait for a client begins */
    uint64_t now_ms;           /* when this round of events came */
    uint64_t next_deadline_ms; /* no connection's deadline is earlier */
    bool accepting, stopping;
    bool crowded; /* somebody waits for a place, and there is none to close: who is answered next makes way */
};

/* connection*.c: one client */
void connection_open(struct server *server, struct connection *connection, int fd);
void connection_event(struct server *server, struct connection *connection, uint32_t events);
void connection_answered(struct server *server, struct job *job);             /* the workers are done with it */
void connection_late(struct server *server, struct connection *connection);   /* its deadline has passed */
void connection_resume(struct server *server, struct connection *connection); /* there may be room again */
void connection_close(struct server *server, struct connection *connection);

/* limits.c: who has to go */

/* Makes room for `bytes` more of buffer for this connection. GRANTED: they are counted. */
enum grant {
    GRANTED,
    GRANT_LATER /* all room is held by requests being answered */,
    GRANT_CLOSED /* it was the one */
};
enum grant limits_grant(struct server *server, struct connection *asking, size_t bytes);
void limits_release(struct server *server, size_t bytes);
/* After an answer was added: closes others until the bound holds again. The one just answered stays in any case. */
void limits_settle(struct server *server, const struct connection *answered);

/* For a new client, closing another if need be. False: all are being served, or most, and the rest have only just come.
 */
bool limits_has_place(const struct server *server);
bool limits_make_place(struct server *server); /* closes the one to close; false: all are being served */

#endif
