#include "parent/relay_serve.h"

#include "parent/command.h"
#include "parent/output.h"

#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

bool endpoint_is_local(const struct endpoint *endpoint)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_vm vm;
    switch (endpoint->address.ss_family) {
    case AF_INET:
        memcpy(&v4, &endpoint->address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        memcpy(&v6, &endpoint->address, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    case AF_VSOCK:
        memcpy(&vm, &endpoint->address, sizeof vm);
        return vm.svm_cid == VMADDR_CID_LOCAL;
    default:
        return endpoint->address.ss_family == AF_UNIX;
    }
}

bool relay_read_flags(const struct arguments *arguments, struct relay_settings *settings, struct fault *why)
{
    uint64_t connect_s = RELAY_CONNECT_S, idle_s = RELAY_IDLE_S, pairs = settings->pairs_max;
    if (!argument_u64(arguments, "connect-timeout", 1, RELAY_SECONDS_MAX, &connect_s, why) ||
        !argument_u64(arguments, "idle-timeout", 1, RELAY_SECONDS_MAX, &idle_s, why) ||
        !argument_u64(arguments, "connections", 1, RELAY_PAIRS_MOST, &pairs, why))
        return false;
    settings->connect_ms = connect_s * 1000;
    settings->idle_ms = idle_s * 1000;
    settings->pairs_max = (size_t)pairs;
    return true;
}

static void on_signal(evutil_socket_t number, short what, void *argument)
{
    (void)number;
    (void)what;
    (void)event_base_loopbreak(argument);
}

/* A pair is two descriptors. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum exit_code relay_serve(struct event_base *base, const struct endpoint *listen, const char *to,
                           const struct relay_settings *settings, struct relay **relay)
{
    struct fault why;
    raise_descriptor_limit();
    const int listening = endpoint_listen(listen, BACKLOG, &why);
    if (listening < 0)
        return command_failed(why.code == FAULT_INPUT ? EXIT_CODE_INPUT : EXIT_CODE_INTERNAL, &why);
    *relay = relay_new(base, listening, settings, &why);
    if (*relay == NULL)
        return command_failed(EXIT_CODE_INTERNAL, &why);
    struct event *const terminated = evsignal_new(base, SIGTERM, on_signal, base);
    struct event *const interrupted = evsignal_new(base, SIGINT, on_signal, base);
    must(terminated != NULL && interrupted != NULL);
    must(event_add(terminated, NULL) == 0 && event_add(interrupted, NULL) == 0);
    say_note("listening on %s, leading to %s", listen->text, to);
    const bool served = event_base_dispatch(base) == 0;
    event_free(terminated);
    event_free(interrupted);
    relay_free(*relay);
    *relay = NULL;
    if (listen->kind == ENDPOINT_UNIX)
        (void)unlink(((const struct sockaddr_un *)&listen->address)->sun_path);
    return served ? EXIT_CODE_DONE : EXIT_CODE_INTERNAL;
}
