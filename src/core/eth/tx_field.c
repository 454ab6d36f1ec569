#include "core/eth/tx_field.h"

#include "core/base/text.h"
#include "core/codec/rlp.h"
#include "core/eth/address.h"
#include "core/eth/tx_list.h"
#include "core/eth/tx_number.h"

#include <string.h>

enum kind { CHAIN_ID, UINT64, UINT256, TO, DATA, ACCESS_LIST, BLOB_HASHES, AUTHORIZATIONS };

#define AT(of_tx) offsetof(struct tx, of_tx)

static const struct {
    struct bytes name;
    enum kind kind;
    bool optional;
    size_t member; /* of struct tx */
} fields[TX_FIELDS] = {
    /* clang-format off */
    [TX_CHAIN_ID]         = { BYTES_INIT("chainId"),              CHAIN_ID,       true,  AT(chain_id) },
    [TX_NONCE]            = { BYTES_INIT("nonce"),                UINT64,         false, AT(nonce) },
    [TX_GAS_PRICE]        = { BYTES_INIT("gasPrice"),             UINT256,        false, AT(max_fee_per_gas) },
    [TX_MAX_PRIORITY_FEE] = { BYTES_INIT("maxPriorityFeePerGas"), UINT256,        false, AT(max_priority_fee_per_gas) },
    [TX_MAX_FEE]          = { BYTES_INIT("maxFeePerGas"),         UINT256,        false, AT(max_fee_per_gas) },
    [TX_GAS]              = { BYTES_INIT("gas"),                  UINT64,         false, AT(gas) },
    [TX_TO]               = { BYTES_INIT("to"),                   TO,             true,  AT(to) },
    [TX_VALUE]            = { BYTES_INIT("value"),                UINT256,        true,  AT(value) },
    [TX_DATA]             = { BYTES_INIT("data"),                 DATA,           true,  AT(data) },
    [TX_ACCESS_LIST]      = { BYTES_INIT("accessList"),           ACCESS_LIST,    true,  AT(access_list) },
    [TX_MAX_BLOB_FEE]     = { BYTES_INIT("maxFeePerBlobGas"),     UINT256,        false, AT(max_fee_per_blob_gas) },
    [TX_BLOB_HASHES]      = { BYTES_INIT("blobVersionedHashes"),  BLOB_HASHES,    false, AT(blob_hashes) },
    [TX_AUTHORIZATIONS]   = { BYTES_INIT("authorizationList"),    AUTHORIZATIONS, false, AT(authorizations) },
    /* clang-format on */
};

enum tx_field tx_field_named(struct json key)
{
    enum tx_field field = 0;
    struct bytes plain;
    const bool is_plain = json_plain_string(key, &plain);
    while (field < TX_FIELDS &&
           !(is_plain ? bytes_equal(plain, fields[field].name) : json_string_is(key, fields[field].name)))
        field++;
    return field;
}

const char *tx_field_name(enum tx_field field)
{
    return (const char *)fields[field].name.data;
}

bool tx_field_is_optional(enum tx_field field)
{
    return fields[field].optional;
}

unsigned tx_field_bits(enum tx_field field)
{
    enum kind kind = fields[field].kind;
    return kind == UINT64 ? 64 : kind == UINT256 || kind == CHAIN_ID ? 256 : 0;
}

static enum tx_reading to_from_json(struct json value, struct tx *tx)
{
    struct bytes text;
    if (json_kind(value) == JSON_NULL)
        return TX_READ_OK;
    if (!json_plain_string(value, &text))
        return TX_READ_INVALID;
    tx->has_to = text.len > 0;
    return !tx->has_to || address_read_eip55(text, &tx->to) ? TX_READ_OK : TX_READ_INVALID;
}

/* An integer stands for its bytes without leading zeros, of which zero has one. */
static enum tx_reading data_from_integer(struct json value, struct arena *arena, struct bytes *data)
{
    struct u256 number;
    enum tx_reading reading = tx_number_u256(value, &number);
    if (reading != TX_READ_OK)
        return reading == TX_READ_NEGATIVE ? TX_READ_MALFORMED : reading;
    struct bytes digits = u256_is_zero(&number) ? BYTES_LIT("\0") : u256_minimal(&number);
    uint8_t *room = arena_take(arena, digits.len);
    if (room == NULL)
        return TX_READ_NO_ROOM;
    memcpy(room, digits.data, digits.len);
    *data = (struct bytes){ room, digits.len };
    return TX_READ_OK;
}

