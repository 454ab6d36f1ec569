#include "core/eth/typed_data.h"

#include "core/base/text.h"
#include "core/eth/typed_value.h"

#include <string.h>

/* A struct or an array that is being hashed. */
struct frame {
    struct keccak hash;
    bool is_struct;
    struct typed_field element; /* array: what its items are, `type` without the array's own suffix */
    struct json_cursor items;   /* array: what is still to come */
    uint64_t wanted, done;      /* array: items that its type says (0: any); items, or fields, so far */
    size_t type;                /* struct: which */
    size_t values;              /* struct: where its values begin in the walk's */
};

struct walk {
    struct typed_schema schema;
    struct frame frames[TYPED_DATA_DEPTH_MAX];
    size_t depth;
    /* The values of the open structs, in the order of their fields: json_read allows no more open members. */
    struct json values[JSON_OPEN_MEMBERS_MAX];
    size_t value_count;
    size_t seen; /* values in all */
    const char *root;
};
_Static_assert(sizeof(struct walk) <= TYPED_DATA_ARENA, "the arena's part that the header promises");

/* Sets *why with the place: the root, then a name or a number for each open frame but for what is not yet entered. */
static bool refuse_here(const struct walk *walk, struct fault *why, enum fault_code code, struct bytes last,
                        const char *wanted)
{
    char place[256];
    struct writer out = writer_of((uint8_t *)place, sizeof place - 1);
    writer_text(&out, walk->root);
    for (size_t i = 0; i < walk->depth; i++) {
        const struct frame *frame = &walk->frames[i];
        const struct typed_type *type = frame->is_struct ? &walk->schema.types[frame->type] : NULL;
        if (type == NULL) {
            writer_text(&out, "[");
            text_put_uint(&out, frame->done);
            writer_text(&out, "]");
        } else if (frame->done < type->count) {
            writer_text(&out, ".");
            writer_put(&out, walk->schema.fields[type->first + frame->done].name);
        }
    }
    if (last.len > 0) {
        writer_text(&out, ".");
        writer_put(&out, last);
    }
    place[out.len] = '\0';
    return fault_set(why, code, "%s: %s", place, wanted);
}

static bool refuse(const struct walk *walk, struct fault *why, const char *wanted)
{
    return refuse_here(walk, why, FAULT_INPUT, (struct bytes){ 0 }, wanted);
}

/* One scan of the object puts each member's value where its field stands. */
static bool take_members(struct walk *walk, size_t type, struct json object, struct fault *why)
{
    const struct typed_schema *schema = &walk->schema;
    size_t count = schema->types[type].count, found = 0;
    struct json *values = walk->values + walk->value_count;
    struct json_cursor cursor = json_items(object);
    struct json key, value;
    if (count > JSON_OPEN_MEMBERS_MAX - walk->value_count)
        return refuse_here(walk, why, FAULT_LIMIT, (struct bytes){ 0 }, "too many open members");
    memset(values, 0, count * sizeof *values);
    while (json_next(&cursor, &key, &value)) {
        struct bytes name;
        const struct typed_field *field = json_plain_string(key, &name) ? typed_field_named(schema, type, name) : NULL;
        if (field == NULL)
            return refuse(walk, why, "a member that its type does not name");
        values[field - (schema->fields + schema->types[type].first)] = value;
        found++;
    }
    for (size_t i = 0; found < count && i < count; i++)
        if (json_kind(values[i]) == JSON_NONE)
            return refuse_here(walk, why, FAULT_INPUT, schema->fields[schema->types[type].first + i].name, "missing");
    return true;
}

static bool open_struct(struct walk *walk, size_t type, struct json value, struct fault *why)
{
    if (json_kind(value) != JSON_OBJECT)
        return refuse(walk, why, "an object is wanted");
    if (walk->depth == TYPED_DATA_DEPTH_MAX)
        return refuse_here(walk, why, FAULT_LIMIT, (struct bytes){ 0 }, "nested too deeply");
    if (!take_members(walk, type, value, why))
        return false;
    struct frame *frame = &walk->frames[walk->depth++];
    *frame = (struct frame){ .hash = keccak_start(), .is_struct = true, .type = type, .values = walk->value_count };
    walk->value_count += walk->schema.types[type].count;
    keccak_add(&frame->hash, BYTES_OF(walk->schema.types[type].hash.bytes));
    return true;
}

