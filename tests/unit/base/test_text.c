/* Hex and base64 (RFC 4648), and questions about ASCII. */
#include "check.h"

#include "core/base/text.h"

#include <string.h>

/* RFC 4648, section 10; and the two characters that the standard alphabet has and others have not. */
static const struct {
    struct bytes plain, base64, hex;
} rows[] = {
    { BYTES_INIT(""), BYTES_INIT(""), BYTES_INIT("") },
    { BYTES_INIT("f"), BYTES_INIT("Zg=="), BYTES_INIT("66") },
    { BYTES_INIT("fo"), BYTES_INIT("Zm8="), BYTES_INIT("666f") },
    { BYTES_INIT("foo"), BYTES_INIT("Zm9v"), BYTES_INIT("666f6f") },
    { BYTES_INIT("foob"), BYTES_INIT("Zm9vYg=="), BYTES_INIT("666f6f62") },
    { BYTES_INIT("fooba"), BYTES_INIT("Zm9vYmE="), BYTES_INIT("666f6f6261") },
    { BYTES_INIT("foobar"), BYTES_INIT("Zm9vYmFy"), BYTES_INIT("666f6f626172") },
    { BYTES_INIT("\xfb\xff\xbf"), BYTES_INIT("+/+/"), BYTES_INIT("fbffbf") },
};

static void the_standards_vectors_hold_both_ways(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t buffer[16], decoded[16];
        size_t len = 99;
        struct bytes written;
        struct writer out = writer_of(buffer, sizeof buffer);
        text_put_base64(&out, rows[i].plain);
        CHECK(writer_done(&out, &written) && bytes_equal(written, rows[i].base64));
        CHECK(text_read_base64(rows[i].base64, decoded, rows[i].plain.len, &len));
        CHECK(bytes_equal((struct bytes){ decoded, len }, rows[i].plain));
        out = writer_of(buffer, sizeof buffer);
        text_put_hex(&out, rows[i].plain);
        CHECK(writer_done(&out, &written) && bytes_equal(written, rows[i].hex));
        CHECK(text_read_hex(rows[i].hex, decoded) && memcmp(decoded, rows[i].plain.data, rows[i].plain.len) == 0);
    }
}

/* Every byte, in texts longer than the runs in which they are written. */
static void every_byte_comes_back(void)
{
    uint8_t all[256], text[512], back[384];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(255 - i);
    for (size_t len = 0; len <= sizeof all; len++) {
        const struct bytes plain = { all, len };
        struct writer out = writer_of(text, sizeof text);
        struct bytes written;
        size_t got = 0;
        text_put_hex(&out, plain);
        CHECK(writer_done(&out, &written) && written.len == 2 * len && text_read_hex(written, back));
        CHECK(memcmp(back, all, len) == 0);
        out = writer_of(text, sizeof text);
        text_put_base64(&out, plain);
        CHECK(writer_done(&out, &written) && written.len == (len + 2) / 3 * 4);
        CHECK(text_read_base64(written, back, len, &got) && got == len && memcmp(back, all, len) == 0);
    }
}

static void only_the_alphabets_are_accepted(void)
{
    static const uint8_t zeroes[2];
    for (unsigned c = 0; c < 256; c++) {
        const bool is_digit = c >= '0' && c <= '9', is_af = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        const bool is_base64 = is_digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
        uint8_t hex[4] = { '1', '1', '1', '1' }, out[3];
        for (size_t at = 0; at < 4; at++) {
            hex[at] = (uint8_t)c;
            memset(out, 0xee, sizeof out);
            CHECK(text_read_hex(BYTES_OF(hex), out) == (is_digit || is_af));
            CHECK(is_digit || is_af || memcmp(out, zeroes, 2) == 0);
            hex[at] = '1';
        }
        for (size_t at = 0; at < 4; at++) {
            uint8_t base64[4] = { 'A', 'A', 'A', 'A' };
            size_t len = 99;
            base64[at] = (uint8_t)c;
            const bool accepted = text_read_base64(BYTES_OF(base64), out, sizeof out, &len);
            CHECK(accepted == (is_base64 || (c == '=' && at == 3)));
            CHECK(accepted || len == 99);
        }
    }
}

/* Eight digits are read at a time, and what is left over: each character in each place of each length, its value and
 * those beside it. */
static void each_digit_counts_in_each_place(void)
{
    for (size_t len = 2; len <= 20; len += 2)
        for (size_t at = 0; at < len; at++)
            for (unsigned c = 0; c < 256; c++) {
                uint8_t hex[20], out[11];
                const char *const known = "0123456789abcdef", *const upper = "0123456789ABCDEF";
                const char *place = c == 0 ? NULL : strchr(known, (int)c);
                unsigned value = place != NULL ? (unsigned)(place - known) : 16;
                place = c == 0 ? NULL : strchr(upper, (int)c);
                value = place != NULL ? (unsigned)(place - upper) : value;
                memset(hex, 'f', sizeof hex);
                memset(out, 0xee, sizeof out);
                hex[at] = (uint8_t)c;
                CHECK(text_read_hex((struct bytes){ hex, len }, out) == (value < 16));
                for (size_t i = 0; i < len / 2; i++) {
                    const unsigned changed = at % 2 == 0 ? value << 4 | 15 : 0xf0 | value;
                    CHECK(out[i] == (value == 16 ? 0 : i == at / 2 ? changed : 0xff));
                }
                CHECK(out[len / 2] == 0xee);
            }
}

