/* abi: Solidity's contract ABI, read canonically: what web3 libraries write, and nothing else.
 *
 * Every offset must be the one a canonical encoder gives (tails in order, without gap or overlap), padding must be
 * zero, and nothing may be left over. So re-encoding what was read gives the same bytes.
 *
 *   word          32 bytes, big endian
 *   head | tail   static values stand in the head; a dynamic one leaves its tail's offset there
 */
#ifndef CORE_CODEC_ABI_H
#define CORE_CODEC_ABI_H

#include "core/base/bytes.h"
#include "core/base/u256.h"

enum { ABI_WORD = 32 };

struct u256 abi_read_word(struct reader *in);
size_t abi_read_length(struct reader *in);                            /* fails when over what is left to read */
void abi_read_address(struct reader *in, uint8_t address[static 20]); /* 12 zero bytes, then 20 */
struct bytes abi_read_bytes_tail(struct reader *in);                  /* length, data, zero padding */
void abi_expect_offset(struct reader *in, uint64_t offset);           /* the next word must be exactly this */

void abi_put_word(struct writer *out, const struct u256 *word);
void abi_put_uint(struct writer *out, uint64_t value);
void abi_put_address(struct writer *out, struct bytes address); /* 20 bytes */
void abi_put_bytes_tail(struct writer *out, struct bytes bytes);

#endif
