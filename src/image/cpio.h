/* cpio: initramfs archives ("newc", Documentation/driver-api/early-userspace/buffer-format.rst of the kernel), written
 * the same whoever builds them: owner 0, time 0, inode numbers in order; and gzip'd as one member without name or time
 * (RFC 1952), so that the kernel unpacks exactly what was measured.
 */
#ifndef IMAGE_CPIO_H
#define IMAGE_CPIO_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

struct cpio_entry {
    const char *name; /* relative, no leading slash */
    unsigned mode;    /* with the type: S_IFDIR | 0755, S_IFREG | 0755 */
    struct bytes data;
};

/* Writes the entries in their order, then the trailer, padded to 4 bytes. */
void cpio_put(struct writer *out, const struct cpio_entry *entries, size_t count);
size_t cpio_len(const struct cpio_entry *entries, size_t count) MUST_USE;

/* Walks an archive: the next entry, or false at the trailer or when malformed (*why set then). `why->code` is
 * FAULT_NONE at the trailer. The name is a view with its length. */
struct cpio_item {
    struct bytes name, data;
    unsigned mode;
};
bool cpio_next(struct reader *in, struct cpio_item *item, struct fault *why) MUST_USE;

/* One gzip member, level 9. `out` needs gzip_bound(len) bytes of room. */
size_t gzip_bound(size_t len) MUST_USE;
bool gzip_put(struct writer *out, struct bytes data, struct fault *why) MUST_USE;
/* Exactly one member and nothing after it. False when malformed or longer than cap. */
bool gzip_read(struct bytes member, uint8_t *out, size_t cap, size_t *len, struct fault *why) MUST_USE;

#endif
