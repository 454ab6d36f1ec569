#include "parent/gateway_tx.h"

#include "core/base/text.h"

#include <string.h>

/* By enum gateway_quantity: the name on the wire, and the other one that clients use. */
static const struct {
    const char *name, *other;
} quantities[QUANTITIES] = {
    [QUANTITY_CHAIN_ID] = { "chainId", NULL },
    [QUANTITY_NONCE] = { "nonce", NULL },
    [QUANTITY_GAS] = { "gas", "gasLimit" },
    [QUANTITY_GAS_PRICE] = { "gasPrice", NULL },
    [QUANTITY_MAX_FEE] = { "maxFeePerGas", NULL },
    [QUANTITY_PRIORITY_FEE] = { "maxPriorityFeePerGas", NULL },
    [QUANTITY_BLOB_FEE] = { "maxFeePerBlobGas", NULL },
    [QUANTITY_VALUE] = { "value", NULL },
};

static const char *const others[] = {
    "from", "to", "data", "input", "accessList", "blobVersionedHashes", "authorizationList", "type"
};

bool gateway_read_quantity(struct json value, struct u256 *quantity)
{
    struct bytes text;
    if (json_kind(value) == JSON_NUMBER)
        return json_integer(value, quantity) == JSON_INTEGER_OK;
    return json_plain_string(value, &text) && text_starts_with(text, BYTES_LIT("0x")) &&
           u256_read_hex((struct bytes){ text.data + 2, text.len - 2 }, quantity);
}

bool gateway_read_address(struct json value, struct address *address)
{
    struct bytes text;
    return json_plain_string(value, &text) && text_starts_with(text, BYTES_LIT("0x")) &&
           address_read_unmixed(text, address);
}

void gateway_put_quantity(struct json_writer *json, const struct u256 *value)
{
    char text[2 + 64 + 1];
    struct writer out = writer_of((uint8_t *)text, sizeof text);
    text_put_hex(&out, BYTES_OF(value->bytes));
    size_t zeros = 0;
    while (zeros < 63 && text[zeros] == '0')
        zeros++;
    const size_t digits = 64 - zeros;
    memmove(text + 2, text + zeros, digits);
    memcpy(text, "0x", 2);
    json_put_string(json, (struct bytes){ (const uint8_t *)text, 2 + digits });
}

/* A member that is there: null counts as absent. */
static struct json given(struct json object, const char *name)
{
    const struct json value = json_member(object, bytes_of_text(name));
    return json_kind(value) == JSON_NULL ? (struct json){ { NULL, 0 } } : value;
}

static bool is_given(struct json value)
{
    return json_kind(value) != JSON_NONE;
}

static bool name_is_known(struct json key)
{
    for (size_t i = 0; i < QUANTITIES; i++)
        if (json_string_is(key, bytes_of_text(quantities[i].name)) ||
            (quantities[i].other != NULL && json_string_is(key, bytes_of_text(quantities[i].other))))
            return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (json_string_is(key, bytes_of_text(others[i])))
            return true;
    return false;
}

static bool check_names(struct json object, struct fault *why)
{
    struct json_cursor cursor = json_items(object);
    struct json key, value;
    while (json_next(&cursor, &key, &value))
        if (!name_is_known(key)) {
            struct bytes name = key.text;
            return fault_set(why, FAULT_INPUT, "transaction: field %.*s is not known, and would not be signed",
                             (int)(name.len > 64 ? 64 : name.len), (const char *)name.data);
        }
    return true;
}

static bool read_quantities(struct json object, struct gateway_tx *tx, struct fault *why)
{
    for (size_t i = 0; i < QUANTITIES; i++) {
        const char *const names[] = { quantities[i].name, quantities[i].other };
        for (size_t n = 0; n < 2 && names[n] != NULL; n++) {
            struct u256 number;
            const struct json value = given(object, names[n]);
            if (!is_given(value))
                continue;
            if (!gateway_read_quantity(value, &number))
                return fault_set(why, FAULT_INPUT,
                                 "transaction: %s is no quantity (0x and hex digits, at most 256 bits)", names[n]);
            if (tx->has[i] && u256_compare(&tx->quantity[i], &number) != 0)
                return fault_set(why, FAULT_INPUT, "transaction: %s and %s are not the same", names[0], names[n]);
            tx->has[i] = true;
            tx->quantity[i] = number;
        }
    }
    return true;
}

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (memchr("0123456789abcdefABCDEF", text.data[i], 22) == NULL)
            return false;
    return true;
}

