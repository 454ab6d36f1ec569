/* Signed bytes that are read are put again to the same bytes; a dictionary that is taken gives signed bytes that are
 * read back as the same transaction; one that is refused says why in printable words. */
#include "edits.h"

#include "core/eth/tx.h"

enum { ROOM = 1 << 16 };

static struct edits_good raws, dictionaries;
static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };

static void keep(struct edits_good *good, struct bytes message)
{
    if (good->count < EDITS_GOOD_MAX && message.len <= EDITS_MESSAGE_MAX)
        good->messages[good->count++] = (struct bytes){ exact_copy(message.data, message.len), message.len };
}

static void load(void)
{
    static struct vector_file vectors;
    static uint8_t raw[EDITS_MESSAGE_MAX];
    struct json row;
    for (vector_open(&vectors, "ethereum/transactions.jsonl"); vector_next_json(&vectors, &row);) {
        keep(&raws, vector_hex(vector_text(row, "raw"), raw, sizeof raw));
        keep(&dictionaries, json_member(row, BYTES_LIT("tx")).text);
    }
    must(raws.count > 0 && dictionaries.count > 0);
}

static void put_is_read_again(const struct tx *tx, const struct signature *signature, struct bytes *put)
{
    static uint8_t written[ROOM], again[ROOM], small[64];
    struct writer out = writer_of(written, sizeof written), out_again = writer_of(again, sizeof again);
    struct arena arena = arena_of(small, sizeof small);
    struct signature read_signature;
    struct hash32 hash, read_hash;
    struct fault why;
    struct bytes put_again;
    struct tx read;
    tx_put_signed(&out, tx, signature);
    must(writer_done(&out, put) && tx_read_signed(*put, &read, &read_signature, &why));
    must(memcmp(&read_signature, signature, sizeof *signature) == 0 && read.type == tx->type);
    must(tx_signing_hash(tx, &arena, &hash, &why) && tx_signing_hash(&read, &arena, &read_hash, &why));
    must(hash32_equal(&hash, &read_hash));
    tx_put_signed(&out_again, &read, &read_signature);
    must(writer_done(&out_again, &put_again) && bytes_equal(*put, put_again));
    const struct u256 fee = tx_max_fee(tx), read_fee = tx_max_fee(&read);
    must(u256_compare(&fee, &read_fee) == 0);
}

static void check_raw(struct bytes raw)
{
    struct signature signature;
    struct fault why;
    struct bytes put;
    struct tx tx;
    if (!tx_read_signed(raw, &tx, &signature, &why))
        return;
    put_is_read_again(&tx, &signature, &put);
    must(bytes_equal(put, raw));
}

static void check_dictionary(struct bytes text)
{
    static uint8_t room[ROOM];
    static const struct signature signature = { .r = { [31] = 1 }, .s = { [31] = 1 }, .y_parity = 1 };
    struct arena arena = arena_of(room, sizeof room);
    struct json dictionary;
    struct fault why = { 0 };
    struct bytes put;
    struct tx tx;
    if (!json_read(text, &dictionary, &why))
        return;
    if (tx_from_json(dictionary, &SIGNER, &arena, &tx, &why))
        put_is_read_again(&tx, &signature, &put);
    else
        must((why.code == FAULT_INPUT || why.code == FAULT_LIMIT) && why.text[0] != '\0' &&
             text_is_printable(bytes_of_text(why.text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    if (raws.count == 0)
        load();
    if (len == 0)
        return 0;
    const bool is_whole = data[0] == 0xff, is_raw = is_whole || data[0] % 2 == 0;
    const struct bytes script = { data + 1, len - 1 };
    const struct bytes message = is_whole ? script : edits_apply(is_raw ? &raws : &dictionaries, script, changed);
    uint8_t *const input = exact_copy(message.data, message.len);
    if (is_raw)
        check_raw((struct bytes){ input, message.len });
    else
        check_dictionary((struct bytes){ input, message.len });
    free(input);
    return 0;
}
