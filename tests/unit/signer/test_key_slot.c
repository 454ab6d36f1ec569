/* key_slot: what is a key and what is not, and that what it signs is the key's. Addresses and the signature are
 * eth-account 0.13.7's. */
#include "check.h"
#include "core/base/text.h"
#include "core/crypto/keccak.h"
#include "core/eth/address.h"
#include "core/eth/message.h"
#include "core/signer/key_slot.h"

#include <string.h>

#define ELEVEN "1111111111111111111111111111111111111111111111111111111111111111"
#define RAW_11 "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
#define ORDER  "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define BELOW  "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"

/* eth-account: sign_message(encode_defunct(32 bytes of 01)) with the key 0x11…11 */
#define SIGNATURE \
    "1a6fc8b380e0645b1767f415b783a08054804261e623ed12fb169cfc9284c51b" \
    "2462bcd024699d87f5e506c8761b4c48e4e072663128bf5f66115721cdc10bbf1b"

static _Alignas(64) uint8_t page[KEY_SLOT_BYTES];

static void set(struct secret_text *text, const char *data, size_t len)
{
    CHECK(secret_text_set(text, (struct bytes){ (const uint8_t *)data, len }));
}

static const struct {
    const char *name, *text;
    size_t len;
    const char *address; /* NULL: refused with `why` */
    const char *why;
} ROWS[] = {
    { "raw", RAW_11 RAW_11, 32, "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", NULL },
    { "text", "0x" ELEVEN, 66, "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", NULL },
    { "line", "0x" ELEVEN "\n", 67, "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", NULL },
    { "space around", " \t0x" ELEVEN " \r\n", 71, "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", NULL },
    { "the largest", "0x" BELOW, 66, "0x80C0dbf239224071c59dD8970ab9d542E3414aB2", NULL },
    { "no 0x", ELEVEN, 64, NULL, "decrypted value is not a valid ethereum private key (got 64 bytes" },
    { "0X", "0X" ELEVEN, 66, NULL, "decrypted value is not a valid ethereum private key (got 66 bytes" },
    { "31 bytes", RAW_11 RAW_11, 31, NULL, "decrypted value is not a valid ethereum private key (got 31 bytes" },
    { "33 bytes", RAW_11 RAW_11 "\x11", 33, NULL, "decrypted value is not a valid ethereum private key (got 33 bytes" },
    { "68 characters", "0x11" ELEVEN, 68, NULL, "decrypted value is not a valid ethereum private key (got 68 bytes" },
    { "nothing", "", 0, NULL, "decrypted value is not a valid ethereum private key (got 0 bytes" },
    { "AWS CLI v2", RAW_11 RAW_11 RAW_11, 48, NULL,
      "decrypted value is not a valid ethereum private key (got 48 bytes: AWS" },
    { "no hex", "0xzz11111111111111111111111111111111111111111111111111111111111111", 66, NULL, "Non-hexadecimal" },
    { "zero", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, NULL, "Invalid privkey" },
    { "the order", "0x" ORDER, 66, NULL, "Invalid privkey" },
};

static bool is_behind(struct bytes public, const struct address *address)
{
    const struct hash32 hash = keccak256(public);
    return public.len == 64 && memcmp(hash.bytes + 12, address->bytes, sizeof address->bytes) == 0;
}

static void keys_are_read_and_the_rest_refused_with_the_slot_as_it_was(void)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        WIPED_TEXT struct secret_text text;
        struct key_slot *slot = key_slot_place(page, sizeof page);
        struct address tried, stored;
        struct fault why = { 0 };
        set(&text, ROWS[i].text, ROWS[i].len);
        const bool done = key_slot_try(&text, &tried, &why);
        CHECK_ROW(ROWS[i].name, done == (ROWS[i].address != NULL));
        CHECK_ROW(ROWS[i].name, key_slot_is_empty(slot));
        CHECK_ROW(ROWS[i].name, key_slot_store(slot, &text, &stored, &why) == done);
        CHECK_ROW(ROWS[i].name, key_slot_is_empty(slot) == !done);
        if (done) {
            CHECK_ROW(ROWS[i].name, strcmp(address_eip55(&tried).text, ROWS[i].address) == 0);
            CHECK_ROW(ROWS[i].name, address_equal(key_slot_address(slot), &tried) && address_equal(&stored, &tried) &&
                                        is_behind(key_slot_public(slot), &tried));
        } else {
            CHECK_ROW(ROWS[i].name, why.code == FAULT_INPUT);
            CHECK_ROW(ROWS[i].name, strncmp(why.text, ROWS[i].why, strlen(ROWS[i].why)) == 0);
        }
    }
}

