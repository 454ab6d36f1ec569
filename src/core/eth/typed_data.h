/* typed_data: EIP-712 version 4: keccak256(0x19 0x01, domainSeparator, hashStruct(message)).
 *
 * Nested structs, arrays (fixed and dynamic, of anything), bytes, bytesN, all integer widths, address, bool, string.
 * Types may need themselves; null then ends the chain and stands for 32 zero bytes.
 *
 * Taken is what eth-account 0.13.7 and ethers 6 take and encode alike, and of that refused what they pass over in
 * silence. So refused:
 *   members that no type names, members that are missing, null for anything but a struct
 *   `uint` and `int` without a size; a type's name that is an elementary type's; names with a space, comma or bracket
 *   types that primaryType does not need; a primaryType that another type needs
 *   an EIP712Domain that is not what `domain` has, in the standard's order and types
 *   integers out of their type's range, as floats, or as text with anything but digits ("0x…", "-1" are taken)
 *   bytesN of another length than N, bytes that are not 0x and whole bytes; text for bytes, numbers for text
 *   T[n] with another number of items than n; n written with a leading zero, or 0
 *   true and false in any other form; a mixed-case address without EIP-55's case
 * ethers takes neither a type that needs itself nor null.
 */
#ifndef CORE_ETH_TYPED_DATA_H
#define CORE_ETH_TYPED_DATA_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/codec/json.h"
#include "core/crypto/keccak.h"

enum {
    TYPED_DATA_DEPTH_MAX = 16,       /* structs and arrays that stand in one another */
    TYPED_DATA_VALUES_MAX = 1 << 16, /* bounds the work: a value of three characters can cost a permutation */
    TYPED_DATA_ARENA = 64 * 1024,    /* what the arena must have free */
};

/* `document` has types, primaryType, domain and message, and nothing else. The arena is used for the types. FAULT_INPUT
 * naming the place ("message.to.wallet: …"), FAULT_LIMIT. */
bool typed_data_hash(struct json document, struct arena *arena, struct hash32 *hash, struct fault *why) MUST_USE;

#endif
