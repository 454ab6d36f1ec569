/* typed_data: EIP-712 version 4: keccak256(0x19 0x01, domainSeparator, hashStruct(message)).
 *
 * Nested structs, arrays (fixed and dynamic, of anything), bytes, bytesN, all integer widths, address, bool, string.
 * What eth-account and ethers refuse or encode differently is refused: fields that no type names, missing fields,
 * integers out of their type's range, recursive types deeper than TYPED_DATA_DEPTH_MAX.
 */
#ifndef CORE_ETH_TYPED_DATA_H
#define CORE_ETH_TYPED_DATA_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"
#include "core/crypto/keccak.h"

enum { TYPED_DATA_DEPTH_MAX = 16 };

/* `document` has types, primaryType, domain and message. FAULT_INPUT naming the place ("message.to.wallet: …"). */
bool typed_data_hash(struct json document, struct arena *arena, struct hash32 *hash, struct fault *why) MUST_USE;

/* The domain's chainId and verifyingContract, where it has them: for rules that look at them. */

#endif
