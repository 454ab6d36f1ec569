#include "parent/image_file.h"

#include "image/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t got = read(fd, out + at, len - at);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        at += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool read_open(int fd, const char *path, size_t cap, struct bytes *contents, struct fault *why)
{
    struct stat found;
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        return fault_set(why, FAULT_INPUT, "%.200s: no regular file", path);
    if (found.st_size < 0 || (uintmax_t)found.st_size > cap)
        return fault_set(why, FAULT_INPUT, "%.200s: %lld bytes, at most %zu are allowed", path,
                         (long long)found.st_size, cap);
    const size_t len = (size_t)found.st_size;
    uint8_t *data = malloc(len > 0 ? len : 1);
    if (data == NULL || !read_all(fd, data, len)) {
        free(data);
        return fault_set(why, FAULT_INPUT, "%.200s: cannot be read whole", path);
    }
    *contents = (struct bytes){ data, len };
    return true;
}

bool image_file_read(const char *path, size_t cap, struct bytes *contents, struct fault *why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_set(why, FAULT_INPUT, "%.200s: %s", path, strerror(errno));
    const bool done = read_open(fd, path, cap, contents, why);
    (void)close(fd);
    return done;
}

void image_file_free(struct bytes *contents)
{
    free((void *)(uintptr_t)contents->data);
    *contents = (struct bytes){ 0 };
}

/* A signature section that cannot be read makes no PCR8, but neither is its image an unsigned one. */
static bool read_image(struct bytes contents, struct eif *eif, struct fault *why)
{
    static struct eif_signature signature;
    if (!eif_read(contents, eif, why))
        return false;
    const struct eif_section *section = eif_find(eif, EIF_SIGNATURE);
    return section == NULL || eif_signature_read(section->data, &signature, why);
}

bool image_open(const char *path, struct bytes *contents, struct eif *eif, struct fault *why)
{
    char prefix[256];
    if (!image_file_read(path, IMAGE_FILE_MAX, contents, why))
        return false;
    if (read_image(*contents, eif, why))
        return true;
    image_file_free(contents);
    (void)snprintf(prefix, sizeof prefix, "%.200s: ", path);
    return fault_prefix(why, prefix);
}

static bool write_all(int fd, struct bytes contents)
{
    while (contents.len > 0) {
        const ssize_t put = write(fd, contents.data, contents.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        contents = (struct bytes){ contents.data + put, contents.len - (size_t)put };
    }
    return fsync(fd) == 0;
}

bool image_file_replace(const char *path, struct bytes contents, struct fault *why)
{
    char beside[4096];
    const int len = snprintf(beside, sizeof beside, "%s.new-%d", path, (int)getpid());
    if (len < 0 || (size_t)len >= sizeof beside)
        return fault_set(why, FAULT_INPUT, "the file name is too long");
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return fault_set(why, FAULT_INPUT, "%.200s: %s", beside, strerror(errno));
    /* Not what the umask would make of it: the same for everybody who builds. */
    bool done = fchmod(fd, 0644) == 0 && write_all(fd, contents) && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    if (done && rename(beside, path) == 0)
        return true;
    const int reason = errno;
    (void)unlink(beside);
    return fault_set(why, FAULT_INPUT, "%.200s: cannot be written: %s", path, strerror(reason));
}
