#include "io/endpoint.h"

#include "core/base/text.h"
#include "io/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HANDSHAKE_MAX = 32, /* "CONNECT 4294967295\n", "OK 4294967295\n" */
    BACKLOG_RETRY_MS = 5,
};

static bool take_prefix(struct bytes *text, struct bytes prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text = (struct bytes){ text->data + prefix.len, text->len - prefix.len };
    return true;
}

/* Splits at the last colon: a port of at most `max` stands behind it. */
static bool take_port(struct bytes *text, uint64_t max, uint32_t *port)
{
    size_t colon = text->len;
    uint64_t value;
    while (colon > 0 && text->data[colon - 1] != ':')
        colon--;
    if (colon == 0 || !text_read_uint((struct bytes){ text->data + colon, text->len - colon }, &value) || value > max)
        return false;
    text->len = colon - 1;
    *port = (uint32_t)value;
    return true;
}

static void set_address(struct endpoint *endpoint, const void *address, size_t len)
{
    memcpy(&endpoint->address, address, len);
    endpoint->address_len = (socklen_t)len;
}

static bool read_vsock(struct bytes rest, struct endpoint *endpoint)
{
    struct sockaddr_vm address = { .svm_family = AF_VSOCK };
    uint64_t cid = 0;
    uint32_t port;
    if (!take_port(&rest, VMADDR_PORT_ANY - 1, &port))
        return false;
    if (!bytes_equal(rest, BYTES_LIT("any")) && (!text_read_uint(rest, &cid) || cid > UINT32_MAX))
        return false;
    address.svm_cid = cid == 0 ? VMADDR_CID_ANY : (uint32_t)cid;
    address.svm_port = port;
    set_address(endpoint, &address, sizeof address);
    return true;
}

static bool read_tcp(struct bytes rest, struct endpoint *endpoint)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    char host[INET6_ADDRSTRLEN];
    uint32_t port;
    if (!take_port(&rest, UINT16_MAX, &port))
        return false;
    if (bytes_equal(rest, BYTES_LIT("localhost")))
        rest = BYTES_LIT("127.0.0.1");
    const bool bracketed = rest.len > 2 && rest.data[0] == '[' && rest.data[rest.len - 1] == ']';
    if (bracketed)
        rest = (struct bytes){ rest.data + 1, rest.len - 2 };
    if (rest.len >= sizeof host)
        return false;
    memcpy(host, rest.data, rest.len);
    host[rest.len] = '\0';
    if (bracketed) {
        v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
            return false;
        set_address(endpoint, &v6, sizeof v6);
        return true;
    }
    v4.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        return false;
    set_address(endpoint, &v4, sizeof v4);
    return true;
}

static bool read_unix(struct bytes path, struct endpoint *endpoint)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (path.len == 0 || path.len >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path.data, path.len);
    set_address(endpoint, &address, sizeof address);
    return true;
}

bool endpoint_read(const char *text, struct endpoint *endpoint, struct fault *why)
{
    struct endpoint result = { .kind = ENDPOINT_VSOCK };
    struct bytes rest = bytes_of_text(text);
    bool sound = false;
    if (rest.len < sizeof result.text) {
        memcpy(result.text, rest.data, rest.len);
        if (take_prefix(&rest, BYTES_LIT("vsock://"))) {
            sound = read_vsock(rest, &result);
        } else if (take_prefix(&rest, BYTES_LIT("tcp://"))) {
            result.kind = ENDPOINT_TCP;
            sound = read_tcp(rest, &result);
        } else if (take_prefix(&rest, BYTES_LIT("unix:"))) {
            result.kind = ENDPOINT_UNIX;
            sound = read_unix(rest, &result);
        } else if (take_prefix(&rest, BYTES_LIT("vsock+unix:"))) {
            result.kind = ENDPOINT_VSOCK_UNIX;
            sound = take_port(&rest, VMADDR_PORT_ANY - 1, &result.port) && read_unix(rest, &result);
        }
    }
    if (!sound)
        return fault_set(why, FAULT_INPUT,
                         "'%s' is no endpoint (vsock://CID:PORT, tcp://ADDRESS:PORT, unix:PATH or "
                         "vsock+unix:PATH:PORT is wanted)",
                         text);
    *endpoint = result;
    return true;
}

