#include "core/eth/tx.h"

#include "core/codec/rlp.h"
#include "core/eth/tx_list.h"
#include "core/eth/tx_row.h"

#include <string.h>

enum {
    TYPE_BYTE_MAX = 0x7f,  /* EIP-2718: above it stands an RLP list, so a legacy transaction */
    GAS_PER_BLOB = 131072, /* EIP-4844 */
    HASH_ROOM_MIN = 64,    /* the longest piece that is written at once is 33 bytes */
};

const struct tx_row *const tx_rows[] = { &tx_legacy, &tx_eip2930, &tx_eip1559, &tx_eip4844, &tx_eip7702, NULL };

const struct tx_row *tx_row_of(enum tx_type type)
{
    size_t i = 0;
    while (tx_rows[i] != NULL && tx_rows[i]->type != type)
        i++;
    must(tx_rows[i] != NULL);
    return tx_rows[i];
}

bool tx_row_has(const struct tx_row *row, enum tx_field field)
{
    for (size_t i = 0; i < row->field_count; i++)
        if (row->fields[i] == field)
            return true;
    return false;
}

const char *tx_type_name(enum tx_type type)
{
    return tx_row_of(type)->name;
}

/* The list without its header: what is hashed when `signature` is NULL, else what is sent. */
static void put_payload(struct writer *out, const struct tx_row *row, const struct tx *tx,
                        const struct signature *signature)
{
    for (size_t i = 0; i < row->field_count; i++)
        tx_field_put(out, row->fields[i], tx);
    if (row->type == TX_LEGACY)
        tx_legacy_put_tail(out, tx, signature);
    else if (signature != NULL)
        rlp_write_uint(out, signature->y_parity);
    if (signature != NULL) {
        struct u256 r, s;
        memcpy(r.bytes, signature->r, sizeof r.bytes);
        memcpy(s.bytes, signature->s, sizeof s.bytes);
        rlp_write_u256(out, &r);
        rlp_write_u256(out, &s);
    }
}

static void count(void *context, struct bytes chunk)
{
    size_t *len = context;
    *len += chunk.len;
}

static size_t unsigned_len(const struct tx_row *row, const struct tx *tx)
{
    uint8_t room[HASH_ROOM_MIN];
    size_t len = 0;
    struct writer measure = { .data = room, .cap = sizeof room, .drain = count, .context = &len };
    struct bytes rest;
    put_payload(&measure, row, tx, NULL);
    must(writer_done(&measure, &rest));
    return len;
}

static void hash_chunk(void *context, struct bytes chunk)
{
    keccak_add(context, chunk);
}

bool tx_signing_hash(const struct tx *tx, struct arena *arena, struct hash32 *hash, struct fault *why)
{
    const struct tx_row *row = tx_row_of(tx->type);
    struct keccak state = keccak_start();
    struct writer out = arena_writer(arena);
    struct bytes rest;
    if (out.cap < HASH_ROOM_MIN)
        return fault_set(why, FAULT_LIMIT, "no room left to hash a transaction");
    out.drain = hash_chunk;
    out.context = &state;
    if (tx->type != TX_LEGACY)
        writer_u8(&out, (uint8_t)tx->type);
    rlp_write_list_header(&out, unsigned_len(row, tx));
    put_payload(&out, row, tx, NULL);
    must(writer_done(&out, &rest));
    *hash = keccak_end(&state);
    return true;
}

void tx_put_signed(struct writer *out, const struct tx *tx, const struct signature *signature)
{
    must(out->drain == NULL);
    if (tx->type != TX_LEGACY)
        writer_u8(out, (uint8_t)tx->type);
    const size_t began = rlp_begin_list(out);
    put_payload(out, tx_row_of(tx->type), tx, signature);
    rlp_end_list(out, began);
}

static void read_y_parity(struct reader *in, struct signature *signature)
{
    uint64_t parity = rlp_read_u64(in);
    if (parity > 1)
        reader_fail(in);
    signature->y_parity = (uint8_t)(parity & 1);
}

/* r and s: minimal, not zero; s in the lower half, as EIP-2 asks. */
static void read_r_s(struct reader *in, struct signature *signature)
{
    uint8_t bytes[65];
    struct u256 r = rlp_read_u256(in), s = rlp_read_u256(in);
    memcpy(bytes, r.bytes, 32);
    memcpy(bytes + 32, s.bytes, 32);
    bytes[64] = signature->y_parity;
    if (!signature_read(BYTES_OF(bytes), signature))
        reader_fail(in);
}

static const struct tx_row *read_row(struct reader *in)
{
    size_t i = 0;
    if (in->rest.len == 0)
        return NULL;
    if (in->rest.data[0] > TYPE_BYTE_MAX)
        return &tx_legacy;
    uint8_t type = reader_u8(in);
    while (tx_rows[i] != NULL && (tx_rows[i]->type == TX_LEGACY || (uint8_t)tx_rows[i]->type != type))
        i++;
    return tx_rows[i];
}

bool tx_read_signed(struct bytes raw, struct tx *tx, struct signature *signature, struct fault *why)
{
    struct reader in = reader_of(raw);
    struct tx read = { 0 };
    struct signature read_signature = { 0 };
    const struct tx_row *row = read_row(&in);
    if (row == NULL)
        return fault_set(why, FAULT_INPUT,
                         "no signed transaction (got %zu bytes, first 0x%02x; types 0 to 4 are known)", raw.len,
                         raw.len > 0 ? (unsigned)raw.data[0] : 0);
    read.type = row->type;
    struct reader list = rlp_read_list(&in);
    for (size_t i = 0; i < row->field_count; i++)
        tx_field_read(&list, row->fields[i], &read);
    if (row->type != TX_LEGACY)
        read_y_parity(&list, &read_signature);
    else if (!tx_legacy_read_v(&list, &read, &read_signature))
        reader_fail(&list);
    read_r_s(&list, &read_signature);
    if (!reader_done(&list) || !reader_done(&in))
        return fault_set(why, FAULT_INPUT, "not a canonical signed %s transaction", row->name);
    if (row->check != NULL && !row->check(&read, why))
        return false;
    *tx = read;
    *signature = read_signature;
    return true;
}

struct u256 tx_max_fee(const struct tx *tx)
{
    struct u256 gas = u256_of(tx->gas), blob_gas = u256_of(tx->blob_hashes.len / TX_BLOB_HASH_ENCODED * GAS_PER_BLOB);
    struct u256 fee, blob_fee, sum;
    bool exact = u256_mul(&gas, &tx->max_fee_per_gas, &fee) &&
                 u256_mul(&blob_gas, &tx->max_fee_per_blob_gas, &blob_fee) && u256_add(&fee, &blob_fee, &sum);
    return exact ? sum : U256_MAX;
}