static void a_refused_key_leaves_the_old_one(void)
{
    WIPED_TEXT struct secret_text text;
    struct key_slot *slot = key_slot_place(page, sizeof page);
    struct address address, other;
    struct fault why;
    set(&text, "0x" ELEVEN, 66);
    CHECK(key_slot_store(slot, &text, &address, &why));
    set(&text, "0x" ORDER, 66);
    CHECK(!key_slot_store(slot, &text, &other, &why));
    CHECK(address_equal(key_slot_address(slot), &address));
}

static void a_signature_is_eth_accounts_to_the_byte(void)
{
    WIPED_TEXT struct secret_text text;
    struct key_slot *slot = key_slot_place(page, sizeof page);
    struct address address;
    struct fault why;
    uint8_t message[32], bytes65[65], hex[130];
    set(&text, "0x" ELEVEN, 66);
    CHECK(key_slot_store(slot, &text, &address, &why));
    memset(message, 1, sizeof message);
    const struct hash32 digest = message_hash(BYTES_OF(message));
    struct signature signature;
    CHECK(key_slot_sign(slot, &digest, &signature, &why));
    struct writer out = writer_of(bytes65, sizeof bytes65);
    signature_put(&out, &signature);
    struct writer hex_out = writer_of(hex, sizeof hex);
    text_put_hex(&hex_out, BYTES_OF(bytes65));
    CHECK(memcmp(hex, SIGNATURE, sizeof hex) == 0);
}

/* Each byte changed, and the other parity: with that it verifies, and its signer is another. */
static void only_the_very_signature_is_known_as_made(void)
{
    WIPED_TEXT struct secret_text text;
    struct key_slot *slot = key_slot_place(page, sizeof page);
    struct address address;
    struct fault why;
    struct hash32 digest = { { 9 } };
    struct signature signature;
    set(&text, "0x" ELEVEN, 66);
    CHECK(key_slot_store(slot, &text, &address, &why));
    for (uint8_t i = 0; i < 32; i++) {
        digest.bytes[1] = i;
        CHECK(key_slot_sign(slot, &digest, &signature, &why) && key_slot_made(slot, &digest, &signature));
        struct signature changed = signature;
        changed.r[i] ^= (uint8_t)(1 << i % 8);
        CHECK(!key_slot_made(slot, &digest, &changed));
        changed = signature;
        changed.s[i] ^= (uint8_t)(1 << i % 8);
        CHECK(!key_slot_made(slot, &digest, &changed));
        changed = signature;
        changed.y_parity ^= 1;
        CHECK(!key_slot_made(slot, &digest, &changed));
        digest.bytes[31] ^= 1;
        CHECK(!key_slot_made(slot, &digest, &signature));
    }
}

static void a_wiped_slot_is_zeroes(void)
{
    WIPED_TEXT struct secret_text text;
    struct key_slot *slot = key_slot_place(page, sizeof page);
    struct address address;
    struct fault why;
    set(&text, "0x" ELEVEN, 66);
    CHECK(key_slot_store(slot, &text, &address, &why));
    key_slot_wipe(slot);
    CHECK(key_slot_is_empty(slot));
    for (size_t i = 0; i < sizeof page; i++)
        CHECK(page[i] == 0);
}

int main(void)
{
    static const uint8_t seed[32] = { 7 };
    ecdsa_start(seed);
    keys_are_read_and_the_rest_refused_with_the_slot_as_it_was();
    a_refused_key_leaves_the_old_one();
    a_signature_is_eth_accounts_to_the_byte();
    only_the_very_signature_is_known_as_made();
    a_wiped_slot_is_zeroes();
    return failures != 0;
}
