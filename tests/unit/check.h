/* check: the whole test framework. A test is a program; CHECK says what failed and goes on. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int failures;

#define CHECK(cond) ((cond) ? (void)0 : (void)(failures++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond)))

/* The same for a row of a table: names the row. */
#define CHECK_ROW(name, cond) \
    ((cond) ? (void)0 : (void)(failures++, fprintf(stderr, "%s:%d: [%s] %s\n", __FILE__, __LINE__, (name), #cond)))

enum { TEST_SKIPPED = 77 };

/* The folder of vectors that are not part of the repository, or NULL: then skip, by name. */
static inline const char *vectors_folder(void)
{
    const char *folder = getenv("ENSIGN_VECTORS");
    if (folder == NULL || folder[0] == '\0')
        folder = VECTORS_DEFAULT;
    return access(folder, R_OK) == 0 ? folder : NULL;
}

#endif
