#include "parent/journal_cursor.h"

#include "core/base/text.h"
#include "parent/image_file.h"
#include "parent/input_file.h"

#include <errno.h>
#include <unistd.h>

enum { CURSOR_MAX = 128 };

bool journal_cursor_read(const char *path, struct journal_chain *chain, struct fault *why)
{
    uint8_t buffer[CURSOR_MAX];
    struct bytes text, hex;
    struct json cursor;
    struct journal_chain read = { .has_head = true, .has_gap = true };
    *chain = journal_chain_start(0);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!input_file_read(path, buffer, sizeof buffer, &text, why))
        return false;
    if (!json_read(text_trim(text), &cursor, why) || json_count(cursor) != 2 ||
        !json_u64(json_member(cursor, BYTES_LIT("seq")), &read.seq) ||
        !json_plain_string(json_member(cursor, BYTES_LIT("head")), &hex) || hex.len != 2 * sizeof read.head.bytes ||
        !text_read_hex(hex, read.head.bytes))
        return fault_set(why, FAULT_INPUT,
                         "%s is no cursor of a journal; name another file, or remove it to begin again", path);
    *chain = read;
    return true;
}

bool journal_cursor_write(const char *path, const struct journal_chain *chain, struct fault *why)
{
    uint8_t buffer[CURSOR_MAX];
    struct bytes text;
    struct writer out = writer_of(buffer, sizeof buffer);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    json_key(&json, "head");
    json_put_digest(&json, BYTES_OF(chain->head.bytes));
    json_key(&json, "seq");
    json_put_uint(&json, chain->seq);
    json_end_object(&json);
    writer_u8(&out, '\n');
    must(writer_done(&out, &text));
    return image_file_replace(path, text, why);
}
