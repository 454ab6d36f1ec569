#include "parent/config_file.h"

#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_SHOWN = 40, KNOWN_MAX = 448 };

static bool is_ours_alone(const struct stat *about, const char *path, struct fault *why)
{
    if (!S_ISREG(about->st_mode))
        return fault_set(why, FAULT_INPUT, "%s is no regular file; a configuration is", path);
    if (about->st_uid != geteuid())
        return fault_set(why, FAULT_INPUT,
                         "%s belongs to user %u, wanted is user %u, who runs this: its owner decides what is signed. "
                         "`chown` it, after a look at what stands in it",
                         path, (unsigned)about->st_uid, (unsigned)geteuid());
    if ((about->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fault_set(why, FAULT_INPUT, "%s is open to others (mode %04o, wanted 0600 or less): `chmod 600 %s`",
                         path, (unsigned)(about->st_mode & 07777), path);
    return true;
}

static bool read_text(int fd, const char *path, char *text, size_t *len, struct fault *why)
{
    *len = 0;
    for (;;) {
        const ssize_t got = read(fd, text + *len, CONFIG_FILE_MAX + 1 - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fault_set(why, FAULT_INPUT, "cannot read %s: %s", path, strerror(errno));
        *len += (size_t)got;
        if (*len > CONFIG_FILE_MAX)
            return fault_set(why, FAULT_INPUT, "%s is longer than %d bytes", path, CONFIG_FILE_MAX);
        if (got == 0)
            break;
    }
    text[*len] = '\0';
    return strlen(text) == *len || fault_set(why, FAULT_INPUT, "%s holds a NUL byte; text is wanted", path);
}

static bool read_ours(const char *path, char *text, size_t *len, struct fault *why)
{
    struct stat about;
    /* O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return fault_set(why, FAULT_INPUT, "%s is a link; the file itself is wanted", path);
    if (fd < 0 || fstat(fd, &about) != 0) {
        (void)fault_set(why, FAULT_INPUT, "cannot open %s: %s", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    const bool ok = is_ours_alone(&about, path, why) && read_text(fd, path, text, len, why);
    (void)close(fd);
    return ok;
}

static bool refuse_name(const struct flag_table *table, const char *name, struct fault *why)
{
    char known[KNOWN_MAX] = "";
    for (size_t i = 0; i < table->count; i++) {
        const size_t len = strlen(known);
        (void)snprintf(known + len, sizeof known - len, " %s", table->rows[i].name);
    }
    return fault_set(why, FAULT_INPUT, "'%.*s' is not known; known are%s", NAME_SHOWN, name, known);
}

/* Cuts the blanks off both ends; the text has room for the NUL. */
static char *trim(char *from, char *to)
{
    while (from < to && (*from == ' ' || *from == '\t' || *from == '\r'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
        to--;
    *to = '\0';
    return from;
}

static bool add(struct arguments *arguments, const char *name, const char *value, struct fault *why)
{
    const struct flag *flag = NULL;
    for (size_t i = 0; i < arguments->table->count; i++)
        if (strcmp(arguments->table->rows[i].name, name) == 0)
            flag = &arguments->table->rows[i];
    if (flag == NULL)
        return refuse_name(arguments->table, name, why);
    if (value[0] == '\0')
        return fault_set(why, FAULT_INPUT, "%s has no value; wanted is %s", name,
                         flag->value == NULL ? "yes or no" : flag->value);
    if (flag->value == NULL && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return fault_set(why, FAULT_INPUT, "%s wants yes or no, found '%.*s'", name, NAME_SHOWN, value);
    if (flag->value == NULL && strcmp(value, "no") == 0)
        return true;
    if (!flag->repeats && argument_is_given(arguments, name))
        return fault_set(why, FAULT_INPUT, "%s is given twice; it is wanted once", name);
    if (arguments->given_count == ARGUMENTS_MAX)
        return fault_set(why, FAULT_INPUT, "more than %d lines that say something", ARGUMENTS_MAX);
    arguments->given[arguments->given_count].flag = flag;
    arguments->given[arguments->given_count++].value = flag->value == NULL ? "" : value;
    return true;
}

/* One line, from its first byte to its end, where a NUL may be put. */
static bool take_line(struct arguments *arguments, char *line, char *end, struct fault *why)
{
    const char *const text = trim(line, end);
    if (text[0] == '\0' || text[0] == '#')
        return true;
    char *const equals = strchr(line, '=');
    if (equals == NULL)
        return fault_set(why, FAULT_INPUT, "no `name = value` stands there");
    const char *const value = trim(equals + 1, end);
    return add(arguments, trim(line, equals), value, why);
}

bool config_file_read(const char *path, const struct flag_table *table, struct config_file *config, struct fault *why)
{
    size_t len = 0;
    config->arguments = (struct arguments){ .table = table };
    if (!read_ours(path, config->text, &len, why))
        return false;
    size_t number = 1;
    for (char *line = config->text, *const all = config->text + len; line < all; number++) {
        char *const found = memchr(line, '\n', (size_t)(all - line));
        char *const end = found == NULL ? all : found;
        if (!take_line(&config->arguments, line, end, why)) {
            char where[512];
            (void)snprintf(where, sizeof where, "%s line %zu: ", path, number);
            return fault_prefix(why, where);
        }
        line = end + 1;
    }
    return true;
}
