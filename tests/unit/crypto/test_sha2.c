/* SHA-256, SHA-384 and HMAC-SHA-256: the examples of FIPS 180-4's companion document and RFC 4231. */
#include "vectors.h"

#include "core/crypto/hmac.h"
#include "core/crypto/sha2.h"

#define ABC      "abc"
#define LONG_256 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define LONG_384 \
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

static const struct {
    const char *message, *sha256, *sha384;
} rows[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
    { ABC, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
    { LONG_256, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", NULL },
    { LONG_384, NULL,
      "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039" },
};

static bool is_hex(const uint8_t *got, size_t len, const char *hex)
{
    uint8_t want[64];
    return vector_hex(bytes_of_text(hex), want, sizeof want).len == len && memcmp(got, want, len) == 0;
}

static void digests_are_those_of_the_standard(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hash32 short_hash = sha256(bytes_of_text(rows[i].message));
        struct hash48 long_hash = sha384(bytes_of_text(rows[i].message));
        if (rows[i].sha256 != NULL)
            CHECK_ROW(rows[i].message, is_hex(short_hash.bytes, sizeof short_hash.bytes, rows[i].sha256));
        if (rows[i].sha384 != NULL)
            CHECK_ROW(rows[i].message, is_hex(long_hash.bytes, sizeof long_hash.bytes, rows[i].sha384));
    }
}

static void pieces_and_copies_of_the_state_give_the_same_digest(void)
{
    const struct bytes text = BYTES_LIT(LONG_384 LONG_384);
    struct hash32 whole = sha256(text);
    for (size_t cut = 0; cut <= text.len; cut++) {
        struct sha256_state state = sha256_start();
        sha256_add(&state, (struct bytes){ text.data, cut });
        struct sha256_state copy = state;
        sha256_add(&state, (struct bytes){ text.data + cut, text.len - cut });
        sha256_add(&copy, (struct bytes){ text.data + cut, text.len - cut });
        struct hash32 first = sha256_end(&state), second = sha256_end(&copy);
        CHECK(hash32_equal(&first, &whole) && hash32_equal(&second, &whole));
    }
}

/* RFC 4231 sections 4.2, 4.3, 4.4 and 4.7: a key shorter than the digest, two texts, a key longer than a block. */
static void macs_are_those_of_rfc_4231(void)
{
    uint8_t key[131], data[50];
    struct secret32 mac;
    memset(key, 0x0b, sizeof key);
    hmac_sha256((struct bytes){ key, 20 }, BYTES_LIT("Hi There"), &mac);
    CHECK(is_hex(mac.bytes, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    hmac_sha256(BYTES_LIT("Jefe"), BYTES_LIT("what do ya want for nothing?"), &mac);
    CHECK(is_hex(mac.bytes, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    hmac_sha256((struct bytes){ key, 20 }, BYTES_OF(data), &mac);
    CHECK(is_hex(mac.bytes, 32, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"));
    hmac_sha256(BYTES_OF(key), BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), &mac);
    CHECK(is_hex(mac.bytes, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

static void a_key_of_one_block_is_used_as_it_is(void)
{
    uint8_t key[65] = { 0 };
    struct secret32 exact, padded, longer;
    memset(key, 0x5a, 63);
    hmac_sha256((struct bytes){ key, 63 }, BYTES_LIT(ABC), &exact);
    hmac_sha256((struct bytes){ key, 64 }, BYTES_LIT(ABC), &padded); /* RFC 2104: zeros are appended */
    hmac_sha256((struct bytes){ key, 65 }, BYTES_LIT(ABC), &longer); /* but over a block the key is hashed */
    CHECK(memcmp(exact.bytes, padded.bytes, 32) == 0);
    CHECK(memcmp(exact.bytes, longer.bytes, 32) != 0);
}

int main(void)
{
    digests_are_those_of_the_standard();
    pieces_and_copies_of_the_state_give_the_same_digest();
    macs_are_those_of_rfc_4231();
    a_key_of_one_block_is_used_as_it_is();
    return failures != 0;
}
