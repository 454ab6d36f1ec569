/* eth_amount: amounts of ether as people write them, to and from wei, exactly. 1 ETH is 10^18 wei. */
#ifndef PARENT_ETH_AMOUNT_H
#define PARENT_ETH_AMOUNT_H

#include "core/base/fault.h"
#include "core/base/u256.h"
#include "core/policy/policy.h"

enum {
    ETH_DECIMALS = 18,
    ETH_AMOUNT_MAX = 100,                       /* characters read: 78 digits, a point, 18 digits */
    ETH_AMOUNT_TEXT_MAX = U256_DECIMAL_MAX + 8, /* with "0.", " ETH" and NUL */
};

/* Digits, and possibly a point with 1 to 18 digits after it: "3", "0.05". No sign, no exponent, no separators.
 * FAULT_INPUT, naming what was found; *wei untouched. */
bool eth_amount_read(const char *text, struct u256 *wei, struct fault *why) MUST_USE;

/* The same, or the word "unlimited". */
bool eth_amount_read_limit(const char *text, struct limit *limit, struct fault *why) MUST_USE;

struct eth_amount_text {
    char text[ETH_AMOUNT_TEXT_MAX];
};
/* "0.05 ETH": exact, without trailing zeros. */
struct eth_amount_text eth_amount_text(const struct u256 *wei) MUST_USE;

#endif
