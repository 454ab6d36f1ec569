/* A document's hash depends on nothing but its contents: not on what was in memory, nor on the order of its members.
 * One that is refused says why in printable words. */
#include "edits.h"

#include "core/eth/typed_data.h"

static struct edits_good good;
static uint8_t room[TYPED_DATA_ARENA];

static void load(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/typed_data.jsonl"); vector_next_json(&vectors, &row);) {
        const struct bytes text = json_member(row, BYTES_LIT("document")).text;
        if (good.count < EDITS_GOOD_MAX)
            good.messages[good.count++] = (struct bytes){ exact_copy(text.data, text.len), text.len };
    }
    must(good.count > 0);
}

static bool hash_with(uint8_t memory, struct json document, struct hash32 *hash, struct fault *why)
{
    memset(room, memory, sizeof room);
    struct arena arena = arena_of(room, sizeof room);
    *why = (struct fault){ 0 };
    return typed_data_hash(document, &arena, hash, why);
}

static struct json turned_round(struct json document, uint8_t *text, size_t cap)
{
    static const char *const names[] = { "message", "domain", "primaryType", "types" };
    struct writer out = writer_of(text, cap);
    struct json_writer json = json_writer_of(&out);
    struct json turned;
    struct fault why;
    struct bytes written;
    json_begin_object(&json);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_key(&json, names[i]);
        json_put_json(&json, json_member(document, bytes_of_text(names[i])));
    }
    json_end_object(&json);
    must(writer_done(&out, &written) && json_read(written, &turned, &why));
    return turned;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX], text[EDITS_MESSAGE_MAX + 64];
    struct hash32 first, second;
    struct json document;
    struct fault why = { 0 };
    if (good.count == 0)
        load();
    const struct bytes message = edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(message.data, message.len);
    if (json_read((struct bytes){ input, message.len }, &document, &why)) {
        const bool taken = hash_with(0x00, document, &first, &why);
        must(taken || ((why.code == FAULT_INPUT || why.code == FAULT_LIMIT) && why.text[0] != '\0' &&
                       text_is_printable(bytes_of_text(why.text))));
        must(hash_with(0xff, document, &second, &why) == taken);
        must(!taken || hash32_equal(&first, &second));
        must(!taken || (hash_with(0x55, turned_round(document, text, sizeof text), &second, &why) &&
                        hash32_equal(&first, &second)));
    }
    free(input);
    return 0;
}
