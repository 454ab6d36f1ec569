#include "parent/input_file.h"

#include "core/base/secret.h"
#include "parent/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool say(const char *what, const char *path, struct fault *why)
{
    return fault_set(why, FAULT_INPUT, "%s %s: %s", what, strcmp(path, "-") == 0 ? "standard input" : shown_word(path),
                     strerror(errno));
}

/* Reads to the end of the file, or one byte over `cap`. */
static ssize_t read_whole(int fd, uint8_t *buffer, size_t cap)
{
    size_t len = 0;
    for (;;) {
        uint8_t spare;
        const ssize_t got = len < cap ? read(fd, buffer + len, cap - len) : read(fd, &spare, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : (ssize_t)len;
        len += (size_t)got;
        if (len > cap)
            return (ssize_t)len;
    }
}

bool input_file_read(const char *path, uint8_t *buffer, size_t cap, struct bytes *contents, struct fault *why)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    const int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return say("cannot open", path, why);
    const ssize_t len = read_whole(fd, buffer, cap);
    bool ok = len >= 0 && (size_t)len <= cap;
    if (len < 0)
        (void)say("cannot read", path, why);
    else if (!ok)
        (void)fault_set(why, FAULT_INPUT, "%s is longer than %zu bytes", is_stdin ? "standard input" : path, cap);
    if (!is_stdin)
        (void)close(fd);
    if (ok)
        *contents = (struct bytes){ buffer, (size_t)len };
    else
        wipe(buffer, cap);
    return ok;
}

bool output_file_write(const char *path, unsigned mode, struct bytes contents, struct fault *why)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 && errno == EEXIST)
        return fault_set(why, FAULT_INPUT, "%s exists; name another file, or remove that one first", path);
    if (fd < 0)
        return say("cannot write", path, why);
    size_t at = 0;
    while (at < contents.len) {
        const ssize_t put = write(fd, contents.data + at, contents.len - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        at += (size_t)put;
    }
    bool ok = at == contents.len && fsync(fd) == 0;
    if (!ok)
        (void)say("cannot write", path, why);
    if (close(fd) != 0 && ok)
        ok = say("cannot write", path, why);
    if (!ok)
        (void)unlink(path);
    return ok;
}

bool file_is_open_to_others(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}
