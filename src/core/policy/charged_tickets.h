/* charged_tickets: which tickets have been charged already, the last CHARGED_TICKETS_MAX of them.
 *
 * A ring of hashes, oldest overwritten first, and an open-addressed index into it that is at most half full. Looking
 * up looks at CHARGED_TICKETS_PROBES places at most, whoever chose the hashes: a ticket whose places are all taken
 * is not remembered. A forgotten ticket is charged again if it comes back: too much, never too little.
 */
#ifndef CORE_POLICY_CHARGED_TICKETS_H
#define CORE_POLICY_CHARGED_TICKETS_H

#include "core/crypto/keccak.h"

enum {
    CHARGED_TICKETS_MAX = 16384,
    CHARGED_TICKETS_PLACES = 2 * CHARGED_TICKETS_MAX,
    CHARGED_TICKETS_PROBES = 256, /* at half load the longest run of honest hashes is near 60 */
};

struct charged_tickets {
    size_t next;  /* where in the ring the next one goes */
    size_t count; /* how many of the ring are filled */
    struct hash32 hashes[CHARGED_TICKETS_MAX];
    uint16_t index[CHARGED_TICKETS_PLACES]; /* 0 empty, else place in the ring + 1 */
};

void charged_tickets_clear(struct charged_tickets *tickets);
bool charged_tickets_has(const struct charged_tickets *tickets, const struct hash32 *hash) MUST_USE;
void charged_tickets_add(struct charged_tickets *tickets, const struct hash32 *hash); /* one that it has not */

#endif
