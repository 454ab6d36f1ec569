/* EIP-4844: blobs, by their versioned hashes; the sidecar is the caller's to add. */
#include "core/eth/tx_row.h"

static bool check(const struct tx *tx, struct fault *why)
{
    if (!tx->has_to)
        return fault_set(why, FAULT_INPUT, "a blob transaction needs a recipient (got none in 'to', EIP-4844)");
    if (tx->blob_hashes.len == 0)
        return fault_set(why, FAULT_INPUT, "a blob transaction needs at least one blobVersionedHash (EIP-4844)");
    return true;
}

const struct tx_row tx_eip4844 = {
    .type = TX_EIP4844,
    .name = "eip-4844",
    .field_count = 11,
    .fields = { TX_CHAIN_ID, TX_NONCE, TX_MAX_PRIORITY_FEE, TX_MAX_FEE, TX_GAS, TX_TO, TX_VALUE, TX_DATA,
                TX_ACCESS_LIST, TX_MAX_BLOB_FEE, TX_BLOB_HASHES },
    .check = check,
};
