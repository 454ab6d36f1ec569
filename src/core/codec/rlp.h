/* rlp: Ethereum's serialisation of byte strings and lists (Yellow Paper, appendix B).
 *
 * Decoding is strict: exactly one encoding is accepted for each value, so what
 * the policy saw is what gets signed.
 */
#ifndef CORE_CODEC_RLP_H
#define CORE_CODEC_RLP_H

#include "core/base/bytes.h"
#include "core/base/u256.h"

struct rlp_item {
    bool is_list;
    struct bytes payload; /* points into the input */
};

/* Reads one item. On malformed or non-canonical input `in` fails and the item is empty. */
struct rlp_item rlp_read(struct reader *in);

/* Reads one item that must be a list, and gives a reader of what is in it. */
struct reader rlp_read_list(struct reader *in);
struct bytes rlp_read_string(struct reader *in);
/* Integers: no leading zeros, at most 32 (8) bytes. */
struct u256 rlp_read_u256(struct reader *in);
uint64_t rlp_read_u64(struct reader *in);

/* Writes a byte string; an unsigned integer (big endian, no leading zeros); a list's header. */
void rlp_write_string(struct writer *out, struct bytes string);
void rlp_write_uint(struct writer *out, uint64_t value);
void rlp_write_u256(struct writer *out, const struct u256 *value);
void rlp_write_list_header(struct writer *out, size_t payload_len);

/* A list whose length is not known beforehand: what is written between the two is moved up to make room for the
 * header. Not for a writer that drains. */
size_t rlp_begin_list(const struct writer *out) MUST_USE;
void rlp_end_list(struct writer *out, size_t began);

#endif
