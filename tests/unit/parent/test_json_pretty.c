#include "parent/json_pretty.h"

#include "check.h"

#include <string.h>

/* Right sides are Python's: json.dumps(json.loads(left), sort_keys=True, indent=2). */
static const struct {
    const char *json, *pretty;
} rows[] = {
    { "{}", "{}" },
    { "[]", "[]" },
    { "{\"a\":{},\"b\":[]}", "{\n  \"a\": {},\n  \"b\": []\n}" },
    { "{\"b\":1,\"a\":2}", "{\n  \"a\": 2,\n  \"b\": 1\n}" },
    { "{\"B\":1,\"a\":2,\"\\u0041\":3}", "{\n  \"A\": 3,\n  \"B\": 1,\n  \"a\": 2\n}" },
    { "[1,[2,[3]],{\"x\":[null,true,false]}]",
      "[\n  1,\n  [\n    2,\n    [\n      3\n    ]\n  ],\n  {\n    \"x\": [\n      "
      "null,\n      true,\n      false\n    ]\n  }\n]" },
    { "\"\\u00e9\\/\\n\"", "\"\\u00e9/\\n\"" },
    { "{\"n\":20000000000000000000000}", "{\n  \"n\": 20000000000000000000000\n}" },
};

static void it_is_what_python_prints(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t room[1024];
        struct writer out = writer_of(room, sizeof room);
        struct bytes written;
        struct json value;
        struct fault why;
        CHECK_ROW(rows[i].json, json_read(bytes_of_text(rows[i].json), &value, &why));
        json_pretty(&out, value);
        CHECK_ROW(rows[i].json, writer_done(&out, &written) && bytes_equal(written, bytes_of_text(rows[i].pretty)));
    }
}

static void the_deepest_value_is_printed(void)
{
    char text[2 * JSON_DEPTH_MAX + 1];
    uint8_t room[8192];
    struct writer out = writer_of(room, sizeof room);
    struct json value;
    struct fault why;
    struct bytes written;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    text[2 * JSON_DEPTH_MAX] = '\0';
    CHECK(json_read(bytes_of_text(text), &value, &why));
    json_pretty(&out, value);
    CHECK(writer_done(&out, &written));
    size_t opened = 0;
    for (size_t i = 0; i < written.len; i++)
        opened += written.data[i] == '[';
    CHECK(opened == JSON_DEPTH_MAX);
}

static void too_little_room_fails_the_writer(void)
{
    uint8_t room[8];
    struct writer out = writer_of(room, sizeof room);
    struct json value;
    struct fault why;
    CHECK(json_read(BYTES_LIT("{\"a\":1,\"b\":2}"), &value, &why));
    json_pretty(&out, value);
    CHECK(out.failed);
}

int main(void)
{
    it_is_what_python_prints();
    the_deepest_value_is_printed();
    too_little_room_fails_the_writer();
    return failures != 0;
}
