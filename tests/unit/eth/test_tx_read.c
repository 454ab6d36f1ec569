/* Signed bytes are read only in their one form: what is taken is put again to the same bytes. */
#include "vectors.h"

#include "core/codec/rlp.h"
#include "core/eth/tx.h"

static uint8_t raw_room[1 << 14], put_room[1 << 14];

static bool comes_back(struct bytes raw)
{
    struct writer out = writer_of(put_room, sizeof put_room);
    struct fault why = { 0 };
    struct signature signature;
    struct bytes put;
    struct tx tx;
    if (!tx_read_signed(raw, &tx, &signature, &why))
        return true; /* refused: nothing to compare */
    tx_put_signed(&out, &tx, &signature);
    return writer_done(&out, &put) && bytes_equal(put, raw);
}

static void one_changed_byte_is_refused_or_comes_back_the_same(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/transactions.jsonl"); vector_next_json(&vectors, &row);) {
        struct bytes raw = vector_hex(vector_text(row, "raw"), raw_room, sizeof raw_room);
        if (raw.len > 700)
            continue;
        for (size_t i = 0; i < raw.len; i++) {
            static const uint8_t flips[] = { 0x01, 0x80, 0xff, 0x40 };
            for (size_t j = 0; j < sizeof flips; j++) {
                raw_room[i] ^= flips[j];
                CHECK_ROW(vectors.place, comes_back(raw));
                raw_room[i] ^= flips[j];
            }
        }
    }
}

static void every_shorter_or_longer_text_is_refused(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/transactions.jsonl"); vector_next_json(&vectors, &row);) {
        struct bytes raw = vector_hex(vector_text(row, "raw"), raw_room, sizeof raw_room - 1);
        struct fault why = { 0 };
        struct signature signature;
        struct tx tx;
        for (size_t len = 0; len < raw.len; len++)
            CHECK_ROW(vectors.place, !tx_read_signed((struct bytes){ raw_room, len }, &tx, &signature, &why));
        raw_room[raw.len] = 0;
        CHECK_ROW(vectors.place, !tx_read_signed((struct bytes){ raw_room, raw.len + 1 }, &tx, &signature, &why));
    }
}

/* A legacy list whose fields are given one by one, each already encoded. */
struct parts {
    const char *why, *nonce, *to, *v, *r, *s;
    bool good;
};

#define HALF       "a07fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define HALF_AND_1 "a07fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
#define V_OF_MAX   "a1020000000000000000000000000000000000000000000000000000000000000021"
#define V_BEYOND   "a1020000000000000000000000000000000000000000000000000000000000000023"

static const struct parts legacy[] = {
    { "nothing wrong", "01", "80", "1b", "01", "01", true },
    { "the highest s", "01", "80", "1c", "01", HALF, true },
    { "s in the upper half", "01", "80", "1b", "01", HALF_AND_1, false },
    { "r is zero", "01", "80", "1b", "80", "01", false },
    { "s is zero", "01", "80", "1b", "01", "80", false },
    { "r with a leading zero", "01", "80", "1b", "820001", "01", false },
    { "r of 33 bytes", "01", "80", "1b", "a1010000000000000000000000000000000000000000000000000000000000000000", "01",
      false },
    { "v is 0", "01", "80", "80", "01", "01", false },
    { "v is 26", "01", "80", "1a", "01", "01", false },
    { "v is 29", "01", "80", "1d", "01", "01", false },
    { "v is 34", "01", "80", "22", "01", "01", false },
    { "v is 35: chain 0", "01", "80", "23", "01", "01", true },
    { "v is 255", "01", "80", "81ff", "01", "01", true },
    { "v is 256", "01", "80", "820100", "01", "01", true },
    { "v with a leading zero", "01", "80", "820025", "01", "01", false },
    { "v of the largest chain id", "01", "80", V_OF_MAX, "01", "01", true },
    { "v of a chain id of 257 bits", "01", "80", V_BEYOND, "01", "01", false },
    { "v a list", "01", "80", "c0", "01", "01", false },
    { "nonce as a zero byte", "00", "80", "1b", "01", "01", false },
    { "nonce of 8 bytes", "88ffffffffffffffff", "80", "1b", "01", "01", true },
    { "nonce of 9 bytes", "89010000000000000000", "80", "1b", "01", "01", false },
    { "nonce wrapped in a string", "8101", "80", "1b", "01", "01", false },
    { "to of 20 bytes", "01", "941111111111111111111111111111111111111111", "1b", "01", "01", true },
    { "to of 19 bytes", "01", "9311111111111111111111111111111111111111", "1b", "01", "01", false },
    { "to of 21 bytes", "01", "95111111111111111111111111111111111111111111", "1b", "01", "01", false },
};

static void legacy_lists_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
        const char *const fields[] = { legacy[i].nonce, "01",        "01",       legacy[i].to, "01", "80",
                                       legacy[i].v,     legacy[i].r, legacy[i].s };
        struct writer out = writer_of(raw_room, sizeof raw_room);
        struct fault why = { 0 };
        struct signature signature;
        struct bytes raw;
        struct tx tx;
        size_t list = rlp_begin_list(&out);
        for (size_t j = 0; j < sizeof fields / sizeof *fields; j++) {
            uint8_t field[64];
            writer_put(&out, vector_hex(bytes_of_text(fields[j]), field, sizeof field));
        }
        rlp_end_list(&out, list);
        CHECK(writer_done(&out, &raw));
        CHECK_ROW(legacy[i].why, tx_read_signed(raw, &tx, &signature, &why) == legacy[i].good);
        CHECK_ROW(legacy[i].why, comes_back(raw));
    }
}

