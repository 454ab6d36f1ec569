/* host_lookup: the addresses of one name, asked of DNS when they are wanted, kept as long as their TTL says (1 to 300
 * s), asked again when that is over or when none of them could be connected to.
 *
 * Event driven (libevent's evdns). An address in digits, or a name in /etc/hosts, is never asked for. When the name
 * servers fail, the addresses last known go on serving, and the next client has them asked again, with /etc/resolv.conf
 * read anew; a failure is remembered for one second.
 */
#ifndef PARENT_HOST_LOOKUP_H
#define PARENT_HOST_LOOKUP_H

#include "parent/relay.h"

enum { HOST_NAME_MAX_BYTES = 253 };

enum host_family { HOST_ANY, HOST_IPV4, HOST_IPV6 };

struct host_lookup_settings {
    const char *host;     /* outlives the lookup */
    const char *resolver; /* ADDRESS or ADDRESS:PORT in place of those of /etc/resolv.conf; NULL */
    enum host_family family;
    uint16_t port;
    void (*known)(void *context); /* after RELAY_LATER, never from within host_lookup_get */
    /* When names begin to fail (false) and when that is over (true). */
    void (*resolves)(void *context, bool yes);
    void *context;
};

struct host_lookup;

/* FAULT_INPUT: no name or address, or not of that family; the resolver is no address. */
struct host_lookup *host_lookup_new(struct event_base *base, const struct host_lookup_settings *settings,
                                    struct fault *why) MUST_USE;
enum relay_found host_lookup_get(struct host_lookup *lookup, struct relay_addresses *addresses) MUST_USE;
void host_lookup_doubt(struct host_lookup *lookup); /* nobody answers there: ask again */
void host_lookup_free(struct host_lookup *lookup);  /* accepts NULL */

#endif
