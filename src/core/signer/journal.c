#include "core/signer/journal.h"

#include "core/base/fault.h"

static void put_entry(const struct journal_entry *entry, struct json_writer *json)
{
    json_begin_object(json);
    json_key(json, "face_value_wei");
    json_put_u256_string(json, &entry->face_value);
    json_key(json, "fee_wei");
    json_put_u256_string(json, &entry->fee);
    json_key(json, "fund_deposit_wei");
    json_put_u256_string(json, &entry->fund_deposit);
    json_key(json, "hash");
    json_put_hex(json, BYTES_OF(entry->hash.bytes));
    json_key(json, "method");
    json_put_text(json, entry->method);
    json_key(json, "refused");
    json_put_bool(json, entry->refused);
    json_key(json, "rule");
    if (entry->rule != NULL)
        json_put_text(json, entry->rule);
    else
        json_put_null(json);
    json_key(json, "seq");
    json_put_uint(json, entry->seq);
    json_key(json, "time_ms");
    json_put_uint(json, entry->time_ms);
    json_end_object(json);
}

static struct hash32 next_head(const struct hash32 *head, const struct journal_entry *entry)
{
    uint8_t buffer[JOURNAL_ENTRY_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    put_entry(entry, &json);
    must(writer_done(&out, &text));

    struct sha256_state hash = sha256_start();
    sha256_add(&hash, BYTES_OF(head->bytes));
    sha256_add(&hash, text);
    return sha256_end(&hash);
}

void journal_add(struct journal *journal, const struct journal_entry *entry)
{
    struct journal_entry *place = &journal->entries[(journal->last_seq + 1) % JOURNAL_KEPT];
    if (journal->last_seq >= JOURNAL_KEPT)
        journal->forgotten = place->head;
    *place = *entry;
    place->seq = ++journal->last_seq;
    place->head = journal->head = next_head(&journal->head, place);
}

void journal_put(const struct journal *journal, uint64_t after, uint64_t limit, struct json_writer *json)
{
    const uint64_t last = journal->last_seq;
    const uint64_t oldest = last > JOURNAL_KEPT ? last - JOURNAL_KEPT + 1 : 1;
    uint64_t from = after < oldest ? oldest : after < last ? after + 1 : last + 1;
    uint64_t count = last + 1 - from;
    if (count > limit)
        count = limit;
    if (count > JOURNAL_ANSWER_MAX)
        count = JOURNAL_ANSWER_MAX;

    json_key(json, "entries");
    json_begin_array(json);
    for (uint64_t seq = from; seq < from + count; seq++)
        put_entry(&journal->entries[seq % JOURNAL_KEPT], json);
    json_end_array(json);
    json_key(json, "first");
    json_put_uint(json, last == 0 ? 0 : oldest);
    json_key(json, "head");
    json_put_digest(json, BYTES_OF(journal->head.bytes));
    json_key(json, "head_before");
    const struct hash32 *before =
        from == oldest ? &journal->forgotten : &journal->entries[(from - 1) % JOURNAL_KEPT].head;
    json_put_digest(json, BYTES_OF(before->bytes));
    json_key(json, "last");
    json_put_uint(json, last);
}
