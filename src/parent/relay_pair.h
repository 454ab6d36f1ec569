/* relay_pair: one pair of streams, inside the relay. relay.c makes them, connects them and ends them by the clock;
 * relay_move.c moves what they say. */
#ifndef PARENT_RELAY_PAIR_H
#define PARENT_RELAY_PAIR_H

#include "parent/relay.h"

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <sys/queue.h>

enum pair_state {
    PAIR_WAITING,    /* for addresses, or for room in a unix socket's backlog */
    PAIR_CONNECTING, /* to addresses.items[next - 1] */
    PAIR_GREETING,   /* waits for "OK N\n" */
    PAIR_OPEN,
};

struct side {
    struct pair *pair;
    struct bufferevent *stream; /* NULL: the far side, not yet connecting */
    bool ended;                 /* nothing more comes from it */
    bool told;                  /* it has been told that nothing more comes from its partner */
};

struct pair {
    struct relay *relay;
    TAILQ_ENTRY(pair) link;
    enum pair_state state;
    struct side near, far;
    struct relay_addresses addresses;
    size_t next;
    int error;         /* of the last address that was tried */
    uint64_t since_ms; /* accepted; once open, the last byte */
    bool asked;        /* of judged pairs: a request is at the far side */
    bool last;         /* of judged pairs: close when the answer is delivered */
};

TAILQ_HEAD(pairs, pair);

struct relay {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *tick;
    struct relay_settings settings;
    size_t count;
    struct pairs starting; /* all but the open, oldest first */
    struct pairs open;     /* longest silent first */
};

struct side *side_partner(struct side *side) MUST_USE;
void pair_touch(struct pair *pair); /* a byte has come or gone */
void pair_free(struct pair *pair);  /* both sides closed */
void pair_break(struct pair *pair); /* the same, by a reset where there is one */

/* The pair is open from now on. Both may free it. */
void pair_start(struct pair *pair);
void pair_move(struct pair *pair);

#endif
