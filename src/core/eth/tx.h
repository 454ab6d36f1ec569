/* tx: Ethereum transactions, from JSON dictionary to signed bytes.
 *
 * A type is a file (tx_legacy.c, tx_eip2930.c, …) and a row in tx.c's table. The struct that the policy judges is the
 * struct that is hashed and signed: nothing is parsed twice.
 */
#ifndef CORE_ETH_TX_H
#define CORE_ETH_TX_H

#include "core/base/arena.h"
#include "core/base/fault.h"
#include "core/base/u256.h"
#include "core/codec/json.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/keccak.h"

enum tx_type { TX_LEGACY = 0, TX_EIP2930 = 1, TX_EIP1559 = 2, TX_EIP4844 = 3, TX_EIP7702 = 4 };

struct tx {
    enum tx_type type;
    bool has_chain_id; /* false only for legacy: signed without EIP-155 */
    struct u256 chain_id;
    uint64_t nonce, gas;
    struct u256 max_fee_per_gas;          /* legacy and 2930: gasPrice */
    struct u256 max_priority_fee_per_gas; /* 1559, 4844 and 7702 */
    bool has_to;                          /* false: contract creation */
    struct address to;
    struct u256 value;
    struct bytes data;
    struct bytes access_list;         /* 2930 and later: RLP payload of the list, without the list's own header */
    struct u256 max_fee_per_blob_gas; /* 4844 */
    struct bytes blob_hashes;         /* 4844: the same, of the list of versioned hashes */
    struct bytes authorizations;      /* 7702: the same, of the list of authorizations */
};

/* Reads a dictionary as eth-account 0.13.7's sign_transaction does.
 *
 *   signer  what `from` must equal, to the letter's case, when it is there
 *   arena   where byte strings and lists are put; they live as long as it does
 *
 * A type is said by `type` (an integer, or 0x and hex digits; 0 is refused) or inferred: gasPrice and accessList make
 * 2930; either 1559 fee makes 1559, with a blob field 4844, with authorizationList 7702; else legacy. `to` must have
 * EIP-55's case. Optional: chainId (legacy: none means no EIP-155; else 0), to, value, data, accessList.
 *
 * Refused though eth-account takes it: integers over 256 bits, nonce and gas over 64; "0X"; true and false as data or
 * yParity; JSON escapes in numbers, bytes and addresses; v, r, s; a mixed-case address without EIP-55's case in a list;
 * blob hashes of 63 digits or whose version is not 0x01; 4844 and 7702 without `to`; 7702 without a nonce.
 *
 * FAULT_INPUT, with eth-account's words where it has some ("Transaction had invalid fields: {'value': '1'}"; without a
 * prefix; long values are cut off), FAULT_LIMIT. */
bool tx_from_json(struct json dictionary, const struct address *signer, struct arena *arena, struct tx *tx,
                  struct fault *why) MUST_USE;

/* The hash to sign. The arena's free room is the buffer, and is given back; FAULT_LIMIT when under 64 bytes are free.
 */
bool tx_signing_hash(const struct tx *tx, struct arena *arena, struct hash32 *hash, struct fault *why) MUST_USE;

/* Appends the signed transaction as it goes to eth_sendRawTransaction (4844: without its sidecar). At most 1 KiB longer
 * than data and lists together. Not to a writer that drains. */
void tx_put_signed(struct writer *out, const struct tx *tx, const struct signature *signature);

/* Reads signed bytes back; views point into `raw`. Exactly what tx_put_signed writes is taken: canonical RLP, nothing
 * left over, s in the lower half, and what the type's standard asks. FAULT_INPUT. For tests, the tool, the gateway. */
bool tx_read_signed(struct bytes raw, struct tx *tx, struct signature *signature, struct fault *why) MUST_USE;

/* gas times the highest fee per gas, plus blob gas; saturates at 2^256 - 1. Without the value. */
struct u256 tx_max_fee(const struct tx *tx) MUST_USE;

const char *tx_type_name(enum tx_type type) MUST_USE; /* "legacy", "eip-1559", … */

#endif
