/* RFC 8949's own examples, what is refused of them, and NSM's messages. */
#include "check.h"

#include "core/base/text.h"
#include "core/codec/cbor.h"
#include "core/codec/json.h"

#include <string.h>

/* RFC 8949, appendix A: the rows of the kinds that we read. */
static const struct {
    uint64_t value;
    struct bytes encoded;
} uints[] = {
    { 0, BYTES_INIT("\x00") },
    { 1, BYTES_INIT("\x01") },
    { 10, BYTES_INIT("\x0a") },
    { 23, BYTES_INIT("\x17") },
    { 24, BYTES_INIT("\x18\x18") },
    { 25, BYTES_INIT("\x18\x19") },
    { 100, BYTES_INIT("\x18\x64") },
    { 1000, BYTES_INIT("\x19\x03\xe8") },
    { 1000000, BYTES_INIT("\x1a\x00\x0f\x42\x40") },
    { 1000000000000, BYTES_INIT("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00") },
    { 255, BYTES_INIT("\x18\xff") }, /* and each width's edges */
    { 256, BYTES_INIT("\x19\x01\x00") },
    { 65535, BYTES_INIT("\x19\xff\xff") },
    { 65536, BYTES_INIT("\x1a\x00\x01\x00\x00") },
    { 4294967295, BYTES_INIT("\x1a\xff\xff\xff\xff") },
    { 4294967296, BYTES_INIT("\x1b\x00\x00\x00\x01\x00\x00\x00\x00") },
    { UINT64_MAX, BYTES_INIT("\x1b\xff\xff\xff\xff\xff\xff\xff\xff") },
};

static const struct {
    int64_t value;
    struct bytes encoded;
} ints[] = {
    { 0, BYTES_INIT("\x00") },
    { -1, BYTES_INIT("\x20") },
    { -10, BYTES_INIT("\x29") },
    { -100, BYTES_INIT("\x38\x63") },
    { -1000, BYTES_INIT("\x39\x03\xe7") },
    { INT64_MIN, BYTES_INIT("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff") }, /* the furthest that is read */
    { INT64_MAX, BYTES_INIT("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff") },
};

/* One whole item each: skipped, and nothing is left. */
static const struct bytes whole[] = {
    BYTES_INIT("\xf4"),
    BYTES_INIT("\xf5"),
    BYTES_INIT("\xf6"),
    BYTES_INIT("\xc1\x1a\x51\x4b\x67\xb0"),
    BYTES_INIT("\xd7\x44\x01\x02\x03\x04"),
    BYTES_INIT("\xd8\x18\x45\x64\x49\x45\x54\x46"),
    BYTES_INIT("\x40"),
    BYTES_INIT("\x44\x01\x02\x03\x04"),
    BYTES_INIT("\x60"),
    BYTES_INIT("\x62\x22\x5c"),
    BYTES_INIT("\x64\xf0\x90\x85\x91"),
    BYTES_INIT("\x80"),
    BYTES_INIT("\x83\x01\x02\x03"),
    BYTES_INIT("\x83\x01\x82\x02\x03\x82\x04\x05"),
    BYTES_INIT("\x98\x19\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
               "\x18\x18\x18\x19"),
    BYTES_INIT("\xa0"),
    BYTES_INIT("\xa2\x01\x02\x03\x04"),
    BYTES_INIT("\xa2\x61\x61\x01\x61\x62\x82\x02\x03"),
    BYTES_INIT("\x82\x61\x61\xa1\x61\x62\x61\x63"),
    BYTES_INIT("\x9f\xff"),
    BYTES_INIT("\x9f\x01\x82\x02\x03\x9f\x04\x05\xff\xff"),
    BYTES_INIT("\x9f\x01\x82\x02\x03\x82\x04\x05\xff"),
    BYTES_INIT("\x83\x01\x82\x02\x03\x9f\x04\x05\xff"),
    BYTES_INIT("\xbf\x61\x61\x01\x61\x62\x9f\x02\x03\xff\xff"),
    BYTES_INIT("\x82\x61\x61\xbf\x61\x62\x61\x63\xff"),
    BYTES_INIT("\xbf\x63\x46\x75\x6e\xf5\x63\x41\x6d\x74\x21\xff"),
    BYTES_INIT("\x18\x01"), /* not the shortest form, and well formed (section 4.1 asks encoders only) */
    BYTES_INIT("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00"), /* 16 deep */
};

