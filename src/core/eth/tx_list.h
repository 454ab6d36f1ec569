/* tx_list: the lists that a transaction carries. In struct tx they are the payload of their RLP list, without its
 * header:
 *
 *   access list (EIP-2930)     [ [address20, [key32, …]], … ]
 *   blob hashes (EIP-4844)     [ hash32, … ], each beginning with 0x01
 *   authorizations (EIP-7702)  [ [chainId, address20, nonce, yParity, r, s], … ]
 *
 * Not for use outside tx*.c.
 */
#ifndef CORE_ETH_TX_LIST_H
#define CORE_ETH_TX_LIST_H

#include "core/eth/tx_number.h"

/* From dictionaries as eth-account takes them; the payload is put into the arena. */
enum tx_reading tx_access_list_from_json(struct json list, struct arena *arena, struct bytes *payload) MUST_USE;
enum tx_reading tx_blob_hashes_from_json(struct json list, struct arena *arena, struct bytes *payload) MUST_USE;
enum tx_reading tx_authorizations_from_json(struct json list, struct arena *arena, struct bytes *payload) MUST_USE;

/* Read a list that must be canonical, and give its payload: a view of the input. */
struct bytes tx_access_list_read(struct reader *in) MUST_USE;
struct bytes tx_blob_hashes_read(struct reader *in) MUST_USE;
struct bytes tx_authorizations_read(struct reader *in) MUST_USE;

enum { TX_BLOB_HASH_ENCODED = 33 }; /* a header byte and 32 */

#endif
