/* Every character, and every way in which a sequence can be wrong, against the C library's converter. */
#include "check.h"

#include "core/codec/utf8.h"

#include <iconv.h>
#include <string.h>

/* What iconv makes of it: whether the whole is UTF-8. */
static bool is_utf8(iconv_t converter, const uint8_t *bytes, size_t len)
{
    char input[8], output[64], *in = input, *out = output;
    size_t out_left = sizeof output, in_left = len;
    memcpy(input, bytes, len);
    (void)iconv(converter, NULL, NULL, NULL, NULL);
    return iconv(converter, &in, &in_left, &out, &out_left) != (size_t)-1 && in_left == 0;
}

static void every_character_is_encoded_and_decoded(void)
{
    const iconv_t converter = iconv_open("UTF-8", "UTF-32BE");
    CHECK(converter != (iconv_t)-1);
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        char input[4] = { 0, (char)(c >> 16), (char)(c >> 8), (char)c }, output[8], *in = input, *out = output;
        size_t in_left = sizeof input, out_left = sizeof output;
        uint8_t encoded[UTF8_MAX];
        CHECK(iconv(converter, &in, &in_left, &out, &out_left) == 0);
        const struct bytes ours = { encoded, utf8_encode(c, encoded) };
        const struct bytes theirs = { (const uint8_t *)output, sizeof output - out_left };
        if (!bytes_equal(ours, theirs) || utf8_first(ours) != ours.len || utf8_code_point(ours) != c) {
            fprintf(stderr, "U+%04X\n", c);
            CHECK(false);
        }
    }
    (void)iconv_close(converter);
}

/* All first bytes, and in each place after it the bytes at which something changes. */
static void every_sequence_is_judged_as_the_converter_does(void)
{
    static const uint8_t edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
    enum { EDGES = sizeof edges };
    const iconv_t converter = iconv_open("UTF-32BE", "UTF-8");
    CHECK(converter != (iconv_t)-1);
    for (unsigned head = 0; head < 256; head++)
        for (size_t i = 0; i < (size_t)EDGES * EDGES * EDGES; i++) {
            const uint8_t sequence[] = { (uint8_t)head, edges[i % EDGES], edges[i / EDGES % EDGES],
                                         edges[i / EDGES / EDGES] };
            for (size_t len = 1; len <= sizeof sequence; len++) {
                struct fault why;
                const struct bytes text = { sequence, len };
                const bool expected = is_utf8(converter, sequence, len);
                if (utf8_check(text, &why) != expected || (expected && utf8_first(text) == 0)) {
                    fprintf(stderr, "%02x %02x %02x %02x, %zu bytes\n", sequence[0], sequence[1], sequence[2],
                            sequence[3], len);
                    CHECK(false);
                }
            }
        }
    (void)iconv_close(converter);
    CHECK(utf8_first((struct bytes){ 0 }) == 0);
}

int main(void)
{
    every_character_is_encoded_and_decoded();
    every_sequence_is_judged_as_the_converter_does();
    return failures != 0;
}
