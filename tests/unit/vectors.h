/* vectors: the text files under tests/vectors, one case a line, columns apart by one space, "#" begins a comment line.
 * A column that would be empty is a lone "-". */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "check.h"

#include "core/base/text.h"

#include <string.h>

enum { VECTOR_COLUMNS_MAX = 8, VECTOR_LINE_MAX = 1 << 16 };

struct vector_file {
    FILE *file;
    char line[VECTOR_LINE_MAX];
    struct bytes column[VECTOR_COLUMNS_MAX]; /* views into line */
    size_t lines;                            /* read so far */
};

/* A path under tests/vectors. A file that is missing ends the test with a failure: these are part of the repository. */
static inline void vector_open(struct vector_file *vectors, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", OUR_VECTORS, name);
    memset(vectors, 0, sizeof *vectors);
    vectors->file = fopen(path, "r");
    if (vectors->file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
}

/* The next line with exactly `columns` columns; false at the end of the file, which must hold at least one. */
static inline bool vector_next(struct vector_file *vectors, size_t columns)
{
    while (fgets(vectors->line, sizeof vectors->line, vectors->file) != NULL) {
        if (vectors->line[0] == '#')
            continue;
        size_t count = 0;
        for (char *rest = vectors->line; count < VECTOR_COLUMNS_MAX; count++) {
            char *word = strsep(&rest, " \n");
            if (word == NULL || *word == '\0')
                break;
            vectors->column[count] = strcmp(word, "-") == 0 ? (struct bytes){ 0 } : bytes_of_text(word);
        }
        vectors->lines++;
        CHECK(count == columns);
        return count == columns;
    }
    CHECK(vectors->lines > 0);
    fclose(vectors->file);
    return false;
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
