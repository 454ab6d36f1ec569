/* arguments: the command line, read against a command's table of flags.
 *
 *   ensign COMMAND [--flag VALUE] [--flag=VALUE] [--switch] [-x] [-y VALUE] [-yVALUE] [operand …]
 *
 * `--` ends the flags; a lone `-` is an operand. A flag is never abbreviated, and one that is not in the table is
 * refused with the nearest that is. All texts are views into argv.
 */
#ifndef PARENT_ARGUMENTS_H
#define PARENT_ARGUMENTS_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum { ARGUMENTS_MAX = 2048 /* flags and operands together */ };

struct flag {
    const char *name;  /* without the dashes */
    const char *value; /* what to call its value in the help; NULL for a switch */
    const char *help;
    bool repeats;
    char letter; /* its one-letter form, "-w"; 0 for none, as most have */
};

struct flag_table {
    const struct flag *rows;
    size_t count;
};
#define FLAG_TABLE(array) \
    { \
        (array), sizeof(array) / sizeof *(array) \
    }

struct arguments {
    const struct flag_table *table;
    bool wants_help; /* --help or -h stood somewhere; nothing else was then checked */
    size_t given_count;
    struct {
        const struct flag *flag;
        const char *value; /* "" for a switch */
    } given[ARGUMENTS_MAX];
    size_t operand_count;
    const char *operands[ARGUMENTS_MAX];
};

/* FAULT_INPUT; the texts speak to whoever typed it. */
bool arguments_read(const struct flag_table *table, int argc, char *const *argv, struct arguments *arguments,
                    struct fault *why) MUST_USE;

/* The value, NULL when not given. The name must be in the table: must(). */
const char *argument(const struct arguments *arguments, const char *name) MUST_USE;
bool argument_is_given(const struct arguments *arguments, const char *name) MUST_USE;
/* The table has a flag of that name: for what several commands share, and not all of them have. */
bool argument_is_known(const struct arguments *arguments, const char *name) MUST_USE;

/* The next value of a repeatable flag after *at, which starts at 0; NULL when there are no more. */
const char *argument_next(const struct arguments *arguments, const char *name, size_t *at) MUST_USE;

/* A decimal between the two. *value is untouched when the flag is not given. */
bool argument_u64(const struct arguments *arguments, const char *name, uint64_t least, uint64_t most, uint64_t *value,
                  struct fault *why) MUST_USE;

/* The candidate that is most like the word, or NULL when none is like it (more than a third of it differs). */
const char *nearest_word(const char *word, const char *const *candidates, size_t count) MUST_USE;

#endif
