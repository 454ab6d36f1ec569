/* The words that a policy has for its choices. */
#include "core/policy/policy.h"

static const char *const MESSAGES[] = {
    [MESSAGES_TICKETS] = "tickets",
    [MESSAGES_ANY] = "any",
    [MESSAGES_NONE] = "none",
};
static const char *const TYPED_DATA[] = {
    [TYPED_DATA_NONE] = "none",
    [TYPED_DATA_ANY] = "any",
};

static bool find(struct json word, const char *const *words, size_t count, size_t *place)
{
    for (size_t i = 0; i < count; i++)
        if (json_string_is(word, bytes_of_text(words[i]))) {
            *place = i;
            return true;
        }
    return false;
}

const char *policy_messages_name(enum policy_messages messages)
{
    return MESSAGES[messages];
}

const char *policy_typed_data_name(enum policy_typed_data typed_data)
{
    return TYPED_DATA[typed_data];
}

bool policy_messages_of(struct json word, enum policy_messages *messages)
{
    size_t place;
    if (!find(word, MESSAGES, sizeof MESSAGES / sizeof *MESSAGES, &place))
        return false;
    *messages = (enum policy_messages)place;
    return true;
}

bool policy_typed_data_of(struct json word, enum policy_typed_data *typed_data)
{
    size_t place;
    if (!find(word, TYPED_DATA, sizeof TYPED_DATA / sizeof *TYPED_DATA, &place))
        return false;
    *typed_data = (enum policy_typed_data)place;
    return true;
}
