/* Transactions of all types: signed bytes, and refusals in words, against eth-account; and what is refused besides. */
#include "vectors.h"

#include "core/eth/address.h"
#include "core/eth/tx_row.h"

static uint8_t room[1 << 16], want_room[1 << 14], got_room[1 << 14];
static struct secret32 key;
static struct address signer;

static struct json json_of(const char *text)
{
    struct json value = { 0 };
    struct fault why = { 0 };
    CHECK_ROW(text, json_read(bytes_of_text(text), &value, &why));
    return value;
}

static bool sign(const struct tx *tx, struct arena *arena, struct signature *signature, struct bytes *raw)
{
    struct fault why = { 0 };
    struct hash32 hash;
    struct writer out = writer_of(got_room, sizeof got_room);
    if (!tx_signing_hash(tx, arena, &hash, &why) || !ecdsa_sign(&key, &hash, signature))
        return false;
    tx_put_signed(&out, tx, signature);
    return writer_done(&out, raw);
}

static void read_back_is_what_was_signed(const char *row, const struct tx *tx, const struct signature *signature,
                                         struct bytes raw)
{
    static uint8_t again_room[1 << 14], hash_room[1 << 10];
    struct arena arena = arena_of(hash_room, sizeof hash_room);
    struct writer out = writer_of(again_room, sizeof again_room);
    struct tx read;
    struct signature read_signature;
    struct fault why = { 0 };
    struct hash32 hash, read_hash;
    struct address recovered;
    struct bytes again;
    bool good = tx_read_signed(raw, &read, &read_signature, &why);
    CHECK_ROW(row, good);
    if (!good)
        return;
    CHECK_ROW(row, read.type == tx->type && read.has_chain_id == tx->has_chain_id && read.has_to == tx->has_to);
    CHECK_ROW(row, read.nonce == tx->nonce && read.gas == tx->gas && u256_compare(&read.value, &tx->value) == 0);
    CHECK_ROW(row, u256_compare(&read.chain_id, &tx->chain_id) == 0 && bytes_equal(read.data, tx->data));
    CHECK_ROW(row, memcmp(&read_signature, signature, sizeof *signature) == 0);
    CHECK_ROW(row, tx_signing_hash(&read, &arena, &read_hash, &why) && tx_signing_hash(tx, &arena, &hash, &why));
    CHECK_ROW(row, hash32_equal(&read_hash, &hash));
    CHECK_ROW(row, ecdsa_recover(&read_signature, &read_hash, &recovered) && address_equal(&recovered, &signer));
    tx_put_signed(&out, &read, &read_signature);
    CHECK_ROW(row, writer_done(&out, &again) && bytes_equal(again, raw));
}

static void signed_bytes_equal_those_of_eth_account(void)
{
    static struct vector_file vectors;
    bool seen[256] = { 0 }, creation = false, unprotected = false;
    struct json row;
    for (vector_open(&vectors, "ethereum/transactions.jsonl"); vector_next_json(&vectors, &row);) {
        struct arena arena = arena_of(room, sizeof room);
        struct bytes want = vector_hex(vector_text(row, "raw"), want_room, sizeof want_room), raw;
        struct fault why = { 0 };
        struct signature signature;
        struct tx tx;
        bool good = tx_from_json(json_member(row, BYTES_LIT("tx")), &signer, &arena, &tx, &why);
        CHECK_ROW(why.text, good);
        if (!good)
            continue;
        CHECK_ROW(vectors.place, sign(&tx, &arena, &signature, &raw) && bytes_equal(raw, want));
        read_back_is_what_was_signed(vectors.place, &tx, &signature, want);
        seen[tx.type] = true;
        creation = creation || !tx.has_to;
        unprotected = unprotected || !tx.has_chain_id;
    }
    for (size_t i = 0; tx_rows[i] != NULL; i++) /* a type without a vector is not done */
        CHECK_ROW(tx_rows[i]->name, seen[tx_rows[i]->type]);
    CHECK(creation && unprotected);
}

static void every_type_and_field_stands_in_the_documentation(void)
{
    static char text[1 << 17];
    FILE *in = fopen(OUR_VECTORS "/../../docs/rpc.md", "r");
    CHECK(in != NULL);
    if (in == NULL)
        return;
    size_t len = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[len] = '\0';
    for (size_t i = 0; tx_rows[i] != NULL; i++) {
        CHECK_ROW(tx_rows[i]->name, strstr(text, tx_rows[i]->name) != NULL);
        for (size_t j = 0; j < tx_rows[i]->field_count; j++)
            CHECK_ROW(tx_field_name(tx_rows[i]->fields[j]), strstr(text, tx_field_name(tx_rows[i]->fields[j])) != NULL);
    }
}

