#include "parent/kms_policy_order.h"

#include "core/base/text.h"
#include "core/kms/kms_api.h"
#include "parent/image_facts.h"
#include "parent/kms_policy_pcr.h"
#include "parent/output.h"
#include "parent/policy_file.h"
#include "parent/rpc_command.h"

#include <stdio.h>
#include <string.h>

static bool pcr_read(const char *flag, const char *hex, struct pcr_text *text, struct fault *why)
{
    uint8_t pcr[48];
    if (strlen(hex) != 96 || !text_read_hex(bytes_of_text(hex), pcr))
        return fault_set(why, FAULT_INPUT, "--%s wants 96 hex digits, found '%.100s'", flag, hex);
    *text = pcr_text_of(pcr);
    return !pcr_text_is_zero(text) ||
           fault_set(why, FAULT_INPUT,
                     "--%s is all zeros, which says nothing: it is what debug enclaves and absent "
                     "things measure",
                     flag);
}

static bool add_image(struct kms_policy_texts *texts, size_t most, struct pcr_text pcr, struct fault *why)
{
    if (texts->image_count == most)
        return fault_set(why, FAULT_INPUT,
                         most == 1 ? "more than one image; --rollover allows two, for the time of a change"
                                   : "more than two images; a rollover has an old and a new one");
    texts->images[texts->image_count++] = pcr;
    return true;
}

static bool add_digest(struct kms_policy_texts *texts, size_t most, const char *digest, struct fault *why)
{
    if (texts->digest_count == most)
        return fault_set(why, FAULT_INPUT,
                         most == 1 ? "more than one policy; --rollover allows two, for the time of a change"
                                   : "more than two policies; a rollover has an old and a new one");
    memcpy(texts->digests[texts->digest_count++], digest, 65);
    return true;
}

static bool read_typed(const struct arguments *arguments, size_t most, struct kms_policy_texts *texts,
                       struct fault *why)
{
    size_t at = 0;
    const char *value;
    struct pcr_text pcr;
    uint8_t digest[32];
    while ((value = argument_next(arguments, "pcr0", &at)) != NULL) {
        if (!pcr_read("pcr0", value, &pcr, why) || !add_image(texts, most, pcr, why))
            return false;
    }
    at = 0;
    while ((value = argument_next(arguments, "policy-sha256", &at)) != NULL) {
        char text[65] = "";
        struct writer out = writer_of((uint8_t *)text, 64);
        if (strlen(value) != 64 || !text_read_hex(bytes_of_text(value), digest))
            return fault_set(why, FAULT_INPUT, "--policy-sha256 wants 64 hex digits, found '%.80s'", value);
        text_put_hex(&out, BYTES_OF(digest));
        if (!add_digest(texts, most, text, why))
            return false;
    }
    return true;
}

static bool read_files(const struct arguments *arguments, size_t most, struct kms_policy_texts *texts,
                       struct fault *why)
{
    static struct policy policy;
    size_t at = 0;
    const char *path;
    struct image_facts facts;
    while ((path = argument_next(arguments, "image", &at)) != NULL) {
        if (!image_facts_read(path, &facts, why))
            return false;
        const struct pcr_text pcr = pcr_text_of(facts.measured.pcr0.bytes);
        image_facts_free(&facts);
        if (!add_image(texts, most, pcr, why))
            return false;
    }
    at = 0;
    while ((path = argument_next(arguments, "policy", &at)) != NULL) {
        if (!policy_file_read(path, &policy, why))
            return false;
        const struct digest_text digest = policy_digest_text(&policy);
        if (!add_digest(texts, most, digest.text, why))
            return false;
    }
    return true;
}

bool kms_policy_texts_read(const struct arguments *arguments, size_t most, struct kms_policy_texts *texts,
                           enum exit_code *code, struct fault *why)
{
    *texts = (struct kms_policy_texts){ .image_count = 0 };
    *code = EXIT_CODE_USAGE;
    if (!read_typed(arguments, most, texts, why))
        return false;
    *code = EXIT_CODE_INPUT;
    return read_files(arguments, most, texts, why);
}

