/* EIP-2930: an access list, and still one gas price. */
#include "core/eth/tx_row.h"

const struct tx_row tx_eip2930 = {
    .type = TX_EIP2930,
    .name = "eip-2930",
    .field_count = 8,
    .fields = { TX_CHAIN_ID, TX_NONCE, TX_GAS_PRICE, TX_GAS, TX_TO, TX_VALUE, TX_DATA, TX_ACCESS_LIST },
};
