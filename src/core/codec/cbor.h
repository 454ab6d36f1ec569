/* cbor: the part of RFC 8949 that NSM and attestation documents use.
 *
 * Reading accepts maps and arrays of definite and of indefinite length, strings of definite length, and integers and
 * lengths in any of the standard's widths; refuses strings of indefinite length, floats, undefined and other simple
 * values, negative numbers below -2^63, reserved additional information (section 3), a break where none belongs, a
 * count of items that the bytes left cannot hold, and nesting deeper than CBOR_DEPTH_MAX when skipping. Writing is
 * shortest form (section 4.1).
 */
#ifndef CORE_CODEC_CBOR_H
#define CORE_CODEC_CBOR_H

#include "core/base/bytes.h"

enum { CBOR_DEPTH_MAX = 16 };

enum cbor_kind {
    CBOR_END, /* nothing left */
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_BOOL,
    CBOR_NULL,
    CBOR_OTHER, /* floats, undefined, reserved, a break, indefinite strings: refused by every cbor_read_… */
};

enum cbor_kind cbor_peek(const struct reader *in) MUST_USE;

/* Each fails the reader when something else stands there. */
uint64_t cbor_read_uint(struct reader *in);
int64_t cbor_read_int(struct reader *in);
struct bytes cbor_read_bytes(struct reader *in); /* definite length; a view */
struct bytes cbor_read_text(struct reader *in);  /* definite length; a view; UTF-8 is not checked */
bool cbor_read_bool(struct reader *in);
bool cbor_read_null(struct reader *in);              /* takes a null if one is there; never fails */
bool cbor_read_tag(struct reader *in, uint64_t tag); /* takes that tag if it is there; never fails */
void cbor_skip(struct reader *in);                   /* one whole item, with the tags before it */

/* Maps and arrays, definite and indefinite alike; the caller reads or skips each item whole:
 *     struct cbor_items items = cbor_read_map(&in);
 *     while (cbor_more(&in, &items)) { key; value }
 * A loop ends when the reader fails. Duplicate keys are for the caller to notice.
 */
struct cbor_items {
    uint64_t left;
    bool indefinite;
};
struct cbor_items cbor_read_map(struct reader *in);
struct cbor_items cbor_read_array(struct reader *in);
bool cbor_more(struct reader *in, struct cbor_items *items); /* takes the break of an indefinite one */

void cbor_put_uint(struct writer *out, uint64_t value);
void cbor_put_int(struct writer *out, int64_t value);
void cbor_put_bytes(struct writer *out, struct bytes bytes);
void cbor_put_text(struct writer *out, struct bytes text);
void cbor_put_array(struct writer *out, uint64_t count);
void cbor_put_map(struct writer *out, uint64_t count);
void cbor_put_indefinite_map(struct writer *out);
void cbor_put_break(struct writer *out);
void cbor_put_bool(struct writer *out, bool truth);
void cbor_put_null(struct writer *out);
void cbor_put_tag(struct writer *out, uint64_t tag);

#endif