/* The payload of the list: chainId, nonce, price or fees, gas, to, value, data, lists, y parity, r, s. */
#define A20 "941111111111111111111111111111111111111111"
#define K32 "a01111111111111111111111111111111111111111111111111111111111111111"
#define B32 "a00111111111111111111111111111111111111111111111111111111111111111"

static const struct {
    const char *why;
    uint8_t type;
    const char *payload;
    bool good;
} typed[] = {
    { "2930, empty list", 1, "01 01 01 01 80 01 80 c0 80 01 01", true },
    { "2930 with one field more", 1, "01 01 01 01 80 01 80 c0 80 01 01 01", false },
    { "2930 with one field less", 1, "01 01 01 01 80 01 80 c0 80 01", false },
    { "2930 without its access list", 1, "01 01 01 01 80 01 80 80 80 01 01", false },
    { "2930, y parity 2", 1, "01 01 01 01 80 01 80 c0 02 01 01", false },
    { "2930, y parity as a zero byte", 1, "01 01 01 01 80 01 80 c0 00 01 01", false },
    { "2930, an access without keys", 1, "01 01 01 01 80 01 80 d7d6" A20 "c0 80 01 01", true },
    { "2930, an access with a key", 1, "01 01 01 01 80 01 80 f838f7" A20 "e1" K32 " 80 01 01", true },
    { "2930, an access without its list of keys", 1, "01 01 01 01 80 01 80 d6d5" A20 " 80 01 01", false },
    { "2930, an access with one item more", 1, "01 01 01 01 80 01 80 d8d7" A20 "c001 80 01 01", false },
    { "2930, an access that is a string", 1, "01 01 01 01 80 01 80 d5" A20 " 80 01 01", false },
    { "2930, a key of one byte", 1, "01 01 01 01 80 01 80 d8d7" A20 "c101 80 01 01", false },
    { "1559", 2, "01 01 01 01 01 80 01 80 c0 80 01 01", true },
    { "1559 as type 5", 5, "01 01 01 01 01 80 01 80 c0 80 01 01", false },
    { "1559 as type 0", 0, "01 01 01 01 01 80 01 80 c0 80 01 01", false },
    { "4844", 3, "01 01 01 01 01 " A20 " 01 80 c0 01 e1" B32 " 80 01 01", true },
    { "4844 without a recipient", 3, "01 01 01 01 01 80 01 80 c0 01 e1" B32 " 80 01 01", false },
    { "4844 without a hash", 3, "01 01 01 01 01 " A20 " 01 80 c0 01 c0 80 01 01", false },
    { "4844, a hash of version 0x11", 3, "01 01 01 01 01 " A20 " 01 80 c0 01 e1" K32 " 80 01 01", false },
    { "4844, a hash of one byte", 3, "01 01 01 01 01 " A20 " 01 80 c0 01 c101 80 01 01", false },
    { "7702", 4, "01 01 01 01 01 " A20 " 01 80 c0 dbda01" A20 "01800101 80 01 01", true },
    { "7702 without a recipient", 4, "01 01 01 01 01 80 01 80 c0 dbda01" A20 "01800101 80 01 01", false },
    { "7702 without an authorization", 4, "01 01 01 01 01 " A20 " 01 80 c0 c0 80 01 01", false },
    { "7702, an authorization's y parity is 2", 4, "01 01 01 01 01 " A20 " 01 80 c0 dbda01" A20 "01020101 80 01 01",
      false },
    { "7702, an authorization with one item less", 4, "01 01 01 01 01 " A20 " 01 80 c0 dad901" A20 "018001 80 01 01",
      false },
};

static void typed_lists_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        struct writer out = writer_of(raw_room, sizeof raw_room);
        struct fault why = { 0 };
        struct signature signature;
        uint8_t payload[512];
        char digits[1024];
        size_t count = 0;
        struct bytes raw;
        struct tx tx;
        for (const char *c = typed[i].payload; *c != '\0'; c++)
            if (*c != ' ')
                digits[count++] = *c;
        digits[count] = '\0';
        struct bytes fields = vector_hex(bytes_of_text(digits), payload, sizeof payload);
        writer_u8(&out, typed[i].type);
        rlp_write_list_header(&out, fields.len);
        writer_put(&out, fields);
        CHECK(writer_done(&out, &raw));
        CHECK_ROW(typed[i].why, tx_read_signed(raw, &tx, &signature, &why) == typed[i].good);
        CHECK_ROW(typed[i].why, comes_back(raw));
    }
}

int main(void)
{
    one_changed_byte_is_refused_or_comes_back_the_same();
    every_shorter_or_longer_text_is_refused();
    legacy_lists_wrong_in_one_way_are_refused();
    typed_lists_wrong_in_one_way_are_refused();
    return failures != 0;
}
