#include "core/signer/notes.h"

void notes_add_bytes(struct notes *notes, struct bytes text)
{
    if (notes->count < NOTES_MAX)
        notes->texts[notes->count++] = text;
}

void notes_add(struct notes *notes, const char *text)
{
    notes_add_bytes(notes, bytes_of_text(text));
}

void notes_add_standing(struct notes *notes, const struct settings *settings, const struct policy *policy)
{
    struct policy_warnings warnings = { 0 };
    policy_warnings(policy, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        notes_add(notes, warnings.texts[i]);
    if (settings->trust_roots_len > 0)
        notes_add(notes,
                  "KMS is believed by the settings' kms_trust_roots, not by Amazon's roots: this image is for tests "
                  "against a stand-in");
}

void notes_put(const struct notes *notes, struct json_writer *json)
{
    json_begin_array(json);
    for (size_t i = 0; i < notes->count; i++)
        json_put_string(json, notes->texts[i]);
    json_end_array(json);
}
