#include "core/policy/charged_tickets.h"

#include <string.h>

_Static_assert((CHARGED_TICKETS_PLACES & (CHARGED_TICKETS_PLACES - 1)) == 0, "a power of two, to wrap with a mask");
_Static_assert(CHARGED_TICKETS_MAX < UINT16_MAX, "place + 1 fits the index");

static size_t wrap(size_t place)
{
    return place & (CHARGED_TICKETS_PLACES - 1);
}

/* Where the search for a hash begins. */
static size_t home(const struct hash32 *hash)
{
    return wrap((size_t)hash->bytes[0] << 8 | hash->bytes[1] | (size_t)hash->bytes[2] << 16);
}

/* The place of the hash, or the empty one where it would go, or CHARGED_TICKETS_PLACES when there is neither within
 * the probes. */
static size_t find(const struct charged_tickets *tickets, const struct hash32 *hash)
{
    for (size_t probe = 0; probe < CHARGED_TICKETS_PROBES; probe++) {
        const size_t place = wrap(home(hash) + probe);
        const size_t entry = tickets->index[place];
        if (entry == 0 || hash32_equal(&tickets->hashes[entry - 1], hash))
            return place;
    }
    return CHARGED_TICKETS_PLACES;
}

/* Empties a place and moves later ones of its run up, so that no search stops short (Knuth volume 3, 6.4,
 * algorithm R). They only come nearer to their homes: what the probes reached they still reach. None is so far from its
 * home that it could come from further off than the probes go: a run that somebody has made long costs no more. */
static void vacate(struct charged_tickets *tickets, size_t hole)
{
    tickets->index[hole] = 0;
    for (size_t place = wrap(hole + 1); tickets->index[place] != 0 && wrap(place - hole) < CHARGED_TICKETS_PROBES;
         place = wrap(place + 1)) {
        const size_t from_home = wrap(place - home(&tickets->hashes[tickets->index[place] - 1]));
        if (from_home < wrap(place - hole))
            continue;
        tickets->index[hole] = tickets->index[place];
        tickets->index[place] = 0;
        hole = place;
    }
}

void charged_tickets_clear(struct charged_tickets *tickets)
{
    *tickets = (struct charged_tickets){ 0 };
}

bool charged_tickets_has(const struct charged_tickets *tickets, const struct hash32 *hash)
{
    const size_t place = find(tickets, hash);
    return place < CHARGED_TICKETS_PLACES && tickets->index[place] != 0;
}

void charged_tickets_add(struct charged_tickets *tickets, const struct hash32 *hash)
{
    if (find(tickets, hash) == CHARGED_TICKETS_PLACES)
        return;
    if (tickets->count == CHARGED_TICKETS_MAX)
        vacate(tickets, find(tickets, &tickets->hashes[tickets->next]));
    else
        tickets->count++;
    tickets->hashes[tickets->next] = *hash;
    tickets->index[find(tickets, hash)] = (uint16_t)(tickets->next + 1); /* searched again: vacating moved entries */
    tickets->next = (tickets->next + 1) % CHARGED_TICKETS_MAX;
}
