#include "core/eth/address.h"

#include "core/base/text.h"
#include "core/crypto/keccak.h"

#include <string.h>

enum { DIGITS = 40 };

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool address_is_zero(const struct address *a)
{
    static const struct address zero;
    return address_equal(a, &zero);
}

struct address_text address_lower(const struct address *address)
{
    struct address_text text = { "0x" };
    struct writer out = writer_of((uint8_t *)text.text + 2, DIGITS);
    text_put_hex(&out, BYTES_OF(address->bytes));
    text.text[2 + DIGITS] = '\0';
    return text;
}

struct address_text address_eip55(const struct address *address)
{
    struct address_text text = address_lower(address);
    char *digits = text.text + 2;
    struct hash32 hash = keccak256((struct bytes){ (const uint8_t *)digits, DIGITS });
    for (size_t i = 0; i < DIGITS; i++) {
        unsigned nibble = (unsigned)hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
        if (digits[i] >= 'a' && nibble >= 8)
            digits[i] = (char)(digits[i] - 'a' + 'A');
    }
    return text;
}

bool address_read(struct bytes text, struct address *address)
{
    struct address read;
    if (text.len != 2 + DIGITS || text.data[0] != '0' || text.data[1] != 'x')
        return false;
    if (!text_read_hex((struct bytes){ text.data + 2, DIGITS }, read.bytes))
        return false;
    *address = read;
    return true;
}

bool address_read_eip55(struct bytes text, struct address *address)
{
    struct address read;
    if (!address_read(text, &read))
        return false;
    struct address_text checksummed = address_eip55(&read);
    if (!bytes_equal(text, bytes_of_text(checksummed.text)))
        return false;
    *address = read;
    return true;
}

bool address_read_unmixed(struct bytes text, struct address *address)
{
    uint8_t prefixed[2 + DIGITS] = { '0', 'x' };
    bool has_upper = false, has_lower = false;
    if (text.len == DIGITS) {
        memcpy(prefixed + 2, text.data, DIGITS);
        text = BYTES_OF(prefixed);
    }
    for (size_t i = 2; i < text.len; i++) {
        has_upper = has_upper || (text.data[i] >= 'A' && text.data[i] <= 'F');
        has_lower = has_lower || (text.data[i] >= 'a' && text.data[i] <= 'f');
    }
    return has_upper && has_lower ? address_read_eip55(text, address) : address_read(text, address);
}
