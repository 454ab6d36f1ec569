#include "image/cpio.h"

#include <stdio.h>
#include <string.h>

enum { HEADER = 110, FIELDS = 13 };

static const char trailer[] = "TRAILER!!!";

static size_t padded(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

static size_t entry_len(size_t name_len, size_t data_len)
{
    return padded(HEADER + name_len + 1) + padded(data_len);
}

size_t cpio_len(const struct cpio_entry *entries, size_t count)
{
    size_t len = entry_len(sizeof trailer - 1, 0);
    for (size_t i = 0; i < count; i++)
        len += entry_len(strlen(entries[i].name), entries[i].data.len);
    return len;
}

static void pad(struct writer *out, size_t len)
{
    for (; len % 4 != 0; len++)
        writer_u8(out, 0);
}

/* "070701", then inode, mode, uid, gid, nlink, mtime, size, device numbers (4), length of the name with its NUL, check:
 * each 8 hex digits */
static void put_entry(struct writer *out, unsigned inode, unsigned mode, const char *name, struct bytes data)
{
    char header[HEADER + 1];
    size_t name_len = strlen(name) + 1;
    (void)snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0u,
                   0u, 1u, 0u, (unsigned)data.len, 0u, 0u, 0u, 0u, (unsigned)name_len, 0u);
    writer_text(out, header);
    writer_put(out, (struct bytes){ (const uint8_t *)name, name_len });
    pad(out, HEADER + name_len);
    writer_put(out, data);
    pad(out, data.len);
}

void cpio_put(struct writer *out, const struct cpio_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_entry(out, (unsigned)i + 1, entries[i].mode, entries[i].name, entries[i].data);
    put_entry(out, 0, 0, trailer, (struct bytes){ 0 });
}

static bool read_fields(struct reader *in, uint32_t fields[static FIELDS])
{
    if (!bytes_equal(reader_take(in, 6), BYTES_LIT("070701")))
        return false;
    for (size_t i = 0; i < FIELDS; i++) {
        struct bytes digits = reader_take(in, 8);
        fields[i] = 0;
        for (size_t j = 0; j < digits.len; j++) {
            unsigned c = digits.data[j], letter = c | 32;
            if (!(c - '0' < 10) && !(letter - 'a' < 6))
                return false;
            fields[i] = fields[i] << 4 | (c - '0' < 10 ? c - '0' : letter - 'a' + 10);
        }
    }
    return !in->failed;
}

bool cpio_next(struct reader *in, struct cpio_item *item, struct fault *why)
{
    uint32_t fields[FIELDS];
    if (!read_fields(in, fields))
        return fault_set(why, FAULT_INPUT, "the archive is malformed: no newc header where one is due");
    size_t name_len = fields[11], data_len = fields[6];
    struct bytes name = reader_take(in, name_len);
    (void)reader_take(in, padded(HEADER + name_len) - HEADER - name_len);
    struct bytes data = reader_take(in, data_len);
    (void)reader_take(in, padded(data_len) - data_len);
    if (in->failed || name.len == 0 || name.data[name.len - 1] != 0)
        return fault_set(why, FAULT_INPUT, "the archive is malformed: it ends inside an entry (truncated)");
    name.len--;
    if (bytes_equal(name, BYTES_LIT("TRAILER!!!"))) {
        why->code = FAULT_NONE;
        return false;
    }
    *item = (struct cpio_item){ .name = name, .data = data, .mode = fields[1] };
    return true;
}
