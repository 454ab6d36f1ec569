/* relay_serve: a relay as a program: where it listens, what it says, how it ends. */
#ifndef PARENT_RELAY_SERVE_H
#define PARENT_RELAY_SERVE_H

#include "io/endpoint.h"
#include "parent/arguments.h"
#include "parent/exit_code.h"
#include "parent/relay.h"

enum {
    RELAY_CONNECT_S = 10,
    RELAY_IDLE_S = 300,
    RELAY_SECONDS_MAX = 86400,
    RELAY_PAIRS_MOST = 16384,
};

/* Listening there lets nobody in but processes of this machine (or container): tcp on 127.0.0.0/8 or ::1, a unix
 * socket, vsock's loopback. */
bool endpoint_is_local(const struct endpoint *endpoint) MUST_USE;

/* The flags --connect-timeout, --idle-timeout and --connections, which the command's table must have. */
bool relay_read_flags(const struct arguments *arguments, struct relay_settings *settings, struct fault *why) MUST_USE;

/* Listens, says so on standard error, and serves until SIGTERM or SIGINT; then a unix socket is removed. *relay is set
 * while it serves, for relay_wake. */
enum exit_code relay_serve(struct event_base *base, const struct endpoint *listen, const char *to,
                           const struct relay_settings *settings, struct relay **relay);

/* clang-format off */
#define FLAGS_RELAY(pairs) \
    { .name = "connect-timeout", .value = "SECONDS", .help = "give a connection so long to be made (default 10)" }, \
    { .name = "idle-timeout", .value = "SECONDS", .help = "close a connection that is silent for so long (default 300)" }, \
    { .name = "connections", .value = "N", \
      .help = "at once (default " #pairs "); at that number the one silent longest makes room" }
/* clang-format on */

#endif