static bool read_data(struct json object, struct gateway_tx *tx, struct fault *why)
{
    static const char *const names[] = { "data", "input" };
    for (size_t n = 0; n < 2; n++) {
        struct bytes text;
        const struct json value = given(object, names[n]);
        if (!is_given(value))
            continue;
        if (!json_plain_string(value, &text) || !text_starts_with(text, BYTES_LIT("0x")) || text.len % 2 != 0 ||
            !is_hex((struct bytes){ text.data + 2, text.len - 2 }))
            return fault_set(why, FAULT_INPUT, "transaction: %s is not 0x and an even number of hex digits", names[n]);
        if (tx->data.len > 0 && !text_equal_nocase(tx->data, text))
            return fault_set(why, FAULT_INPUT, "transaction: data and input are not the same");
        tx->data = text;
    }
    if (tx->data.len == 0)
        tx->data = BYTES_LIT("0x");
    return true;
}

static bool read_party(struct json object, const char *name, bool *has, struct address *address, struct fault *why)
{
    const struct json value = given(object, name);
    *has = is_given(value);
    return !*has || gateway_read_address(value, address) ||
           fault_set(why, FAULT_INPUT,
                     "transaction: %s is no address (0x and 40 hex digits, of one case or with EIP-55's checksum)",
                     name);
}

static bool read_list(struct json object, const char *name, struct json *list, struct fault *why)
{
    *list = given(object, name);
    return !is_given(*list) || json_kind(*list) == JSON_ARRAY ||
           fault_set(why, FAULT_INPUT, "transaction: %s is no array", name);
}

/* The type that the fields make; with `wanted` where they leave it open. */
static unsigned type_of(const struct gateway_tx *tx, const unsigned *wanted)
{
    if (is_given(tx->authorizations))
        return 4;
    if (is_given(tx->blob_hashes) || tx->has[QUANTITY_BLOB_FEE])
        return 3;
    if (tx->has[QUANTITY_MAX_FEE] || tx->has[QUANTITY_PRIORITY_FEE])
        return 2;
    if (wanted != NULL && *wanted == 2 && !tx->has[QUANTITY_GAS_PRICE])
        return 2;
    if (is_given(tx->access_list))
        return tx->has[QUANTITY_GAS_PRICE] || (wanted != NULL && *wanted == 1) ? 1 : 2;
    return wanted != NULL && *wanted == 1 ? 1 : 0;
}

static bool read_type(struct json object, struct gateway_tx *tx, struct fault *why)
{
    struct u256 number;
    uint64_t wanted = 0;
    const struct json value = given(object, "type");
    tx->type_is_given = is_given(value);
    if (tx->type_is_given && (!gateway_read_quantity(value, &number) || !u256_fits_u64(&number, &wanted) || wanted > 4))
        return fault_set(why, FAULT_INPUT, "transaction: type is none of 0x0 to 0x4");
    tx->type = type_of(tx, tx->type_is_given ? &(unsigned){ (unsigned)wanted } : NULL);
    if (tx->type_is_given && tx->type != wanted)
        return fault_set(why, FAULT_INPUT, "transaction: type is %u, and the other fields make type %u",
                         (unsigned)wanted, tx->type);
    return tx->type < 2 || !tx->has[QUANTITY_GAS_PRICE] ||
           fault_set(why, FAULT_INPUT, "transaction: gasPrice has no place in type %u", tx->type);
}

bool gateway_tx_read(struct json object, struct gateway_tx *tx, struct fault *why)
{
    struct gateway_tx read = { 0 };
    if (json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "the transaction is no object");
    if (!check_names(object, why) || !read_quantities(object, &read, why) || !read_data(object, &read, why) ||
        !read_party(object, "from", &read.has_from, &read.from, why) ||
        !read_party(object, "to", &read.has_to, &read.to, why) ||
        !read_list(object, "accessList", &read.access_list, why) ||
        !read_list(object, "blobVersionedHashes", &read.blob_hashes, why) ||
        !read_list(object, "authorizationList", &read.authorizations, why) || !read_type(object, &read, why))
        return false;
    *tx = read;
    return true;
}

