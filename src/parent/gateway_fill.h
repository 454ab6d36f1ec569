/* gateway_fill: what eth_sendTransaction leaves open, from the node: gas and fees. The policy in the enclave bounds
 * them, so a node that lies can waste no more than the policy allows. */
#ifndef PARENT_GATEWAY_FILL_H
#define PARENT_GATEWAY_FILL_H

#include "parent/gateway.h"

enum {
    GAS_MARGIN_PERCENT = 20,
    GAS_A_TICKET = 100000, /* of batchRedeemWinningTickets, at least: an estimate may see tickets that will fail */
};

/* A quantity that the node answers. */
bool gateway_node_quantity(struct gateway_call *call, const char *method, struct bytes params, struct u256 *quantity,
                           struct fault *why) MUST_USE;

/* Gas: the estimate and a fifth. Fees: of EIP-1559 where the chain has a base fee and no gasPrice is given, with room
 * for the base fee to double; else gasPrice. What is given stays. */
bool gateway_fill(struct gateway_call *call, struct gateway_tx *tx, struct fault *why) MUST_USE;

#endif
