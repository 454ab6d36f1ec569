/* endpoint: where to listen or connect, as text.
 *
 *   vsock://CID:PORT        `any` or `0` for CID when listening
 *   tcp://HOST:PORT         HOST an IPv4 address, [IPv6 address] or localhost (127.0.0.1); names are not resolved here
 *   unix:PATH               at most 107 bytes
 *   vsock+unix:PATH:PORT    a unix socket speaking "CONNECT PORT\n" / "OK N\n" (vhost-user vsock devices, Firecracker);
 *                           connect only
 */
#ifndef IO_ENDPOINT_H
#define IO_ENDPOINT_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#include <sys/socket.h>

enum endpoint_kind { ENDPOINT_VSOCK, ENDPOINT_TCP, ENDPOINT_UNIX, ENDPOINT_VSOCK_UNIX };

struct endpoint {
    enum endpoint_kind kind;
    char text[160]; /* as given, for messages */
    struct sockaddr_storage address;
    socklen_t address_len;
    uint32_t port; /* of VSOCK_UNIX: what to ask for */
};

/* FAULT_INPUT with the text and what is wanted. */
bool endpoint_read(const char *text, struct endpoint *endpoint, struct fault *why) MUST_USE;

/* A listening, non-blocking, close-on-exec socket, or -1. A stale unix socket (to which connecting is refused) is
 * replaced; anything else at that path is left alone. The socket's mode is what the umask makes of it. FAULT_INPUT
 * when this kind cannot be listened on, FAULT_INTERNAL with the kernel's reason otherwise. */
int endpoint_listen(const struct endpoint *endpoint, int backlog, struct fault *why) MUST_USE;

/* A connected, non-blocking, close-on-exec socket, or -1; gives up at the deadline (io_now_ms's clock). TCP goes
 * without delay (TCP_NODELAY). FAULT_REMOTE with the kernel's reason, or what the other side of a handshake said is not
 * what it should have. */
int endpoint_connect(const struct endpoint *endpoint, uint64_t deadline_ms, struct fault *why) MUST_USE;

#endif
