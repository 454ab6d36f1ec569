#include "core/crypto/hmac.h"

#include "core/crypto/sha2.h"

#include <string.h>

enum { BLOCK = 64 }; /* of SHA-256 */

/* H(K xor pad, text): RFC 2104 section 2, inside and out. */
static struct hash32 padded_hash(const uint8_t key[static BLOCK], uint8_t pad, struct bytes text)
{
    uint8_t padded[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        padded[i] = key[i] ^ pad;
    struct sha256_state state = sha256_start();
    sha256_add(&state, BYTES_OF(padded));
    sha256_add(&state, text);
    struct hash32 hash = sha256_end(&state);
    wipe(&state, sizeof state);
    wipe(padded, sizeof padded);
    return hash;
}

void hmac_sha256(struct bytes key, struct bytes message, struct secret32 *mac)
{
    uint8_t block[BLOCK] = { 0 };
    struct hash32 short_key, inner, outer;
    if (key.len > BLOCK) {
        short_key = sha256(key);
        memcpy(block, short_key.bytes, sizeof short_key.bytes);
        wipe(&short_key, sizeof short_key);
    } else if (key.len > 0) {
        memcpy(block, key.data, key.len);
    }
    inner = padded_hash(block, 0x36, message);
    outer = padded_hash(block, 0x5c, BYTES_OF(inner.bytes));
    memcpy(mac->bytes, outer.bytes, sizeof mac->bytes);
    wipe(&outer, sizeof outer);
    wipe(&inner, sizeof inner);
    wipe(block, sizeof block);
}
