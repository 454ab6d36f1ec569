/* Signing and recovery against eth-keys' pure Python, and what neither may accept. */
#include "vectors.h"

#include "core/crypto/ecdsa.h"
#include "core/eth/address.h"

/* The order of secp256k1 (SEC 2 section 2.4.1), and half of it. */
#define ORDER      "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ABOVE      "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142"
#define HALF       "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define HALF_AND_1 "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
#define ZERO       "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE        "0000000000000000000000000000000000000000000000000000000000000001"
#define FIVE       "0000000000000000000000000000000000000000000000000000000000000005" /* no point has this x */
#define ALL_ONES   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void signatures_and_addresses_equal_an_independent_implementation(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "crypto/ecdsa.txt"); vector_next(&vectors, 4);) {
        struct secret32 key;
        struct hash32 digest;
        struct signature made, read;
        struct address address, recovered, want;
        uint8_t bytes[65], put[65], public[64];
        vector_hex(vectors.column[0], key.bytes, sizeof key.bytes);
        vector_hex(vectors.column[1], digest.bytes, sizeof digest.bytes);
        vector_hex(vectors.column[2], bytes, sizeof bytes);
        CHECK(address_read_eip55(vectors.column[3], &want));

        CHECK_ROW(vectors.place, ecdsa_address(&key, &address) && address_equal(&address, &want));
        CHECK_ROW(vectors.place, ecdsa_sign(&key, &digest, &made));
        CHECK_ROW(vectors.place, memcmp(made.r, bytes, 32) == 0 && memcmp(made.s, bytes + 32, 32) == 0);
        CHECK_ROW(vectors.place, made.y_parity == bytes[64]);
        CHECK_ROW(vectors.place, ecdsa_recover(&made, &digest, &recovered) && address_equal(&recovered, &want));

        CHECK(ecdsa_recover_public(&made, &digest, public));
        struct hash32 hash = keccak256(BYTES_OF(public));
        CHECK(memcmp(hash.bytes + 12, want.bytes, 20) == 0);

        struct writer out = writer_of(put, sizeof put);
        struct bytes written;
        signature_put(&out, &made);
        CHECK(writer_done(&out, &written) && written.len == 65 && put[64] == 27 + bytes[64]);
        CHECK(signature_read(BYTES_OF(bytes), &read) && memcmp(&read, &made, sizeof read) == 0);
        CHECK(signature_read(written, &read) && memcmp(&read, &made, sizeof read) == 0);
    }
}

static void keys_that_are_no_keys_are_refused(void)
{
    static const char *const keys[] = { ZERO, ORDER, ABOVE, ALL_ONES };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct secret32 key;
        struct hash32 digest = { { 1 } };
        struct signature signature;
        struct address address;
        vector_hex(bytes_of_text(keys[i]), key.bytes, sizeof key.bytes);
        CHECK_ROW(keys[i], !ecdsa_address(&key, &address));
        CHECK_ROW(keys[i], !ecdsa_sign(&key, &digest, &signature));
    }
}

static const struct {
    const char *why, *r, *s;
    uint8_t v;
    bool read, recovered;
} signatures[] = {
    { "nothing wrong", ONE, ONE, 0, true, true },
    { "nothing wrong: the largest s", ONE, HALF, 27, true, true },
    { "s in the upper half", ONE, HALF_AND_1, 0, false, false },
    { "s is zero", ONE, ZERO, 0, false, false },
    { "r is zero", ZERO, ONE, 0, false, false },
    { "r is the group order", ORDER, ONE, 0, true, false },
    { "r is no point's x", FIVE, ONE, 0, true, false },
    { "s is the group order", ONE, ORDER, 0, false, false },
    { "v is 2", ONE, ONE, 2, false, false },
    { "v is 26", ONE, ONE, 26, false, false },
    { "v is 29", ONE, ONE, 29, false, false },
};

static void signatures_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        struct hash32 digest = { { 7 } };
        struct signature parts = { .y_parity = signatures[i].v >= 27 ? signatures[i].v - 27 : signatures[i].v }, read;
        struct address address;
        uint8_t bytes[65];
        vector_hex(bytes_of_text(signatures[i].r), parts.r, 32);
        vector_hex(bytes_of_text(signatures[i].s), parts.s, 32);
        memcpy(bytes, parts.r, 32);
        memcpy(bytes + 32, parts.s, 32);
        bytes[64] = signatures[i].v;
        CHECK_ROW(signatures[i].why, signature_read(BYTES_OF(bytes), &read) == signatures[i].read);
        CHECK_ROW(signatures[i].why, ecdsa_recover(&parts, &digest, &address) == signatures[i].recovered);
        CHECK_ROW(signatures[i].why, !signature_read((struct bytes){ bytes, 64 }, &read)); /* one byte short */
    }
}

static void another_digest_recovers_another_address(void)
{
    struct secret32 key = { { 0 } };
    struct hash32 digest = { { 9 } };
    struct signature signature;
    struct address own, other;
    key.bytes[31] = 1;
    CHECK(ecdsa_address(&key, &own) && ecdsa_sign(&key, &digest, &signature));
    digest.bytes[31] ^= 1;
    CHECK(!ecdsa_recover(&signature, &digest, &other) || !address_equal(&own, &other));
    digest.bytes[31] ^= 1;
    signature.y_parity ^= 1;
    CHECK(!ecdsa_recover(&signature, &digest, &other) || !address_equal(&own, &other));
}

int main(void)
{
    static const uint8_t seed[32] = "blinding changes no signature";
    ecdsa_start(seed);
    signatures_and_addresses_equal_an_independent_implementation();
    keys_that_are_no_keys_are_refused();
    signatures_wrong_in_one_way_are_refused();
    another_digest_recovers_another_address();
    return failures != 0;
}
