#include "parent/sealed_file.h"

#include "core/base/text.h"
#include "core/eth/address.h"

/* The file may name the policy's digest, which no other source may, so the pairs are taken one by one. */
static bool read_context(struct json object, struct arena *arena, struct kms_context *context, struct fault *why)
{
    struct json_cursor members = json_items(object);
    struct json name, value;
    if (json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "encryption_context is no object");
    *context = (struct kms_context){ .count = 0 };
    while (json_next(&members, &name, &value)) {
        struct bytes name_text, value_text;
        struct writer out = arena_writer(arena);
        if (!json_string(name, &out) || !arena_keep(arena, &out, &name_text))
            return fault_set(why, FAULT_INPUT, "encryption_context is too long");
        out = arena_writer(arena);
        if (!json_string(value, &out) || !arena_keep(arena, &out, &value_text))
            return fault_set(why, FAULT_INPUT, "encryption_context has a value that is no string, or is too long");
        if (!kms_context_add(context, name_text, value_text))
            return fault_set(why, FAULT_INPUT, "encryption_context has over %d pairs", KMS_CONTEXT_PAIRS_MAX);
    }
    return true;
}

bool sealed_file_read(struct json object, struct arena *arena, struct sealed_file *sealed, struct fault *why)
{
    static uint8_t ciphertext[KMS_CIPHERTEXT_MAX];
    const struct json address = json_member(object, BYTES_LIT("address"));
    const struct json context = json_member(object, BYTES_LIT("encryption_context"));
    struct address known;
    struct kms_key_arn arn;
    size_t len = 0;
    *sealed = (struct sealed_file){ .has_context = json_kind(context) != JSON_NONE };
    if (!json_plain_string(json_member(object, BYTES_LIT("ciphertext_b64")), &sealed->ciphertext_b64) ||
        !text_read_base64(sealed->ciphertext_b64, ciphertext, sizeof ciphertext, &len) || len == 0)
        return fault_set(why, FAULT_INPUT, "ciphertext_b64 is no base64 of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    if (!json_plain_string(json_member(object, BYTES_LIT("key_id")), &sealed->key_id) ||
        !kms_key_arn_read(sealed->key_id, &arn))
        return fault_set(why, FAULT_INPUT, "key_id is no KMS key's ARN");
    if (json_kind(address) != JSON_NONE &&
        (!json_plain_string(address, &sealed->address) || !address_read(sealed->address, &known)))
        return fault_set(why, FAULT_INPUT, "address is not 0x and 40 hex digits");
    return !sealed->has_context || read_context(context, arena, &sealed->context, why);
}

bool sealed_file_pairs(const struct sealed_file *sealed, const char *digest, struct kms_context *others,
                       struct fault *why)
{
    const struct bytes wanted = { (const uint8_t *)digest, 64 };
    bool bound = false;
    *others = (struct kms_context){ .count = 0 };
    for (size_t i = 0; i < sealed->context.count; i++) {
        const struct bytes name = sealed->context.pairs[i].name, value = sealed->context.pairs[i].value;
        if (!bytes_equal(name, KMS_POLICY_CONTEXT)) {
            must(kms_context_add(others, name, value));
            continue;
        }
        bound = true;
        if (!bytes_equal(value, wanted))
            return fault_set(why, FAULT_INPUT, "the ciphertext is bound to the policy %.*s, --from is %s",
                             (int)(value.len < 64 ? value.len : 64), (const char *)value.data, digest);
    }
    return bound ||
           fault_set(why, FAULT_INPUT,
                     "the ciphertext is bound to no policy, so it is not --from's. Whatever opened it so far may "
                     "have signed anything: a new key is the way");
}
