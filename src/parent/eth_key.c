#include "parent/eth_key.h"

#include "core/base/text.h"

#include <sys/random.h>

bool eth_key_read(const struct secret_text *text, struct secret32 *key, struct address *address, struct fault *why)
{
    struct bytes digits = text_trim(secret_text_view(text));
    if (digits.len == 0)
        return fault_set(why, FAULT_INPUT, "the key file is empty; 0x and 64 hex digits are wanted");
    if (text_starts_with(digits, BYTES_LIT("0x")))
        digits = (struct bytes){ digits.data + 2, digits.len - 2 };
    if (digits.len != 2 * sizeof key->bytes || !text_read_hex(digits, key->bytes))
        return fault_set(why, FAULT_INPUT,
                         "what was read is no private key: found %zu characters, not all of them hex "
                         "digits or not 64; 0x and 64 hex digits are wanted",
                         digits.len);
    if (!ecdsa_address(key, address)) {
        secret32_wipe(key);
        return fault_set(why, FAULT_INPUT,
                         "what was read is no private key: it is zero, or not below the order of "
                         "secp256k1");
    }
    return true;
}

void eth_key_make(struct secret32 *key, struct address *address)
{
    do
        must(getrandom(key->bytes, sizeof key->bytes, 0) == (ssize_t)sizeof key->bytes);
    while (!ecdsa_address(key, address));
}

void eth_key_put(struct writer *out, const struct secret32 *key)
{
    writer_text(out, "0x");
    text_put_hex(out, BYTES_OF(key->bytes));
}