static enum tx_reading data_from_json(struct json value, struct arena *arena, struct bytes *data)
{
    struct bytes text;
    if (json_kind(value) == JSON_NUMBER)
        return data_from_integer(value, arena, data);
    if (json_kind(value) != JSON_STRING)
        return TX_READ_INVALID;
    if (!json_plain_string(value, &text))
        return TX_READ_MALFORMED;
    if (text_starts_with(text, BYTES_LIT("0x")))
        text = (struct bytes){ text.data + 2, text.len - 2 };
    size_t odd = text.len % 2;
    size_t len = text.len / 2 + odd;
    uint8_t *room = arena_take(arena, len);
    if (room == NULL)
        return TX_READ_NO_ROOM;
    uint8_t first[2] = { '0', odd ? text.data[0] : '0' };
    if (odd && !text_read_hex(BYTES_OF(first), room)) /* eth-utils puts the missing zero in front */
        return TX_READ_MALFORMED;
    if (text.len > odd && !text_read_hex((struct bytes){ text.data + odd, text.len - odd }, room + odd))
        return TX_READ_MALFORMED;
    *data = (struct bytes){ room, len };
    return TX_READ_OK;
}

enum tx_reading tx_field_from_json(enum tx_field field, struct json value, struct arena *arena, struct tx *tx)
{
    void *member = (char *)tx + fields[field].member;
    switch (fields[field].kind) {
    case CHAIN_ID:
        tx->has_chain_id = json_kind(value) != JSON_NULL;
        return tx->has_chain_id ? tx_number_u256(value, member) : TX_READ_OK;
    case UINT64:
        return tx_number_u64(value, member);
    case UINT256:
        return tx_number_u256(value, member);
    case TO:
        return to_from_json(value, tx);
    case DATA:
        return data_from_json(value, arena, member);
    case ACCESS_LIST:
        return tx_access_list_from_json(value, arena, member);
    case BLOB_HASHES:
        return tx_blob_hashes_from_json(value, arena, member);
    case AUTHORIZATIONS:
        return tx_authorizations_from_json(value, arena, member);
    }
    must_fail();
}

static void put_list(struct writer *out, struct bytes payload)
{
    rlp_write_list_header(out, payload.len);
    writer_put(out, payload);
}

void tx_field_put(struct writer *out, enum tx_field field, const struct tx *tx)
{
    const void *member = (const char *)tx + fields[field].member;
    switch (fields[field].kind) {
    case UINT64:
        rlp_write_uint(out, *(const uint64_t *)member);
        break;
    case CHAIN_ID:
    case UINT256:
        rlp_write_u256(out, member);
        break;
    case TO:
        rlp_write_string(out, tx->has_to ? BYTES_OF(tx->to.bytes) : (struct bytes){ 0 });
        break;
    case DATA:
        rlp_write_string(out, tx->data);
        break;
    case ACCESS_LIST:
    case BLOB_HASHES:
    case AUTHORIZATIONS:
        put_list(out, *(const struct bytes *)member);
        break;
    }
}

void tx_field_read(struct reader *in, enum tx_field field, struct tx *tx)
{
    void *member = (char *)tx + fields[field].member;
    switch (fields[field].kind) {
    case CHAIN_ID:
        tx->has_chain_id = true;
        tx->chain_id = rlp_read_u256(in);
        break;
    case UINT64:
        *(uint64_t *)member = rlp_read_u64(in);
        break;
    case UINT256:
        *(struct u256 *)member = rlp_read_u256(in);
        break;
    case TO: {
        struct bytes to = rlp_read_string(in);
        tx->has_to = to.len == sizeof tx->to.bytes;
        if (tx->has_to)
            memcpy(tx->to.bytes, to.data, to.len);
        else if (to.len != 0)
            reader_fail(in);
        break;
    }
    case DATA:
        tx->data = rlp_read_string(in);
        break;
    case ACCESS_LIST:
        tx->access_list = tx_access_list_read(in);
        break;
    case BLOB_HASHES:
        tx->blob_hashes = tx_blob_hashes_read(in);
        break;
    case AUTHORIZATIONS:
        tx->authorizations = tx_authorizations_read(in);
        break;
    }
}
