/* journal: the chain can be recomputed from what journal_put gives, and forgetting old entries does not break it. The
 * head of the one-entry journal is Python's:
 *
 *   python3 -c 'import hashlib,json; e={"face_value_wei":"0","fee_wei":"25","fund_deposit_wei":"7","hash":"0x"+"ab"*32,
 *   "method":"sign_transaction","refused":False,"rule":None,"seq":1,"time_ms":1795359600000};
 *   print(hashlib.sha256(bytes(32)+json.dumps(e,sort_keys=True,separators=(",",":")).encode()).hexdigest())'
 */
#include "check.h"
#include "core/base/text.h"
#include "core/signer/journal.h"

#include <string.h>

#define HEAD_OF_ONE "6adb8a806a11e88c650bf550c227cda91e332d61afa1be4a8d5f81d3a4748165"

static struct journal journal;
static char answer[1 << 20];

static struct journal_entry an_entry(void)
{
    struct journal_entry entry = {
        .time_ms = UINT64_C(1795359600000),
        .method = "sign_transaction",
        .fee = u256_of(25),
        .fund_deposit = u256_of(7),
    };
    memset(entry.hash.bytes, 0xab, sizeof entry.hash.bytes);
    return entry;
}

static struct json put(uint64_t after, uint64_t limit)
{
    struct writer out = writer_of((uint8_t *)answer, sizeof answer);
    struct json_writer json = json_writer_of(&out);
    struct bytes text = { 0 };
    struct json value = { 0 };
    struct fault why;
    json_begin_object(&json);
    journal_put(&journal, after, limit, &json);
    json_end_object(&json);
    CHECK(writer_done(&out, &text));
    CHECK(json_read(text, &value, &why));
    return value;
}

static struct hash32 digest_of(struct json object, const char *key)
{
    struct bytes hex = { 0 };
    struct hash32 hash = { 0 };
    CHECK(json_plain_string(json_member(object, bytes_of_text(key)), &hex) && hex.len == 64);
    CHECK(text_read_hex(hex, hash.bytes));
    return hash;
}

static uint64_t number_of(struct json object, const char *key)
{
    uint64_t number = UINT64_MAX;
    CHECK(json_u64(json_member(object, bytes_of_text(key)), &number));
    return number;
}

/* What a reader does: hashes the entries as they stand in the answer onto the head before them. */
static struct hash32 recompute(struct json object, uint64_t first_seq, size_t *count)
{
    struct hash32 head = digest_of(object, "head_before");
    struct json_cursor items = json_items(json_member(object, BYTES_LIT("entries")));
    struct json key, entry;
    *count = 0;
    while (json_next(&items, &key, &entry)) {
        CHECK(number_of(entry, "seq") == first_seq + *count);
        struct sha256_state hash = sha256_start();
        sha256_add(&hash, BYTES_OF(head.bytes));
        sha256_add(&hash, entry.text);
        head = sha256_end(&hash);
        ++*count;
    }
    return head;
}

static void an_empty_journal_says_so(void)
{
    journal = (struct journal){ 0 };
    size_t count;
    const struct hash32 zero = { 0 };
    const struct json object = put(0, 10);
    const struct hash32 head = recompute(object, 1, &count);
    CHECK(count == 0 && hash32_equal(&head, &zero));
    CHECK(number_of(object, "first") == 0 && number_of(object, "last") == 0);
}

static void the_first_head_is_that_of_another_implementation(void)
{
    journal = (struct journal){ 0 };
    const struct journal_entry entry = an_entry();
    char hex[65] = "";
    journal_add(&journal, &entry);
    struct writer out = writer_of((uint8_t *)hex, 64);
    text_put_hex(&out, BYTES_OF(journal.head.bytes));
    CHECK(strcmp(hex, HEAD_OF_ONE) == 0);
}

static void the_chain_holds_page_by_page_and_after_forgetting(void)
{
    journal = (struct journal){ 0 };
    enum { ADDED = JOURNAL_KEPT + 1000 };
    for (int i = 0; i < ADDED; i++) {
        struct journal_entry entry = an_entry();
        entry.refused = i % 3 == 0;
        entry.rule = entry.refused ? "max_face_value_wei" : NULL;
        journal_add(&journal, &entry);
    }
    uint64_t after = 0;
    struct hash32 head = journal.forgotten;
    while (after < ADDED) {
        const uint64_t from = after == 0 ? ADDED - JOURNAL_KEPT + 1 : after + 1;
        const struct json object = put(after, after % 2 == 0 ? 100 : UINT64_MAX);
        const struct hash32 before = digest_of(object, "head_before");
        size_t count;
        CHECK(hash32_equal(&before, &head));
        head = recompute(object, from, &count);
        CHECK(count == (after % 2 == 0 ? 100u : JOURNAL_ANSWER_MAX) || from + count - 1 == ADDED);
        CHECK(number_of(object, "first") == ADDED - JOURNAL_KEPT + 1 && number_of(object, "last") == ADDED);
        if (count == 0)
            break;
        after = from + count - 1;
    }
    CHECK(after == ADDED && hash32_equal(&head, &journal.head));
}

/* The first one that is forgotten, and the one before. */
static void the_chain_holds_where_forgetting_begins(void)
{
    for (unsigned added = JOURNAL_KEPT - 1; added <= JOURNAL_KEPT + 2; added++) {
        journal = (struct journal){ 0 };
        struct hash32 first = { 0 };
        for (unsigned i = 0; i < added; i++) {
            const struct journal_entry entry = an_entry();
            if (i + JOURNAL_KEPT == added)
                first = journal.head;
            journal_add(&journal, &entry);
        }
        const struct json object = put(0, 1);
        const struct hash32 before = digest_of(object, "head_before");
        size_t count;
        CHECK(hash32_equal(&before, &first));
        CHECK(number_of(object, "first") == (added > JOURNAL_KEPT ? added - JOURNAL_KEPT + 1 : 1));
        (void)recompute(object, number_of(object, "first"), &count);
        CHECK(count == 1);
    }
}

static void what_is_not_there_yet_is_an_empty_page(void)
{
    journal = (struct journal){ 0 };
    const struct journal_entry entry = an_entry();
    size_t count;
    journal_add(&journal, &entry);
    journal_add(&journal, &entry);
    const uint64_t afters[] = { 2, 3, UINT64_MAX };
    for (size_t i = 0; i < sizeof afters / sizeof *afters; i++) {
        const struct hash32 head = recompute(put(afters[i], 10), 3, &count);
        CHECK(count == 0 && hash32_equal(&head, &journal.head));
    }
    (void)recompute(put(1, 0), 2, &count);
    CHECK(count == 0);
}

/* The longest entry fits JOURNAL_ENTRY_MAX, or this aborts. */
static void the_widest_entry_fits(void)
{
    journal = (struct journal){ .last_seq = UINT64_MAX - 1 };
    struct journal_entry entry = an_entry();
    entry.time_ms = UINT64_MAX;
    entry.method = "sign_message_defunct";
    entry.rule = "a rule whose name is longer than any that there is, by a good margin, to be on the safe side";
    entry.face_value = entry.fund_deposit = entry.fee = U256_MAX;
    journal_add(&journal, &entry);
    CHECK(journal.last_seq == UINT64_MAX);
}

int main(void)
{
    an_empty_journal_says_so();
    the_first_head_is_that_of_another_implementation();
    the_chain_holds_page_by_page_and_after_forgetting();
    the_chain_holds_where_forgetting_begins();
    what_is_not_there_yet_is_an_empty_page();
    the_widest_entry_fits();
    return failures != 0;
}