static bool open_array(struct walk *walk, const struct typed_field *field, struct json value, struct fault *why)
{
    if (json_kind(value) != JSON_ARRAY)
        return refuse(walk, why, "an array is wanted");
    if (walk->depth == TYPED_DATA_DEPTH_MAX)
        return refuse_here(walk, why, FAULT_LIMIT, (struct bytes){ 0 }, "nested too deeply");
    struct frame *frame = &walk->frames[walk->depth];
    *frame = (struct frame){ .hash = keccak_start(), .element = *field, .items = json_items(value) };
    must(typed_name_element(&frame->element.type, &frame->wanted));
    walk->depth++;
    return true;
}

static bool is_array(struct bytes type)
{
    return type.data[type.len - 1] == ']';
}

/* Puts the value's word into the open frame, or opens a frame that will. */
static bool take_value(struct walk *walk, const struct typed_field *field, struct json value, struct fault *why)
{
    struct hash32 word = { { 0 } };
    if (++walk->seen > TYPED_DATA_VALUES_MAX)
        return refuse_here(walk, why, FAULT_LIMIT, (struct bytes){ 0 }, "too many values");
    if (is_array(field->type))
        return open_array(walk, field, value, why);
    if (field->kind == TYPED_STRUCT && json_kind(value) != JSON_NULL)
        return open_struct(walk, field->struct_index, value, why);
    if (field->kind != TYPED_STRUCT) {
        const char *wanted = typed_value_word(field, value, &word);
        if (wanted != NULL)
            return refuse(walk, why, wanted);
    }
    struct frame *frame = &walk->frames[walk->depth - 1];
    keccak_add(&frame->hash, BYTES_OF(word.bytes));
    frame->done++;
    return true;
}

/* The next value of the innermost frame; false when it has no more. */
static bool next_value(struct walk *walk, const struct typed_field **field, struct json *value)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    const struct typed_type *type = &walk->schema.types[frame->type];
    struct json none;
    if (!frame->is_struct) {
        *field = &frame->element;
        return json_next(&frame->items, &none, value);
    }
    if (frame->done == type->count)
        return false;
    *field = &walk->schema.fields[type->first + frame->done];
    *value = walk->values[frame->values + frame->done];
    return true;
}

static bool close_frame(struct walk *walk, struct hash32 *hash, struct fault *why)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    if (!frame->is_struct && frame->wanted != 0 && frame->done != frame->wanted)
        return refuse(walk, why, "another number of items than the type says");
    if (frame->is_struct)
        walk->value_count = frame->values;
    *hash = keccak_end(&frame->hash);
    walk->depth--;
    if (walk->depth > 0) {
        frame = &walk->frames[walk->depth - 1];
        keccak_add(&frame->hash, BYTES_OF(hash->bytes));
        frame->done++;
    }
    return true;
}

static bool hash_struct(struct walk *walk, const char *root, size_t type, struct json object, struct hash32 *hash,
                        struct fault *why)
{
    walk->root = root;
    walk->depth = walk->value_count = 0;
    if (!open_struct(walk, type, object, why))
        return false;
    while (walk->depth > 0) {
        const struct typed_field *field;
        struct json value;
        if (next_value(walk, &field, &value) ? !take_value(walk, field, value, why) : !close_frame(walk, hash, why))
            return false;
    }
    return true;
}

bool typed_data_hash(struct json document, struct arena *arena, struct hash32 *hash, struct fault *why)
{
    struct json types = json_member(document, BYTES_LIT("types"));
    struct json primary_type = json_member(document, BYTES_LIT("primaryType"));
    struct json domain = json_member(document, BYTES_LIT("domain"));
    struct json message = json_member(document, BYTES_LIT("message"));
    struct hash32 separator, contents;
    if (json_kind(document) != JSON_OBJECT || json_count(document) != 4 || json_kind(types) == JSON_NONE ||
        json_kind(primary_type) == JSON_NONE || json_kind(domain) == JSON_NONE || json_kind(message) == JSON_NONE)
        return fault_set(why, FAULT_INPUT,
                         "typed data must have types, primaryType, domain and message, and nothing else");
    struct walk *walk = (struct walk *)(void *)arena_take(arena, sizeof *walk);
    if (walk == NULL)
        return fault_set(why, FAULT_LIMIT, "no room left for typed data");
    walk->seen = 0;
    if (!typed_schema_read(types, primary_type, domain, &walk->schema, why) ||
        !hash_struct(walk, "domain", walk->schema.domain, domain, &separator, why) ||
        !hash_struct(walk, "message", walk->schema.primary, message, &contents, why))
        return false;

    struct keccak state = keccak_start();
    keccak_add(&state, BYTES_LIT("\x19\x01"));
    keccak_add(&state, BYTES_OF(separator.bytes));
    keccak_add(&state, BYTES_OF(contents.bytes));
    *hash = keccak_end(&state);
    return true;
}
