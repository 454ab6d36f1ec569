#include "core/base/text.h"
#include "verify/key_policy_linting.h"

enum { PCR_DIGITS = 96 };

static bool is_pcr_text(struct bytes text, bool *zero)
{
    uint8_t pcr[PCR_DIGITS / 2];
    if (text.len != PCR_DIGITS || !text_read_hex(text, pcr))
        return false;
    *zero = true;
    for (size_t i = 0; i < sizeof pcr; i++)
        *zero = *zero && pcr[i] == 0;
    return true;
}

static void lint_images(struct linting *lint, const char *where, const char *action, const struct gate_values *image)
{
    const size_t shown = image->count < GATE_VALUES_MAX ? image->count : GATE_VALUES_MAX;
    bool wanted = lint->demands->image.len == 0;
    for (size_t i = 0; i < shown; i++) {
        const struct bytes value = image->kept[i];
        bool zero = false;
        wanted = wanted || text_equal_nocase(value, lint->demands->image);
        if (!is_pcr_text(value, &zero))
            lint_find(lint, "not-hex", "%s: \"%.*s\" is no measurement (96 hex digits); it matches no enclave", where,
                      (int)(value.len < 40 ? value.len : 40), (const char *)value.data);
        else if (zero)
            lint_find(
                lint, "zeros",
                "%s allows %s to a measurement of zeros, which every debug enclave has: root on the parent starts the "
                "image in debug mode and reads its memory",
                where, action);
    }
    if (image->count == 0)
        lint_find(lint, "not-hex", "%s names no measurement that can be matched", where);
    if (image->count > 1 && !lint->demands->rollover)
        lint_find(lint, "many-images",
                  "%s allows %s to %zu images: the key is as safe as the weakest of them. Right during a rollover "
                  "(--rollover); "
                  "take the old one out afterwards",
                  where, action, image->count);
    if (image->count > 2 && lint->demands->rollover)
        lint_find(lint, "many-images", "%s allows %s to %zu images; a rollover has two", where, action, image->count);
    if (!wanted)
        lint_find(lint, "other-image",
                  "%s does not allow %s to the image that you gave: this signer cannot open its key", where, action);
}

void lint_digests(struct linting *lint, const char *where, const char *action, const struct gate *gate)
{
    const struct gate_values *digests = &gate->digests;
    bool wanted = lint->demands->policy_sha256.len == 0;
    if (!digests->set) {
        lint_find(
            lint, "no-context",
            "%s allows %s under any policy: root on the parent hands the enclave an older ciphertext with the looser "
            "policy "
            "that it was sealed under. A condition on kms:EncryptionContext:ensign-policy-sha256 is wanted",
            where, action);
        return;
    }
    for (size_t i = 0; i < digests->count && i < GATE_VALUES_MAX; i++)
        wanted = wanted || text_equal_nocase(digests->kept[i], lint->demands->policy_sha256);
    if (digests->count > (lint->demands->rollover ? 2U : 1U))
        lint_find(lint, "many-policies",
                  "%s allows %s under %zu policies: root on the parent chooses the loosest. Right during a rollover "
                  "(--rollover); "
                  "take the old one out afterwards",
                  where, action, digests->count);
    if (!wanted)
        lint_find(lint, "other-policy", "%s does not allow %s under the policy that you gave", where, action);
}

void lint_measurement(struct linting *lint, const char *where, const char *action, const char *whom,
                      const struct gate *gate)
{
    const uint32_t program = UINT32_C(1) << 1 | UINT32_C(1) << 2, signer = UINT32_C(1) << 8;
    if (gate->image.set)
        lint_images(lint, where, action, &gate->image);
    else if ((gate->other_pcrs & program) != 0)
        lint_find(
            lint, "pcr1-pcr2",
            "%s allows %s by PCR1 or PCR2 alone: each measures a part of the image, and root on the parent builds "
            "another "
            "around that part",
            where, action);
    else if ((gate->other_pcrs & signer) != 0)
        lint_find(
            lint, "pcr8-alone",
            "%s allows %s by PCR8 alone: every image that this certificate ever signed, old ones with known faults too",
            where, action);
    else if (gate->attested)
        lint_find(lint, "no-image",
                  "%s allows %s to any program in an enclave (PCR3 and PCR4 say where it runs, not what): root on the "
                  "parent runs "
                  "one that hands the key out",
                  where, action);
    else
        lint_find(lint, "no-measurement",
                  "%s allows %s to %s without any measurement: with those credentials root on the parent opens the key "
                  "itself, "
                  "outside any enclave",
                  where, action, whom);
}