static void refusals_begin_with_eth_accounts_words(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/refusals.jsonl"); vector_next_json(&vectors, &row);) {
        static uint8_t text_room[2048];
        struct arena arena = arena_of(room, sizeof room);
        struct writer text = writer_of(text_room, sizeof text_room);
        struct fault why = { 0 };
        struct bytes want = { 0 };
        struct tx tx = { .nonce = 77 };
        CHECK(json_string(json_member(row, BYTES_LIT("text")), &text) && writer_done(&text, &want));
        CHECK_ROW(vectors.place, !tx_from_json(json_member(row, BYTES_LIT("tx")), &signer, &arena, &tx, &why));
        CHECK_ROW(vectors.place, why.code == FAULT_INPUT && tx.nonce == 77);
        bool same = text_starts_with(bytes_of_text(why.text), want);
        CHECK_ROW(vectors.place, same);
        if (!same)
            fprintf(stderr, "got: %s\n", why.text);
    }
}

#define TO              "\"to\":\"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A\""
#define TO_LOWER_END    "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2a"
#define LEGACY(more)    "{\"nonce\":1,\"gas\":2,\"gasPrice\":3," more "}"
#define FEES(more)      "{\"chainId\":1,\"nonce\":1,\"gas\":2,\"maxFeePerGas\":3,\"maxPriorityFeePerGas\":3," more "}"
#define HASH            "0x01aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BLOB(hashes)    FEES("\"maxFeePerBlobGas\":1,\"blobVersionedHashes\":[\"" hashes "\"]," TO)
#define ACCESS(address) FEES(TO ",\"accessList\":[{\"address\":\"" address "\",\"storageKeys\":[]}]")
#define AUTHORIZATION(nonce, parity) \
    "\"authorizationList\":[{\"chainId\":1,\"address\":\"0x1111111111111111111111111111111111111111\"," \
    "\"nonce\":" nonce ",\"yParity\":" parity ",\"r\":1,\"s\":1}]"
