/* journal: what was signed and what was refused, chained by SHA-256, the last JOURNAL_KEPT entries kept.
 *
 * head(n) = SHA-256(head(n-1) | canonical JSON of entry n); head(0) is 32 zero bytes. The head stands in attestation
 * documents, so a reader who follows the journal can prove that nothing was left out. Not locked: the caller
 * serialises.
 */
#ifndef CORE_SIGNER_JOURNAL_H
#define CORE_SIGNER_JOURNAL_H

#include "core/codec/json.h"
#include "core/crypto/sha2.h"

enum { JOURNAL_KEPT = 4096, JOURNAL_ANSWER_MAX = 256 /* entries in one answer */ };

struct journal_entry {
    uint64_t seq;       /* from 1 */
    uint64_t time_ms;   /* UTC; 0 when no attestation document has told the time yet */
    const char *method; /* static text */
    bool refused;
    struct hash32
        hash;         /* what was signed or would have been: ticket hash, signing hash, message digest; zero if none */
    const char *rule; /* the refusing rule, a static text; NULL when signed */
    struct u256 face_value, fund_deposit, fee; /* wei charged; of a refusal zero */
    struct hash32 head;                        /* after this entry */
};

struct journal {
    uint64_t last_seq;
    struct hash32 head;
    struct journal_entry entries[JOURNAL_KEPT]; /* seq % JOURNAL_KEPT */
};

void journal_add(struct journal *journal, const struct journal_entry *entry); /* seq and head are filled in */
/* {"entries":[…],"head":…,"last":…,"first":…}: entries with seq > after, at most limit. */
void journal_put(const struct journal *journal, uint64_t after, uint64_t limit, struct json_writer *json);

#endif
