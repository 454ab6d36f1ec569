#include "core/base/text.h"
#include "parent/command.h"
#include "parent/host_lookup.h"
#include "parent/input_file.h"
#include "parent/output.h"
#include "parent/relay_serve.h"
#include "parent/vsock_allowlist.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAIRS = 1024 };

static const struct flag flags[] = {
    { .name = "ipv4", .letter = '4', .help = "connect by IPv4 alone" },
    { .name = "ipv6", .letter = '6', .help = "connect by IPv6 alone" },
    { .name = "num_workers",
      .letter = 'w',
      .value = "N",
      .help = "taken as vsock-proxy takes it, 1 or more, and without effect: one loop serves all" },
    { .name = "config",
      .value = "FILE",
      .help = "the YAML list of services that may be led to (default " VSOCK_ALLOWLIST_PATH
              "; when that is not there: KMS alone)" },
    { .name = "allow-remote", .help = "let tcp://ADDRESS be another address than loopback's" },
    { .name = "resolver",
      .value = "ADDRESS[:PORT]",
      .help = "the name server to ask, in place of those of /etc/resolv.conf" },
    FLAGS_RELAY(1024),
};

struct proxy {
    struct host_lookup *lookup;
    struct relay *relay;
    const char *host;
    bool is_reached; /* the last time */
};

static enum relay_found find(void *context, struct relay_addresses *addresses)
{
    return host_lookup_get(((struct proxy *)context)->lookup, addresses);
}

static void reached(void *context, bool yes, int error)
{
    struct proxy *const proxy = context;
    if (!yes)
        host_lookup_doubt(proxy->lookup);
    if (yes != proxy->is_reached && yes)
        say_note("%s is reached again", proxy->host);
    else if (yes != proxy->is_reached)
        say_warning("%s is not reached: %s", proxy->host, strerror(error));
    proxy->is_reached = yes;
}

static void known(void *context)
{
    struct proxy *const proxy = context;
    if (proxy->relay != NULL)
        relay_wake(proxy->relay);
}

static void resolves(void *context, bool yes)
{
    const struct proxy *const proxy = context;
    if (yes)
        say_note("the name %s is found again", proxy->host);
    else
        say_warning("the name %s is not found; addresses known from before, if any, are used on", proxy->host);
}

/* "8000": the port on vsock where enclaves look for it, CID 3; or an endpoint. */
static bool read_listen(const struct arguments *arguments, struct endpoint *listen, struct fault *why)
{
    const char *const text = arguments->operands[0];
    char vsock[64];
    uint64_t port;
    if (!text_read_uint(bytes_of_text(text), &port)) {
        if (!endpoint_read(text, listen, why))
            return fault_prefix(why, "LOCAL_PORT is a vsock port or an endpoint: ");
    } else {
        (void)snprintf(vsock, sizeof vsock, "vsock://3:%.20s", text);
        if (!endpoint_read(vsock, listen, why))
            return false;
    }
    return listen->kind == ENDPOINT_VSOCK || endpoint_is_local(listen) ||
           argument_is_given(arguments, "allow-remote") ||
           fault_set(why, FAULT_INPUT,
                     "%s lets other machines in; give --allow-remote if that is meant, or listen on loopback",
                     listen->text);
}

static bool may_lead_to(const struct arguments *arguments, const char *host, uint16_t port, struct fault *why)
{
    static uint8_t buffer[ALLOWLIST_FILE_MAX];
    static struct vsock_allowlist list;
    const char *const given = argument(arguments, "config");
    const char *const path = given == NULL ? VSOCK_ALLOWLIST_PATH : given;
    struct bytes yaml;
    if (given == NULL && access(path, F_OK) != 0 && errno == ENOENT)
        return vsock_allowlist_is_kms(host, port) ||
               fault_set(why, FAULT_POLICY,
                         "The given address and port are not allowed: there is no %s, and without it only KMS is "
                         "(kms.REGION.amazonaws.com 443)",
                         path);
    if (!input_file_read(path, buffer, sizeof buffer, &yaml, why))
        return false;
    if (!vsock_allowlist_read(yaml, &list, why)) {
        (void)fault_prefix(why, ": ");
        return fault_prefix(why, path);
    }
    return vsock_allowlist_has(&list, host, port) ||
           fault_set(why, FAULT_POLICY, "The given address and port are not allowed: %.253s port %u is not in %.100s",
                     host, port, path);
}

