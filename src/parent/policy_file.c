#include "parent/policy_file.h"

#include "core/base/text.h"
#include "parent/input_file.h"

#include <stdlib.h>

bool policy_file_read(const char *path, struct policy *policy, struct fault *why)
{
    uint8_t *buffer = malloc(POLICY_FILE_MAX);
    struct bytes text;
    struct json document;
    must(buffer != NULL);
    bool ok = input_file_read(path, buffer, POLICY_FILE_MAX, &text, why);
    if (ok && (!json_read(text_trim(text), &document, why) || !policy_read(document, policy, why))) {
        (void)fault_prefix(why, ": ");
        ok = fault_prefix(why, path);
    }
    free(buffer);
    return ok;
}

struct digest_text policy_digest_text(const struct policy *policy)
{
    const struct hash32 digest = policy_digest(policy);
    struct digest_text text;
    struct writer out = writer_of((uint8_t *)text.text, sizeof text.text);
    text_put_hex(&out, BYTES_OF(digest.bytes));
    writer_u8(&out, '\0');
    must(!out.failed);
    return text;
}
