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
    struct bytes access_list;         /* RLP payload of the list, without the list's own header; 2930 and later */
    struct u256 max_fee_per_blob_gas; /* 4844 */
    struct bytes blob_hashes;         /* 4844: versioned hashes end to end, 32 bytes each */
    struct bytes authorizations;      /* 7702: RLP payload of the list, without its header */
};

/* Reads a dictionary with FACTS J.3's table of what is accepted and refused. `signer` is what `from` must equal when
 * it is there. Byte strings live in the arena. FAULT_INPUT, with eth-account's words after no prefix ("Transaction had
 * invalid fields: {'value': '1'}"), FAULT_LIMIT. */
bool tx_from_json(struct json dictionary, const struct address *signer, struct arena *arena, struct tx *tx,
                  struct fault *why) MUST_USE;

/* The hash to sign. The arena is used and given back. FAULT_LIMIT when it does not fit. */
bool tx_signing_hash(const struct tx *tx, struct arena *arena, struct hash32 *hash, struct fault *why) MUST_USE;

/* Appends the signed transaction as it goes to eth_sendRawTransaction (4844: without its sidecar). */
void tx_put_signed(struct writer *out, const struct tx *tx, const struct signature *signature);

/* Reads signed bytes back, canonically; views point into `raw`. For tests, the tool, the gateway. */
bool tx_read_signed(struct bytes raw, struct tx *tx, struct signature *signature, struct fault *why) MUST_USE;

/* gas times the highest fee per gas, plus blob gas; saturates at 2^256 - 1. Without the value. */
struct u256 tx_max_fee(const struct tx *tx) MUST_USE;

const char *tx_type_name(enum tx_type type) MUST_USE; /* "legacy", "eip-1559", … */

#endif
