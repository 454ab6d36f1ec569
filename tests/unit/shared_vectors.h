/* shared_vectors: reading what is not part of the repository (see vectors_folder): files, and their manifests in JSON.
 */
#ifndef TESTS_UNIT_SHARED_VECTORS_H
#define TESTS_UNIT_SHARED_VECTORS_H

#include "check.h"

#include "core/base/text.h"
#include "core/codec/json.h"

#include <string.h>

/* The whole file into `room`; an empty view with data NULL when it is not there or too long. */
static inline struct bytes shared_file(const char *folder, const char *name, uint8_t *room, size_t cap)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return (struct bytes){ 0 };
    const size_t len = fread(room, 1, cap, file);
    const bool whole = fgetc(file) == EOF;
    fclose(file);
    return whole ? (struct bytes){ room, len } : (struct bytes){ 0 };
}

/* The same as JSON; JSON_NONE when it is not there. */
static inline struct json shared_json(const char *folder, const char *name, uint8_t *room, size_t cap)
{
    struct json value = { .text = { .len = 0 } };
    struct fault why;
    const struct bytes text = shared_file(folder, name, room, cap);
    if (text.data != NULL)
        CHECK_ROW(name, json_read(text, &value, &why));
    return value;
}

/* A member that is a string, NUL-terminated; "" when it is none. Valid until the fourth call after this one. */
static inline const char *shared_text(struct json object, const char *name)
{
    static char texts[4][1 << 16];
    static unsigned next;
    char *text = texts[next++ % 4];
    struct writer out = writer_of((uint8_t *)text, sizeof texts[0] - 1);
    const bool is_string = json_string(json_member(object, bytes_of_text(name)), &out);
    text[is_string ? out.len : 0] = '\0';
    return text;
}

/* A member that is a string of hex digits, as bytes into `room`. */
static inline struct bytes shared_hex(struct json object, const char *name, uint8_t *room, size_t cap)
{
    struct bytes text = { 0 };
    const bool is_hex = json_plain_string(json_member(object, bytes_of_text(name)), &text) && text.len / 2 <= cap &&
                        text_read_hex(text, room);
    return (struct bytes){ room, is_hex ? text.len / 2 : 0 };
}

#endif
