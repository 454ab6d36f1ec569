#include "parent/eth_amount.h"

#include <string.h>

static bool are_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

bool eth_amount_read(const char *text, struct u256 *wei, struct fault *why)
{
    const size_t len = strlen(text);
    const char *point = strchr(text, '.');
    const size_t whole = point == NULL ? len : (size_t)(point - text);
    const size_t fraction = point == NULL ? 0 : len - whole - 1;
    if (len > ETH_AMOUNT_MAX)
        return fault_set(why, FAULT_INPUT, "an amount of %zu characters; write ETH as digits, like 0.05", len);
    if (whole == 0 || !are_digits(text, whole) ||
        (point != NULL && (fraction == 0 || !are_digits(point + 1, fraction))))
        return fault_set(why, FAULT_INPUT, "'%s' is no amount; write ETH as digits, with a point if need be, like 0.05",
                         text);
    if (fraction > ETH_DECIMALS)
        return fault_set(why, FAULT_INPUT, "'%s' has %zu digits after the point; 1 ETH has 10^18 wei, so at most %d",
                         text, fraction, ETH_DECIMALS);

    char digits[ETH_AMOUNT_MAX + ETH_DECIMALS];
    memcpy(digits, text, whole);
    if (fraction > 0)
        memcpy(digits + whole, point + 1, fraction);
    memset(digits + whole + fraction, '0', ETH_DECIMALS - fraction);
    if (!u256_read_decimal((struct bytes){ (const uint8_t *)digits, whole + ETH_DECIMALS }, wei))
        return fault_set(why, FAULT_INPUT, "'%s' is over 2^256 - 1 wei", text);
    return true;
}

bool eth_amount_read_limit(const char *text, struct limit *limit, struct fault *why)
{
    struct u256 wei;
    if (strcmp(text, "unlimited") == 0) {
        *limit = (struct limit){ .unlimited = true };
        return true;
    }
    if (!eth_amount_read(text, &wei, why))
        return false;
    *limit = (struct limit){ .value = wei };
    return true;
}

struct eth_amount_text eth_amount_text(const struct u256 *wei)
{
    const struct u256_text decimal = u256_text(wei);
    const size_t len = strlen(decimal.text);
    const size_t whole = len > ETH_DECIMALS ? len - ETH_DECIMALS : 0;
    struct eth_amount_text out;
    size_t at = 0;
    if (whole > 0)
        memcpy(out.text, decimal.text, whole);
    else
        out.text[0] = '0';
    at = whole > 0 ? whole : 1;
    out.text[at++] = '.';
    for (size_t zeros = len < ETH_DECIMALS ? ETH_DECIMALS - len : 0; zeros > 0; zeros--)
        out.text[at++] = '0';
    memcpy(out.text + at, decimal.text + whole, len - whole);
    at += len - whole;
    while (out.text[at - 1] == '0')
        at--;
    if (out.text[at - 1] == '.')
        at--;
    memcpy(out.text + at, " ETH", sizeof " ETH");
    return out;
}
