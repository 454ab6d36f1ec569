#include "parent/host_lookup.h"

#include "io/stream.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { TTL_LEAST_S = 1, TTL_MOST_S = 300, FAILURE_KEPT_MS = 1000 };

static const char resolv_conf[] = "/etc/resolv.conf";

struct host_lookup {
    struct host_lookup_settings settings;
    struct evdns_base *dns;
    struct relay_addresses known, arriving;
    bool is_fixed;      /* digits, or of /etc/hosts */
    bool has_failed;    /* the last time */
    int questions;      /* that are open */
    uint32_t least_ttl; /* seconds, of those arriving */
    uint64_t good_until_ms;
};

static void add_address(struct relay_addresses *to, const void *address, size_t len)
{
    if (to->count == RELAY_ADDRESSES_MAX)
        return;
    memcpy(&to->items[to->count].address, address, len);
    to->items[to->count++].len = (socklen_t)len;
}

static void add_ipv4(struct relay_addresses *to, const void *address, uint16_t port)
{
    struct sockaddr_in whole = { .sin_family = AF_INET, .sin_port = htons(port) };
    memcpy(&whole.sin_addr, address, sizeof whole.sin_addr);
    add_address(to, &whole, sizeof whole);
}

static void add_ipv6(struct relay_addresses *to, const void *address, uint16_t port)
{
    struct sockaddr_in6 whole = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    memcpy(&whole.sin6_addr, address, sizeof whole.sin6_addr);
    add_address(to, &whole, sizeof whole);
}

static void finish(struct host_lookup *lookup)
{
    const bool failed = lookup->arriving.count == 0;
    const uint64_t ttl = lookup->least_ttl < TTL_LEAST_S  ? TTL_LEAST_S
                         : lookup->least_ttl > TTL_MOST_S ? TTL_MOST_S
                                                          : lookup->least_ttl;
    if (!failed)
        lookup->known = lookup->arriving;
    lookup->good_until_ms = io_now_ms() + (failed ? FAILURE_KEPT_MS : ttl * 1000);
    if (failed != lookup->has_failed) {
        lookup->has_failed = failed;
        lookup->settings.resolves(lookup->settings.context, !failed);
    }
    lookup->settings.known(lookup->settings.context);
}

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *argument)
{
    struct host_lookup *const lookup = argument;
    const uint8_t *const bytes = addresses;
    if (result == DNS_ERR_SHUTDOWN)
        return;
    for (int i = 0; result == DNS_ERR_NONE && i < count; i++) {
        if (type == DNS_IPv4_A)
            add_ipv4(&lookup->arriving, bytes + i * 4, lookup->settings.port);
        else if (type == DNS_IPv6_AAAA)
            add_ipv6(&lookup->arriving, bytes + i * 16, lookup->settings.port);
    }
    if (result == DNS_ERR_NONE && count > 0 && ttl >= 0 && (uint32_t)ttl < lookup->least_ttl)
        lookup->least_ttl = (uint32_t)ttl;
    if (--lookup->questions == 0)
        finish(lookup);
}

static void ask(struct host_lookup *lookup)
{
    const enum host_family family = lookup->settings.family;
    const char *const host = lookup->settings.host;
    if (lookup->has_failed && lookup->settings.resolver == NULL) {
        (void)evdns_base_clear_nameservers_and_suspend(lookup->dns);
        (void)evdns_base_resolv_conf_parse(lookup->dns, DNS_OPTION_NAMESERVERS, resolv_conf);
        (void)evdns_base_resume(lookup->dns);
    }
    lookup->arriving.count = 0;
    lookup->least_ttl = TTL_MOST_S;
    if (family != HOST_IPV6 &&
        evdns_base_resolve_ipv4(lookup->dns, host, DNS_QUERY_NO_SEARCH, on_answer, lookup) != NULL)
        lookup->questions++;
    if (family != HOST_IPV4 &&
        evdns_base_resolve_ipv6(lookup->dns, host, DNS_QUERY_NO_SEARCH, on_answer, lookup) != NULL)
        lookup->questions++;
    if (lookup->questions == 0) {
        lookup->has_failed = true;
        lookup->good_until_ms = io_now_ms() + FAILURE_KEPT_MS;
    }
}

