/* EIP-7702: authorizations that other accounts have signed, to run code as theirs. */
#include "core/eth/tx_row.h"

static bool check(const struct tx *tx, struct fault *why)
{
    if (!tx->has_to)
        return fault_set(why, FAULT_INPUT, "a set-code transaction needs a recipient (got none in 'to', EIP-7702)");
    if (tx->authorizations.len == 0)
        return fault_set(why, FAULT_INPUT, "a set-code transaction needs at least one authorization (EIP-7702)");
    return true;
}

const struct tx_row tx_eip7702 = {
    .type = TX_EIP7702,
    .name = "eip-7702",
    .field_count = 10,
    .fields = { TX_CHAIN_ID, TX_NONCE, TX_MAX_PRIORITY_FEE, TX_MAX_FEE, TX_GAS, TX_TO, TX_VALUE, TX_DATA,
                TX_ACCESS_LIST, TX_AUTHORIZATIONS },
    .check = check,
};