static bool read_lookup(const struct arguments *arguments, struct host_lookup_settings *lookup, struct fault *why)
{
    const bool v4 = argument_is_given(arguments, "ipv4"), v6 = argument_is_given(arguments, "ipv6");
    uint64_t port, workers = 1;
    if (v4 && v6)
        return fault_set(why, FAULT_INPUT, "--ipv4 and --ipv6 are both given; each means: that family alone");
    if (!argument_u64(arguments, "num_workers", 1, UINT32_MAX, &workers, why))
        return false;
    if (!text_read_uint(bytes_of_text(arguments->operands[2]), &port) || port == 0 || port > UINT16_MAX)
        return fault_set(why, FAULT_INPUT, "PORT wants a number from 1 to 65535, found '%.40s'",
                         arguments->operands[2]);
    lookup->host = arguments->operands[1];
    lookup->port = (uint16_t)port;
    lookup->family = v4 ? HOST_IPV4 : v6 ? HOST_IPV6 : HOST_ANY;
    lookup->resolver = argument(arguments, "resolver");
    return true;
}

static enum exit_code run(const struct arguments *arguments)
{
    struct fault why;
    struct endpoint listen;
    struct proxy proxy = { .is_reached = true };
    struct relay_settings settings = { .find = find, .reached = reached, .context = &proxy, .pairs_max = PAIRS };
    struct host_lookup_settings lookup = { .known = known, .resolves = resolves, .context = &proxy };
    struct relay_addresses unused;
    char to[320];
    if (!read_lookup(arguments, &lookup, &why) || !relay_read_flags(arguments, &settings, &why) ||
        !read_listen(arguments, &listen, &why))
        return command_misused("proxy", &why);
    if (!may_lead_to(arguments, lookup.host, lookup.port, &why))
        return command_failed(why.code == FAULT_POLICY ? EXIT_CODE_REFUSED : EXIT_CODE_INPUT, &why);
    struct event_base *const base = event_base_new();
    must(base != NULL);
    proxy.host = lookup.host;
    proxy.lookup = host_lookup_new(base, &lookup, &why);
    enum exit_code code = EXIT_CODE_USAGE;
    if (proxy.lookup == NULL) {
        code = command_misused("proxy", &why);
    } else {
        (void)!host_lookup_get(proxy.lookup, &unused); /* so that a name that is not found is told at once */
        (void)snprintf(to, sizeof to, "%s port %u", lookup.host, lookup.port);
        code = relay_serve(base, &listen, to, &settings, &proxy.relay);
    }
    host_lookup_free(proxy.lookup);
    event_base_free(base);
    return code;
}

const struct command command_proxy = {
    .name = "proxy",
    .operands = "LOCAL_PORT HOST PORT",
    .operands_least = 3,
    .operands_most = 3,
    .summary = "leads an enclave's connections to KMS: a better vsock-proxy, with its command line",
    .about = "Listens on vsock port LOCAL_PORT (or on an endpoint) and joins each connection to\n"
             "one of its own to HOST and PORT, which the list of services must allow. It sees\n"
             "TLS only. Called by the name vsock-proxy it is one.\n"
             "\n"
             "Hundreds of connections at once; half-close goes both ways; the name is looked up\n"
             "again when its time is over or nobody answers there; whatever fails, fails for\n"
             "one connection.",
    .examples = "  ensign proxy 8000 kms.us-east-2.amazonaws.com 443\n"
                "  ensign proxy tcp://127.0.0.1:8000 kms.us-east-2.amazonaws.com 443\n"
                "  ensign proxy -4 --config list.yaml unix:/run/kms.sock kms.eu-west-1.amazonaws.com 443",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
