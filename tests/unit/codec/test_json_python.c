/* The same verdict as Python's json module on a thousand texts, in the same words, and the same value. */
#include "check.h"

#include "json_again.h"
#include "vectors.h"

enum { TEXT_MAX = 8192 };

static void check_line(const char *row, const struct vector_file *vectors)
{
    static uint8_t text[TEXT_MAX], expected[TEXT_MAX], again[TEXT_MAX];
    const struct bytes verdict = vectors->column[0], result = vectors->column[2];
    struct json value;
    struct fault why = { 0 };
    const bool accepted = json_read(vector_hex(vectors->column[1], text, sizeof text), &value, &why);
    if (bytes_equal(verdict, BYTES_LIT("same"))) {
        struct writer out = writer_of(again, sizeof again);
        struct json_writer json = json_writer_of(&out);
        struct bytes written = { 0 };
        CHECK_ROW(row, accepted);
        if (!accepted)
            return;
        CHECK_ROW(row, json_write_again(&json, value) && writer_done(&out, &written));
        CHECK_ROW(row, bytes_equal(written, vector_hex(result, expected, sizeof expected)));
        return;
    }
    struct bytes said = bytes_of_text(why.text);
    for (char *space = why.text; (space = strchr(space, ' ')) != NULL;)
        *space = '_';
    CHECK_ROW(row, !accepted && why.code == FAULT_INPUT);
    const bool ours = bytes_equal(verdict, BYTES_LIT("ours"));
    const bool same = ours ? text_starts_with(said, result) : bytes_equal(said, result);
    if (!same)
        fprintf(stderr, "said %s, expected %.*s\n", why.text, (int)result.len, (const char *)result.data);
    CHECK_ROW(row, same);
}

int main(void)
{
    static struct vector_file vectors;
    vector_open(&vectors, "codec/json.txt");
    while (vector_next(&vectors, 3)) {
        char row[24];
        (void)snprintf(row, sizeof row, "case %zu", vectors.lines);
        check_line(row, &vectors);
    }
    CHECK(vectors.lines > 790);
    return failures != 0;
}
