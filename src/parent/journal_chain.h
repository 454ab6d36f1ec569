/* journal_chain: follows a signer's journal and checks that it is one chain.
 *
 *   head(n) = SHA-256(head(n-1) | the bytes of entry n as the signer wrote them); head(0) is 32 zero bytes
 *
 * An answer of the method `journal` is {"entries":[…],"first","head","head_before","last"}: head_before is the head
 * before the first entry given, head the one after entry `last`, first the oldest entry that is still kept.
 */
#ifndef PARENT_JOURNAL_CHAIN_H
#define PARENT_JOURNAL_CHAIN_H

#include "core/codec/json.h"
#include "core/crypto/sha2.h"

struct journal_chain {
    uint64_t seq;       /* of the last entry that was checked; to be asked for with `after` */
    struct hash32 head; /* after it */
    bool has_head;      /* false until the first answer, when it did not start at entry 1 */
    uint64_t last;      /* as the last answer said */
    bool has_gap;       /* the signer was out of sight since the last answer, and may have been started again; whoever
                         * follows sets it, the next answer ends it */
    uint64_t lost;      /* entries that the last answer skipped: they were no longer kept */
    bool restarted;     /* the last answer is of a journal that began again */
};

struct journal_chain journal_chain_start(uint64_t after) MUST_USE;

/* Checks one answer and moves on to its last entry. FAULT_REMOTE: not such an answer, or the chain does not hold;
 * *chain is then as before. */
bool journal_chain_add(struct journal_chain *chain, struct json answer, struct fault *why) MUST_USE;

#endif
