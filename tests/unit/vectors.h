/* vectors: the text files under tests/vectors, one case a line: columns apart by one space (one that would be empty is
 * a lone "-"), or one JSON object. "#" begins a comment line. */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "check.h"

#include "core/base/text.h"
#include "core/codec/json.h"

#include <string.h>

enum { VECTOR_COLUMNS_MAX = 8, VECTOR_LINE_MAX = 1 << 16 };

struct vector_file {
    FILE *file;
    const char *name;
    char line[VECTOR_LINE_MAX];
    struct bytes column[VECTOR_COLUMNS_MAX]; /* views into line */
    size_t lines;                            /* read so far, without comments */
    char place[128];                         /* the file and that number, to name a row by */
};

/* A path under tests/vectors. A file that is missing ends the test with a failure: these are part of the repository. */
static inline void vector_open(struct vector_file *vectors, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", OUR_VECTORS, name);
    memset(vectors, 0, sizeof *vectors);
    vectors->name = name;
    vectors->file = fopen(path, "r");
    if (vectors->file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
}

/* The next line that is no comment; false at the end of the file, which must hold at least one. */
static inline bool vector_next_line(struct vector_file *vectors)
{
    while (fgets(vectors->line, sizeof vectors->line, vectors->file) != NULL) {
        if (vectors->line[0] == '#')
            continue;
        vectors->lines++;
        snprintf(vectors->place, sizeof vectors->place, "%.100s, case %zu", vectors->name, vectors->lines);
        return true;
    }
    CHECK(vectors->lines > 0);
    fclose(vectors->file);
    return false;
}

/* The next line with exactly `columns` columns. */
static inline bool vector_next(struct vector_file *vectors, size_t columns)
{
    size_t count = 0;
    if (!vector_next_line(vectors))
        return false;
    for (char *rest = vectors->line; count < VECTOR_COLUMNS_MAX; count++) {
        char *word = strsep(&rest, " \n");
        if (word == NULL || *word == '\0')
            break;
        vectors->column[count] = strcmp(word, "-") == 0 ? (struct bytes){ 0 } : bytes_of_text(word);
    }
    CHECK(count == columns);
    return count == columns;
}

/* The next line as JSON. */
static inline bool vector_next_json(struct vector_file *vectors, struct json *object)
{
    struct fault why = { 0 };
    if (!vector_next_line(vectors))
        return false;
    bool good = json_read(text_trim(bytes_of_text(vectors->line)), object, &why);
    CHECK_ROW(why.text, good);
    return good;
}

/* A member that is a string without escapes; empty when it is none, which is a failure. */
static inline struct bytes vector_text(struct json object, const char *name)
{
    struct bytes text = { 0 };
    CHECK_ROW(name, json_plain_string(json_member(object, bytes_of_text(name)), &text));
    return text;
}

/* A column of hex digits (0x or none) as bytes, at most `cap`. */
static inline struct bytes vector_hex(struct bytes column, uint8_t *out, size_t cap)
{
    if (text_starts_with(column, BYTES_LIT("0x")))
        column = (struct bytes){ column.data + 2, column.len - 2 };
    bool good = column.len / 2 <= cap && text_read_hex(column, out);
    CHECK(good);
    return good ? (struct bytes){ out, column.len / 2 } : (struct bytes){ 0 };
}

#endif
