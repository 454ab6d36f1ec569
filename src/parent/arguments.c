#include "parent/arguments.h"

#include "core/base/text.h"
#include "parent/output.h"

#include <string.h>

enum { WORD_MAX = 64, CANDIDATES_MAX = 128 };

static const struct flag *flag_find(const struct flag_table *table, const char *name, size_t len)
{
    for (size_t i = 0; i < table->count; i++)
        if (strlen(table->rows[i].name) == len && memcmp(table->rows[i].name, name, len) == 0)
            return &table->rows[i];
    return NULL;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    const size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const size_t change = diagonal + (a[i - 1] != b[j - 1]);
            const size_t drop = row[j] + 1, add = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < drop ? change : drop;
            if (add < row[j])
                row[j] = add;
        }
    }
    return row[b_len];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t found = distance(word, candidates[i]);
        if (found <= least && (nearest == NULL || found < least)) {
            nearest = candidates[i];
            least = found;
        }
    }
    return nearest;
}

static bool refuse_unknown(const struct flag_table *table, const char *name, size_t len, struct fault *why)
{
    char word[WORD_MAX + 1] = "";
    const char *names[CANDIDATES_MAX];
    size_t count = 0;
    for (; count < table->count && count < CANDIDATES_MAX; count++)
        names[count] = table->rows[count].name;
    if (len <= WORD_MAX)
        memcpy(word, name, len);
    const char *near = len <= WORD_MAX ? nearest_word(word, names, count) : NULL;
    if (shown_word(name) != name)
        return fault_set(why, FAULT_INPUT, "no flag --%s here; --help lists those there are", shown_word(name));
    if (near != NULL)
        return fault_set(why, FAULT_INPUT, "no flag --%.*s here; did you mean --%s?",
                         (int)(len > WORD_MAX ? WORD_MAX : len), name, near);
    return fault_set(why, FAULT_INPUT, "no flag --%.*s here; --help lists those there are",
                     (int)(len > WORD_MAX ? WORD_MAX : len), name);
}

static bool keep(struct arguments *arguments, const struct flag *flag, const char *value, struct fault *why)
{
    if (arguments->given_count == ARGUMENTS_MAX)
        return fault_set(why, FAULT_INPUT, "more than %d flags; long lists go into a file", ARGUMENTS_MAX);
    arguments->given[arguments->given_count].flag = flag;
    arguments->given[arguments->given_count++].value = value;
    return true;
}

/* -4, -w 8, -w8, -w=8 */
static bool read_letter(int argc, char *const *argv, int *i, struct arguments *arguments, struct fault *why)
{
    const char *const text = argv[*i];
    const struct flag *flag = NULL;
    for (size_t row = 0; row < arguments->table->count; row++)
        if (arguments->table->rows[row].letter == text[1])
            flag = &arguments->table->rows[row];
    if (flag == NULL || (flag->value == NULL && text[2] != '\0'))
        return fault_set(why, FAULT_INPUT, "no flag %.*s; flags begin with two dashes, --help lists them", WORD_MAX,
                         text);
    if (!flag->repeats && argument_is_given(arguments, flag->name))
        return fault_set(why, FAULT_INPUT, "-%c is given twice; it is wanted once", flag->letter);
    if (flag->value == NULL)
        return keep(arguments, flag, "", why);
    if (text[2] != '\0')
        return keep(arguments, flag, text + (text[2] == '=' ? 3 : 2), why);
    if (*i + 1 == argc)
        return fault_set(why, FAULT_INPUT, "-%c wants %s after it", flag->letter, flag->value);
    return keep(arguments, flag, argv[++*i], why);
}

/* Takes the flag at argv[*i], and its value, which may be the next argument. */
static bool read_flag(int argc, char *const *argv, int *i, struct arguments *arguments, struct fault *why)
{
    const char *name = argv[*i] + 2;
    const char *equals = strchr(name, '=');
    const size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct flag *flag = flag_find(arguments->table, name, len);
    if (flag == NULL)
        return refuse_unknown(arguments->table, name, len, why);
    if (!flag->repeats && argument_is_given(arguments, flag->name))
        return fault_set(why, FAULT_INPUT, "--%s is given twice; it is wanted once", flag->name);

    const char *value = "";
    if (flag->value == NULL) {
        if (equals != NULL)
            return fault_set(why, FAULT_INPUT, "--%s takes no value", flag->name);
    } else if (equals != NULL) {
        value = equals + 1;
    } else if (*i + 1 < argc) {
        value = argv[++*i];
        if (strncmp(value, "--", 2) == 0)
            return fault_set(
                why, FAULT_INPUT,
                "--%s wants %s after it, found '%.*s'; write --%s=VALUE for a value that begins with dashes",
                flag->name, flag->value, WORD_MAX, value, flag->name);
    } else {
        return fault_set(why, FAULT_INPUT, "--%s wants %s after it", flag->name, flag->value);
    }
    return keep(arguments, flag, value, why);
}

static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

bool arguments_read(const struct flag_table *table, int argc, char *const *argv, struct arguments *arguments,
                    struct fault *why)
{
    bool flags_ended = false;
    arguments->table = table;
    arguments->given_count = arguments->operand_count = 0;
    arguments->wants_help = asks_for_help(argc, argv);
    if (arguments->wants_help)
        return true;
    for (int i = 0; i < argc; i++) {
        if (!flags_ended && strcmp(argv[i], "--") == 0) {
            flags_ended = true;
        } else if (!flags_ended && strncmp(argv[i], "--", 2) == 0) {
            if (!read_flag(argc, argv, &i, arguments, why))
                return false;
        } else if (!flags_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!read_letter(argc, argv, &i, arguments, why))
                return false;
        } else if (arguments->operand_count < ARGUMENTS_MAX) {
            arguments->operands[arguments->operand_count++] = argv[i];
        } else {
            return fault_set(why, FAULT_INPUT, "more than %d arguments", ARGUMENTS_MAX);
        }
    }
    return true;
}

const char *argument_next(const struct arguments *arguments, const char *name, size_t *at)
{
    const struct flag *flag = flag_find(arguments->table, name, strlen(name));
    must(flag != NULL);
    while (*at < arguments->given_count) {
        const size_t i = (*at)++;
        if (arguments->given[i].flag == flag)
            return arguments->given[i].value;
    }
    return NULL;
}

const char *argument(const struct arguments *arguments, const char *name)
{
    size_t at = 0;
    return argument_next(arguments, name, &at);
}

bool argument_is_given(const struct arguments *arguments, const char *name)
{
    return argument(arguments, name) != NULL;
}

bool argument_is_known(const struct arguments *arguments, const char *name)
{
    return flag_find(arguments->table, name, strlen(name)) != NULL;
}

bool argument_u64(const struct arguments *arguments, const char *name, uint64_t least, uint64_t most, uint64_t *value,
                  struct fault *why)
{
    const char *text = argument(arguments, name);
    uint64_t read;
    if (text == NULL)
        return true;
    if (!text_read_uint(bytes_of_text(text), &read) || read < least || read > most)
        return fault_set(why, FAULT_INPUT, "--%s wants a number from %llu to %llu, found '%.*s'", name,
                         (unsigned long long)least, (unsigned long long)most, WORD_MAX, text);
    *value = read;
    return true;
}
