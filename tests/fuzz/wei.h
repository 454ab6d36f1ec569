/* wei: unsigned integers of 320 bits, for reckoning again what the core reckons with u256: room for a sum of many
 * amounts, and for an amount times milliseconds. Limbs, least first; overflow aborts.
 */
#ifndef TESTS_FUZZ_WEI_H
#define TESTS_FUZZ_WEI_H

#include "fuzz.h"

enum { WEI_LIMBS = 5 };

struct wei {
    uint64_t limb[WEI_LIMBS];
};

static inline struct wei wei_of(uint64_t value)
{
    return (struct wei){ { value } };
}

static inline struct wei wei_of_bytes(const uint8_t *big_endian, size_t len)
{
    struct wei value = { { 0 } };
    must(len <= sizeof value.limb);
    for (size_t i = 0; i < len; i++)
        value.limb[i / 8] |= (uint64_t)big_endian[len - 1 - i] << (i % 8 * 8);
    return value;
}

static inline int wei_compare(struct wei a, struct wei b)
{
    for (size_t i = WEI_LIMBS; i-- > 0;)
        if (a.limb[i] != b.limb[i])
            return a.limb[i] < b.limb[i] ? -1 : 1;
    return 0;
}

static inline struct wei wei_add(struct wei a, struct wei b)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < WEI_LIMBS; i++) {
        const uint64_t sum = a.limb[i] + b.limb[i], whole = sum + carry;
        carry = (uint64_t)(sum < a.limb[i]) + (uint64_t)(whole < sum);
        a.limb[i] = whole;
    }
    must(carry == 0);
    return a;
}

static inline struct wei wei_times(struct wei a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide carry = 0;
    for (size_t i = 0; i < WEI_LIMBS; i++) {
        carry += (wide)a.limb[i] * b;
        a.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    must(carry == 0);
    return a;
}

static inline bool wei_is_zero(struct wei a)
{
    return wei_compare(a, wei_of(0)) == 0;
}

/* 256 bits, big endian. */
static inline void wei_put(struct wei value, uint8_t out[static 32])
{
    must(value.limb[4] == 0);
    for (size_t i = 0; i < 32; i++)
        out[31 - i] = (uint8_t)(value.limb[i / 8] >> (i % 8 * 8));
}

#endif