#define TWO_64      "18446744073709551616"
#define TWO_256     "115792089237316195423570985008687907853269984665640564039457584007913129639936"
#define MAX_64      "18446744073709551615"
#define MAX_256     "115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define MAX_256_HEX "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct {
    const char *why, *dictionary;
    enum fault_code code; /* FAULT_NONE: taken, so that the next row is wrong in one way only */
} edges[] = {
    { "the largest value", LEGACY("\"value\":" MAX_256), FAULT_NONE },
    { "a value of 257 bits", LEGACY("\"value\":" TWO_256), FAULT_INPUT },
    { "the largest value in hex, with zeros",
      LEGACY("\"value\":\"0x000"
             "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\""),
      FAULT_NONE },
    { "a value of 257 bits in hex",
      LEGACY("\"value\":\"0x1"
             "0000000000000000000000000000000000000000000000000000000000000000\""),
      FAULT_INPUT },
    { "the largest chain id", LEGACY("\"chainId\":\"" MAX_256_HEX "\""), FAULT_NONE },
    { "a chain id of 257 bits", LEGACY("\"chainId\":" TWO_256), FAULT_INPUT },
    { "the largest nonce", "{\"nonce\":" MAX_64 ",\"gas\":2,\"gasPrice\":3}", FAULT_NONE },
    { "a nonce of 65 bits", "{\"nonce\":" TWO_64 ",\"gas\":2,\"gasPrice\":3}", FAULT_INPUT },
    { "the largest gas", "{\"nonce\":1,\"gas\":" MAX_64 ",\"gasPrice\":3}", FAULT_NONE },
    { "gas of 65 bits", "{\"nonce\":1,\"gas\":" TWO_64 ",\"gasPrice\":3}", FAULT_INPUT },
    { "a gas price of 257 bits", "{\"nonce\":1,\"gas\":2,\"gasPrice\":" TWO_256 "}", FAULT_INPUT },
    { "data of 257 bits as an integer", LEGACY("\"data\":" TWO_256), FAULT_INPUT },
    { "data of 256 bits as an integer", LEGACY("\"data\":" MAX_256), FAULT_NONE },
    { "0X", LEGACY("\"value\":\"0X1\""), FAULT_INPUT },
    { "0X in data", LEGACY("\"data\":\"0X11\""), FAULT_INPUT },
    { "data true", LEGACY("\"data\":true"), FAULT_INPUT },
    { "a number with a JSON escape", LEGACY("\"value\":\"\\u0030x1\""), FAULT_INPUT },
    { "data with a JSON escape", LEGACY("\"data\":\"\\u0030x11\""), FAULT_INPUT },
    { "a field's name with a JSON escape is that name", LEGACY("\"\\u0076alue\":1"), FAULT_NONE },
    { "r, s and v in a typed one", FEES("\"v\":1,\"r\":1,\"s\":1"), FAULT_INPUT },
    { "a list's address in lower case", ACCESS("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"), FAULT_NONE },
    { "a list's address in upper case", ACCESS("0x19E7E376E7C213B7E7E7E46CC70A5DD086DAFF2A"), FAULT_NONE },
    { "a list's address without 0x", ACCESS("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"), FAULT_NONE },
    { "a list's address with one letter in the other case", ACCESS(TO_LOWER_END), FAULT_INPUT },
    { "a storage key of 257 bits",
      FEES("\"accessList\":[{\"address\":\"" TO_LOWER_END "\",\"storageKeys\":[" TWO_256 "]}]"), FAULT_INPUT },
    { "a blob hash", BLOB(HASH), FAULT_NONE },
    { "a blob hash of version 2", BLOB("0x02aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
      FAULT_INPUT },
    { "a blob hash of 63 digits", BLOB("0x1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
      FAULT_INPUT },
    { "blobs without a recipient", FEES("\"maxFeePerBlobGas\":1,\"blobVersionedHashes\":[\"" HASH "\"]"), FAULT_INPUT },
    { "an authorization", FEES(TO "," AUTHORIZATION("1", "1")), FAULT_NONE },
    { "an authorization without a recipient", FEES(AUTHORIZATION("1", "1")), FAULT_INPUT },
    { "an authorization with y parity true", FEES(TO "," AUTHORIZATION("1", "true")), FAULT_INPUT },
    { "an authorization with a nonce of 64 bits", FEES(TO "," AUTHORIZATION(MAX_64, "1")), FAULT_NONE },
    { "an authorization with a nonce of 65 bits", FEES(TO "," AUTHORIZATION(TWO_64, "1")), FAULT_INPUT },
    { "type 4 and no list", FEES(TO ",\"type\":4"), FAULT_INPUT },
    { "type 4 and no nonce",
      "{\"gas\":2,\"maxFeePerGas\":3,\"maxPriorityFeePerGas\":3," TO "," AUTHORIZATION("1", "1") "}", FAULT_INPUT },
    { "an array", "[]", FAULT_INPUT },
    { "null", "null", FAULT_INPUT },
};

static void what_is_refused_besides_is_refused_and_its_neighbours_are_not(void)
{
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct arena arena = arena_of(room, sizeof room);
        struct fault why = { 0 };
        struct tx tx;
        bool taken = tx_from_json(json_of(edges[i].dictionary), &signer, &arena, &tx, &why);
        CHECK_ROW(edges[i].why, taken == (edges[i].code == FAULT_NONE) && why.code == edges[i].code);
        if (taken != (edges[i].code == FAULT_NONE))
            fprintf(stderr, "got: %s\n", why.text);
    }
}

static void from_is_allowed_when_it_is_the_signer(void)
{
    struct arena arena = arena_of(room, sizeof room);
    struct fault why = { 0 };
    struct tx tx;
    char text[256];
    snprintf(text, sizeof text, LEGACY("\"from\":\"%s\""), address_eip55(&signer).text);
    CHECK(tx_from_json(json_of(text), &signer, &arena, &tx, &why));
}

static void a_text_that_is_too_long_is_cut(void)
{
    static char text[1 << 15];
    struct arena arena = arena_of(room, sizeof room);
    struct fault why = { 0 };
    struct tx tx;
    char filler[20001];
    memset(filler, 'z', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    snprintf(text, sizeof text, LEGACY("\"value\":\"%s\",\"foo\":1"), filler);
    CHECK(!tx_from_json(json_of(text), &signer, &arena, &tx, &why) && strlen(why.text) < 200);
    snprintf(text, sizeof text, LEGACY("\"value\":\"%s\""), filler);
    CHECK(!tx_from_json(json_of(text), &signer, &arena, &tx, &why));
    CHECK(text_is_printable(bytes_of_text(why.text)) && strstr(why.text, "zzz...'}") != NULL);
    memset(filler, '[', 30);
    memset(filler + 30, ']', 30);
    filler[60] = '\0';
    snprintf(text, sizeof text, LEGACY("\"value\":%s"), filler);
    CHECK(!tx_from_json(json_of(text), &signer, &arena, &tx, &why) && strstr(why.text, filler) != NULL);
}

static void what_does_not_fit_is_a_limit(void)
{
    struct json dictionary = json_of(LEGACY("\"data\":\"0x"
                                            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                                            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""));
    struct fault why = { 0 };
    struct hash32 small_hash, hash;
    struct tx tx;
    for (size_t cap = 0; cap < 64; cap += 21) {
        struct arena arena = arena_of(room, cap);
        CHECK(!tx_from_json(dictionary, &signer, &arena, &tx, &why) && why.code == FAULT_LIMIT);
    }
    struct arena arena = arena_of(room, sizeof room);
    CHECK(tx_from_json(dictionary, &signer, &arena, &tx, &why));
    struct arena small = arena_of(want_room, 63);
    CHECK(!tx_signing_hash(&tx, &small, &hash, &why) && why.code == FAULT_LIMIT);
    small = arena_of(want_room, 64);
    CHECK(tx_signing_hash(&tx, &small, &small_hash, &why) && tx_signing_hash(&tx, &arena, &hash, &why));
    CHECK(hash32_equal(&small_hash, &hash)); /* in pieces or whole */

    struct json list = json_of(ACCESS("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"));
    struct arena tiny = arena_of(room, 20);
    CHECK(!tx_from_json(list, &signer, &tiny, &tx, &why) && why.code == FAULT_LIMIT);
}

/* EIP-155's own example. */
static void the_example_of_eip_155_comes_out(void)
{
    static const char want[] =
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a0"
        "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb70330"
        "4b3800ccf555c9f3dc64214b297fb1966a3b6d83";
    struct arena arena = arena_of(room, sizeof room);
    struct secret32 before = key;
    struct fault why = { 0 };
    struct signature signature;
    struct bytes raw;
    struct tx tx;
    memset(key.bytes, 0x46, sizeof key.bytes);
    CHECK(tx_from_json(json_of("{\"nonce\":9,\"gasPrice\":20000000000,\"gas\":21000,\"chainId\":1,\"data\":\"0x\","
                               "\"to\":\"0x3535353535353535353535353535353535353535\",\"value\":1000000000000000000}"),
                       &signer, &arena, &tx, &why));
    CHECK(sign(&tx, &arena, &signature, &raw));
    CHECK(bytes_equal(raw, vector_hex(bytes_of_text(want), want_room, sizeof want_room)));
    key = before;
}

static void the_highest_fee_counts_gas_and_blobs_and_saturates(void)
{
    struct tx tx = { .type = TX_EIP1559, .gas = 21000, .max_fee_per_gas = u256_of(7) };
    struct u256 fee = tx_max_fee(&tx), want = u256_of(147000);
    uint8_t hashes[66];
    CHECK(u256_compare(&fee, &want) == 0);
    memset(hashes, 0x01, sizeof hashes);
    tx.type = TX_EIP4844;
    tx.blob_hashes = BYTES_OF(hashes);
    tx.max_fee_per_blob_gas = u256_of(3);
    fee = tx_max_fee(&tx);
    want = u256_of(147000 + 2 * 131072 * 3); /* EIP-4844: GAS_PER_BLOB is 2^17 */
    CHECK(u256_compare(&fee, &want) == 0);
    tx.max_fee_per_blob_gas = U256_MAX;
    fee = tx_max_fee(&tx);
    CHECK(u256_compare(&fee, &U256_MAX) == 0);
    tx.max_fee_per_blob_gas = u256_of(0);
    tx.max_fee_per_gas = U256_MAX;
    fee = tx_max_fee(&tx);
    CHECK(u256_compare(&fee, &U256_MAX) == 0);
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    ecdsa_start(seed);
    memset(key.bytes, 0x11, sizeof key.bytes);
    CHECK(ecdsa_address(&key, &signer));
    signed_bytes_equal_those_of_eth_account();
    every_type_and_field_stands_in_the_documentation();
    refusals_begin_with_eth_accounts_words();
    what_is_refused_besides_is_refused_and_its_neighbours_are_not();
    from_is_allowed_when_it_is_the_signer();
    a_text_that_is_too_long_is_cut();
    what_does_not_fit_is_a_limit();
    the_example_of_eip_155_comes_out();
    the_highest_fee_counts_gas_and_blobs_and_saturates();
    return failures != 0;
}
