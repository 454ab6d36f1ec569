/* From a dictionary to struct tx, with eth-account's words where it refuses. */
#include "core/base/sort.h"
#include "core/eth/address.h"
#include "core/eth/repr.h"
#include "core/eth/tx_number.h"
#include "core/eth/tx_row.h"

#include <string.h>

struct entry {
    struct json key, value;
    enum tx_field field; /* TX_FIELDS: none that we know */
};

struct dictionary {
    struct entry entries[JSON_MEMBERS_MAX]; /* in the order of the text, without `from` and `type` */
    size_t count;
    struct json from, type; /* JSON_NONE when absent */
    const struct json *fields[TX_FIELDS];
};

static bool refuse(struct fault *why, const struct repr *text, const char *more)
{
    return fault_set(why, FAULT_INPUT, "%s%s", text->text, more);
}

/* One scan, so that a long `data` costs no more for standing beside many fields. */
static void gather(struct json object, struct dictionary *all)
{
    struct json_cursor cursor = json_items(object);
    struct json key, value;
    /* not initialised as a whole: the table of entries is 12 KiB */
    all->count = 0;
    all->from = all->type = (struct json){ 0 };
    memset(all->fields, 0, sizeof all->fields);
    while (json_next(&cursor, &key, &value)) {
        const enum tx_field field = tx_field_named(key);
        if (field == TX_FIELDS && json_string_is(key, BYTES_LIT("from"))) {
            all->from = value;
        } else if (field == TX_FIELDS && json_string_is(key, BYTES_LIT("type"))) {
            all->type = value;
        } else {
            must(all->count < JSON_MEMBERS_MAX);
            struct entry *entry = &all->entries[all->count++];
            *entry = (struct entry){ key, value, field };
            if (field != TX_FIELDS)
                all->fields[field] = &entry->value;
        }
    }
}

static bool check_from(struct json from, const struct address *signer, struct fault *why)
{
    if (json_kind(from) == JSON_NONE)
        return true;
    const struct address_text own = address_eip55(signer);
    if (json_string_is(from, bytes_of_text(own.text)))
        return true;
    struct repr text = { .len = 0 };
    repr_put_text(&text, "from field must match key's ");
    repr_put_text(&text, own.text);
    repr_put_text(&text, ", but it was ");
    repr_put_str(&text, from);
    return refuse(why, &text, "");
}

/* The type that eth-account infers when none is said. */
static enum tx_type inferred_type(const struct dictionary *all)
{
    const struct json *const *has = all->fields;
    if (has[TX_GAS_PRICE] != NULL && has[TX_ACCESS_LIST] != NULL)
        return TX_EIP2930;
    if (has[TX_MAX_FEE] == NULL && has[TX_MAX_PRIORITY_FEE] == NULL)
        return TX_LEGACY;
    if (has[TX_MAX_BLOB_FEE] != NULL || has[TX_BLOB_HASHES] != NULL)
        return TX_EIP4844;
    return has[TX_AUTHORIZATIONS] != NULL ? TX_EIP7702 : TX_EIP1559;
}

/* NULL: no type of ours, and *why is set. */
static const struct tx_row *find_row(const struct dictionary *all, struct fault *why)
{
    struct u256 said;
    struct repr text = { .len = 0 };
    if (json_kind(all->type) == JSON_NONE)
        return tx_row_of(inferred_type(all));
    enum tx_reading reading = tx_number_u256(all->type, &said);
    if (reading == TX_READ_INVALID) {
        fault_set(why, FAULT_INPUT, "missing or incorrect transaction type");
        return NULL;
    }
    if (reading == TX_READ_MALFORMED) {
        repr_put_text(&text, "missing or incorrect transaction type: ");
        repr_put(&text, all->type);
        refuse(why, &text, " is not 0x and hex digits");
        return NULL;
    }
    /* An explicit 0 is refused as the original does: a legacy transaction has no type. */
    for (size_t i = 0; reading == TX_READ_OK && tx_rows[i] != NULL; i++) {
        struct u256 known = u256_of((uint64_t)tx_rows[i]->type);
        if (tx_rows[i]->type != TX_LEGACY && u256_compare(&said, &known) == 0)
            return tx_rows[i];
    }
    repr_put_text(&text, "Unknown Transaction type: ");
    if (reading == TX_READ_OK)
        repr_put_text(&text, u256_text(&said).text);
    else
        repr_put_str(&text, all->type);
    refuse(why, &text, "");
    return NULL;
}

static bool row_takes(const struct tx_row *row, enum tx_field field)
{
    return field != TX_FIELDS && (tx_row_has(row, field) || (row->type == TX_LEGACY && field == TX_CHAIN_ID));
}

static int compare_keys(const void *a, const void *b)
{
    return bytes_compare(((const struct json *)a)->text, ((const struct json *)b)->text);
}

