#include "core/codec/json_keys.h"

#include "core/codec/json_text.h"

/* The key of the paper's test vector: bytes 0 to 15, least significant first. */
static const uint64_t KEY_0 = 0x0706050403020100, KEY_1 = 0x0f0e0d0c0b0a0908;

struct sip {
    uint64_t v0, v1, v2, v3;
    uint64_t word; /* bytes not yet mixed in, first byte lowest */
    size_t len;
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_rounds(struct sip *sip, unsigned rounds)
{
    while (rounds-- > 0) {
        sip->v0 += sip->v1;
        sip->v2 += sip->v3;
        sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
        sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
        sip->v0 = rotate(sip->v0, 32);
        sip->v2 += sip->v1;
        sip->v0 += sip->v3;
        sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
        sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
        sip->v2 = rotate(sip->v2, 32);
    }
}

static void sip_word(struct sip *sip, uint64_t word)
{
    sip->v3 ^= word;
    sip_rounds(sip, 2);
    sip->v0 ^= word;
}

static void sip_feed(struct sip *sip, struct bytes bytes)
{
    unsigned filled = sip->len % 8 * 8; /* bits of the word */
    size_t i = 0;
    for (; filled == 0 && bytes.len - i >= 8; i += 8)
        sip_word(sip, json_eight(bytes.data + i));
    for (; i < bytes.len; i++) {
        sip->word |= (uint64_t)bytes.data[i] << filled;
        filled = (filled + 8) % 64;
        if (filled == 0) {
            sip_word(sip, sip->word);
            sip->word = 0;
        }
    }
    sip->len += bytes.len;
}

uint64_t json_key_hash(struct bytes key)
{
    struct sip sip = { .v0 = KEY_0 ^ 0x736f6d6570736575,
                       .v1 = KEY_1 ^ 0x646f72616e646f6d,
                       .v2 = KEY_0 ^ 0x6c7967656e657261,
                       .v3 = KEY_1 ^ 0x7465646279746573 };
    uint8_t utf8[UTF8_MAX];
    while (key.len > 0)
        sip_feed(&sip, json_next_piece(&key, utf8));
    const uint64_t last = sip.word | (uint64_t)sip.len << 56;
    if (sip.len < sizeof last) /* that short, it is the whole key */
        return last;
    sip_word(&sip, last);
    sip.v2 ^= 0xff;
    sip_rounds(&sip, 4);
    return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

bool json_keys_hold(const struct json_keys *keys, size_t first, struct bytes key, uint64_t hash)
{
    for (size_t i = first; i < keys->count; i++)
        if (keys->hashes[i] == hash && json_same_string(keys->keys[i], key))
            return true;
    return false;
}
