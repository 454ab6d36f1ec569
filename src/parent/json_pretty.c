#include "parent/json_pretty.h"

#include <stdlib.h>

enum { KEY_MAX = 1024 /* bytes of a key that take part in sorting; longer ones are compared by these */ };

struct member {
    struct json key, value;
};

/* One open object or array. */
struct level {
    struct member members[JSON_MEMBERS_MAX]; /* of an object, sorted */
    size_t count, next;
    struct json_cursor items; /* of an array */
    bool in_object, started;
};

/* Bytes of UTF-8 sort as code points do, which is how Python sorts. */
static int compare_members(const void *a, const void *b)
{
    uint8_t left[KEY_MAX], right[KEY_MAX];
    struct writer left_out = writer_of(left, sizeof left), right_out = writer_of(right, sizeof right);
    (void)!json_string(((const struct member *)a)->key, &left_out);
    (void)!json_string(((const struct member *)b)->key, &right_out);
    return bytes_compare((struct bytes){ left, left_out.len }, (struct bytes){ right, right_out.len });
}

static void put_line(struct writer *out, size_t depth)
{
    writer_u8(out, '\n');
    for (size_t i = 0; i < depth; i++)
        writer_text(out, "  ");
}

static void put_string(struct writer *out, struct json string)
{
    struct bytes plain;
    struct json_writer json = json_writer_of(out);
    if (json_plain_string(string, &plain)) {
        json_put_string(&json, plain);
        return;
    }
    /* Resolved text is never longer than its token. */
    uint8_t *scratch = malloc(string.text.len);
    must(scratch != NULL);
    struct writer resolved = writer_of(scratch, string.text.len);
    if (json_string(string, &resolved))
        json_put_string(&json, (struct bytes){ scratch, resolved.len });
    else
        writer_fail(out);
    free(scratch);
}

static void open_level(struct level *level, struct json value)
{
    *level = (struct level){ .in_object = json_kind(value) == JSON_OBJECT, .items = json_items(value) };
    struct json_cursor cursor = level->items;
    while (level->in_object && level->count < JSON_MEMBERS_MAX &&
           json_next(&cursor, &level->members[level->count].key, &level->members[level->count].value))
        level->count++;
    if (level->count > 1)
        qsort(level->members, level->count, sizeof level->members[0], compare_members);
}

static bool take_next(struct level *level, struct member *member)
{
    if (!level->in_object)
        return json_next(&level->items, &member->key, &member->value);
    if (level->next == level->count)
        return false;
    *member = level->members[level->next++];
    return true;
}

void json_pretty(struct writer *out, struct json value)
{
    struct level *levels = malloc(JSON_DEPTH_MAX * sizeof *levels);
    size_t depth = 0;
    struct json current = value;
    must(levels != NULL);
    for (;;) {
        const enum json_kind kind = json_kind(current);
        if ((kind == JSON_OBJECT || kind == JSON_ARRAY) && depth < JSON_DEPTH_MAX) {
            open_level(&levels[depth++], current);
            writer_u8(out, kind == JSON_OBJECT ? '{' : '[');
        } else if (kind == JSON_STRING) {
            put_string(out, current);
        } else {
            writer_put(out, current.text);
        }

        struct member member = { 0 };
        while (depth > 0 && !take_next(&levels[depth - 1], &member)) {
            const struct level *closed = &levels[--depth];
            if (closed->started)
                put_line(out, depth);
            writer_u8(out, closed->in_object ? '}' : ']');
        }
        if (depth == 0)
            break;
        struct level *open = &levels[depth - 1];
        if (open->started)
            writer_u8(out, ',');
        open->started = true;
        put_line(out, depth);
        if (open->in_object) {
            put_string(out, member.key);
            writer_text(out, ": ");
        }
        current = member.value;
    }
    free(levels);
}
