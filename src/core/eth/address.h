/* address: 20 bytes, and their text with EIP-55's checksum in the case of the letters. */
#ifndef CORE_ETH_ADDRESS_H
#define CORE_ETH_ADDRESS_H

#include "core/base/bytes.h"
#include "core/crypto/ecdsa.h" /* struct address */

struct address_text {
    char text[43]; /* "0x", 40 digits, NUL */
};

bool address_equal(const struct address *a, const struct address *b) MUST_USE;
bool address_is_zero(const struct address *a) MUST_USE;
struct address_text address_eip55(const struct address *address) MUST_USE;
struct address_text address_lower(const struct address *address) MUST_USE;

bool address_read(struct bytes text, struct address *address) MUST_USE; /* "0x" and 40 digits of any case */
/* The same, and the letters' case must be EIP-55's: what eth-account accepts as `to`. */
bool address_read_eip55(struct bytes text, struct address *address) MUST_USE;
/* 40 digits with or without "0x"; where both cases of letters occur they must be EIP-55's. What eth-account and ethers
 * both accept in lists and typed data. */
bool address_read_unmixed(struct bytes text, struct address *address) MUST_USE;

#endif