static const struct {
    const char *reason;
    struct bytes encoded;
} refused[] = {
    { "nothing", BYTES_INIT("") },
    { "a head that is cut short", BYTES_INIT("\x19\x03") },
    { "reserved additional information 28", BYTES_INIT("\x1c") },
    { "reserved additional information 29 of a string", BYTES_INIT("\x5d") },
    { "reserved additional information 30 of a map", BYTES_INIT("\xbe") },
    { "an indefinite integer", BYTES_INIT("\x1f") },
    { "an indefinite tag", BYTES_INIT("\xdf\x00") },
    { "an indefinite byte string", BYTES_INIT("\x5f\x42\x01\x02\xff") },
    { "an indefinite text string", BYTES_INIT("\x7f\x61\x61\xff") },
    { "a half-precision float", BYTES_INIT("\xf9\x00\x00") },
    { "a single-precision float", BYTES_INIT("\xfa\x47\xc3\x50\x00") },
    { "a double-precision float", BYTES_INIT("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a") },
    { "undefined", BYTES_INIT("\xf7") },
    { "simple value 16", BYTES_INIT("\xf0") },
    { "simple value 255", BYTES_INIT("\xf8\xff") },
    { "false in two bytes", BYTES_INIT("\xf8\x14") },
    { "a string longer than what is left", BYTES_INIT("\x43\x01\x02") },
    { "a string of 2^64 - 1 bytes", BYTES_INIT("\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x00") },
    { "an array longer than what is left", BYTES_INIT("\x83\x01\x02") },
    { "an array of 2^64 - 1 items", BYTES_INIT("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00") },
    { "a map of 2^63 pairs", BYTES_INIT("\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00") },
    { "a map with a key and no value", BYTES_INIT("\xa1\x01") },
    { "a break on its own", BYTES_INIT("\xff") },
    { "a break in a definite array", BYTES_INIT("\x82\x01\xff") },
    { "a break for a map's value", BYTES_INIT("\xbf\x01\xff") },
    { "a break after a tag", BYTES_INIT("\x9f\xc1\xff") },
    { "an indefinite array without a break", BYTES_INIT("\x9f\x01") },
    { "a tag before nothing", BYTES_INIT("\xc1") },
    { "17 deep", BYTES_INIT("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00") },
};

static void integers_have_the_standards_forms(void)
{
    uint8_t buffer[16];
    struct bytes written;
    for (size_t i = 0; i < sizeof uints / sizeof *uints; i++) {
        struct reader in = reader_of(uints[i].encoded);
        struct writer out = writer_of(buffer, sizeof buffer);
        CHECK(cbor_peek(&in) == CBOR_UINT);
        CHECK(cbor_read_uint(&in) == uints[i].value && reader_done(&in));
        cbor_put_uint(&out, uints[i].value);
        CHECK(writer_done(&out, &written) && bytes_equal(written, uints[i].encoded));
    }
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        struct reader in = reader_of(ints[i].encoded);
        struct writer out = writer_of(buffer, sizeof buffer);
        CHECK(cbor_read_int(&in) == ints[i].value && reader_done(&in));
        cbor_put_int(&out, ints[i].value);
        CHECK(writer_done(&out, &written) && bytes_equal(written, ints[i].encoded));
    }
    struct reader below = reader_of(BYTES_LIT("\x3b\xff\xff\xff\xff\xff\xff\xff\xff")); /* -2^64, of appendix A */
    CHECK(cbor_peek(&below) == CBOR_NEGATIVE && cbor_read_int(&below) == 0 && below.failed);
    struct reader above = reader_of(BYTES_LIT("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"));
    CHECK(cbor_read_int(&above) == 0 && above.failed);
}

