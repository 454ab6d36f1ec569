/* What is JSON and what is not, looked up and written back. */
#include "check.h"

#include "core/codec/json.h"
#include "core/codec/json_keys.h"
#include "core/codec/json_text.h"

#include <string.h>

#define NESTED_32 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
#define CLOSED_32 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"

/* Wrong in one way each. The first group's words are those of Python's json module, as the RPC protocol promises. */
static const struct {
    struct bytes text;
    const char *fault;
} refused[] = {
    { BYTES_INIT(""), "Expecting value: line 1 column 1 (char 0)" },
    { BYTES_INIT("{\"method\":}"), "Expecting value: line 1 column 11 (char 10)" },
    { BYTES_INIT("{\"a\":1,}"), "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)" },
    { BYTES_INIT("{\"method\":\"address\"} x"), "Extra data: line 1 column 22 (char 21)" },
    { BYTES_INIT("{\"method\":\"\xff\"}"), "'utf-8' codec can't decode byte 0xff in position 11: invalid start byte" },
    { BYTES_INIT("{\"method\":\"a\x01"
                 "b\"}"),
      "Invalid control character at: line 1 column 13 (char 12)" },
    { BYTES_INIT("[1,]"), "Expecting value: line 1 column 4 (char 3)" },
    { BYTES_INIT("[1 2]"), "Expecting ',' delimiter: line 1 column 4 (char 3)" },
    { BYTES_INIT("{\"a\" 1}"), "Expecting ':' delimiter: line 1 column 6 (char 5)" },
    { BYTES_INIT("{\n \"\xc3\xa9\": \"x"), "Unterminated string starting at: line 2 column 7 (char 8)" },
    { BYTES_INIT("\"\\x\""), "Invalid \\escape: line 1 column 2 (char 1)" },
    { BYTES_INIT("\"\\u12g4\""), "Invalid \\uXXXX escape: line 1 column 3 (char 2)" },
    { BYTES_INIT("\xef\xbb\xbf{}"), "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)" },
    { BYTES_INIT("01"), "Extra data: line 1 column 2 (char 1)" },
    { BYTES_INIT("\"\xe2\x82\""), "'utf-8' codec can't decode bytes in position 1-2: invalid continuation byte" },
    { BYTES_INIT("\"\xe2\x82"), "'utf-8' codec can't decode bytes in position 1-2: unexpected end of data" },
    /* ours: Python takes these */
    { BYTES_INIT("{\"a\":1,\"a\":2}"), "Duplicate key \"a\": line 1 column 8 (char 7)" },
    { BYTES_INIT("{\"ab\":1,\"\\u0061b\":2}"), "Duplicate key \"\\u0061b\": line 1 column 9 (char 8)" },
    { BYTES_INIT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), "Duplicate key: line 1 column 19 (char 18)" },
    { BYTES_INIT("[NaN]"), "NaN and Infinity are not JSON: line 1 column 2 (char 1)" },
    { BYTES_INIT("-Infinity"), "NaN and Infinity are not JSON: line 1 column 1 (char 0)" },
    { BYTES_INIT("\"a\\ud800b\""), "Unpaired surrogate: line 1 column 3 (char 2)" },
    { BYTES_INIT("\"\\udc00\""), "Unpaired surrogate: line 1 column 2 (char 1)" },
    { BYTES_INIT("\"\\ud800\\u0061\""), "Unpaired surrogate: line 1 column 2 (char 1)" },
    { BYTES_INIT(NESTED_32 "[" CLOSED_32 "]"), "Nested deeper than 32 levels: line 1 column 33 (char 32)" },
};

static struct json read_or_none(struct bytes text)
{
    struct fault why;
    struct json value = { 0 };
    return json_read(text, &value, &why) ? value : (struct json){ 0 };
}

