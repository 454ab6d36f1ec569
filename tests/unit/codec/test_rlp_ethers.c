/* The RLP test cases of ethers, both ways. */
#include "check.h"

#include "core/base/text.h"
#include "core/codec/json.h"
#include "core/codec/rlp.h"

#include <string.h>

enum { FILE_MAX = 1 << 20, CASE_MAX = 16384 };

static uint8_t file[FILE_MAX], encoded[CASE_MAX], written[CASE_MAX];

/* "0x…" as bytes in `out`. */
static struct bytes hex_of(struct json string, uint8_t *out)
{
    struct bytes digits = { 0 };
    const bool sound = json_plain_string(string, &digits) && text_starts_with(digits, BYTES_LIT("0x")) &&
                       digits.len / 2 <= CASE_MAX &&
                       text_read_hex((struct bytes){ digits.data + 2, digits.len - 2 }, out);
    CHECK(sound);
    return sound ? (struct bytes){ out, digits.len / 2 - 1 } : (struct bytes){ 0 };
}

static void write_value(struct writer *out, struct json value)
{
    static uint8_t string[CASE_MAX];
    struct json_cursor cursor = json_items(value);
    struct json key, item;
    if (json_kind(value) != JSON_ARRAY) {
        rlp_write_string(out, hex_of(value, string));
        return;
    }
    const size_t began = rlp_begin_list(out);
    while (json_next(&cursor, &key, &item))
        write_value(out, item);
    rlp_end_list(out, began);
}

static bool read_value(struct reader *in, struct json value)
{
    static uint8_t string[CASE_MAX];
    struct json_cursor cursor = json_items(value);
    struct json key, item;
    if (json_kind(value) != JSON_ARRAY)
        return bytes_equal(rlp_read_string(in), hex_of(value, string)) && !in->failed;
    struct reader inner = rlp_read_list(in);
    while (json_next(&cursor, &key, &item))
        if (!read_value(&inner, item))
            return false;
    return reader_done(&inner);
}

int main(void)
{
    char path[512];
    const char *folder = vectors_folder();
    (void)snprintf(path, sizeof path, "%s/ethereum/ethers/rlp.json", folder != NULL ? folder : "");
    FILE *stream = folder != NULL ? fopen(path, "rb") : NULL;
    if (stream == NULL) {
        fprintf(stderr, "skipped: ethereum/ethers/rlp.json\n");
        return TEST_SKIPPED;
    }
    const size_t len = fread(file, 1, sizeof file, stream);
    (void)fclose(stream);

    struct json cases, key, row;
    struct fault why = { 0 };
    size_t seen = 0;
    CHECK_ROW(why.text, json_read((struct bytes){ file, len }, &cases, &why));
    struct json_cursor cursor = json_items(cases);
    while (json_next(&cursor, &key, &row)) {
        char name[64] = "";
        struct bytes text = { 0 }, got;
        if (json_plain_string(json_member(row, BYTES_LIT("name")), &text))
            (void)snprintf(name, sizeof name, "%.*s", (int)text.len, (const char *)text.data);
        const struct json decoded = json_member(row, BYTES_LIT("decoded"));
        const struct bytes expected = hex_of(json_member(row, BYTES_LIT("encoded")), encoded);
        struct writer out = writer_of(written, sizeof written);
        write_value(&out, decoded);
        CHECK_ROW(name, writer_done(&out, &got) && bytes_equal(got, expected));
        struct reader in = reader_of(expected);
        CHECK_ROW(name, read_value(&in, decoded) && reader_done(&in));
        seen++;
    }
    CHECK(seen >= 40);
    return failures != 0;
}