static void whole_items_are_skipped_whole(void)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct reader in = reader_of(whole[i]);
        char row[16];
        (void)snprintf(row, sizeof row, "%zu", i);
        cbor_skip(&in);
        CHECK_ROW(row, reader_done(&in));
        for (size_t len = 0; len < whole[i].len; len++) { /* and nothing shorter is one */
            in = reader_of((struct bytes){ whole[i].data, len });
            cbor_skip(&in);
            CHECK_ROW(row, in.failed);
        }
    }
}

static void malformed_items_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct reader in = reader_of(refused[i].encoded);
        cbor_skip(&in);
        CHECK_ROW(refused[i].reason, in.failed);
    }
}

/* Sum of the keys, and of the values, of a map of integers. */
static bool sum_map(struct bytes encoded, uint64_t *keys, uint64_t *values)
{
    struct reader in = reader_of(encoded);
    struct cbor_items items = cbor_read_map(&in);
    *keys = *values = 0;
    while (cbor_more(&in, &items)) {
        *keys += cbor_read_uint(&in);
        *values += cbor_read_uint(&in);
    }
    return reader_done(&in);
}

static void maps_are_walked_alike_in_both_forms(void)
{
    uint64_t keys, values;
    CHECK(sum_map(BYTES_LIT("\xa2\x01\x02\x03\x04"), &keys, &values) && keys == 4 && values == 6);
    CHECK(sum_map(BYTES_LIT("\xbf\x01\x02\x03\x04\xff"), &keys, &values) && keys == 4 && values == 6);
    CHECK(sum_map(BYTES_LIT("\xbf\xff"), &keys, &values) && keys == 0);
    CHECK(!sum_map(BYTES_LIT("\xbf\x01\x02\x03\x04"), &keys, &values));
    CHECK(!sum_map(BYTES_LIT("\xbf\x01\x02\x03\xff"), &keys, &values));
    CHECK(!sum_map(BYTES_LIT("\xa2\x01\x02\xff"), &keys, &values));
    CHECK(!sum_map(BYTES_LIT("\x82\x01\x02"), &keys, &values));
}

static void what_may_be_absent_is_taken_only_when_there(void)
{
    struct reader in = reader_of(BYTES_LIT("\xd2\xd1\xf6\xf5\xf4"));
    CHECK(!cbor_read_tag(&in, 17) && cbor_peek(&in) == CBOR_TAG);
    CHECK(cbor_read_tag(&in, 18) && !cbor_read_null(&in));
    CHECK(cbor_read_tag(&in, 17) && cbor_read_null(&in) && !cbor_read_null(&in));
    CHECK(!cbor_read_tag(&in, 0) && !in.failed);
    CHECK(cbor_read_bool(&in) && !cbor_read_bool(&in) && reader_done(&in));
    CHECK(!cbor_read_null(&in) && !cbor_read_tag(&in, 0) && !in.failed);
    CHECK(!cbor_read_bool(&in) && in.failed && cbor_peek(&in) == CBOR_END);
    struct reader cut = reader_of(BYTES_LIT("\xd8"));
    CHECK(!cbor_read_tag(&cut, 0) && !cut.failed);
}

