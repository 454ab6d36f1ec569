/* gateway_nonces: which nonce the next transaction gets, and the bytes that were sent under those before it.
 *
 * One transaction at a time is between choosing its nonce and the node's answer. What was signed is kept from before it
 * is sent: when no answer comes, or the node forgets it, the very same bytes are sent again, and their nonce goes to no
 * other. A nonce is given back only when nothing was signed under it, or the node said no to bytes that it does not
 * know and to which it had never failed to answer.
 *
 * A request whose sending ended without an answer is told so; and one whose caller went away before the answer is told
 * nothing. The same request within GATEWAY_UNANSWERED_MS is taken for that caller trying again: it gets the hash of the
 * first, and no second transaction is made.
 */
#ifndef PARENT_GATEWAY_NONCES_H
#define PARENT_GATEWAY_NONCES_H

#include "core/crypto/keccak.h"

#include <pthread.h>

enum {
    GATEWAY_SENT_MAX = 128, /* kept; when all of them are still not mined, no other is sent */
    GATEWAY_UNANSWERED_MS = 600000,
};

struct gateway_sent {
    uint64_t nonce;
    struct bytes raw; /* ours, from the heap */
    struct hash32 hash;
    struct hash32 request;        /* of the caller's request, without what was filled in */
    uint64_t unanswered_until_ms; /* 0: the caller has had its hash */
    const void *call; /* that will give its caller the hash, as soon as all of its answer is there; or NULL */
};

struct gateway_nonces {
    pthread_mutex_t lock; /* over all below, for moments */
    pthread_cond_t given;
    bool taken;   /* the turn: from choosing a nonce to the node's answer */
    size_t count; /* written by whoever has the turn, as are the rows but for `call` and */
    struct gateway_sent sent[GATEWAY_SENT_MAX]; /* `unanswered_until_ms`; in no order; no two of one nonce */
};

void nonces_start(struct gateway_nonces *nonces);

/* False: the turn did not come in that time. */
bool nonces_take_turn(struct gateway_nonces *nonces, unsigned seconds) MUST_USE;
void nonces_give_turn(struct gateway_nonces *nonces);

/* All of these are for whoever has the turn. NULL: there is none. */
struct gateway_sent *nonces_of(struct gateway_nonces *nonces, uint64_t nonce) MUST_USE;
/* `is_there` says of a call whether its caller still waits. */
struct gateway_sent *nonces_unanswered(struct gateway_nonces *nonces, const struct hash32 *request, uint64_t now_ms,
                                       bool (*is_there)(const void *call)) MUST_USE;
/* 0: its caller has its hash, or a call is about to give it. */
uint64_t nonces_unanswered_until(struct gateway_nonces *nonces, const struct gateway_sent *sent) MUST_USE;
/* Room for one more, if need be made by forgetting the oldest below `mined`, the count of what is mined. */
bool nonces_make_room(struct gateway_nonces *nonces, uint64_t mined) MUST_USE;
/* Keeps a copy of the bytes, in place of what was kept under that nonce (a replacement that the caller asked for),
 * which goes to *before: its raw.data is NULL when there was none. */
struct gateway_sent *nonces_keep(struct gateway_nonces *nonces, uint64_t nonce, struct bytes raw,
                                 const struct hash32 *request, uint64_t now_ms, struct gateway_sent *before) MUST_USE;
void nonces_forget(struct gateway_nonces *nonces, struct gateway_sent *sent);
/* The end of a replacement: what was kept before is forgotten, or stands again where it stood. */
void nonces_replaced(struct gateway_sent *before);
void nonces_restore(struct gateway_nonces *nonces, struct gateway_sent *sent, const struct gateway_sent *before);
void nonces_give_to(struct gateway_nonces *nonces, struct gateway_sent *sent, const void *call);

/* Without the turn: the call's answer is given, to a caller who is there or to nobody. */
void nonces_answered(struct gateway_nonces *nonces, const void *call, bool is_there);

#endif
