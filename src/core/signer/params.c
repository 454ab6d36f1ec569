#include "core/signer/params.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

struct json params_get(const struct call *call, const char *name)
{
    struct json value = json_member(call->params, bytes_of_text(name));
    return json_kind(value) == JSON_NULL ? (struct json){ 0 } : value;
}

static bool is_zero(struct bytes number)
{
    for (size_t i = 0; i < number.len && number.data[i] != 'e' && number.data[i] != 'E'; i++)
        if (number.data[i] >= '1' && number.data[i] <= '9')
            return false;
    return true;
}

static bool take_string(struct call *call, struct json value, struct bytes *text)
{
    struct writer out = arena_writer(call->arena);
    if (!json_string(value, &out) || !arena_keep(call->arena, &out, text))
        return fault_set(call->why, FAULT_LIMIT, "parameters are too long");
    *text = text_trim(*text);
    return true;
}

bool params_text(struct call *call, const char *name, struct bytes *text)
{
    struct json value = params_get(call, name);
    bool truth = false;
    *text = (struct bytes){ 0 };
    switch (json_kind(value)) {
    case JSON_NONE:
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        if (json_bool(value, &truth) && truth)
            *text = BYTES_LIT("True"); /* what str() makes of it */
        return true;
    case JSON_NUMBER:
        if (!is_zero(value.text))
            *text = value.text;
        return true;
    case JSON_STRING:
        return take_string(call, value, text);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (json_count(value) == 0)
        return true;
    return fault_set(call->why, FAULT_INPUT, "%s must be a string (got %s)", name, json_kind_name(json_kind(value)));
}

bool params_bool(struct call *call, const char *name, bool *truth)
{
    struct json value = params_get(call, name);
    if (json_kind(value) == JSON_NONE || json_bool(value, truth))
        return true;
    return fault_set(call->why, FAULT_INPUT, "%s must be true or false (got %s)", name,
                     json_kind_name(json_kind(value)));
}

bool params_u64(struct call *call, const char *name, uint64_t *number)
{
    struct json value = params_get(call, name);
    if (json_kind(value) == JSON_NONE || json_u64(value, number))
        return true;
    return fault_set(call->why, FAULT_INPUT, "%s must be an integer from 0 to 2^64 - 1 (got %s)", name,
                     json_kind(value) == JSON_NUMBER ? "another number" : json_kind_name(json_kind(value)));
}

struct params_name params_bare(struct bytes name)
{
    struct params_name shown = { "" };
    size_t len = 0;
    for (size_t i = 0; i < name.len && i < PARAMS_NAME_SHOWN; i++)
        shown.text[len++] = name.data[i] >= 0x20 && name.data[i] <= 0x7e ? (char)name.data[i] : '?';
    if (name.len > PARAMS_NAME_SHOWN)
        memcpy(shown.text + len, "...", 3);
    return shown;
}

struct params_name params_show(struct bytes name)
{
    const struct params_name bare = params_bare(name);
    struct params_name shown;
    (void)snprintf(shown.text, sizeof shown.text, "'%.*s'", PARAMS_NAME_SHOWN + 3, bare.text);
    return shown;
}

static bool may_be_secret(struct bytes value)
{
    const bool address = value.len == 42 && text_starts_with(value, BYTES_LIT("0x"));
    return value.len > PARAMS_VALUE_SHOWN && !address && !text_starts_with(value, BYTES_LIT("arn:")) &&
           !text_starts_with(value, BYTES_LIT("alias/"));
}

static struct params_name length_of(struct bytes value)
{
    struct params_name shown;
    (void)snprintf(shown.text, sizeof shown.text, "%zu characters", value.len);
    return shown;
}

struct params_name params_show_value(struct bytes value)
{
    return may_be_secret(value) ? length_of(value) : params_show(value);
}

struct params_name params_bare_value(struct bytes value)
{
    return may_be_secret(value) ? length_of(value) : params_bare(value);
}

bool params_is_known(struct json key, const char *const known[])
{
    for (size_t i = 0; known[i] != NULL; i++)
        if (json_string_is(key, bytes_of_text(known[i])))
            return true;
    return false;
}

bool params_only(struct call *call, const char *const known[])
{
    struct json_cursor members = json_items(call->params);
    struct json key, value;
    while (json_next(&members, &key, &value))
        if (!params_is_known(key, known))
            return fault_set(call->why, FAULT_INPUT, "unknown parameter %s",
                             params_show((struct bytes){ key.text.data + 1, key.text.len - 2 }).text);
    return true;
}
