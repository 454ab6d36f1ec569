/* An archive that is walked to its trailer, written anew, is walked to the same entries; and where it differs from what
 * is written, it differs in what the kernel does not look at: owners, times, inode numbers, the letters' case of a
 * header, padding. A gzip member that is taken is one member, and nothing follows it. */
#include "fuzz.h"

#include "image/cpio.h"

#include <ctype.h>

enum { ENTRIES_MAX = 64, HEADER = 110, UNPACKED_MAX = 1 << 16 };

struct walked {
    size_t count, used;
    struct cpio_item items[ENTRIES_MAX];
};

static bool walk(struct bytes archive, struct walked *walked)
{
    struct reader in = reader_of(archive);
    struct cpio_item item;
    struct fault why = { .code = FAULT_INTERNAL };
    *walked = (struct walked){ .count = 0 };
    while (cpio_next(&in, &item, &why)) {
        must(item.name.data >= archive.data && item.name.len < archive.len && item.data.len <= archive.len);
        if (walked->count == ENTRIES_MAX)
            return false;
        walked->items[walked->count++] = item;
    }
    must(why.code == FAULT_NONE || (why.code == FAULT_INPUT && why.text[0] != '\0'));
    walked->used = archive.len - in.rest.len;
    return why.code == FAULT_NONE;
}

/* Puts what cpio_put writes into the fields that mean nothing here: all but mode, size and the name's length. */
static void settle(uint8_t *header, const uint8_t *wanted)
{
    for (size_t i = 0; i < HEADER; i++) {
        const size_t field = i < 6 ? 0 : (i - 6) / 8;
        header[i] = (uint8_t)toupper(header[i]);
        if (i >= 6 && field != 1 && field != 6 && field != 11)
            header[i] = wanted[i];
    }
}

static size_t padded(size_t len)
{
    return len + (4 - len % 4) % 4;
}

static void check_again(struct bytes archive, const struct walked *walked)
{
    struct cpio_entry entries[ENTRIES_MAX];
    struct walked again;
    struct bytes written;
    for (size_t i = 0; i < walked->count; i++) {
        const struct cpio_item *item = &walked->items[i];
        if (memchr(item->name.data, '\0', item->name.len) != NULL)
            return; /* a name that no C string says */
        entries[i] = (struct cpio_entry){ (const char *)item->name.data, item->mode, item->data };
    }
    const size_t len = cpio_len(entries, walked->count);
    uint8_t *const room = malloc(len), *const copy = exact_copy(archive.data, walked->used);
    must(room != NULL);
    struct writer out = writer_of(room, len);
    cpio_put(&out, entries, walked->count);
    must(writer_done(&out, &written) && written.len == len && walk(written, &again));
    must(again.count == walked->count && again.used == len);
    size_t at = 0;
    for (size_t i = 0; i < again.count; i++) {
        const struct cpio_item *item = &walked->items[i];
        must(bytes_equal(item->name, again.items[i].name) && bytes_equal(item->data, again.items[i].data) &&
             item->mode == again.items[i].mode);
        const size_t name_end = at + HEADER + item->name.len + 1, data_at = at + padded(HEADER + item->name.len + 1);
        settle(copy + at, written.data + at);
        memset(copy + name_end, 0, data_at - name_end);
        at = data_at + padded(item->data.len);
        memset(copy + data_at + item->data.len, 0, padded(item->data.len) - item->data.len);
    }
    must(memcmp(copy, written.data, at) == 0);
    free(copy);
    free(room);
}

static void check_member(struct bytes member)
{
    static uint8_t unpacked[UNPACKED_MAX], again[UNPACKED_MAX];
    size_t len, second;
    struct fault why;
    if (!gzip_read(member, unpacked, sizeof unpacked, &len, &why))
        return;
    uint8_t *const longer = malloc(2 * member.len);
    must(longer != NULL);
    memcpy(longer, member.data, member.len);
    memcpy(longer + member.len, member.data, member.len);
    must(!gzip_read((struct bytes){ longer, 2 * member.len }, again, sizeof again, &second, &why));
    must(!gzip_read((struct bytes){ longer, member.len + 1 }, again, sizeof again, &second, &why));
    must(!gzip_read((struct bytes){ longer, member.len - 1 }, again, sizeof again, &second, &why));
    must(len == 0 || !gzip_read(member, again, len - 1, &second, &why));
    free(longer);
    struct bytes packed;
    struct writer out = writer_of(malloc(gzip_bound(len)), gzip_bound(len));
    must(out.data != NULL && gzip_put(&out, (struct bytes){ unpacked, len }, &why) && writer_done(&out, &packed));
    must(gzip_read(packed, again, sizeof again, &second, &why) && second == len && memcmp(again, unpacked, len) == 0);
    free(out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct walked walked;
    uint8_t *const input = exact_copy(data, len);
    const struct bytes whole = { input, len };
    if (walk(whole, &walked))
        check_again(whole, &walked);
    check_member(whole);
    free(input);
    return 0;
}
