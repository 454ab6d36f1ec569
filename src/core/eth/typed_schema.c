#include "core/eth/typed_schema.h"

#include "core/base/text.h"

#define IN_QUOTES(view) (int)(view).len, (const char *)(view).data

static const struct {
    struct bytes name, type;
} domain_fields[] = {
    { BYTES_INIT("name"), BYTES_INIT("string") },     { BYTES_INIT("version"), BYTES_INIT("string") },
    { BYTES_INIT("chainId"), BYTES_INIT("uint256") }, { BYTES_INIT("verifyingContract"), BYTES_INIT("address") },
    { BYTES_INIT("salt"), BYTES_INIT("bytes32") },
};
enum { DOMAIN_FIELDS = sizeof domain_fields / sizeof *domain_fields };
static const struct bytes domain_name = BYTES_INIT("EIP712Domain");

static bool read_type(const struct typed_schema *schema, struct typed_field *field)
{
    struct bytes base = field->type;
    uint64_t len;
    while (typed_name_element(&base, &len))
        ;
    if (typed_name_elementary(base, field))
        return true;
    field->kind = TYPED_STRUCT;
    for (size_t i = 0; i < schema->type_count; i++) {
        if (bytes_equal(schema->types[i].name, base)) {
            field->struct_index = i;
            return true;
        }
    }
    return false;
}

/* Keeps by_name sorted as it grows. False: the name is there already. */
static bool insert_name(struct typed_schema *schema, const struct typed_type *type, size_t index)
{
    const struct typed_field *fields = schema->fields + type->first;
    uint16_t *by_name = schema->by_name + type->first;
    size_t at = index;
    for (; at > 0; at--) {
        int order = bytes_compare(fields[by_name[at - 1]].name, fields[index].name);
        if (order == 0)
            return false;
        if (order < 0)
            break;
        by_name[at] = by_name[at - 1];
    }
    by_name[at] = (uint16_t)index;
    return true;
}

static bool add_field(struct typed_schema *schema, struct typed_type *type, const struct typed_field *field,
                      struct fault *why)
{
    if (schema->field_count == TYPED_FIELDS_MAX || type->count == JSON_MEMBERS_MAX)
        return fault_set(why, FAULT_LIMIT, "types: more than %d fields in all, or %d in one", TYPED_FIELDS_MAX,
                         JSON_MEMBERS_MAX);
    schema->fields[schema->field_count] = *field;
    if (!insert_name(schema, type, type->count))
        return fault_set(why, FAULT_INPUT, "types.%.*s: two fields are called %.*s", IN_QUOTES(type->name),
                         IN_QUOTES(field->name));
    schema->field_count++;
    type->count++;
    return true;
}

static bool read_field(const struct typed_schema *schema, const struct typed_type *type, struct json entry,
                       struct typed_field *field, struct fault *why)
{
    *field = (struct typed_field){ .size = 0 };
    if (json_kind(entry) != JSON_OBJECT || json_count(entry) != 2 ||
        !typed_name_read(json_member(entry, BYTES_LIT("name")), &field->name) ||
        !json_plain_string(json_member(entry, BYTES_LIT("type")), &field->type))
        return fault_set(why, FAULT_INPUT,
                         "types.%.*s: a field must be {\"name\", \"type\"}, its name of at most %d characters "
                         "without space, comma or bracket",
                         IN_QUOTES(type->name), TYPED_NAME_MAX);
    if (field->type.len > TYPED_NAME_MAX || !text_is_printable(field->type))
        return fault_set(why, FAULT_INPUT, "types.%.*s.%.*s: a type of at most %d characters is wanted (got %zu)",
                         IN_QUOTES(type->name), IN_QUOTES(field->name), TYPED_NAME_MAX, field->type.len);
    if (!read_type(schema, field))
        return fault_set(why, FAULT_INPUT, "types.%.*s.%.*s: no such type (got \"%.*s\"; sizes must be written)",
                         IN_QUOTES(type->name), IN_QUOTES(field->name), IN_QUOTES(field->type));
    return true;
}

static bool read_fields(struct json list, struct typed_schema *schema, struct typed_type *type, struct fault *why)
{
    struct json_cursor cursor = json_items(list);
    struct json none, entry;
    type->first = schema->field_count;
    if (json_kind(list) != JSON_ARRAY)
        return fault_set(why, FAULT_INPUT, "types.%.*s: an array of fields is wanted (got %s)", IN_QUOTES(type->name),
                         json_kind_name(json_kind(list)));
    while (json_next(&cursor, &none, &entry)) {
        struct typed_field field;
        if (!read_field(schema, type, entry, &field, why) || !add_field(schema, type, &field, why))
            return false;
        if (field.kind == TYPED_STRUCT)
            type->needs |= (uint64_t)1 << field.struct_index;
    }
    return true;
}

static bool read_names(struct json types, struct typed_schema *schema, struct fault *why)
{
    struct json_cursor cursor = json_items(types);
    struct json key, fields;
    while (json_next(&cursor, &key, &fields)) {
        struct bytes name;
        if (!typed_name_read(key, &name))
            return fault_set(why, FAULT_INPUT,
                             "types: a name of at most %d characters without space, comma or bracket is "
                             "wanted",
                             TYPED_NAME_MAX);
        if (bytes_equal(name, domain_name))
            continue;
        if (typed_name_is_reserved(name))
            return fault_set(why, FAULT_INPUT, "types.%.*s: the name of an elementary type", IN_QUOTES(name));
        if (schema->type_count == TYPED_TYPES_MAX)
            return fault_set(why, FAULT_LIMIT, "types: more than %d", TYPED_TYPES_MAX);
        struct typed_type *type = &schema->types[schema->type_count++];
        type->name = name;
        type->first = type->count = 0;
        type->needs = 0;
    }
    return true;
}

