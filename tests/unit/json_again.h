/* json_again: a checked value written anew through the walkers, compactly: numbers verbatim, strings decoded and
 * escaped again, and every member found by its name. */
#ifndef TESTS_UNIT_JSON_AGAIN_H
#define TESTS_UNIT_JSON_AGAIN_H

#include "core/codec/json.h"

enum { JSON_AGAIN_STRING_MAX = 8192 };

/* False when something did not hold. As deep as json_read allows, no deeper. */
static inline bool json_write_again(struct json_writer *json, struct json value)
{
    static uint8_t buffer[JSON_AGAIN_STRING_MAX];
    struct json_cursor cursor = json_items(value);
    struct json key, item;
    struct writer string = writer_of(buffer, sizeof buffer);
    bool truth, sound = true;
    size_t count = 0;
    switch (json_kind(value)) {
    case JSON_OBJECT:
        json_begin_object(json);
        while (json_next(&cursor, &key, &item)) {
            string = writer_of(buffer, sizeof buffer);
            sound = sound && json_string(key, &string);
            const struct bytes name = { buffer, string.len };
            sound = sound && json_string_is(key, name) && json_member(value, name).text.data == item.text.data;
            json_key_utf8(json, name);
            sound = json_write_again(json, item) && sound;
            count++;
        }
        json_end_object(json);
        return sound && json_count(value) == count;
    case JSON_ARRAY:
        json_begin_array(json);
        while (json_next(&cursor, &key, &item)) {
            sound = json_kind(key) == JSON_NONE && json_write_again(json, item) && sound;
            count++;
        }
        json_end_array(json);
        return sound && json_count(value) == count;
    case JSON_STRING:
        sound = json_string(value, &string) && json_string_is(value, (struct bytes){ buffer, string.len });
        json_put_string(json, (struct bytes){ buffer, string.len });
        return sound && json_count(value) == 0;
    case JSON_BOOL:
        sound = json_bool(value, &truth);
        json_put_bool(json, sound && truth);
        return sound;
    case JSON_NULL:
        json_put_null(json);
        return true;
    case JSON_NUMBER:
        json_put_json(json, value);
        return true;
    case JSON_NONE:
        break;
    }
    return false;
}

#endif
