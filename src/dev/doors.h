/* doors: listening sockets, each served by a thread a connection. For a handful of clients on one machine; at
 * DOORS_CONNECTIONS_MAX a new connection is closed at once.
 */
#ifndef DEV_DOORS_H
#define DEV_DOORS_H

#include "dev/connection.h"
#include "io/endpoint.h"

enum { DOORS_MAX = 8, DOORS_CONNECTIONS_MAX = 256 };

struct door {
    const char *endpoint; /* as in io/endpoint.h; tcp port 0: a free one, put into `port` */
    SSL_CTX *tls;         /* NULL: plain */
    void (*serve)(void *context, struct connection *connection); /* must not close it */
    void *context;
    int fd;
    uint16_t port;
};

/* Blocks SIGTERM and SIGINT, so to be called before threads start. */
bool doors_open(struct door *doors, size_t count, struct fault *why) MUST_USE;
void doors_run(struct door *doors, size_t count);   /* until SIGTERM or SIGINT */
void doors_close(struct door *doors, size_t count); /* removes unix sockets */

#endif
