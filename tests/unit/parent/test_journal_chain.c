#include "parent/journal_chain.h"

#include "core/base/text.h"

#include "check.h"

#include <string.h>

/* A signer's side of the chain: entries {"seq":N} and the heads after them. */
enum { ENTRIES = 10 };
static struct hash32 heads[ENTRIES + 1];

static void make_heads(void)
{
    heads[0] = (struct hash32){ { 0 } };
    for (unsigned i = 1; i <= ENTRIES; i++) {
        char entry[32];
        struct sha256_state state = sha256_start();
        (void)snprintf(entry, sizeof entry, "{\"seq\":%u}", i);
        sha256_add(&state, BYTES_OF(heads[i - 1].bytes));
        sha256_add(&state, bytes_of_text(entry));
        heads[i] = sha256_end(&state);
    }
}

static char answer_text[4096];

/* Entries from..to of a journal that keeps first..last. */
static struct json answer(unsigned from, unsigned to, unsigned first, unsigned last)
{
    struct writer out = writer_of((uint8_t *)answer_text, sizeof answer_text);
    struct json_writer json = json_writer_of(&out);
    struct json value;
    struct fault why;
    json_begin_object(&json);
    json_key(&json, "entries");
    json_begin_array(&json);
    for (unsigned i = from; i <= to; i++) {
        json_begin_object(&json);
        json_key(&json, "seq");
        json_put_uint(&json, i);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_key(&json, "first");
    json_put_uint(&json, first);
    json_key(&json, "head");
    json_put_digest(&json, BYTES_OF(heads[last].bytes));
    json_key(&json, "head_before");
    json_put_digest(&json, BYTES_OF(heads[from - 1].bytes));
    json_key(&json, "last");
    json_put_uint(&json, last);
    json_end_object(&json);
    CHECK(json_read((struct bytes){ (uint8_t *)answer_text, out.len }, &value, &why));
    return value;
}

static void a_whole_chain_holds(void)
{
    struct journal_chain chain = journal_chain_start(0);
    struct fault why;
    CHECK(journal_chain_add(&chain, answer(1, 0, 0, 0), &why) && chain.seq == 0);
    CHECK(journal_chain_add(&chain, answer(1, 4, 1, 4), &why) && chain.seq == 4);
    CHECK(journal_chain_add(&chain, answer(5, 4, 1, 4), &why) && chain.seq == 4);
    CHECK(journal_chain_add(&chain, answer(5, 7, 1, 10), &why) && chain.seq == 7 && chain.last == 10);
    CHECK(journal_chain_add(&chain, answer(8, 10, 1, 10), &why) && chain.seq == 10);
    CHECK(chain.lost == 0 && !chain.restarted && hash32_equal(&chain.head, &heads[10]));
}

static void a_chain_begun_in_the_middle_is_held_to_what_follows(void)
{
    struct journal_chain chain = journal_chain_start(3);
    struct fault why;
    CHECK(journal_chain_add(&chain, answer(4, 6, 1, 6), &why) && chain.seq == 6 && chain.lost == 0);
    CHECK(journal_chain_add(&chain, answer(7, 10, 1, 10), &why) && chain.seq == 10);
}

static void lost_entries_are_counted(void)
{
    struct journal_chain chain = journal_chain_start(0);
    struct fault why;
    CHECK(journal_chain_add(&chain, answer(1, 2, 1, 2), &why));
    CHECK(journal_chain_add(&chain, answer(6, 10, 6, 10), &why) && chain.lost == 3 && chain.seq == 10);
    CHECK(journal_chain_add(&chain, answer(11, 10, 6, 10), &why) && chain.lost == 0);
}

static void a_journal_that_began_again_is_told(void)
{
    struct journal_chain chain = journal_chain_start(0);
    struct fault why;
    CHECK(journal_chain_add(&chain, answer(1, 5, 1, 5), &why));
    CHECK(journal_chain_add(&chain, answer(3, 2, 1, 2), &why) && chain.restarted && chain.seq == 0);
    CHECK(journal_chain_add(&chain, answer(1, 2, 1, 2), &why) && !chain.restarted && chain.seq == 2);
}

static void a_broken_chain_is_refused_and_changes_nothing(void)
{
    struct fault why;
    struct journal_chain chain = journal_chain_start(0);
    CHECK(journal_chain_add(&chain, answer(1, 2, 1, 2), &why));
    const struct journal_chain before = chain;

    CHECK(!journal_chain_add(&chain, answer(4, 6, 1, 6), &why)); /* an entry left out */
    const struct json changed = answer(3, 5, 1, 5);
    strstr(answer_text, "{\"seq\":4}")[7] = '6';
    CHECK(!journal_chain_add(&chain, changed, &why)); /* another number */
    /* The same in an answer that stops before the last entry, where no head gives it away yet. */
    const struct json part = answer(3, 4, 1, 7);
    strstr(answer_text, "{\"seq\":4}")[7] = '6';
    CHECK(!journal_chain_add(&chain, part, &why));
    heads[2].bytes[0] ^= 1;
    CHECK(!journal_chain_add(&chain, answer(3, 4, 1, 6), &why));
    heads[2].bytes[0] ^= 1;
    heads[2].bytes[0] ^= 1;
    CHECK(!journal_chain_add(&chain, answer(3, 5, 1, 5), &why)); /* another past */
    heads[2].bytes[0] ^= 1;
    heads[5].bytes[31] ^= 1;
    CHECK(!journal_chain_add(&chain, answer(3, 5, 1, 5), &why)); /* another head */
    heads[5].bytes[31] ^= 1;
    CHECK(memcmp(&chain, &before, sizeof chain) == 0);
    CHECK(journal_chain_add(&chain, answer(3, 5, 1, 5), &why));
}

static void after_a_gap_another_chain_is_a_restart_and_not_a_break(void)
{
    struct fault why;
    struct journal_chain chain = { .seq = 3, .head = { { 7 } }, .has_head = true };
    CHECK(!journal_chain_add(&chain, answer(4, 6, 1, 6), &why) && chain.seq == 3 && !chain.restarted);
    chain.has_gap = true;
    CHECK(journal_chain_add(&chain, answer(4, 6, 1, 6), &why) && chain.restarted && chain.seq == 0 && chain.last == 6);
    CHECK(journal_chain_add(&chain, answer(1, 6, 1, 6), &why) && !chain.restarted && chain.seq == 6);
    /* the same chain after a gap goes on, and the gap is over */
    chain.has_gap = true;
    CHECK(journal_chain_add(&chain, answer(7, 8, 1, 8), &why) && !chain.restarted && !chain.has_gap && chain.seq == 8);
    /* what is no longer kept cannot be compared: lost, not restarted */
    chain = (struct journal_chain){ .seq = 3, .head = { { 7 } }, .has_head = true, .has_gap = true };
    CHECK(journal_chain_add(&chain, answer(6, 8, 6, 8), &why) && !chain.restarted && chain.lost == 2 && chain.seq == 8);
}

int main(void)
{
    make_heads();
    a_whole_chain_holds();
    a_chain_begun_in_the_middle_is_held_to_what_follows();
    lost_entries_are_counted();
    a_journal_that_began_again_is_told();
    a_broken_chain_is_refused_and_changes_nothing();
    after_a_gap_another_chain_is_a_restart_and_not_a_break();
    return failures != 0;
}