static bool check_flags(const struct arguments *arguments, struct fault *why)
{
    static const char *const people[] = { "role", "admin", "sealer" };
    for (size_t i = 0; i < 3; i++) {
        const char *arn = argument(arguments, people[i]);
        if (i < 2 && arn == NULL)
            return fault_set(why, FAULT_INPUT, "--%s is wanted: the ARN of %s", people[i],
                             i == 0 ? "the instance's role" : "who administers the key");
        if (arn != NULL && !iam_principal_ok(arn, i == 0))
            return fault_set(why, FAULT_INPUT, "--%s wants the ARN of a role%s, found '%.100s'", people[i],
                             i == 0 ? "" : " or user", arn);
    }
    const char *role = argument(arguments, "role"), *sealer = argument(arguments, "sealer");
    const char *key = argument(arguments, "kms-key");
    struct kms_key_arn arn;
    if ((sealer != NULL) == argument_is_given(arguments, "generate"))
        return fault_set(why, FAULT_INPUT, "give one of --sealer ARN (who seals keys) and --generate (nobody does)");
    if (strcmp(role, argument(arguments, "admin")) == 0 || (sealer != NULL && strcmp(role, sealer) == 0))
        return fault_set(
            why, FAULT_INPUT,
            "the instance's role must be neither --admin nor --sealer: root on the parent has its credentials");
    if (key != NULL && (!kms_key_arn_read(bytes_of_text(key), &arn) || arn.multi_region))
        return fault_set(why, FAULT_INPUT, "--kms-key wants the ARN of a single-Region key, found '%.100s'", key);
    if (argument_is_given(arguments, "any-instance") + argument_is_given(arguments, "pcr3") +
            argument_is_given(arguments, "endpoint") >
        1)
        return fault_set(why, FAULT_INPUT, "give one of --pcr3, --endpoint and --any-instance");
    if (argument_is_given(arguments, "pcr4") && argument_is_given(arguments, "instance-id"))
        return fault_set(why, FAULT_INPUT, "give one of --pcr4 and --instance-id");
    return true;
}

static bool read_instance(const struct arguments *arguments, struct kms_policy_texts *texts, struct fault *why)
{
    const char *id = argument(arguments, "instance-id"), *pcr4 = argument(arguments, "pcr4");
    const char *pcr8 = argument(arguments, "pcr8"), *pcr3 = argument(arguments, "pcr3");
    if (id != NULL) {
        const size_t digits = strncmp(id, "i-", 2) == 0 ? strspn(id + 2, "0123456789abcdef") : 0;
        if ((digits != 8 && digits != 17) || id[2 + digits] != '\0')
            return fault_set(why, FAULT_INPUT, "--instance-id wants i- and 17 hex digits, found '%.60s'", id);
        texts->pcr4 = pcr_text_of_name(id);
    }
    return (pcr3 == NULL || pcr_read("pcr3", pcr3, &texts->pcr3, why)) &&
           (pcr4 == NULL || pcr_read("pcr4", pcr4, &texts->pcr4, why)) &&
           (pcr8 == NULL || pcr_read("pcr8", pcr8, &texts->pcr8, why));
}

static const char *or_null(const struct pcr_text *text)
{
    return text->text[0] == '\0' ? NULL : text->text;
}

enum exit_code kms_policy_order_read(const struct command *command, const struct arguments *arguments,
                                     struct kms_policy_texts *texts, struct key_policy_order *order)
{
    const bool rollover = argument_is_given(arguments, "rollover");
    enum exit_code code = EXIT_CODE_USAGE;
    struct fault why;
    if (!check_flags(arguments, &why))
        return command_misused(command->name, &why);
    if (!kms_policy_texts_read(arguments, rollover ? KEY_POLICY_ROLLOVER : 1, texts, &code, &why))
        return code == EXIT_CODE_USAGE ? command_misused(command->name, &why) : command_failed(code, &why);
    if (texts->image_count == 0 || texts->digest_count == 0)
        (void)fault_set(&why, FAULT_INPUT, "%s",
                        texts->image_count == 0
                            ? "which program? Give --image FILE or --pcr0 HEX"
                            : "under which signing policy? Give --policy FILE or --policy-sha256 HEX");
    else if (rollover && texts->image_count + texts->digest_count < 3)
        (void)fault_set(&why, FAULT_INPUT, "--rollover wants two images or two policies");
    else if (read_instance(arguments, texts, &why))
        code = EXIT_CODE_DONE;
    if (code != EXIT_CODE_DONE)
        return command_misused(command->name, &why);
    code = kms_policy_find_pcr3(command, arguments, texts);
    if (code != EXIT_CODE_DONE)
        return code;
    *order = (struct key_policy_order){ .image_count = texts->image_count,
                                        .digest_count = texts->digest_count,
                                        .as_image_sha384 = argument_is_given(arguments, "image-sha384"),
                                        .pcr3 = or_null(&texts->pcr3),
                                        .pcr4 = or_null(&texts->pcr4),
                                        .pcr8 = or_null(&texts->pcr8),
                                        .role = argument(arguments, "role"),
                                        .admin = argument(arguments, "admin"),
                                        .sealer = argument(arguments, "sealer"),
                                        .key_arn = argument(arguments, "kms-key") };
    for (size_t i = 0; i < KEY_POLICY_ROLLOVER; i++) {
        order->images[i] = texts->images[i].text;
        order->digests[i] = texts->digests[i];
    }
    if (rollover && texts->image_count == 2 && texts->digest_count == 2)
        say_warning(
            "two images and two policies: each image may open under each policy until the old ones are taken out");
    return EXIT_CODE_DONE;
}