static void another_kind_fails_the_reader(void)
{
    struct reader in = reader_of(BYTES_LIT("\x61\x61"));
    CHECK(cbor_read_bytes(&in).len == 0 && in.failed);
    in = reader_of(BYTES_LIT("\x41\x61"));
    CHECK(cbor_read_text(&in).len == 0 && in.failed);
    in = reader_of(BYTES_LIT("\x20"));
    CHECK(cbor_read_uint(&in) == 0 && in.failed);
    in = reader_of(BYTES_LIT("\x61\x61"));
    CHECK(bytes_equal(cbor_read_text(&in), BYTES_LIT("a")) && reader_done(&in));
    in = reader_of(BYTES_LIT("\xa0"));
    struct cbor_items items = cbor_read_array(&in);
    CHECK(in.failed && !cbor_more(&in, &items));
    in = reader_of(BYTES_LIT("\x61\x61"));
    CHECK(cbor_read_int(&in) == 0 && in.failed);
    in = reader_of(BYTES_LIT("\xbf"));
    items = cbor_read_map(&in);
    CHECK(!in.failed && !cbor_more(&in, &items) && in.failed);
    static const uint8_t others[] = {
        0x1c, 0x1d, 0x1e, 0x1f, 0x5f, 0x7f, 0x9c, 0xbe, 0xdf, 0xe0, 0xf3, 0xf7, 0xf9, 0xff
    };
    for (size_t i = 0; i < sizeof others; i++) {
        in = reader_of((struct bytes){ &others[i], 1 });
        CHECK(cbor_peek(&in) == CBOR_OTHER);
    }
}

static void everything_can_be_written(void)
{
    uint8_t buffer[64];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    cbor_put_tag(&out, 18);
    cbor_put_array(&out, 4);
    cbor_put_bytes(&out, BYTES_LIT("\1\2"));
    cbor_put_map(&out, 1);
    cbor_put_text(&out, BYTES_LIT("a"));
    cbor_put_bool(&out, true);
    cbor_put_indefinite_map(&out);
    cbor_put_uint(&out, 24);
    cbor_put_bool(&out, false);
    cbor_put_break(&out);
    cbor_put_null(&out);
    CHECK(writer_done(&out, &written));
    CHECK(bytes_equal(written, BYTES_LIT("\xd2\x84\x42\1\2\xa1\x61\x61\xf5\xbf\x18\x18\xf4\xff\xf6")));
    struct reader in = reader_of(written);
    cbor_skip(&in);
    CHECK(reader_done(&in));
}

/* Every message that NSM is known to send or take is one whole item, and no shorter part of it is. */
static int nsm_messages_are_whole_items(const char *folder)
{
    static uint8_t file[1 << 18], message[1 << 16];
    char path[512];
    (void)snprintf(path, sizeof path, "%s/nsm/nsm_cbor_vectors.json", folder);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return TEST_SKIPPED;
    const size_t len = fread(file, 1, sizeof file, stream);
    (void)fclose(stream);

    struct json document, group_name, group, name, hex;
    struct fault why = { 0 };
    size_t seen = 0;
    CHECK(json_read((struct bytes){ file, len }, &document, &why));
    struct json_cursor groups = json_items(document);
    while (json_next(&groups, &group_name, &group)) {
        struct json_cursor messages = json_items(group);
        while (json_next(&messages, &name, &hex)) {
            struct bytes digits;
            if (!json_plain_string(hex, &digits) || digits.len / 2 > sizeof message || !text_read_hex(digits, message))
                continue;
            struct reader in = reader_of((struct bytes){ message, digits.len / 2 });
            cbor_skip(&in);
            CHECK(reader_done(&in));
            in = reader_of((struct bytes){ message, digits.len / 2 - 1 });
            cbor_skip(&in);
            CHECK(in.failed);
            seen++;
        }
    }
    CHECK(seen >= 17);
    return 0;
}

int main(void)
{
    integers_have_the_standards_forms();
    whole_items_are_skipped_whole();
    malformed_items_are_refused();
    maps_are_walked_alike_in_both_forms();
    what_may_be_absent_is_taken_only_when_there();
    another_kind_fails_the_reader();
    everything_can_be_written();
    const char *folder = vectors_folder();
    const bool skipped = folder == NULL || nsm_messages_are_whole_items(folder) == TEST_SKIPPED;
    if (skipped)
        fprintf(stderr, "skipped: nsm/nsm_cbor_vectors.json\n");
    return failures != 0 ? 1 : skipped ? TEST_SKIPPED : 0;
}
