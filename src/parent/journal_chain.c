#include "parent/journal_chain.h"

#include "core/base/text.h"

#include <string.h>

struct journal_chain journal_chain_start(uint64_t after)
{
    return (struct journal_chain){ .seq = after, .has_head = after == 0 };
}

static bool read_head(struct json answer, struct bytes name, struct hash32 *head)
{
    struct bytes hex;
    return json_plain_string(json_member(answer, name), &hex) && hex.len == 2 * sizeof head->bytes &&
           text_read_hex(hex, head->bytes);
}

struct answer {
    uint64_t first, last;
    struct hash32 head, head_before;
    struct json entries;
};

static bool read_answer(struct json json, struct answer *answer)
{
    answer->entries = json_member(json, BYTES_LIT("entries"));
    return json_kind(answer->entries) == JSON_ARRAY &&
           json_u64(json_member(json, BYTES_LIT("first")), &answer->first) &&
           json_u64(json_member(json, BYTES_LIT("last")), &answer->last) &&
           read_head(json, BYTES_LIT("head"), &answer->head) &&
           read_head(json, BYTES_LIT("head_before"), &answer->head_before);
}

/* The entries follow one another from `next->seq` on. */
static bool add_entries(struct journal_chain *next, struct json entries, struct fault *why)
{
    struct json_cursor cursor = json_items(entries);
    struct json key, entry;
    while (json_next(&cursor, &key, &entry)) {
        uint64_t seq;
        if (!json_u64(json_member(entry, BYTES_LIT("seq")), &seq) || seq != next->seq + 1)
            return fault_set(why, FAULT_REMOTE, "the journal does not go on with entry %llu after entry %llu",
                             (unsigned long long)next->seq + 1, (unsigned long long)next->seq);
        struct sha256_state hash = sha256_start();
        sha256_add(&hash, BYTES_OF(next->head.bytes));
        sha256_add(&hash, entry.text);
        next->head = sha256_end(&hash);
        next->seq = seq;
    }
    return true;
}

bool journal_chain_add(struct journal_chain *chain, struct json json, struct fault *why)
{
    struct journal_chain next = *chain;
    struct answer answer;
    if (!read_answer(json, &answer))
        return fault_set(why, FAULT_REMOTE,
                         "what answered is no signer: its journal lacks entries, first, head, "
                         "head_before or last");
    next.last = answer.last;
    next.lost = 0;
    next.has_gap = false;
    /* One that has grown past where we were, while nobody looked, has another head there. */
    const bool is_another = chain->has_gap && chain->has_head && answer.first <= chain->seq + 1 &&
                            !hash32_equal(&chain->head, &answer.head_before);
    next.restarted = answer.last < chain->seq || is_another;
    if (next.restarted) {
        /* What was answered stands for nothing but that: the caller asks again, from the beginning. */
        *chain = (struct journal_chain){ .has_head = true, .last = answer.last, .restarted = true };
        return true;
    }
    if (answer.first > chain->seq + 1) {
        next.lost = answer.first - chain->seq - 1;
        next.seq = answer.first - 1;
        next.has_head = false;
    }
    if (next.has_head && !hash32_equal(&next.head, &answer.head_before))
        return fault_set(why, FAULT_REMOTE,
                         "the journal's chain is broken after entry %llu: an entry up to there was "
                         "changed, or the signer was started again",
                         (unsigned long long)next.seq);
    next.head = answer.head_before;
    next.has_head = true;
    if (!add_entries(&next, answer.entries, why))
        return false;
    if (next.seq > answer.last || (next.seq == answer.last && !hash32_equal(&next.head, &answer.head)))
        return fault_set(why, FAULT_REMOTE,
                         "the journal's chain is broken at entry %llu: its entries do not give its "
                         "head",
                         (unsigned long long)next.seq);
    *chain = next;
    return true;
}
