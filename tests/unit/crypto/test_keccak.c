/* Keccak-256 against pycryptodome's, in one piece and in every split. */
#include "vectors.h"

#include "core/crypto/keccak.h"

static uint8_t message[65536];

static void every_length_round_a_block_has_its_digest(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "crypto/keccak256.txt"); vector_next(&vectors, 2);) {
        uint64_t len = 0;
        struct hash32 want;
        CHECK(text_read_uint(vectors.column[0], &len) && len <= sizeof message);
        CHECK(vector_hex(vectors.column[1], want.bytes, sizeof want.bytes).len == sizeof want.bytes);
        for (size_t i = 0; i < len; i++)
            message[i] = (uint8_t)(7 * i + len);
        struct hash32 got = keccak256((struct bytes){ message, len });
        CHECK_ROW(vectors.place, hash32_equal(&got, &want));
    }
}

static void any_split_gives_the_same_digest(void)
{
    enum { LEN = 300 };
    struct hash32 whole = keccak256((struct bytes){ message, LEN });
    for (size_t first = 0; first <= LEN; first++) {
        for (size_t second = first; second <= LEN; second += 17) {
            struct keccak state = keccak_start();
            keccak_add(&state, (struct bytes){ message, first });
            keccak_add(&state, (struct bytes){ message + first, second - first });
            keccak_add(&state, (struct bytes){ message + second, LEN - second });
            struct hash32 parts = keccak_end(&state);
            CHECK(hash32_equal(&whole, &parts));
        }
    }
}

static void it_is_not_sha3(void)
{
    struct hash32 empty = keccak256((struct bytes){ 0 });
    CHECK(empty.bytes[0] == 0xc5 && empty.bytes[31] == 0x70); /* SHA3-256 of nothing is a7…4a */
}

static void one_different_byte_is_a_different_hash(void)
{
    struct hash32 a = { { 0 } }, b = a;
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        b.bytes[i] ^= 1;
        CHECK(!hash32_equal(&a, &b));
        b.bytes[i] ^= 1;
    }
    CHECK(hash32_equal(&a, &b));
}

int main(void)
{
    every_length_round_a_block_has_its_digest();
    any_split_gives_the_same_digest();
    it_is_not_sha3();
    one_different_byte_is_a_different_hash();
    return failures != 0;
}