bool gateway_tx_settle(struct gateway_tx *tx, const struct address *signer, const struct u256 *chain, struct fault *why)
{
    if (tx->has_from && !address_equal(&tx->from, signer))
        return fault_set(why, FAULT_POLICY, "transaction: from is not ours (got %s, expected %s)",
                         address_eip55(&tx->from).text, address_eip55(signer).text);
    const struct u256 *const found = &tx->quantity[QUANTITY_CHAIN_ID];
    if (chain == NULL && !tx->has[QUANTITY_CHAIN_ID])
        return fault_set(why, FAULT_INPUT,
                         "transaction: chainId is missing, and the signer has no policy that would name one");
    if (chain != NULL && tx->has[QUANTITY_CHAIN_ID] && u256_compare(found, chain) != 0)
        return fault_set(why, FAULT_POLICY, "chainId mismatch (got %s, expected %s)", u256_text(found).text,
                         u256_text(chain).text);
    if (chain != NULL)
        gateway_tx_set(tx, QUANTITY_CHAIN_ID, chain);
    tx->has_from = true;
    tx->from = *signer;
    return true;
}

bool gateway_tx_is_complete(const struct gateway_tx *tx, struct fault *why)
{
    static const enum gateway_quantity legacy[] = { QUANTITY_NONCE, QUANTITY_GAS, QUANTITY_GAS_PRICE };
    static const enum gateway_quantity newer[] = { QUANTITY_NONCE, QUANTITY_GAS, QUANTITY_MAX_FEE,
                                                   QUANTITY_PRIORITY_FEE };
    const enum gateway_quantity *const needed = tx->type < 2 ? legacy : newer;
    const size_t count = tx->type < 2 ? sizeof legacy / sizeof *legacy : sizeof newer / sizeof *newer;
    for (size_t i = 0; i < count; i++)
        if (!tx->has[needed[i]])
            return fault_set(why, FAULT_INPUT, "transaction: %s is missing", quantities[needed[i]].name);
    return true;
}

void gateway_tx_set(struct gateway_tx *tx, enum gateway_quantity which, const struct u256 *value)
{
    tx->has[which] = true;
    tx->quantity[which] = *value;
}

static void put_quantity(struct json_writer *json, const struct gateway_tx *tx, enum gateway_quantity which)
{
    if (!tx->has[which])
        return;
    json_key(json, quantities[which].name);
    json_put_u256(json, &tx->quantity[which]);
}

static void put_list(struct json_writer *json, const char *name, struct json list)
{
    if (!is_given(list))
        return;
    json_key(json, name);
    json_put_json(json, list);
}

void gateway_tx_put(struct json_writer *json, const struct gateway_tx *tx)
{
    const struct json none = { BYTES_INIT("[]") };
    json_begin_object(json);
    put_list(json, "accessList", tx->type > 0 && !is_given(tx->access_list) ? none : tx->access_list);
    put_list(json, "authorizationList", tx->authorizations);
    put_list(json, "blobVersionedHashes", tx->blob_hashes);
    put_quantity(json, tx, QUANTITY_CHAIN_ID);
    json_key(json, "data");
    json_put_string(json, tx->data);
    put_quantity(json, tx, QUANTITY_GAS);
    put_quantity(json, tx, QUANTITY_GAS_PRICE);
    put_quantity(json, tx, QUANTITY_BLOB_FEE);
    put_quantity(json, tx, QUANTITY_MAX_FEE);
    put_quantity(json, tx, QUANTITY_PRIORITY_FEE);
    put_quantity(json, tx, QUANTITY_NONCE);
    if (tx->has_to) {
        json_key(json, "to");
        json_put_text(json, address_eip55(&tx->to).text);
    }
    if (tx->type > 0) {
        json_key(json, "type");
        json_put_uint(json, tx->type);
    }
    put_quantity(json, tx, QUANTITY_VALUE);
    json_end_object(json);
}
