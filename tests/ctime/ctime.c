/* Constant time: secrets are marked as undefined, and valgrind reports every branch and every address that depends on
 * them, in the code as it is compiled for release. What may be known is declassified where it becomes so.
 *
 *   ctime            what handles secrets; must give no report
 *   ctime control    a comparison that leaves at the first difference; must give one, or the test sees nothing
 */
#include "core/base/text.h"
#include "core/crypto/hmac.h"
#include "core/signer/key_slot.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

static void conceal(void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

static const char DIGITS[] = "0x4646464646464646464646464646464646464646464646464646464646464646";

static void hex_and_base64_are_read_and_written(void)
{
    uint8_t hex[64], base64[44], bytes[33], room[64];
    size_t len;
    memcpy(hex, DIGITS + 2, sizeof hex);
    conceal(hex, sizeof hex);
    must(text_read_hex(BYTES_OF(hex), bytes));
    struct writer out = writer_of(room, sizeof room);
    text_put_hex(&out, (struct bytes){ bytes, 32 });
    out = writer_of(base64, sizeof base64);
    text_put_base64(&out, (struct bytes){ bytes, 32 });
    must(out.len == sizeof base64 && text_read_base64(BYTES_OF(base64), bytes, sizeof bytes, &len) && len == 32);
    hex[5] = 'g'; /* the refusal takes the same way up to its end */
    must(!text_read_hex(BYTES_OF(hex), bytes));
}

static void secrets_are_compared(void)
{
    uint8_t a[32] = { 1 }, b[32] = { 2 };
    conceal(a, sizeof a);
    must(!secret_equal(BYTES_OF(a), BYTES_OF(b)));
}

static void macs_are_made(void)
{
    uint8_t key[131] = { 3 };
    struct secret32 mac;
    conceal(key, sizeof key);
    for (size_t len = 0; len <= sizeof key; len += 32)
        hmac_sha256((struct bytes){ key, len }, BYTES_LIT("message"), &mac);
}

/* Signatures are made again and compared: the same, and ones that differ in their first and last byte and in parity. */
static void signatures_that_come_back_are_compared(const struct key_slot *slot, const struct hash32 *digest,
                                                   const struct signature *signature)
{
    struct signature others[3] = { *signature, *signature, *signature };
    others[0].r[0] ^= 1;
    others[1].s[31] ^= 1;
    others[2].y_parity ^= 1;
    must(key_slot_made(slot, digest, signature));
    for (size_t i = 0; i < 3; i++)
        must(!key_slot_made(slot, digest, &others[i]));
}

/* From KMS's plaintext, as text and as raw bytes, to a signature. */
static void keys_are_stored_and_sign(struct bytes plaintext, size_t first_secret)
{
    static _Alignas(16) uint8_t page[KEY_SLOT_BYTES];
    static struct secret_text text;
    struct key_slot *slot = key_slot_place(page, sizeof page);
    struct hash32 digest = { { 5 } };
    struct signature signature;
    struct address address;
    struct fault why;
    must(secret_text_set(&text, plaintext));
    conceal(text.bytes + first_secret, text.len - first_secret);
    must(key_slot_store(slot, &text, &address, &why) && key_slot_sign(slot, &digest, &signature, &why));
    signatures_that_come_back_are_compared(slot, &digest, &signature);
    key_slot_wipe(slot);
    secret_text_wipe(&text);
}

static int control(void)
{
    volatile uint8_t secret[4] = { 1, 2, 3, 4 };
    conceal((void *)secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        if (secret[i] != i + 1)
            return 0;
    return 0;
}

int main(int argc, char **argv)
{
    static const uint8_t seed[32] = { 9 };
    if (RUNNING_ON_VALGRIND == 0) {
        fprintf(stderr, "to be run by valgrind\n");
        return 2;
    }
    if (argc == 2 && strcmp(argv[1], "control") == 0)
        return control();
    ecdsa_start(seed);
    hex_and_base64_are_read_and_written();
    secrets_are_compared();
    macs_are_made();
    keys_are_stored_and_sign(bytes_of_text(DIGITS), 2);
    keys_are_stored_and_sign(BYTES_OF(seed), 0);
    return 0;
}
