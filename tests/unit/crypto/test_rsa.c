/* RSA keys: made, read back from what OpenSSL's own tool wrote, and keys wrong in one way. */
#include "vectors.h"

#include "core/crypto/rsa.h"
#include "core/crypto/sha2.h"

static uint8_t der[4096], spki[512], id[32];

static void a_key_that_is_made_has_the_right_shape(void)
{
    struct rsa_key first = { 0 }, second = { 0 };
    struct fault why = { 0 };
    CHECK(rsa_key_make(&first, &why) && rsa_key_make(&second, &why));
    struct bytes public = rsa_key_spki(&first);
    CHECK(public.len == 294);
    /* RFC 8017 appendix A.1: rsaEncryption with NULL, and a modulus of 257 bytes with its sign byte; exponent 65537. */
    static const uint8_t head[] = { 0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                    0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
                                    0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00 };
    static const uint8_t tail[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
    CHECK(memcmp(public.data, head, sizeof head) == 0);
    CHECK(memcmp(public.data + public.len - sizeof tail, tail, sizeof tail) == 0);
    struct hash32 want = sha256(public);
    CHECK(hash32_equal(&first.key_id, &want));
    CHECK(!hash32_equal(&first.key_id, &second.key_id));
    rsa_key_wipe(&first);
    rsa_key_wipe(&second);
    CHECK(first.pkey == NULL && rsa_key_spki(&first).len == 0);
    rsa_key_wipe(&first); /* an empty one is accepted */
}

static void keys_written_by_another_tool_are_read(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "crypto/rsa.txt"); vector_next(&vectors, 4);) {
        struct rsa_key key = { 0 };
        struct fault why = { 0 };
        struct bytes private = vector_hex(vectors.column[1], der, sizeof der);
        struct bytes public = vector_hex(vectors.column[2], spki, sizeof spki);
        bool good = public.len > 0;
        vector_hex(vectors.column[3], id, sizeof id);
        CHECK_ROW(vectors.place, rsa_key_read(private, &key, &why) == good);
        CHECK_ROW(vectors.place, good || (why.code == FAULT_INPUT && key.pkey == NULL));
        if (good) {
            CHECK_ROW(vectors.place, bytes_equal(rsa_key_spki(&key), public));
            CHECK_ROW(vectors.place, memcmp(key.key_id.bytes, id, sizeof id) == 0);
            der[private.len] = 0;
            struct rsa_key untouched = { 0 };
            CHECK_ROW(vectors.place, !rsa_key_read((struct bytes){ der, private.len + 1 }, &untouched, &why));
            CHECK_ROW(vectors.place, !rsa_key_read((struct bytes){ der, private.len - 1 }, &untouched, &why));
            CHECK_ROW(vectors.place, untouched.pkey == NULL);
        }
        rsa_key_wipe(&key);
    }
}

int main(void)
{
    struct rsa_key none = { 0 };
    struct fault why = { 0 };
    CHECK(!rsa_key_read((struct bytes){ 0 }, &none, &why) && why.code == FAULT_INPUT);
    a_key_that_is_made_has_the_right_shape();
    keys_written_by_another_tool_are_read();
    return failures != 0;
}