/* The names that the type does not take, sorted, between `open` and `close`. */
static bool check_known(const struct dictionary *all, const struct tx_row *row, const char *open, const char *close,
                        struct fault *why)
{
    const void *unknown[JSON_MEMBERS_MAX]; /* struct json, the keys */
    size_t count = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!row_takes(row, all->entries[i].field))
            unknown[count++] = &all->entries[i].key;
    if (count == 0)
        return true;
    sort_pointers(unknown, count, compare_keys);
    struct repr text = { .len = 0 };
    repr_put_text(&text, open);
    for (size_t i = 0; i < count; i++) {
        repr_put_text(&text, i == 0 ? "" : ", ");
        repr_put(&text, *(const struct json *)unknown[i]);
    }
    return refuse(why, &text, close);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool check_complete(const struct dictionary *all, const struct tx_row *row, const char *open, const char *close,
                           struct fault *why)
{
    const void *missing[TX_FIELDS]; /* names */
    size_t count = 0;
    for (size_t i = 0; i < row->field_count; i++)
        if (!tx_field_is_optional(row->fields[i]) && all->fields[row->fields[i]] == NULL)
            missing[count++] = tx_field_name(row->fields[i]);
    if (count == 0)
        return true;
    sort_pointers(missing, count, compare_names);
    struct repr text = { .len = 0 };
    repr_put_text(&text, open);
    for (size_t i = 0; i < count; i++) {
        repr_put_text(&text, i == 0 ? "'" : ", '");
        repr_put_text(&text, missing[i]);
        repr_put_text(&text, "'");
    }
    return refuse(why, &text, close);
}

/* One field that was refused for what it is, of a kind that the field takes. */
static bool refuse_value(const struct entry *entry, enum tx_reading reading, struct fault *why)
{
    struct repr text = { .len = 0 };
    unsigned bits = tx_field_bits(entry->field);
    switch (reading) {
    case TX_READ_NEGATIVE:
        return fault_set(why, FAULT_INPUT,
                         "Serialization failed because of field %s (\"Cannot serialize negative integers\")",
                         tx_field_name(entry->field));
    case TX_READ_TOO_LARGE:
        return fault_set(why, FAULT_INPUT, "Serialization failed because of field %s (got more than %u bits)",
                         tx_field_name(entry->field), bits == 0 ? 256 : bits);
    case TX_READ_NO_ROOM:
        return fault_set(why, FAULT_LIMIT, "the transaction is too large: no room left for %s",
                         tx_field_name(entry->field));
    case TX_READ_OK:
    case TX_READ_INVALID:
    case TX_READ_MALFORMED:
        break;
    }
    repr_put_text(&text, "Could not format invalid value ");
    repr_put(&text, entry->value);
    repr_put_text(&text, " as field '");
    repr_put_text(&text, tx_field_name(entry->field));
    return refuse(why, &text, "'");
}

/* Reads every field that we know, also of other types: eth-account looks at the values before it looks at the names. */
static bool read_fields(const struct dictionary *all, struct arena *arena, struct tx *tx, struct fault *why)
{
    const struct entry *refused = NULL;
    enum tx_reading reading_of_refused = TX_READ_OK;
    struct repr invalid = { .len = 0 };
    bool any_invalid = false;
    for (size_t i = 0; i < all->count; i++) {
        const struct entry *entry = &all->entries[i];
        if (entry->field == TX_FIELDS)
            continue;
        enum tx_reading reading = tx_field_from_json(entry->field, entry->value, arena, tx);
        if (reading == TX_READ_INVALID) {
            repr_put_text(&invalid, any_invalid ? ", " : "Transaction had invalid fields: {");
            repr_put(&invalid, entry->key);
            repr_put_text(&invalid, ": ");
            repr_put(&invalid, entry->value);
            any_invalid = true;
        } else if (reading != TX_READ_OK && refused == NULL) {
            refused = entry;
            reading_of_refused = reading;
        }
    }
    if (any_invalid)
        return refuse(why, &invalid, "}");
    return refused == NULL || refuse_value(refused, reading_of_refused, why);
}

static bool read_legacy(const struct dictionary *all, struct arena *arena, struct tx *tx, struct fault *why)
{
    return check_complete(all, &tx_legacy, "Transaction must include these fields: {", "}", why) &&
           check_known(all, &tx_legacy, "Transaction must not include unrecognized fields: {", "}", why) &&
           read_fields(all, arena, tx, why);
}

static bool read_typed(const struct dictionary *all, const struct tx_row *row, struct arena *arena, struct tx *tx,
                       struct fault *why)
{
    if (!read_fields(all, arena, tx, why))
        return false;
    if (all->fields[TX_CHAIN_ID] != NULL && !tx->has_chain_id)
        return fault_set(why, FAULT_INPUT, "Could not format invalid type None as field 'chainId'");
    tx->has_chain_id = true;
    return check_known(all, row, "Unknown kwargs: [", "]", why) &&
           check_complete(all, row, "Missing kwargs: [", "]", why) && (row->check == NULL || row->check(tx, why));
}

bool tx_from_json(struct json dictionary, const struct address *signer, struct arena *arena, struct tx *tx,
                  struct fault *why)
{
    struct dictionary all;
    struct tx read = { 0 };
    if (json_kind(dictionary) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "tx must be an object");
    gather(dictionary, &all);
    if (!check_from(all.from, signer, why))
        return false;
    const struct tx_row *row = find_row(&all, why);
    if (row == NULL)
        return false;
    read.type = row->type;
    if (row->type == TX_LEGACY ? !read_legacy(&all, arena, &read, why) : !read_typed(&all, row, arena, &read, why))
        return false;
    *tx = read;
    return true;
}
