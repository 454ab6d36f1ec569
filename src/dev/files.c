#include "dev/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_path(char path[static FILE_PATH_MAX], const char *folder, const char *name, struct fault *why)
{
    const int len = snprintf(path, FILE_PATH_MAX, "%s/%s", folder, name);
    return (len > 0 && len < FILE_PATH_MAX) || fault_set(why, FAULT_INPUT, "the path of %s is too long", name);
}

bool file_read(const char *path, size_t cap, uint8_t **data, size_t *len, struct fault *why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_set(why, FAULT_STATE, "%s: %s", path, strerror(errno));
    size_t size = 0, room = 4096;
    uint8_t *read_so_far = malloc(room + 1);
    must(read_so_far != NULL);
    for (;;) {
        const ssize_t got = read(fd, read_so_far + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || size + (size_t)got > cap) {
            got < 0 ? fault_set(why, FAULT_STATE, "%s: %s", path, strerror(errno))
                    : fault_set(why, FAULT_LIMIT, "%s is longer than %zu bytes", path, cap);
            free(read_so_far);
            close(fd);
            return false;
        }
        if (got == 0)
            break;
        size += (size_t)got;
        if (size == room) {
            room *= 2;
            uint8_t *larger = realloc(read_so_far, room + 1);
            must(larger != NULL);
            read_so_far = larger;
        }
    }
    close(fd);
    read_so_far[size] = 0;
    *data = read_so_far;
    *len = size;
    return true;
}

static bool write_whole(int fd, struct bytes content)
{
    size_t done = 0;
    while (done < content.len) {
        const ssize_t wrote = write(fd, content.data + done, content.len - done);
        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0)
            done += (size_t)wrote;
    }
    return fsync(fd) == 0;
}

bool file_replace(const char *path, struct bytes content, unsigned mode, struct fault *why)
{
    char beside[FILE_PATH_MAX];
    const int len = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    if (len < 0 || len >= FILE_PATH_MAX)
        return fault_set(why, FAULT_INPUT, "%s: the path is too long", path);
    const int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return fault_set(why, FAULT_STATE, "%s: %s", beside, strerror(errno));
    const bool written = fchmod(fd, mode) == 0 && write_whole(fd, content);
    close(fd);
    if (written && rename(beside, path) == 0)
        return true;
    fault_set(why, FAULT_STATE, "%s: %s", path, strerror(errno));
    unlink(beside);
    return false;
}

bool folder_make(const char *path, struct fault *why)
{
    struct stat found;
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &found) == 0 && S_ISDIR(found.st_mode)))
        return true;
    return fault_set(why, FAULT_STATE, "%s: %s (want a folder)", path, strerror(errno));
}
