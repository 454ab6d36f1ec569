/* EIP-55: the addresses printed there, and texts wrong in one way. */
#include "check.h"

#include "core/eth/address.h"

#include <string.h>

static const char *const printed[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x1111111111111111111111111111111111111111",
};

static const struct {
    const char *why, *text;
    bool read; /* without regard to the checksum */
} wrong[] = {
    { "one letter in the other case", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", true },
    { "all lower case", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", true },
    { "all upper case", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", true },
    { "0X", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false },
    { "no 0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false },
    { "39 digits", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", false },
    { "41 digits", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", false },
    { "a letter that is no digit", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", false },
    { "a space in front", " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false },
    { "nothing", "", false },
    { "0x alone", "0x", false },
};

static void printed_addresses_are_read_and_written(void)
{
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        struct address address, again;
        CHECK_ROW(printed[i], address_read_eip55(bytes_of_text(printed[i]), &address));
        CHECK_ROW(printed[i], strcmp(address_eip55(&address).text, printed[i]) == 0);
        struct address_text lower = address_lower(&address);
        CHECK_ROW(printed[i], address_read(bytes_of_text(lower.text), &again) && address_equal(&address, &again));
        for (const char *c = lower.text; *c != '\0'; c++)
            CHECK_ROW(printed[i], *c < 'A' || *c > 'Z');
    }
}

static void texts_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct address address = { { 1 } }, before = address;
        CHECK_ROW(wrong[i].why, !address_read_eip55(bytes_of_text(wrong[i].text), &address));
        CHECK_ROW(wrong[i].why, address_equal(&address, &before));
        CHECK_ROW(wrong[i].why, address_read(bytes_of_text(wrong[i].text), &address) == wrong[i].read);
    }
}

static void only_zero_is_zero(void)
{
    struct address address = { { 0 } };
    CHECK(address_is_zero(&address));
    for (size_t i = 0; i < sizeof address.bytes; i++) {
        address.bytes[i] = 1;
        CHECK(!address_is_zero(&address));
        address.bytes[i] = 0;
    }
}

int main(void)
{
    printed_addresses_are_read_and_written();
    texts_wrong_in_one_way_are_refused();
    only_zero_is_zero();
    return failures != 0;
}