static bool read_all_fields(struct json types, struct typed_schema *schema, struct fault *why)
{
    struct json_cursor cursor = json_items(types);
    struct json key, fields;
    size_t index = 0;
    while (json_next(&cursor, &key, &fields))
        if (!json_string_is(key, domain_name) && !read_fields(fields, schema, &schema->types[index++], why))
            return false;
    /* What is needed by what is needed: after step k, every way that passes through the first k types only. */
    for (size_t k = 0; k < schema->type_count; k++)
        for (size_t i = 0; i < schema->type_count; i++)
            if (schema->types[i].needs >> k & 1)
                schema->types[i].needs |= schema->types[k].needs;
    return true;
}

static bool find_primary(struct json primary_type, struct typed_schema *schema, struct fault *why)
{
    size_t primary = 0;
    while (primary < schema->type_count && !json_string_is(primary_type, schema->types[primary].name))
        primary++;
    if (primary == schema->type_count)
        return fault_set(why, FAULT_INPUT, "primaryType: the name of one of the types is wanted");
    for (size_t i = 0; i < schema->type_count; i++) {
        struct bytes name = schema->types[i].name;
        if (i == primary)
            continue;
        if (schema->types[i].needs >> primary & 1)
            return fault_set(why, FAULT_INPUT, "primaryType: needed by %.*s, so not the primary type", IN_QUOTES(name));
        if ((schema->types[primary].needs >> i & 1) == 0)
            return fault_set(why, FAULT_INPUT, "types.%.*s: not needed by primaryType", IN_QUOTES(name));
    }
    schema->primary = primary;
    return true;
}

static bool make_domain(struct json types, struct json domain, struct typed_schema *schema, struct fault *why)
{
    struct json given = json_member(types, domain_name), none, entry;
    struct json_cursor cursor = json_items(given);
    struct typed_type *type = &schema->types[schema->type_count];
    *type = (struct typed_type){ .name = domain_name, .first = schema->field_count };
    schema->domain = schema->type_count;
    bool same = json_kind(given) == JSON_NONE || json_kind(given) == JSON_ARRAY;
    for (size_t i = 0; i < DOMAIN_FIELDS; i++) {
        if (json_kind(json_member(domain, domain_fields[i].name)) == JSON_NONE)
            continue;
        struct typed_field field = { .name = domain_fields[i].name, .type = domain_fields[i].type };
        must(read_type(schema, &field));
        if (!add_field(schema, type, &field, why))
            return false;
        if (json_kind(given) != JSON_NONE)
            same = same && json_next(&cursor, &none, &entry) && json_count(entry) == 2 &&
                   json_string_is(json_member(entry, BYTES_LIT("name")), field.name) &&
                   json_string_is(json_member(entry, BYTES_LIT("type")), field.type);
    }
    if (!same || json_next(&cursor, &none, &entry))
        return fault_set(why, FAULT_INPUT,
                         "types.EIP712Domain: what domain has is wanted, in the order string name, string "
                         "version, uint256 chainId, address verifyingContract, bytes32 salt");
    return true;
}

static void add_type_text(struct keccak *text, const struct typed_schema *schema, const struct typed_type *type)
{
    keccak_add(text, type->name);
    keccak_add(text, BYTES_LIT("("));
    for (size_t i = 0; i < type->count; i++) {
        const struct typed_field *field = &schema->fields[type->first + i];
        if (i > 0)
            keccak_add(text, BYTES_LIT(","));
        keccak_add(text, field->type);
        keccak_add(text, BYTES_LIT(" "));
        keccak_add(text, field->name);
    }
    keccak_add(text, BYTES_LIT(")"));
}

/* encodeType: the type itself, then those it needs, sorted by name. */
static void hash_types(struct typed_schema *schema)
{
    size_t order[TYPED_TYPES_MAX];
    for (size_t i = 0; i < schema->type_count; i++) {
        size_t at = i;
        for (; at > 0 && bytes_compare(schema->types[order[at - 1]].name, schema->types[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i <= schema->domain; i++) {
        struct keccak text = keccak_start();
        add_type_text(&text, schema, &schema->types[i]);
        for (size_t j = 0; j < schema->type_count; j++)
            if (order[j] != i && (schema->types[i].needs >> order[j] & 1))
                add_type_text(&text, schema, &schema->types[order[j]]);
        schema->types[i].hash = keccak_end(&text);
    }
}

bool typed_schema_read(struct json types, struct json primary_type, struct json domain, struct typed_schema *schema,
                       struct fault *why)
{
    schema->type_count = schema->field_count = 0;
    if (json_kind(types) != JSON_OBJECT || json_kind(domain) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "types and domain must be objects");
    if (!read_names(types, schema, why) || !read_all_fields(types, schema, why) ||
        !find_primary(primary_type, schema, why) || !make_domain(types, domain, schema, why))
        return false;
    hash_types(schema);
    return true;
}

const struct typed_field *typed_field_named(const struct typed_schema *schema, size_t type, struct bytes name)
{
    const struct typed_type *in = &schema->types[type];
    size_t low = 0, high = in->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct typed_field *field = &schema->fields[in->first + schema->by_name[in->first + middle]];
        int order = bytes_compare(name, field->name);
        if (order == 0)
            return field;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
