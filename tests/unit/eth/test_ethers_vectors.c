/* ethers' own test cases, which are not part of the repository: addresses, hashes, transactions, typed data. */
#include "vectors.h"

#include "core/crypto/sha2.h"
#include "core/eth/address.h"
#include "core/eth/tx.h"
#include "core/eth/typed_data.h"

enum { FILE_MAX = 1 << 21 };
static uint8_t file[FILE_MAX], room[1 << 18], raw_room[1 << 16], unsigned_room[1 << 16], put_room[1 << 16];

static bool read_file(const char *folder, const char *name, struct json *cases)
{
    char path[4096];
    struct fault why = { 0 };
    snprintf(path, sizeof path, "%s/ethereum/ethers/%s", folder, name);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return false;
    size_t len = fread(file, 1, sizeof file, in);
    fclose(in);
    bool good = len < sizeof file && json_read(text_trim((struct bytes){ file, len }), cases, &why);
    CHECK_ROW(why.text, good);
    CHECK(json_count(*cases) > 20);
    return good;
}

static const char *name_of(struct json row)
{
    static char name[128];
    struct bytes text = vector_text(row, "name");
    snprintf(name, sizeof name, "%.*s", (int)text.len, (const char *)text.data);
    return name;
}

static bool address_is(struct json row)
{
    struct secret32 key;
    struct address address, want;
    vector_hex(vector_text(row, "privateKey"), key.bytes, sizeof key.bytes);
    return ecdsa_address(&key, &address) && address_read_eip55(vector_text(row, "address"), &want) &&
           address_equal(&address, &want);
}

static bool hashes_are(struct json row)
{
    struct bytes data = vector_hex(vector_text(row, "data"), raw_room, sizeof raw_room);
    uint8_t want[32];
    struct hash32 keccak = keccak256(data), sha2 = sha256(data);
    bool same = bytes_equal(vector_hex(vector_text(row, "keccak256"), want, sizeof want), BYTES_OF(keccak.bytes));
    return same && bytes_equal(vector_hex(vector_text(row, "sha256"), want, sizeof want), BYTES_OF(sha2.bytes));
}

/* ethers also signs blob transactions that no chain takes: without a blob, or without a recipient. */
static bool is_invalid_blob(struct json transaction)
{
    return json_count(json_member(transaction, BYTES_LIT("blobVersionedHashes"))) == 0 ||
           json_kind(json_member(transaction, BYTES_LIT("to"))) != JSON_STRING;
}

static bool form_is(struct json row, const char *form)
{
    char unsigned_name[32], signed_name[32];
    struct json transaction = json_member(row, BYTES_LIT("transaction"));
    struct fault why = { 0 };
    struct signature signature, made;
    struct secret32 key;
    struct hash32 hash;
    struct bytes put;
    struct tx tx;
    snprintf(unsigned_name, sizeof unsigned_name, "unsigned%s", form);
    snprintf(signed_name, sizeof signed_name, "signed%s", form);
    if (json_string_is(json_member(row, bytes_of_text(signed_name)), (struct bytes){ 0 }))
        return true; /* the case has no such form */
    struct bytes raw = vector_hex(vector_text(row, signed_name), raw_room, sizeof raw_room);
    struct bytes unsigned_raw = vector_hex(vector_text(row, unsigned_name), unsigned_room, sizeof unsigned_room);
    if (!tx_read_signed(raw, &tx, &signature, &why))
        return strcmp(form, "Cancun") == 0 && is_invalid_blob(transaction);

    struct arena arena = arena_of(room, sizeof room);
    struct hash32 want = keccak256(unsigned_raw);
    struct writer out = writer_of(put_room, sizeof put_room);
    vector_hex(vector_text(row, "privateKey"), key.bytes, sizeof key.bytes);
    tx_put_signed(&out, &tx, &signature);
    return tx_signing_hash(&tx, &arena, &hash, &why) && hash32_equal(&hash, &want) && ecdsa_sign(&key, &hash, &made) &&
           memcmp(&made, &signature, sizeof made) == 0 && writer_done(&out, &put) && bytes_equal(put, raw);
}

static bool transactions_are(struct json row)
{
    static const char *const forms[] = { "Legacy", "Eip155", "Berlin", "London", "Cancun" };
    bool good = true;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        good = form_is(row, forms[i]) && good;
    return good;
}

/* ethers has the message under "data" and knows no EIP712Domain among the types. */
static bool typed_data_is(struct json row)
{
    static uint8_t document_room[1 << 17];
    struct writer out = writer_of(document_room, sizeof document_room);
    struct arena arena = arena_of(room, sizeof room);
    struct fault why = { 0 };
    struct hash32 hash;
    struct bytes text;
    struct json document;
    uint8_t want[32];
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    json_key(&json, "types");
    json_put_json(&json, json_member(row, BYTES_LIT("types")));
    json_key(&json, "primaryType");
    json_put_json(&json, json_member(row, BYTES_LIT("primaryType")));
    json_key(&json, "domain");
    json_put_json(&json, json_member(row, BYTES_LIT("domain")));
    json_key(&json, "message");
    json_put_json(&json, json_member(row, BYTES_LIT("data")));
    json_end_object(&json);
    return writer_done(&out, &text) && json_read(text, &document, &why) &&
           typed_data_hash(document, &arena, &hash, &why) &&
           bytes_equal(vector_hex(vector_text(row, "digest"), want, sizeof want), BYTES_OF(hash.bytes));
}

static const struct {
    const char *file;
    bool (*holds)(struct json row);
} suites[] = {
    { "accounts.json", address_is },
    { "hashes_subset.json", hashes_are },
    { "transactions_subset.json", transactions_are },
    { "typed_data_subset.json", typed_data_is },
};

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    const char *folder = vectors_folder();
    ecdsa_start(seed);
    if (folder == NULL) {
        printf("skipped: ethereum/ethers (no folder of vectors)\n");
        return TEST_SKIPPED;
    }
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        struct json cases, none, row;
        bool found = read_file(folder, suites[i].file, &cases);
        CHECK_ROW(suites[i].file, found);
        if (!found)
            continue;
        struct json_cursor cursor = json_items(cases);
        while (json_next(&cursor, &none, &row))
            CHECK_ROW(name_of(row), suites[i].holds(row));
    }
    return failures != 0;
}
