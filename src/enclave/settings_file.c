#include "enclave/settings_file.h"

#include "enclave/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool settings_file_load(const char *path, uint8_t *into, size_t cap, size_t *len, struct fault *why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make the start wait */
    if (fd < 0)
        return fault_set(why, FAULT_INPUT, "cannot be opened: %s", strerror(errno));
    struct stat found;
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        close(fd);
        return fault_set(why, FAULT_INPUT, "is not a regular file");
    }
    size_t have = 0;
    ssize_t got = 1;
    while (have < cap && got != 0) {
        got = read(fd, into + have, cap - have);
        if (got < 0 && errno != EINTR)
            break;
        if (got > 0)
            have += (size_t)got;
    }
    const int error = errno;
    uint8_t more;
    const bool over = got > 0 && read(fd, &more, 1) == 1;
    close(fd);
    if (got < 0)
        return fault_set(why, FAULT_INPUT, "cannot be read: %s", strerror(error));
    if (over)
        return fault_set(why, FAULT_INPUT, "is larger than %zu bytes", cap);
    *len = have;
    return true;
}

bool settings_file_read(const char *path, struct settings *settings, struct fault *why)
{
    struct block text = { 0 };
    must(block_grow(&text, SETTINGS_MAX));
    bool done = settings_file_load(path, text.data, text.cap, &text.len, why);
    if (!done && errno == ENOENT)
        done = fault_set(why, FAULT_INPUT,
                         "is not there (wanted is a file that says at least {\"mode\":\"open\"}; "
                         "docs/settings.md has the rest)");
    if (done)
        done = settings_read((struct bytes){ text.data, text.len }, settings, why);
    block_free(&text);
    if (done)
        return true;
    char prefix[256];
    snprintf(prefix, sizeof prefix, "%.200s: ", path);
    return fault_prefix(why, prefix);
}