static int open_socket(const struct endpoint *endpoint)
{
    return socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool is_any_cid(const struct endpoint *endpoint)
{
    struct sockaddr_vm address;
    memcpy(&address, &endpoint->address, sizeof address);
    return endpoint->kind == ENDPOINT_VSOCK && address.svm_cid == VMADDR_CID_ANY;
}

/* Nobody listens on the socket at that path. Connecting to a plain file is refused as well, hence the look first. */
static bool is_stale(const struct endpoint *endpoint)
{
    struct sockaddr_un address;
    struct stat status;
    memcpy(&address, &endpoint->address, sizeof address);
    if (lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    const int fd = open_socket(endpoint);
    if (fd < 0)
        return false;
    const bool refused =
        connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->address_len) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static bool bind_and_listen(int fd, const struct endpoint *endpoint, int backlog)
{
    const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
    const int yes = 1;
    if (endpoint->kind == ENDPOINT_TCP && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
        return false;
    if (bind(fd, address, endpoint->address_len) != 0) {
        if (errno != EADDRINUSE || endpoint->kind != ENDPOINT_UNIX)
            return false;
        if (!is_stale(endpoint)) {
            errno = EADDRINUSE;
            return false;
        }
        (void)unlink(((const struct sockaddr_un *)&endpoint->address)->sun_path);
        if (bind(fd, address, endpoint->address_len) != 0)
            return false;
    }
    return listen(fd, backlog) == 0;
}

int endpoint_listen(const struct endpoint *endpoint, int backlog, struct fault *why)
{
    if (endpoint->kind == ENDPOINT_VSOCK_UNIX) {
        (void)fault_set(why, FAULT_INPUT, "%s can be connected to, not listened on", endpoint->text);
        return -1;
    }
    const int fd = open_socket(endpoint);
    if (fd >= 0 && bind_and_listen(fd, endpoint, backlog))
        return fd;
    (void)fault_set(why, FAULT_INTERNAL, "cannot listen on %s: %s", endpoint->text, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static bool finish_connect(int fd, const struct endpoint *endpoint, uint64_t deadline_ms, struct fault *why)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (!io_wait(fd, POLLOUT, deadline_ms, why))
        return fault_set(why, FAULT_REMOTE, "cannot connect to %s: no answer in time", endpoint->text);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    return error == 0 || fault_set(why, FAULT_REMOTE, "cannot connect to %s: %s", endpoint->text, strerror(error));
}

static bool connect_socket(int fd, const struct endpoint *endpoint, uint64_t deadline_ms, struct fault *why)
{
    for (;;) {
        if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->address_len) == 0)
            return true;
        if (errno == EINPROGRESS || errno == EINTR)
            return finish_connect(fd, endpoint, deadline_ms, why);
        if (errno != EAGAIN) /* a unix socket's backlog is full: there is nothing to poll for */
            return fault_set(why, FAULT_REMOTE, "cannot connect to %s: %s", endpoint->text, strerror(errno));
        if (io_now_ms() >= deadline_ms)
            return fault_set(why, FAULT_REMOTE, "cannot connect to %s: no answer in time", endpoint->text);
        (void)poll(NULL, 0, BACKLOG_RETRY_MS);
    }
}

/* "CONNECT PORT\n" out, "OK N\n" back, a byte at a time: what follows belongs to the caller. */
static bool shake_hands(int fd, const struct endpoint *endpoint, uint64_t deadline_ms, struct fault *why)
{
    uint8_t line[HANDSHAKE_MAX];
    struct writer out = writer_of(line, sizeof line);
    struct bytes written;
    writer_text(&out, "CONNECT ");
    text_put_uint(&out, endpoint->port);
    writer_u8(&out, '\n');
    must(writer_done(&out, &written));
    if (!stream_write(fd, written, deadline_ms, why))
        return false;
    size_t len = 0;
    do {
        if (!stream_read(fd, line + len, 1, deadline_ms, why))
            return fault_prefix(why, "nobody listens on that vsock port, or it is no vsock socket: ");
    } while (line[len++] != '\n' && len < sizeof line);
    uint64_t number;
    struct bytes answer = { line, len - 1 };
    if (line[len - 1] != '\n' || !take_prefix(&answer, BYTES_LIT("OK ")) || !text_read_uint(answer, &number))
        return fault_set(why, FAULT_REMOTE, "%s did not answer CONNECT with OK", endpoint->text);
    return true;
}

int endpoint_connect(const struct endpoint *endpoint, uint64_t deadline_ms, struct fault *why)
{
    const int yes = 1;
    if (is_any_cid(endpoint)) {
        (void)fault_set(why, FAULT_INPUT, "%s can be listened on, not connected to", endpoint->text);
        return -1;
    }
    const int fd = open_socket(endpoint);
    if (fd < 0) {
        (void)fault_set(why, FAULT_INTERNAL, "cannot make a socket for %s: %s", endpoint->text, strerror(errno));
        return -1;
    }
    if (connect_socket(fd, endpoint, deadline_ms, why) &&
        (endpoint->kind != ENDPOINT_VSOCK_UNIX || shake_hands(fd, endpoint, deadline_ms, why))) {
        if (endpoint->kind == ENDPOINT_TCP)
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        return fd;
    }
    (void)close(fd);
    return -1;
}
