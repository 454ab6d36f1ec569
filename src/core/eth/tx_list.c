#include "core/eth/tx_list.h"

#include "core/base/text.h"
#include "core/codec/rlp.h"
#include "core/eth/address.h"

static void put_address(struct writer *out, const struct address *address)
{
    rlp_write_string(out, BYTES_OF(address->bytes));
}

static bool read_address(struct json value, struct address *address)
{
    struct bytes text;
    return json_plain_string(value, &text) && address_read_unmixed(text, address);
}

static enum tx_reading put_storage_keys(struct writer *out, struct json keys)
{
    struct json_cursor cursor = json_items(keys);
    struct json none, key;
    if (json_kind(keys) != JSON_ARRAY)
        return TX_READ_INVALID;
    size_t list = rlp_begin_list(out);
    while (json_next(&cursor, &none, &key) && !out->failed) {
        struct u256 number;
        enum tx_reading reading = tx_number_u256(key, &number);
        if (reading != TX_READ_OK)
            return reading;
        rlp_write_string(out, BYTES_OF(number.bytes)); /* 32 bytes, leading zeros and all */
    }
    rlp_end_list(out, list);
    return TX_READ_OK;
}

static enum tx_reading put_access(struct writer *out, struct json access)
{
    struct address address;
    if (json_kind(access) != JSON_OBJECT || json_count(access) != 2 ||
        !read_address(json_member(access, BYTES_LIT("address")), &address))
        return TX_READ_INVALID;
    size_t list = rlp_begin_list(out);
    put_address(out, &address);
    enum tx_reading reading = put_storage_keys(out, json_member(access, BYTES_LIT("storageKeys")));
    rlp_end_list(out, list);
    return reading;
}

/* Exactly 64 hex digits, with or without 0x, that begin with EIP-4844's version. */
static enum tx_reading put_blob_hash(struct writer *out, struct json value)
{
    struct hash32 hash;
    struct bytes text;
    if (!json_plain_string(value, &text))
        return TX_READ_INVALID;
    if (text_starts_with(text, BYTES_LIT("0x")))
        text = (struct bytes){ text.data + 2, text.len - 2 };
    if (text.len != 2 * sizeof hash.bytes || !text_read_hex(text, hash.bytes) || hash.bytes[0] != 1)
        return TX_READ_INVALID;
    rlp_write_string(out, BYTES_OF(hash.bytes));
    return TX_READ_OK;
}

static enum tx_reading put_authorization(struct writer *out, struct json authorization)
{
    static const struct bytes names[] = { BYTES_INIT("chainId"), BYTES_INIT("nonce"), BYTES_INIT("yParity"),
                                          BYTES_INIT("r"), BYTES_INIT("s") };
    enum { CHAIN_ID, NONCE, Y_PARITY, R, S, NUMBERS };
    struct u256 numbers[NUMBERS];
    struct address address;
    uint64_t small;
    if (json_kind(authorization) != JSON_OBJECT || json_count(authorization) != NUMBERS + 1 ||
        !read_address(json_member(authorization, BYTES_LIT("address")), &address))
        return TX_READ_INVALID;
    for (size_t i = 0; i < NUMBERS; i++) {
        enum tx_reading reading = tx_number_u256(json_member(authorization, names[i]), &numbers[i]);
        if (reading != TX_READ_OK)
            return reading;
    }
    if (!u256_fits_u64(&numbers[NONCE], &small))
        return TX_READ_TOO_LARGE;
    struct bytes parity;
    bool is_text = json_plain_string(json_member(authorization, names[Y_PARITY]), &parity);
    if (!u256_fits_u64(&numbers[Y_PARITY], &small) || small > 1 || (is_text && parity.len != 3))
        return TX_READ_INVALID; /* eth-account: one of 0, 1, "0x0", "0x1" */

    size_t list = rlp_begin_list(out);
    rlp_write_u256(out, &numbers[CHAIN_ID]);
    put_address(out, &address);
    rlp_write_u256(out, &numbers[NONCE]);
    rlp_write_u256(out, &numbers[Y_PARITY]);
    rlp_write_u256(out, &numbers[R]);
    rlp_write_u256(out, &numbers[S]);
    rlp_end_list(out, list);
    return TX_READ_OK;
}

static enum tx_reading list_from_json(struct json list, enum tx_reading (*put)(struct writer *, struct json),
                                      struct arena *arena, struct bytes *payload)
{
    struct writer out = arena_writer(arena);
    struct json_cursor cursor = json_items(list);
    struct json none, item;
    if (json_kind(list) != JSON_ARRAY)
        return TX_READ_INVALID;
    while (json_next(&cursor, &none, &item) && !out.failed) {
        enum tx_reading reading = put(&out, item);
        if (reading != TX_READ_OK)
            return reading;
    }
    return arena_keep(arena, &out, payload) ? TX_READ_OK : TX_READ_NO_ROOM;
}

enum tx_reading tx_access_list_from_json(struct json list, struct arena *arena, struct bytes *payload)
{
    return list_from_json(list, put_access, arena, payload);
}

enum tx_reading tx_blob_hashes_from_json(struct json list, struct arena *arena, struct bytes *payload)
{
    return json_count(list) == 0 ? TX_READ_INVALID : list_from_json(list, put_blob_hash, arena, payload);
}

enum tx_reading tx_authorizations_from_json(struct json list, struct arena *arena, struct bytes *payload)
{
    return json_count(list) == 0 ? TX_READ_INVALID : list_from_json(list, put_authorization, arena, payload);
}

static void read_exactly(struct reader *in, size_t len)
{
    if (rlp_read_string(in).len != len)
        reader_fail(in);
}

/* Ends an inner list: whatever was wrong in it fails the outer reader. */
static void end_inner(struct reader *in, const struct reader *inner)
{
    if (!reader_done(inner))
        reader_fail(in);
}

static void read_access(struct reader *in)
{
    struct reader access = rlp_read_list(in);
    read_exactly(&access, 20);
    struct reader keys = rlp_read_list(&access);
    while (keys.rest.len > 0 && !keys.failed)
        read_exactly(&keys, 32);
    end_inner(&access, &keys);
    end_inner(in, &access);
}

static void read_blob_hash(struct reader *in)
{
    struct bytes hash = rlp_read_string(in);
    if (hash.len != 32 || hash.data[0] != 1)
        reader_fail(in);
}

static void read_authorization(struct reader *in)
{
    struct reader authorization = rlp_read_list(in);
    (void)rlp_read_u256(&authorization);
    read_exactly(&authorization, 20);
    (void)rlp_read_u64(&authorization);
    if (rlp_read_u64(&authorization) > 1)
        reader_fail(&authorization);
    (void)rlp_read_u256(&authorization);
    (void)rlp_read_u256(&authorization);
    end_inner(in, &authorization);
}

static struct bytes read_list(struct reader *in, void (*read_item)(struct reader *))
{
    struct reader items = rlp_read_list(in);
    struct bytes payload = items.rest;
    while (items.rest.len > 0 && !items.failed)
        read_item(&items);
    end_inner(in, &items);
    return in->failed ? (struct bytes){ 0 } : payload;
}

struct bytes tx_access_list_read(struct reader *in)
{
    return read_list(in, read_access);
}

struct bytes tx_blob_hashes_read(struct reader *in)
{
    return read_list(in, read_blob_hash);
}

struct bytes tx_authorizations_read(struct reader *in)
{
    return read_list(in, read_authorization);
}
