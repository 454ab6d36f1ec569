/* Values as Python shows them; what is not ASCII escaped; what is too long cut off. */
#include "vectors.h"

#include "core/eth/repr.h"

static bool text_is(const struct repr *repr, struct json want)
{
    return strlen(repr->text) == repr->len && json_string_is(want, bytes_of_text(repr->text));
}

static void values_are_shown_as_python_shows_them(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/repr.jsonl"); vector_next_json(&vectors, &row);) {
        struct json value = json_member(row, BYTES_LIT("value"));
        struct repr quoted = { .len = 0 }, plain = { .len = 0 };
        repr_put(&quoted, value);
        repr_put_str(&plain, value);
        CHECK_ROW(vectors.place, text_is(&quoted, json_member(row, BYTES_LIT("repr"))));
        if (json_kind(value) != JSON_STRING ||
            strpbrk(quoted.text, "\\") == NULL) /* str() escapes nothing; ours does */
            CHECK_ROW(vectors.place, text_is(&plain, json_member(row, BYTES_LIT("str"))));
    }
}

static struct json json_of(const char *text)
{
    struct json value = { 0 };
    struct fault why = { 0 };
    CHECK_ROW(text, json_read(bytes_of_text(text), &value, &why));
    return value;
}

static void what_is_not_ascii_is_escaped(void)
{
    struct repr repr = { .len = 0 };
    repr_put(&repr, json_of("[\"\\u00e9\",\"\xc3\xa9\"]"));
    CHECK(strcmp(repr.text, "['\\xc3\\xa9', '\\xc3\\xa9']") == 0);
    repr = (struct repr){ .len = 0 };
    repr_put(&repr, (struct json){ 0 });
    CHECK(strcmp(repr.text, "None") == 0);
}

static void what_is_too_long_is_cut_off(void)
{
    static char text[4096];
    struct repr repr = { .len = 0 };
    memset(text, 'x', 1000);
    text[0] = text[1000] = '"';
    repr_put(&repr, json_of(text)); /* one string */
    CHECK(repr.len == 205 && strcmp(repr.text + 198, "xxx...'") == 0 && !repr.cut);

    size_t len = (size_t)snprintf(text, sizeof text, "[0");
    while (len < 2000)
        len += (size_t)snprintf(text + len, sizeof text - len, ",0");
    snprintf(text + len, sizeof text - len, "]");
    repr = (struct repr){ .len = 0 };
    repr_put(&repr, json_of(text)); /* the whole */
    CHECK(repr.cut && strlen(repr.text) == REPR_MAX + 3 && strcmp(repr.text + REPR_MAX - 3, ", 0...") == 0);
    repr_put_text(&repr, "more");
    CHECK(strlen(repr.text) == REPR_MAX + 3);
}

int main(void)
{
    values_are_shown_as_python_shows_them();
    what_is_not_ascii_is_escaped();
    what_is_too_long_is_cut_off();
    return failures != 0;
}