static void malformed_texts_are_refused_in_these_words(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct json value = { BYTES_INIT("untouched") };
        struct fault why = { 0 };
        CHECK_ROW(refused[i].fault, !json_read(refused[i].text, &value, &why));
        CHECK_ROW(refused[i].fault, why.code == FAULT_INPUT);
        if (strcmp(why.text, refused[i].fault) != 0)
            fprintf(stderr, "got: %s\n", why.text);
        CHECK_ROW(refused[i].fault, strcmp(why.text, refused[i].fault) == 0);
        CHECK_ROW(refused[i].fault, value.text.len == 9);
    }
}

/* Objects of `count` members of two to six bytes' keys, `depth` of them in each other. */
static size_t build_members(uint8_t *buffer, size_t cap, size_t count, size_t depth)
{
    struct writer out = writer_of(buffer, cap);
    struct json_writer json = json_writer_of(&out);
    for (size_t level = 0; level < depth; level++) {
        json_begin_object(&json);
        for (size_t i = 0; i < count; i++) {
            char key[24];
            (void)snprintf(key, sizeof key, "k%zu", i);
            json_key(&json, key);
            if (i + 1 < count || level + 1 == depth)
                json_put_uint(&json, i);
        }
    }
    for (size_t level = 0; level < depth; level++)
        json_end_object(&json);
    struct bytes written;
    CHECK(writer_done(&out, &written));
    return written.len;
}

static void members_are_bounded_in_one_object_and_in_all_open_ones(void)
{
    static uint8_t buffer[32768];
    static const struct {
        size_t count, depth;
        const char *fault; /* how its text begins; NULL: accepted */
    } rows[] = {
        { 256, 1, NULL },
        { 257, 1, "More than 256 members in one object" },
        { 256, 4, NULL },
        { 205, 5, "More than 1024 members in the objects open here" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes text = { buffer, build_members(buffer, sizeof buffer, rows[i].count, rows[i].depth) };
        struct json value;
        struct fault why = { 0 };
        CHECK(json_read(text, &value, &why) == (rows[i].fault == NULL));
        CHECK(rows[i].fault == NULL || strncmp(why.text, rows[i].fault, strlen(rows[i].fault)) == 0);
    }
}

static void the_deepest_nesting_is_accepted(void)
{
    CHECK(json_kind(read_or_none(BYTES_LIT(NESTED_32 CLOSED_32))) == JSON_ARRAY);
}

static void a_value_is_exactly_its_text(void)
{
    struct json value = read_or_none(BYTES_LIT(" \t\r\n {\"a\" : [ 1 , {\"b\":\"]}\"} ] } \n"));
    CHECK(bytes_equal(value.text, BYTES_LIT("{\"a\" : [ 1 , {\"b\":\"]}\"} ] }")));
    struct json array = json_member(value, BYTES_LIT("a"));
    CHECK(bytes_equal(array.text, BYTES_LIT("[ 1 , {\"b\":\"]}\"} ]")));
    CHECK(json_count(array) == 2 && json_count(value) == 1);
    struct json_cursor cursor = json_items(array);
    struct json key, item;
    CHECK(json_next(&cursor, &key, &item) && json_kind(key) == JSON_NONE && bytes_equal(item.text, BYTES_LIT("1")));
    CHECK(json_next(&cursor, &key, &item) && bytes_equal(item.text, BYTES_LIT("{\"b\":\"]}\"}")));
    CHECK(!json_next(&cursor, &key, &item));
}

static void members_are_found_by_their_decoded_names(void)
{
    struct json object = read_or_none(
        BYTES_LIT("{\"a\\\\\":\"\\\"\",\"\\u0061\":null,\"b\":{\"c\":true},\"\":-0,\"\\u0000\":\"\\\\\"}"));
    CHECK(json_kind(json_member(object, BYTES_LIT("a"))) == JSON_NULL);
    CHECK(json_kind(json_member(object, BYTES_LIT("a\\"))) == JSON_STRING);
    CHECK(json_kind(json_member(object, BYTES_LIT(""))) == JSON_NUMBER);
    CHECK(json_string_is(json_member(object, BYTES_LIT("\0")), BYTES_LIT("\\")));
    CHECK(json_kind(json_member(object, BYTES_LIT("c"))) == JSON_NONE);
    CHECK(json_kind(json_member(json_member(object, BYTES_LIT("b")), BYTES_LIT("c"))) == JSON_BOOL);
    CHECK(json_kind(json_member(json_member(object, BYTES_LIT("a")), BYTES_LIT("a"))) == JSON_NONE);
    CHECK(json_count(object) == 5);
}

static void strings_come_with_their_escapes_resolved(void)
{
    uint8_t buffer[32];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct json string = read_or_none(BYTES_LIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00x\""));
    struct bytes expected = BYTES_LIT("\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x"), got;
    CHECK(json_string(string, &out) && writer_done(&out, &got) && bytes_equal(got, expected));
    CHECK(json_string_is(string, expected) && !json_plain_string(string, &got));
    CHECK(!json_string_is(string, BYTES_LIT("\"")));
    out = writer_of(buffer, expected.len - 1);
    CHECK(!json_string(string, &out));
    out = writer_of(buffer, sizeof buffer);
    CHECK(!json_string(read_or_none(BYTES_LIT("1")), &out));
    CHECK(json_plain_string(read_or_none(BYTES_LIT("\"0xab\"")), &got) && bytes_equal(got, BYTES_LIT("0xab")));
    CHECK(json_plain_string(read_or_none(BYTES_LIT("\"\"")), &got) && got.len == 0);
}

