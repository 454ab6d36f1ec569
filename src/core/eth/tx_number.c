#include "core/eth/tx_number.h"

#include "core/base/text.h"

static bool is_hex(struct bytes digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.data[i];
        if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f')))
            return false;
    }
    return true;
}

static enum tx_reading read_hex(struct bytes text, struct u256 *number)
{
    if (!text_starts_with(text, BYTES_LIT("0x")))
        return TX_READ_INVALID;
    struct bytes digits = { text.data + 2, text.len - 2 };
    if (digits.len == 0 || !is_hex(digits))
        return TX_READ_MALFORMED;
    while (digits.len > 1 && digits.data[0] == '0')
        digits = (struct bytes){ digits.data + 1, digits.len - 1 };
    return u256_read_hex(digits, number) ? TX_READ_OK : TX_READ_TOO_LARGE;
}

enum tx_reading tx_number_u256(struct json value, struct u256 *number)
{
    struct bytes text;
    if (json_kind(value) == JSON_STRING)
        return json_plain_string(value, &text) ? read_hex(text, number) : TX_READ_INVALID;
    switch (json_integer(value, number)) {
    case JSON_INTEGER_OK:
        return TX_READ_OK;
    case JSON_INTEGER_NEGATIVE:
        return TX_READ_NEGATIVE;
    case JSON_INTEGER_TOO_LARGE:
        return TX_READ_TOO_LARGE;
    case JSON_INTEGER_NOT:
        break;
    }
    return TX_READ_INVALID;
}

enum tx_reading tx_number_u64(struct json value, uint64_t *number)
{
    struct u256 wide;
    enum tx_reading reading = tx_number_u256(value, &wide);
    if (reading == TX_READ_OK && !u256_fits_u64(&wide, number))
        return TX_READ_TOO_LARGE;
    return reading;
}
