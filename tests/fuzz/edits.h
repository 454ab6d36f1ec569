/* edits: a message that is good, changed as the fuzzer's input says. Finds its way to what stands deep inside signed or
 * encrypted forms, which no input would reach from nothing.
 *
 *   u8 which good message | edits: u8 kind, be16 place, u8 value
 */
#ifndef TESTS_FUZZ_EDITS_H
#define TESTS_FUZZ_EDITS_H

#include "fuzz.h"
#include "vectors.h"

enum { EDITS_GOOD_MAX = 32, EDITS_MESSAGE_MAX = 16384 };

struct edits_good {
    struct bytes messages[EDITS_GOOD_MAX];
    size_t count;
};

/* Every message of the file whose column `mark` says `good`; the last of `columns` columns is its hex. */
static inline void edits_load(struct edits_good *good, const char *file, size_t columns, size_t mark, const char *said)
{
    static struct vector_file vectors;
    static uint8_t bytes[EDITS_MESSAGE_MAX];
    for (vector_open(&vectors, file); vector_next(&vectors, columns);)
        if (bytes_equal(vectors.column[mark], bytes_of_text(said)) && good->count < EDITS_GOOD_MAX) {
            const struct bytes message = vector_hex(vectors.column[columns - 1], bytes, sizeof bytes);
            good->messages[good->count++] = (struct bytes){ exact_copy(message.data, message.len), message.len };
        }
    must(good->count > 0);
}

/* The changed message, in `out` of EDITS_MESSAGE_MAX bytes. */
static inline struct bytes edits_apply(const struct edits_good *good, struct bytes script, uint8_t *out)
{
    struct reader in = reader_of(script);
    const struct bytes start = good->messages[reader_u8(&in) % good->count];
    size_t len = start.len;
    memcpy(out, start.data, len);
    while (in.rest.len >= 4) {
        const uint8_t kind = reader_u8(&in) % 4;
        const size_t place = reader_be(&in, 2) % (len + 1);
        const uint8_t value = reader_u8(&in);
        if (kind == 0 && place < len) {
            out[place] ^= value;
        } else if (kind == 1 && len < EDITS_MESSAGE_MAX) {
            memmove(out + place + 1, out + place, len - place);
            out[place] = value;
            len++;
        } else if (kind == 2 && place < len) {
            memmove(out + place, out + place + 1, len - place - 1);
            len--;
        } else if (kind == 3 && value == 0) {
            len = place;
        }
    }
    return (struct bytes){ out, len };
}

#endif
