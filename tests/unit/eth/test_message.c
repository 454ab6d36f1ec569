/* EIP-191 personal messages: digests that eth-account makes, of lengths with one to five digits. */
#include "vectors.h"

#include "core/eth/message.h"

static uint8_t message[65536];

static void digests_equal_those_of_eth_account(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "ethereum/messages.txt"); vector_next(&vectors, 2);) {
        uint64_t len = 0;
        struct hash32 want;
        CHECK(text_read_uint(vectors.column[0], &len) && len <= sizeof message);
        CHECK(vector_hex(vectors.column[1], want.bytes, sizeof want.bytes).len == sizeof want.bytes);
        for (size_t i = 0; i < len; i++)
            message[i] = (uint8_t)(7 * i + len);
        struct hash32 got = message_hash((struct bytes){ message, len });
        CHECK_ROW(vectors.place, hash32_equal(&got, &want));
    }
}

int main(void)
{
    digests_equal_those_of_eth_account();
    return failures != 0;
}
