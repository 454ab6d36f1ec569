/* tx_field: each field of a transaction: its name in a dictionary, and how it is read from JSON, written to RLP and
 * read back. Not for use outside tx*.c. */
#ifndef CORE_ETH_TX_FIELD_H
#define CORE_ETH_TX_FIELD_H

#include "core/eth/tx.h"

enum tx_field {
    TX_CHAIN_ID,
    TX_NONCE,
    TX_GAS_PRICE,
    TX_MAX_PRIORITY_FEE,
    TX_MAX_FEE,
    TX_GAS,
    TX_TO,
    TX_VALUE,
    TX_DATA,
    TX_ACCESS_LIST,
    TX_MAX_BLOB_FEE,
    TX_BLOB_HASHES,
    TX_AUTHORIZATIONS,
    TX_FIELDS, /* how many there are; also "none of them" */
};

enum tx_reading {
    TX_READ_OK,
    TX_READ_INVALID,   /* of a kind that the field does not take */
    TX_READ_MALFORMED, /* text that is no number or no bytes */
    TX_READ_NEGATIVE,
    TX_READ_TOO_LARGE, /* for the field's width */
    TX_READ_NO_ROOM,   /* the arena is full */
};

enum tx_field tx_field_named(struct json key) MUST_USE; /* TX_FIELDS: no such field */
const char *tx_field_name(enum tx_field field) MUST_USE;
bool tx_field_is_optional(enum tx_field field) MUST_USE; /* absent means zero, empty or none */
unsigned tx_field_bits(enum tx_field field) MUST_USE;    /* 64 or 256; 0 for a field that is no integer */

/* What EIP-1559 dictionaries call max_fee_per_gas, the older ones call gasPrice: both fields fill the same member. */
enum tx_reading tx_field_from_json(enum tx_field field, struct json value, struct arena *arena, struct tx *tx) MUST_USE;
void tx_field_put(struct writer *out, enum tx_field field, const struct tx *tx);
void tx_field_read(struct reader *in, enum tx_field field, struct tx *tx); /* fails `in` when not canonical */

#endif