enum relay_found host_lookup_get(struct host_lookup *lookup, struct relay_addresses *addresses)
{
    if (!lookup->is_fixed && lookup->questions == 0 && io_now_ms() >= lookup->good_until_ms)
        ask(lookup);
    if (lookup->questions > 0)
        return RELAY_LATER;
    *addresses = lookup->known;
    return lookup->known.count > 0 ? RELAY_FOUND : RELAY_NOWHERE;
}

void host_lookup_doubt(struct host_lookup *lookup)
{
    const uint64_t soon = io_now_ms() + FAILURE_KEPT_MS;
    if (lookup->good_until_ms > soon)
        lookup->good_until_ms = soon;
}

static void on_host(int result, struct evutil_addrinfo *found, void *argument)
{
    struct host_lookup *const lookup = argument;
    const enum host_family family = lookup->settings.family;
    for (const struct evutil_addrinfo *at = found; result == 0 && at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET && family != HOST_IPV6)
            add_ipv4(&lookup->known, &((const struct sockaddr_in *)at->ai_addr)->sin_addr, lookup->settings.port);
        else if (at->ai_family == AF_INET6 && family != HOST_IPV4)
            add_ipv6(&lookup->known, &((const struct sockaddr_in6 *)at->ai_addr)->sin6_addr, lookup->settings.port);
    }
    if (found != NULL)
        evutil_freeaddrinfo(found);
}

/* Digits and /etc/hosts, by a resolver that has no name server: what it does not answer at once it never will. */
static void look_at_home(struct event_base *base, struct host_lookup *lookup)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct evdns_base *const hosts = evdns_base_new(base, 0);
    must(hosts != NULL);
    (void)evdns_base_load_hosts(hosts, "/etc/hosts");
    struct evdns_getaddrinfo_request *const asked =
        evdns_getaddrinfo(hosts, lookup->settings.host, NULL, &hints, on_host, lookup);
    if (asked != NULL)
        evdns_getaddrinfo_cancel(asked);
    evdns_base_free(hosts, 1);
    lookup->is_fixed = lookup->known.count > 0;
}

static bool is_address(const char *host)
{
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool is_name(const char *host)
{
    const size_t len = strlen(host);
    return len > 0 && len <= HOST_NAME_MAX_BYTES && host[0] != '-' && host[0] != '.' &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == len;
}

static bool start_dns(struct host_lookup *lookup, struct event_base *base, struct fault *why)
{
    const char *const resolver = lookup->settings.resolver;
    lookup->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    must(lookup->dns != NULL);
    /* Two tries of two seconds. A server that keeps silent is not left aside: evdns would try it by asking for a name
     * of somebody else's. */
    (void)evdns_base_set_option(lookup->dns, "timeout:", "2");
    (void)evdns_base_set_option(lookup->dns, "attempts:", "2");
    (void)evdns_base_set_option(lookup->dns, "max-timeouts:", "255");
    if (resolver == NULL) {
        (void)evdns_base_resolv_conf_parse(lookup->dns, DNS_OPTION_NAMESERVERS, resolv_conf);
        return true;
    }
    return evdns_base_nameserver_ip_add(lookup->dns, resolver) == 0 ||
           fault_set(why, FAULT_INPUT, "'%.100s' is no name server (ADDRESS or ADDRESS:PORT is wanted)", resolver);
}

struct host_lookup *host_lookup_new(struct event_base *base, const struct host_lookup_settings *settings,
                                    struct fault *why)
{
    if (!is_address(settings->host) && !is_name(settings->host)) {
        (void)fault_set(why, FAULT_INPUT, "'%.100s' is no host (a name or an address is wanted)", settings->host);
        return NULL;
    }
    struct host_lookup *const lookup = calloc(1, sizeof *lookup);
    must(lookup != NULL);
    lookup->settings = *settings;
    look_at_home(base, lookup);
    bool ok = lookup->is_fixed || start_dns(lookup, base, why);
    if (ok && is_address(settings->host) && !lookup->is_fixed)
        ok = fault_set(why, FAULT_INPUT, "%s is an address of the other family", settings->host);
    if (ok)
        return lookup;
    host_lookup_free(lookup);
    return NULL;
}

void host_lookup_free(struct host_lookup *lookup)
{
    if (lookup == NULL)
        return;
    if (lookup->dns != NULL)
        evdns_base_free(lookup->dns, 1);
    free(lookup);
}
