#include "core/crypto/keccak.h"

#include <endian.h>
#include <string.h>

enum { RATE = 136, ROUNDS = 24 }; /* FIPS 202: 1600 - 2 * 256 bits; 12 + 2 * log2(64) rounds */

/* FIPS 202 section 3.2.5; from the LFSR of algorithm 5. */
static const uint64_t iota[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline uint64_t rotl(uint64_t lane, unsigned by)
{
    return lane << (by & 63) | lane >> (-by & 63);
}

/* chi on one plane of five lanes, into the lanes from `to` on. */
static inline void chi(uint64_t *to, uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3, uint64_t b4)
{
    to[0] = b0 ^ (~b1 & b2);
    to[1] = b1 ^ (~b2 & b3);
    to[2] = b2 ^ (~b3 & b4);
    to[3] = b3 ^ (~b4 & b0);
    to[4] = b4 ^ (~b0 & b1);
}

/* Lane `i` of the state after theta, turned by rho's offset. */
static inline uint64_t lane(const uint64_t a[static 25], const uint64_t d[static 5], size_t i, unsigned offset)
{
    return rotl(a[i] ^ d[i % 5], offset);
}

/* One round. Lane (x, y) of the standard is number x + 5 * y. pi and rho are in the arguments of chi: each lane comes
 * from where pi takes it. Every index is a constant, so the lanes stay in registers. */
static inline void round_of(uint64_t to[static 25], const uint64_t a[static 25], uint64_t constant)
{
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    uint64_t c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    uint64_t c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    const uint64_t d[5] = { c4 ^ rotl(c1, 1), c0 ^ rotl(c2, 1), c1 ^ rotl(c3, 1), c2 ^ rotl(c4, 1), c3 ^ rotl(c0, 1) };

    /* clang-format off */
    chi(to,      lane(a, d, 0, 0),  lane(a, d, 6, 44), lane(a, d, 12, 43), lane(a, d, 18, 21), lane(a, d, 24, 14));
    chi(to + 5,  lane(a, d, 3, 28), lane(a, d, 9, 20), lane(a, d, 10, 3),  lane(a, d, 16, 45), lane(a, d, 22, 61));
    chi(to + 10, lane(a, d, 1, 1),  lane(a, d, 7, 6),  lane(a, d, 13, 25), lane(a, d, 19, 8),  lane(a, d, 20, 18));
    chi(to + 15, lane(a, d, 4, 27), lane(a, d, 5, 36), lane(a, d, 11, 10), lane(a, d, 17, 15), lane(a, d, 23, 56));
    chi(to + 20, lane(a, d, 2, 62), lane(a, d, 8, 55), lane(a, d, 14, 39), lane(a, d, 15, 41), lane(a, d, 21, 2));
    /* clang-format on */
    to[0] ^= constant;
}

static void permute(uint64_t lanes[static 25])
{
    uint64_t odd[25];
    for (size_t i = 0; i < ROUNDS; i += 2) {
        round_of(odd, lanes, iota[i]);
        round_of(lanes, odd, iota[i + 1]);
    }
}

static uint64_t load_le(const uint8_t *bytes)
{
    uint64_t lane;
    memcpy(&lane, bytes, sizeof lane);
    return le64toh(lane);
}

bool hash32_equal(const struct hash32 *a, const struct hash32 *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct keccak keccak_start(void)
{
    return (struct keccak){ { 0 }, 0 };
}

static void permute_when_full(struct keccak *state)
{
    if (state->fill < RATE)
        return;
    permute(state->lanes);
    state->fill = 0;
}

static void add_byte(struct keccak *state, uint8_t byte)
{
    state->lanes[state->fill / 8] ^= (uint64_t)byte << 8 * (state->fill % 8);
    state->fill++;
    permute_when_full(state);
}

void keccak_add(struct keccak *state, struct bytes bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        if (state->fill % 8 != 0 || bytes.len - at < 8) {
            add_byte(state, bytes.data[at++]);
            continue;
        }
        for (; state->fill < RATE && bytes.len - at >= 8; state->fill += 8, at += 8)
            state->lanes[state->fill / 8] ^= load_le(bytes.data + at);
        permute_when_full(state);
    }
}

struct hash32 keccak_end(struct keccak *state)
{
    struct hash32 hash;
    /* Keccak's pad10*1 without FIPS 202's domain bits: SHA3-256 would have 0x06 here. */
    state->lanes[state->fill / 8] ^= (uint64_t)0x01 << 8 * (state->fill % 8);
    state->lanes[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
    permute(state->lanes);
    for (size_t i = 0; i < sizeof hash.bytes / 8; i++) {
        const uint64_t lane = htole64(state->lanes[i]);
        memcpy(hash.bytes + 8 * i, &lane, sizeof lane);
    }
    return hash;
}

struct hash32 keccak256(struct bytes bytes)
{
    struct keccak state = keccak_start();
    keccak_add(&state, bytes);
    return keccak_end(&state);
}
