#include "dev/doors.h"

#include "io/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64, HANDSHAKE_MS = 10000, FAREWELL_MS = 500 };

static atomic_int connections_open;
static const char unix_scheme[] = "unix:";

struct visit {
    const struct door *door;
    int fd;
};

static void *visit_main(void *argument)
{
    struct visit *visit = argument;
    struct connection connection;
    struct fault why = { 0 };
    if (connection_open(visit->fd, visit->door->tls, io_now_ms() + HANDSHAKE_MS, &connection, &why)) {
        visit->door->serve(visit->door->context, &connection);
        connection_close(&connection);
    }
    free(visit);
    atomic_fetch_sub(&connections_open, 1);
    return NULL;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    return address.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&address)->sin6_port) : 0;
}

static void end_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
}

bool doors_open(struct door *doors, size_t count, struct fault *why)
{
    sigset_t signals;
    end_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < count; i++)
        doors[i].fd = -1;
    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint;
        if (endpoint_read(doors[i].endpoint, &endpoint, why))
            doors[i].fd = endpoint_listen(&endpoint, BACKLOG, why);
        if (doors[i].fd < 0) {
            doors_close(doors, i);
            return false;
        }
        doors[i].port = port_of(doors[i].fd);
    }
    return true;
}

static void welcome(const struct door *door)
{
    const int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            usleep(10000); /* else poll would spin on the connection that cannot be taken */
        return;
    }
    const int at_once = 1; /* head and body are two writes; a unix socket refuses the option, and needs none */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    struct visit *visit = malloc(sizeof *visit);
    must(visit != NULL);
    *visit = (struct visit){ .door = door, .fd = fd };
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    if (atomic_fetch_add(&connections_open, 1) >= DOORS_CONNECTIONS_MAX ||
        pthread_create(&thread, &detached, visit_main, visit) != 0) {
        atomic_fetch_sub(&connections_open, 1);
        close(fd);
        free(visit);
    }
    pthread_attr_destroy(&detached);
}

void doors_run(struct door *doors, size_t count)
{
    sigset_t signals;
    end_signals(&signals);
    struct pollfd ready[DOORS_MAX + 1];
    must(count <= DOORS_MAX);
    ready[count] = (struct pollfd){ .fd = signalfd(-1, &signals, SFD_CLOEXEC), .events = POLLIN };
    must(ready[count].fd >= 0);
    for (size_t i = 0; i < count; i++)
        ready[i] = (struct pollfd){ .fd = doors[i].fd, .events = POLLIN };
    while (ready[count].revents == 0) {
        if (poll(ready, (nfds_t)(count + 1), -1) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < count; i++) {
            if ((ready[i].revents & POLLIN) != 0)
                welcome(&doors[i]);
        }
    }
    close(ready[count].fd);
    /* Whoever is being answered is answered; who is idle is not waited for. */
    for (int waited = 0; waited < FAREWELL_MS && atomic_load(&connections_open) > 0; waited += 10)
        usleep(10000);
}

void doors_close(struct door *doors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (doors[i].fd < 0)
            continue;
        close(doors[i].fd);
        doors[i].fd = -1;
        if (strncmp(doors[i].endpoint, unix_scheme, sizeof unix_scheme - 1) == 0)
            unlink(doors[i].endpoint + sizeof unix_scheme - 1);
    }
}
