/* Transactions without a type byte, with EIP-155's chain id and without. */
#include "core/eth/tx_row.h"

#include "core/codec/rlp.h"

#include <string.h>

const struct tx_row tx_legacy = {
    .type = TX_LEGACY,
    .name = "legacy",
    .field_count = 6,
    .fields = { TX_NONCE, TX_GAS_PRICE, TX_GAS, TX_TO, TX_VALUE, TX_DATA },
};

enum {
    V_BYTES = 33, /* 35 + 2 * chainId + 1 needs 258 bits */
    V_PLAIN = 27,
    V_EIP155 = 35,
};

/* EIP-155: v = 35 + 2 * chainId + y parity, for chain ids of all 256 bits. */
static void put_v(struct writer *out, const struct tx *tx, uint8_t y_parity)
{
    uint8_t v[V_BYTES];
    unsigned carry = V_EIP155 + y_parity;
    size_t zeros = 0;
    if (!tx->has_chain_id) {
        rlp_write_uint(out, V_PLAIN + y_parity);
        return;
    }
    for (size_t i = V_BYTES; i-- > 1; carry >>= 8) {
        carry += 2u * tx->chain_id.bytes[i - 1];
        v[i] = (uint8_t)carry;
    }
    v[0] = (uint8_t)carry;
    while (v[zeros] == 0)
        zeros++;
    rlp_write_string(out, (struct bytes){ v + zeros, V_BYTES - zeros });
}

void tx_legacy_put_tail(struct writer *out, const struct tx *tx, const struct signature *signature)
{
    if (signature != NULL) {
        put_v(out, tx, signature->y_parity);
    } else if (tx->has_chain_id) {
        rlp_write_u256(out, &tx->chain_id);
        rlp_write_uint(out, 0);
        rlp_write_uint(out, 0);
    }
}

bool tx_legacy_read_v(struct reader *in, struct tx *tx, struct signature *signature)
{
    struct bytes digits = rlp_read_string(in);
    uint8_t v[V_BYTES] = { 0 };
    if (digits.len == 0 || digits.len > V_BYTES || digits.data[0] == 0)
        return false;
    memcpy(v + V_BYTES - digits.len, digits.data, digits.len);

    tx->has_chain_id = digits.len > 1 || digits.data[0] >= V_EIP155;
    if (!tx->has_chain_id) {
        signature->y_parity = (uint8_t)(digits.data[0] - V_PLAIN);
        return digits.data[0] == V_PLAIN || digits.data[0] == V_PLAIN + 1;
    }
    unsigned borrow = V_EIP155;
    for (size_t i = V_BYTES; i-- > 0;) {
        unsigned rest = 0x100u + v[i] - borrow;
        v[i] = (uint8_t)rest;
        borrow = rest < 0x100u;
    }
    signature->y_parity = v[V_BYTES - 1] & 1;
    for (size_t i = 0; i < sizeof tx->chain_id.bytes; i++)
        tx->chain_id.bytes[i] = (uint8_t)(v[i] << 7 | v[i + 1] >> 1);
    return v[0] <= 1; /* a chain id of at most 256 bits */
}
