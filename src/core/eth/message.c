#include "core/eth/message.h"

#include "core/base/text.h"

struct hash32 message_hash(struct bytes message)
{
    uint8_t digits[20];
    struct writer len = writer_of(digits, sizeof digits);
    text_put_uint(&len, message.len);

    struct keccak state = keccak_start();
    keccak_add(&state, BYTES_LIT("\x19"
                                 "Ethereum Signed Message:\n"));
    keccak_add(&state, (struct bytes){ digits, len.len });
    keccak_add(&state, message);
    return keccak_end(&state);
}
