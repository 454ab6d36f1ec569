/* gateway_tx: transaction objects in the dialects that Ethereum's clients write, brought to the one that the signer
 * reads (docs/rpc.md). The only place that knows dialects.
 *
 * Taken and brought together: `gas` or `gasLimit`; `data` or `input`; null for a field that is not there; `to` and
 * `from` in lower case, upper case or with EIP-55's; quantities as 0x and hex digits (leading zeros too) or as JSON
 * integers. A field given twice under its two names must be the same in both.
 *
 * Refused, each with its sentence, and never altered or dropped: a field not known; a decimal string; a letter's case
 * that is not EIP-55's; half a byte; gasPrice beside the fees of EIP-1559; a `type` that is not the one that the other
 * fields make; another chain than the signer's; another sender. All faults are FAULT_INPUT unless said.
 */
#ifndef PARENT_GATEWAY_TX_H
#define PARENT_GATEWAY_TX_H

#include "core/codec/json.h"
#include "core/eth/address.h"

enum gateway_quantity {
    QUANTITY_CHAIN_ID,
    QUANTITY_NONCE,
    QUANTITY_GAS,
    QUANTITY_GAS_PRICE,
    QUANTITY_MAX_FEE,
    QUANTITY_PRIORITY_FEE,
    QUANTITY_BLOB_FEE,
    QUANTITY_VALUE,
    QUANTITIES,
};

struct gateway_tx {
    unsigned type; /* 0 to 4; what the fields make, until fees are filled in also what they leave open */
    bool type_is_given;
    bool has_from, has_to;
    struct address from, to;
    struct bytes data; /* 0x and an even number of hex digits: a view of the request, or "0x" */
    bool has[QUANTITIES];
    struct u256 quantity[QUANTITIES];
    struct json access_list, blob_hashes,
        authorizations; /* JSON_NONE when not there; the signer judges what is in them */
};

/* The view into `object` holds as long as the request does. */
bool gateway_tx_read(struct json object, struct gateway_tx *tx, struct fault *why) MUST_USE;

/* Compares sender and chain, and puts them in where they are absent. `chain` NULL: the signer has no policy, then the
 * request must name its chain. Another sender or chain is FAULT_POLICY. */
bool gateway_tx_settle(struct gateway_tx *tx, const struct address *signer, const struct u256 *chain,
                       struct fault *why) MUST_USE;

/* Whether nonce, gas and fees are there: what eth_signTransaction needs, since nothing else fills them in. */
bool gateway_tx_is_complete(const struct gateway_tx *tx, struct fault *why) MUST_USE;

void gateway_tx_set(struct gateway_tx *tx, enum gateway_quantity which, const struct u256 *value);

/* The signer's dictionary, keys sorted. */
void gateway_tx_put(struct json_writer *json, const struct gateway_tx *tx);

/* 0x and hex digits without leading zeros, as JSON-RPC writes a quantity. */
void gateway_put_quantity(struct json_writer *json, const struct u256 *value);
/* A quantity as above: 0x and hex digits, or a JSON integer. */
bool gateway_read_quantity(struct json value, struct u256 *quantity) MUST_USE;
/* An address with 0x: of one case, or with EIP-55's. */
bool gateway_read_address(struct json value, struct address *address) MUST_USE;

#endif
