/* tx_number: integers of a dictionary, as eth-account takes them: a JSON integer, or "0x" and hex digits. Not for use
 * outside tx*.c. */
#ifndef CORE_ETH_TX_NUMBER_H
#define CORE_ETH_TX_NUMBER_H

#include "core/eth/tx_field.h"

enum tx_reading tx_number_u256(struct json value, struct u256 *number) MUST_USE;
enum tx_reading tx_number_u64(struct json value, uint64_t *number) MUST_USE;

#endif
