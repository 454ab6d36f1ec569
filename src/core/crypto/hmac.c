#include "core/crypto/hmac.h"

#include "core/crypto/sha2.h"

#include <string.h>

enum { BLOCK = 64, INNER = 0x36, OUTER = 0x5c };

static struct hash32 hash_after_pad(const uint8_t key[static BLOCK], uint8_t with, struct bytes message)
{
    uint8_t pad[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = key[i] ^ with;
    struct sha256_state state = sha256_start();
    sha256_add(&state, BYTES_OF(pad));
    sha256_add(&state, message);
    const struct hash32 hash = sha256_end(&state);
    wipe(pad, sizeof pad);
    wipe(&state, sizeof state);
    return hash;
}

void hmac_sha256(struct bytes key, struct bytes message, struct secret32 *mac)
{
    uint8_t block[BLOCK] = { 0 };
    struct hash32 hashed = { { 0 } };
    if (key.len > BLOCK) {
        hashed = sha256(key);
        key = BYTES_OF(hashed.bytes);
    }
    if (key.len > 0)
        memcpy(block, key.data, key.len);
    struct hash32 inner = hash_after_pad(block, INNER, message);
    struct hash32 outer = hash_after_pad(block, OUTER, BYTES_OF(inner.bytes));
    memcpy(mac->bytes, outer.bytes, sizeof mac->bytes);
    wipe(block, sizeof block);
    wipe(&hashed, sizeof hashed);
    wipe(&inner, sizeof inner);
    wipe(&outer, sizeof outer);
}