static void malformed_base64_is_refused(void)
{
    static const struct {
        const char *reason;
        struct bytes text;
        size_t cap;
    } malformed[] = {
        { "no padding", BYTES_INIT("Zg"), 8 },
        { "half the padding", BYTES_INIT("Zg="), 8 },
        { "three paddings", BYTES_INIT("Z==="), 8 },
        { "only padding", BYTES_INIT("===="), 8 },
        { "padding in the middle", BYTES_INIT("Zg==Zg=="), 8 },
        { "padding before a character", BYTES_INIT("Zg=a"), 8 },
        { "unused bits after one byte", BYTES_INIT("Zh=="), 8 },
        { "unused bits after two bytes", BYTES_INIT("Zm9="), 8 },
        { "a line end", BYTES_INIT("Zm9v\nZg="), 8 },
        { "the alphabet of URLs", BYTES_INIT("-_-_"), 8 },
        { "one byte more than there is room for", BYTES_INIT("Zm9v"), 2 },
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        uint8_t out[8] = { 0 };
        static const uint8_t zeroes[8];
        size_t len = 99;
        CHECK_ROW(malformed[i].reason, !text_read_base64(malformed[i].text, out, malformed[i].cap, &len));
        CHECK_ROW(malformed[i].reason, memcmp(out, zeroes, sizeof out) == 0 && len == 99);
    }
    uint8_t out[1] = { 0xee };
    CHECK(!text_read_hex(BYTES_LIT("1"), out) && out[0] == 0xee); /* half a byte: nothing to write */
    CHECK(!text_read_hex(BYTES_LIT("112"), out) && out[0] == 0);
}

static void decimals_are_read_in_their_one_form(void)
{
    static const struct {
        struct bytes text;
        bool good;
        uint64_t value;
    } decimals[] = {
        { BYTES_INIT("0"), true, 0 },
        { BYTES_INIT("18446744073709551615"), true, UINT64_MAX },
        { BYTES_INIT("18446744073709551616"), false, 0 },
        { BYTES_INIT("99999999999999999999"), false, 0 },
        { BYTES_INIT("184467440737095516150"), false, 0 },
        { BYTES_INIT(""), false, 0 },
        { BYTES_INIT("00"), false, 0 },
        { BYTES_INIT("01"), false, 0 },
        { BYTES_INIT("-1"), false, 0 },
        { BYTES_INIT("1 "), false, 0 },
        { BYTES_INIT("1:"), false, 0 },
        { BYTES_INIT("1/"), false, 0 },
    };
    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        uint64_t value = 77;
        CHECK(text_read_uint(decimals[i].text, &value) == decimals[i].good);
        CHECK(value == (decimals[i].good ? decimals[i].value : 77));
        if (decimals[i].good) {
            uint8_t buffer[20];
            struct writer out = writer_of(buffer, sizeof buffer);
            struct bytes written;
            text_put_uint(&out, value);
            CHECK(writer_done(&out, &written) && bytes_equal(written, decimals[i].text));
        }
    }
}

static void ascii_is_compared_and_trimmed(void)
{
    CHECK(bytes_equal(text_trim(BYTES_LIT(" \t\n\v\f\r\x1c\x1d\x1e\x1f"
                                          "a b"
                                          "\x1f \n")),
                      BYTES_LIT("a b")));
    CHECK(bytes_equal(text_trim(BYTES_LIT("\x1b"
                                          "a\0")),
                      BYTES_LIT("\x1b"
                                "a\0")));
    CHECK(text_trim(BYTES_LIT(" \n ")).len == 0 && text_trim((struct bytes){ 0 }).len == 0);
    CHECK(text_equal_nocase(BYTES_LIT("Content-Length"), BYTES_LIT("cONTENT-lENGTH")));
    CHECK(!text_equal_nocase(BYTES_LIT("[`"), BYTES_LIT("{@")) && !text_equal_nocase(BYTES_LIT("a"), BYTES_LIT("ab")));
    CHECK(text_starts_with(BYTES_LIT("0xab"), BYTES_LIT("0x")) && !text_starts_with(BYTES_LIT("0"), BYTES_LIT("0x")));
    CHECK(!text_starts_with(BYTES_LIT("0Xab"), BYTES_LIT("0x")) && text_starts_with(BYTES_LIT("a"), BYTES_LIT("")));
    CHECK(text_starts_with_nocase(BYTES_LIT("ENSIGN-a"), BYTES_LIT("ensign-")));
    CHECK(!text_starts_with_nocase(BYTES_LIT("ensign"), BYTES_LIT("ensign-")));
    CHECK(text_equal_nocase(BYTES_LIT("AZaz"), BYTES_LIT("azAZ")) &&
          !text_equal_nocase(BYTES_LIT("xa"), BYTES_LIT("ya")));
    CHECK(text_starts_with(BYTES_LIT("0x"), BYTES_LIT("0x")) &&
          text_starts_with_nocase(BYTES_LIT("0X"), BYTES_LIT("0x")));
    CHECK(!text_starts_with_nocase(BYTES_LIT("0yab"), BYTES_LIT("0x")));
    CHECK(text_is_printable(BYTES_LIT(" ~")) && text_is_printable((struct bytes){ 0 }));
    CHECK(!text_is_printable(BYTES_LIT("\x1f")) && !text_is_printable(BYTES_LIT("\x7f")));
    CHECK(!text_is_printable(BYTES_LIT("\xc3\xa9")) && !text_is_printable(BYTES_LIT("\0")));
    char text[] = "\x1b[2J ~\x7f\xc3\xa9\n";
    text_make_printable(text);
    CHECK(strcmp(text, "?[2J ~????") == 0);
}

int main(void)
{
    the_standards_vectors_hold_both_ways();
    every_byte_comes_back();
    only_the_alphabets_are_accepted();
    each_digit_counts_in_each_place();
    malformed_base64_is_refused();
    decimals_are_read_in_their_one_form();
    ascii_is_compared_and_trimmed();
    return failures != 0;
}
