#include "core/base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fault_set(struct fault *why, enum fault_code code, const char *format, ...)
{
    va_list args;
    why->code = code;
    why->rule = NULL;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return false;
}

/* A refusal names its rule: texts that do not say it themselves get it at their end. */
static void name_rule(struct fault *why)
{
    size_t len = strlen(why->text);
    if (strstr(why->text, why->rule) == NULL)
        (void)snprintf(why->text + len, sizeof why->text - len, " [%s]", why->rule);
}

bool fault_refuse(struct fault *why, const char *rule, const char *format, ...)
{
    va_list args;
    why->code = FAULT_POLICY;
    why->rule = rule;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    name_rule(why);
    return false;
}

bool fault_prefix(struct fault *why, const char *prefix)
{
    size_t room = sizeof why->text - 1, len = strlen(prefix), rest = strlen(why->text);
    if (len > room)
        len = room;
    if (rest > room - len)
        rest = room - len;
    memmove(why->text + len, why->text, rest);
    memcpy(why->text, prefix, len);
    why->text[len + rest] = '\0';
    return false;
}

const char *fault_code_name(enum fault_code code)
{
    switch (code) {
    case FAULT_INPUT:
        return "input";
    case FAULT_STATE:
        return "state";
    case FAULT_POLICY:
        return "policy";
    case FAULT_REMOTE:
        return "remote";
    case FAULT_LIMIT:
        return "limit";
    case FAULT_NONE:
    case FAULT_INTERNAL:
        break;
    }
    return "internal";
}

void must_fail(void)
{
    abort();
}
