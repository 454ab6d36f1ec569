/* notes: the warnings of an answer: sentences for the operator. */
#ifndef CORE_SIGNER_NOTES_H
#define CORE_SIGNER_NOTES_H

#include "core/signer/methods.h"

enum { NOTES_MAX = POLICY_WARNINGS_MAX + 16 };

struct notes {
    size_t count;
    struct bytes texts[NOTES_MAX]; /* static, or in the call's arena */
};

void notes_add(struct notes *notes, const char *text); /* static; what is beyond the room is left out */
void notes_add_bytes(struct notes *notes, struct bytes text);
/* What always holds of this program and this policy (NULL: none). */
void notes_add_standing(struct notes *notes, const struct settings *settings, const struct policy *policy);

/* As an array. */
void notes_put(const struct notes *notes, struct json_writer *json);

#endif
