/* journal: what was signed and what the policy refused, chained by SHA-256, the last JOURNAL_KEPT entries kept.
 *
 * head(n) = SHA-256(head(n-1) | canonical JSON of entry n); head(0) is 32 zero bytes. Canonical: sorted keys, no white
 * space, exactly the keys of the example. The head stands in attestation documents, so a reader who follows the journal
 * can prove that nothing was left out.
 *
 *   {"face_value_wei":"0","fee_wei":"100","fund_deposit_wei":"0","hash":"0x…","method":"sign_transaction",
 *    "refused":false,"rule":null,"seq":1,"time_ms":1795359600000}
 *
 * An entry stands before its signature is made, so a signature that then fails is in the journal too, never the other
 * way round. Not locked: the caller serialises.
 */
#ifndef CORE_SIGNER_JOURNAL_H
#define CORE_SIGNER_JOURNAL_H

#include "core/codec/json.h"
#include "core/crypto/sha2.h"

enum {
    JOURNAL_KEPT = 4096,
    JOURNAL_ANSWER_MAX = 256, /* entries in one answer: 150 KB */
    JOURNAL_ENTRY_MAX = 1024, /* bytes of one entry's JSON; three amounts of 78 digits, a hash and short words */
};

struct journal_entry {
    uint64_t seq;       /* from 1 */
    uint64_t time_ms;   /* UTC; 0 when no attestation document has told the time yet */
    const char *method; /* static text */
    bool refused;
    struct hash32 hash; /* ticket hash, signing hash of a transaction, digest of a message; zero if none */
    const char *rule;   /* the refusing rule, a static text; NULL when signed */
    struct u256 face_value, fund_deposit, fee; /* wei charged; zero for a ticket charged before, and of a refusal */
    struct hash32 head;                        /* after this entry */
};

struct journal {
    uint64_t last_seq;
    struct hash32 head;
    struct hash32 forgotten;                    /* the head after the newest entry that is no longer kept */
    struct journal_entry entries[JOURNAL_KEPT]; /* seq % JOURNAL_KEPT */
};

void journal_add(struct journal *journal, const struct journal_entry *entry); /* seq and head are filled in */

/* Writes the keys "entries", "first", "head", "head_before", "last": the kept entries with seq > after, at most `limit`
 * and JOURNAL_ANSWER_MAX of them; the oldest seq kept (0: none); the head after `last`; the head before the first entry
 * listed, from which the reader recomputes; the newest seq. */
void journal_put(const struct journal *journal, uint64_t after, uint64_t limit, struct json_writer *json);

#endif
