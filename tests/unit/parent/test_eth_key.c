#include "parent/eth_key.h"

#include "core/eth/address.h"

#include "check.h"

#include <string.h>

static bool read_text(const char *text, struct secret32 *key, struct address *address, struct fault *why)
{
    struct secret_text secret = { .len = 0 };
    CHECK(secret_text_set(&secret, bytes_of_text(text)));
    return eth_key_read(&secret, key, address, why);
}

static void a_key_is_read_and_written_in_one_form(void)
{
    /* The first account of the well-known test mnemonic "test test … junk". */
    static const char lower[] = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    static const char *const forms[] = {
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n",
        "  0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80\r\n",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct secret32 key;
        struct address address;
        struct fault why;
        uint8_t text[ETH_KEY_TEXT];
        struct writer out = writer_of(text, sizeof text);
        CHECK_ROW(forms[i], read_text(forms[i], &key, &address, &why));
        CHECK_ROW(forms[i], strcmp(address_eip55(&address).text, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266") == 0);
        eth_key_put(&out, &key);
        CHECK_ROW(forms[i], bytes_equal((struct bytes){ text, out.len }, bytes_of_text(lower)));
    }
}

static void what_is_no_key_is_refused_without_being_repeated(void)
{
    static const char *const rows[] = {
        "",
        "\n",
        "0x",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff800",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff8g",
        "0Xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "0xac0974bec39a17e36ba4a6b4d238ff94 4bacb478cbed5efcae784d7bf4f2ff80",
        "0x0000000000000000000000000000000000000000000000000000000000000000",
        "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", /* the group order */
        "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct secret32 key;
        struct address address;
        struct fault why = { .code = FAULT_NONE };
        CHECK_ROW(rows[i], !read_text(rows[i], &key, &address, &why));
        CHECK_ROW(rows[i], why.code == FAULT_INPUT && strstr(why.text, "ac0974") == NULL);
    }
}

static void made_keys_differ(void)
{
    struct secret32 a, b;
    struct address first, second;
    eth_key_make(&a, &first);
    eth_key_make(&b, &second);
    CHECK(!address_equal(&first, &second));
}

int main(void)
{
    ecdsa_start((const uint8_t[32]){ 1 });
    a_key_is_read_and_written_in_one_form();
    what_is_no_key_is_refused_without_being_repeated();
    made_keys_differ();
    return failures != 0;
}