static void integers_are_exact_to_256_bits(void)
{
#define MAX_DECIMAL "115792089237316195423570985008687907853269984665640564039457584007913129639935"
    static const struct {
        struct bytes text;
        enum json_integer result;
        const char *value;
    } rows[] = {
        { BYTES_INIT("0"), JSON_INTEGER_OK, "0" },
        { BYTES_INIT("-0"), JSON_INTEGER_OK, "0" },
        { BYTES_INIT("20000000000000000000"), JSON_INTEGER_OK, "20000000000000000000" },
        { BYTES_INIT(MAX_DECIMAL), JSON_INTEGER_OK, MAX_DECIMAL },
        { BYTES_INIT("115792089237316195423570985008687907853269984665640564039457584007913129639936"),
          JSON_INTEGER_TOO_LARGE, NULL },
        { BYTES_INIT("1" MAX_DECIMAL), JSON_INTEGER_TOO_LARGE, NULL },
        { BYTES_INIT("-1"), JSON_INTEGER_NEGATIVE, NULL },
        { BYTES_INIT("1.0"), JSON_INTEGER_NOT, NULL },
        { BYTES_INIT("1e2"), JSON_INTEGER_NOT, NULL },
        { BYTES_INIT("-0.0"), JSON_INTEGER_NOT, NULL },
        { BYTES_INIT("\"1\""), JSON_INTEGER_NOT, NULL },
        { BYTES_INIT("true"), JSON_INTEGER_NOT, NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct u256 value;
        CHECK(json_integer(read_or_none(rows[i].text), &value) == rows[i].result);
        CHECK(rows[i].value == NULL || strcmp(u256_text(&value).text, rows[i].value) == 0);
    }
    uint64_t small = 7;
    CHECK(json_u64(read_or_none(BYTES_LIT("18446744073709551615")), &small) && small == UINT64_MAX);
    CHECK(!json_u64(read_or_none(BYTES_LIT("18446744073709551616")), &small) && small == UINT64_MAX);
}

static void what_is_written_is_compact_ascii(void)
{
    uint8_t buffer[512];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct json_writer json = json_writer_of(&out);
    struct bytes written;
    json_begin_object(&json);
    json_key(&json, "a");
    json_begin_array(&json);
    json_put_uint(&json, 0);
    json_put_u256(&json, &U256_MAX);
    json_put_u256_string(&json, &U256_MAX);
    json_put_bool(&json, true);
    json_put_null(&json);
    json_begin_object(&json);
    json_end_object(&json);
    json_put_hex(&json, BYTES_LIT("\xab\x01"));
    json_put_digest(&json, BYTES_LIT("\xab\x01"));
    json_put_base64(&json, BYTES_LIT("a"));
    json_put_json(&json, read_or_none(BYTES_LIT("[1]")));
    json_end_array(&json);
    json_key(&json, "b\"\n");
    json_put_text(&json, "\x7f\xc3\xa9\xf0\x9f\x98\x80\x1f/\xed\xa0\x80!");
    json_end_object(&json);
    CHECK(writer_done(&out, &written));
    CHECK(bytes_equal(
        written, BYTES_LIT("{\"a\":[0," MAX_DECIMAL ",\"" MAX_DECIMAL "\",true,null,{},\"0xab01\",\"ab01\",\"YQ==\","
                           "[1]],\"b\\\"\\n\":\"\\u007f\\u00e9\\ud83d\\ude00\\u001f/\\ufffd\\ufffd\\ufffd!\"}")));
    CHECK(json_kind(read_or_none(written)) == JSON_OBJECT);
}

/* SipHash-2-4's own test vector (Aumasson and Bernstein, 2012, appendix A). */
static void keys_are_hashed_with_siphash(void)
{
    CHECK(json_key_hash(BYTES_LIT("\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe")) == 0xa129ca6149be45e5);
    CHECK(json_key_hash(BYTES_LIT("\\u0061b")) == json_key_hash(BYTES_LIT("ab")));
    CHECK(json_key_hash(BYTES_LIT("\\u0061bcdefgh")) == json_key_hash(BYTES_LIT("abcdefg\\u0068")));
}

/* What a collision of the hashes would come to. */
static void strings_are_the_same_by_their_characters(void)
{
    CHECK(json_same_string(BYTES_LIT(""), (struct bytes){ 0 }));
    CHECK(json_same_string(BYTES_LIT("a\\u0062c\\n"), BYTES_LIT("\\u0061bc\\u000a")));
    CHECK(!json_same_string(BYTES_LIT("ab"), BYTES_LIT("ac")) && !json_same_string(BYTES_LIT("ab"), BYTES_LIT("a")));
    CHECK(!json_same_string(BYTES_LIT(""), BYTES_LIT("a")) &&
          !json_same_string(BYTES_LIT("\\u0061"), BYTES_LIT("\\u0062")));
}

static void other_kinds_are_no_strings(void)
{
    static const struct bytes others[] = { BYTES_INIT("1"), BYTES_INIT("null"), BYTES_INIT("[]"), BYTES_INIT("{}") };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct json value = read_or_none(others[i]);
        struct bytes text = { 0 };
        bool truth;
        CHECK(value.text.len > 0 && !json_plain_string(value, &text) && !json_string_is(value, others[i]));
        CHECK(!json_string_is(value, BYTES_LIT("")) && !json_bool(value, &truth) && json_count(value) == 0);
    }
    CHECK(!json_string_is((struct json){ 0 }, BYTES_LIT("")) && json_count((struct json){ 0 }) == 0);
    CHECK(strcmp(json_kind_name(json_kind(read_or_none(others[2]))), "an array") == 0);
}

int main(void)
{
    strings_are_the_same_by_their_characters();
    other_kinds_are_no_strings();
    malformed_texts_are_refused_in_these_words();
    members_are_bounded_in_one_object_and_in_all_open_ones();
    the_deepest_nesting_is_accepted();
    a_value_is_exactly_its_text();
    members_are_found_by_their_decoded_names();
    strings_come_with_their_escapes_resolved();
    integers_are_exact_to_256_bits();
    what_is_written_is_compact_ascii();
    keys_are_hashed_with_siphash();
    return failures != 0;
}
