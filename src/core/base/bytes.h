/* bytes: borrowed views of bytes, and bounds-checked reading and writing.
 *
 * A reader or writer that runs out fails once and for good: later calls do
 * nothing, reads give zeros. So code reads like the schema of the message, and
 * one check at the end (reader_done, writer_done) covers every step before it.
 */
#ifndef CORE_BASE_BYTES_H
#define CORE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

/* A view of bytes owned by someone else, who must outlive it. {NULL, 0} is empty. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* The view of an array; of a string literal without its final NUL; the same as a static initialiser. */
/* clang-format off */
#define BYTES_OF(array)  ((struct bytes){ (array), sizeof(array) })
#define BYTES_LIT(text)  ((struct bytes)BYTES_INIT(text))
#define BYTES_INIT(text) { (const uint8_t *)("" text), sizeof(text) - 1 }
/* clang-format on */

/* Of a NUL-terminated text, without the NUL. */
MUST_USE static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

/* Not constant time. Inline, as is the writing below: mostly a length differs, or is known where it is called. */
MUST_USE static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b) MUST_USE; /* <0, 0, >0, as memcmp; a prefix comes first */

struct reader {
    struct bytes rest; /* what is still unread */
    bool failed;
};

struct reader reader_of(struct bytes input) MUST_USE;
uint8_t reader_u8(struct reader *in);
uint64_t reader_be(struct reader *in, size_t len);          /* len <= 8, big endian */
struct bytes reader_take(struct reader *in, size_t len);    /* empty after a failure */
struct reader reader_within(struct reader *in, size_t len); /* a reader of the next len bytes */
void reader_fail(struct reader *in);                        /* the caller found it malformed */
bool reader_done(const struct reader *in) MUST_USE;         /* no failure, and nothing left over */

struct writer {
    uint8_t *data;
    size_t len, cap;
    bool failed;
    /* When set, a full buffer is handed here and emptied instead of failing: for hashing what is too long to hold.
     * writer_done hands over the last part too. */
    void (*drain)(void *context, struct bytes chunk);
    void *context;
};

struct writer writer_of(uint8_t *data, size_t cap) MUST_USE;
void writer_be(struct writer *out, uint64_t value, size_t len); /* len <= 8, big endian */
void writer_text(struct writer *out, const char *text);         /* NUL-terminated, without the NUL */
void writer_fail(struct writer *out);
bool writer_done(struct writer *out, struct bytes *written) MUST_USE;

/* For the two below alone: what they do where there is no room, or was none before. */
void writer_put_beyond(struct writer *out, struct bytes bytes);
void writer_u8_beyond(struct writer *out, uint8_t byte);

static inline void writer_put(struct writer *out, struct bytes bytes)
{
    if (out->failed || bytes.len > out->cap - out->len) {
        writer_put_beyond(out, bytes);
        return;
    }
    if (bytes.len > 0)
        memcpy(out->data + out->len, bytes.data, bytes.len);
    out->len += bytes.len;
}

static inline void writer_u8(struct writer *out, uint8_t byte)
{
    if (out->failed || out->len == out->cap)
        writer_u8_beyond(out, byte);
    else
        out->data[out->len++] = byte;
}

#endif
