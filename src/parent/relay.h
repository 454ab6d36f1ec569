/* relay: pairs of streams. Each connection accepted at one place is joined to one made to another, and bytes go both
 * ways until both ends have said that they are done.
 *
 * One thread, event driven (libevent). What each side can count on:
 *
 *   half-close     the end of one direction is told to the other side when everything before it has been delivered; the
 *                  other direction goes on
 *   reset          a connection that breaks breaks its partner (TCP: by a reset), so that nobody takes a part for a
 * whole back-pressure  at most RELAY_BUFFER bytes and one read wait for a slow taker; then its partner is not read time
 * connecting, with looking up and greeting, has connect_ms; a pair without a byte for idle_ms is closed room at
 * pairs_max the pair that has been silent longest makes room for the newcomer
 *
 * A connection that cannot be made costs only the client it was for.
 */
#ifndef PARENT_RELAY_H
#define PARENT_RELAY_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#include <event2/event.h>
#include <sys/socket.h>

enum {
    RELAY_ADDRESSES_MAX = 8,
    RELAY_BUFFER = 131072, /* with one read beside it, in each direction of each pair */
    RELAY_READ_MAX = 65536,
};

struct relay_address {
    struct sockaddr_storage address;
    socklen_t len;
};

struct relay_addresses {
    size_t count;
    struct relay_address items[RELAY_ADDRESSES_MAX]; /* tried in this order */
};

enum relay_found {
    RELAY_FOUND,
    RELAY_LATER,   /* relay_wake will be called */
    RELAY_NOWHERE, /* close the client */
};

struct relay_settings {
    /* Where to connect to. Called for every connection, and again after relay_wake for those that wait. */
    enum relay_found (*find)(void *context, struct relay_addresses *addresses);
    /* After each connection made (true), and each that none of the addresses took (false, with errno's value, or
     * ETIMEDOUT). May be NULL. */
    void (*reached)(void *context, bool yes, int error);
    /* NULL: a plain pipe. Else both directions are frames (core/codec/frame.h), one request is at the far side at a
     * time, and each is judged: true, `body` goes to the far side; false, `body` is the answer. The view holds until
     * the next call. */
    bool (*judge)(void *context, struct bytes request, struct bytes *body);
    /* With judge: the body of the answer to a frame over FRAME_MAX, after which the client is closed. */
    struct bytes too_long;
    void *context;
    bool greets;            /* the far side is vsock+unix: "CONNECT greeting_port\n" goes first */
    uint32_t greeting_port; /* of that */
    uint64_t connect_ms, idle_ms;
    size_t pairs_max;
};

struct relay;

/* Serves the listening, non-blocking socket, which it owns from then on, within that event loop. NULL: no memory;
 * FAULT_INTERNAL. */
struct relay *relay_new(struct event_base *base, int listening, const struct relay_settings *settings,
                        struct fault *why) MUST_USE;
void relay_wake(struct relay *relay); /* what `find` was asked for is known now */
void relay_free(struct relay *relay); /* closes everything; accepts NULL */

#endif
