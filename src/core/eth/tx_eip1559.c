/* EIP-1559: a priority fee and a highest fee. */
#include "core/eth/tx_row.h"

const struct tx_row tx_eip1559 = {
    .type = TX_EIP1559,
    .name = "eip-1559",
    .field_count = 9,
    .fields = { TX_CHAIN_ID, TX_NONCE, TX_MAX_PRIORITY_FEE, TX_MAX_FEE, TX_GAS, TX_TO, TX_VALUE, TX_DATA,
                TX_ACCESS_LIST },
};
