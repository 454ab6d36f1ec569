#include "parent/context_flags.h"

#include <string.h>

/* NAME=VALUE, the name up to the first '='. */
static bool put_pair(struct json_writer *json, const char *pair, struct fault *why)
{
    char name[KMS_CONTEXT_TEXT_MAX + 1];
    const char *equals = strchr(pair, '=');
    const size_t len = equals == NULL ? 0 : (size_t)(equals - pair);
    if (len == 0 || len >= sizeof name)
        return fault_set(why, FAULT_INPUT, "--encryption-context wants NAME=VALUE, found '%.64s'", pair);
    memcpy(name, pair, len);
    name[len] = '\0';
    json_key(json, name);
    json_put_text(json, equals + 1);
    return true;
}

bool context_flags_read(const struct arguments *arguments, struct arena *arena, struct kms_context *context,
                        struct fault *why)
{
    struct writer out = arena_writer(arena);
    struct json_writer json = json_writer_of(&out);
    struct json object;
    struct bytes text;
    size_t at = 0;
    const char *pair;
    json_begin_object(&json);
    while ((pair = argument_next(arguments, "encryption-context", &at)) != NULL)
        if (!put_pair(&json, pair, why))
            return false;
    json_end_object(&json);
    if (!arena_keep(arena, &out, &text))
        return fault_set(why, FAULT_INPUT, "the encryption context is too long");
    if (!json_read(text, &object, why) || !kms_context_from_json(object, arena, context, why))
        return fault_prefix(why, "--encryption-context: ");
    return true;
}

void context_put(struct json_writer *json, const struct kms_context *context)
{
    char name[KMS_CONTEXT_TEXT_MAX + 1];
    json_begin_object(json);
    for (size_t i = 0; i < context->count; i++) {
        const struct bytes from = context->pairs[i].name;
        must(from.len < sizeof name);
        memcpy(name, from.data, from.len);
        name[from.len] = '\0';
        json_key(json, name);
        json_put_string(json, context->pairs[i].value);
    }
    json_end_object(json);
}
