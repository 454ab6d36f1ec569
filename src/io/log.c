#include "io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "ensign";

void log_name(const char *program)
{
    program_name = program;
}

static const char *level_text(enum log_level level)
{
    switch (level) {
    case LOG_LINE_WARN:
        return "warning: ";
    case LOG_LINE_ERROR:
        return "error: ";
    case LOG_LINE_INFO:
        break;
    }
    return "";
}

/* How much of a buffer with room for `cap` an snprintf has filled. */
static size_t filled(int wanted, size_t cap)
{
    if (wanted < 0)
        return 0;
    return (size_t)wanted < cap ? (size_t)wanted : cap - 1;
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;
    size_t len = filled(snprintf(line, sizeof line, "%s: %s", program_name, level_text(level)), sizeof line);
    va_start(args, format);
    len += filled(vsnprintf(line + len, sizeof line - len, format, args), sizeof line - len);
    va_end(args);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[len++] = '\n'; /* where the NUL was */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written; /* there is nowhere to complain */
}
