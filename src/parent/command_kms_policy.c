#include "core/base/text.h"
#include "core/kms/kms_api.h"
#include "parent/evidence.h"
#include "parent/image_facts.h"
#include "parent/input_file.h"
#include "parent/json_pretty.h"
#include "parent/kms_policy_check.h"
#include "parent/kms_policy_order.h"
#include "parent/output.h"
#include "parent/rpc_command.h"

static const struct flag flags[] = {
    { .name = "image", .value = "FILE", .repeats = true, .help = "the enclave image that may open the key" },
    { .name = "pcr0", .value = "HEX", .repeats = true, .help = "its PCR0, where the image is not at hand" },
    { .name = "policy", .value = "FILE", .repeats = true, .help = "the signing policy that it must be under" },
    { .name = "policy-sha256", .value = "HEX", .repeats = true, .help = "its digest, where the policy is not at hand" },
    { .name = "rollover", .help = "two images, or two policies, for the time of a change" },
    { .name = "role", .value = "ARN", .help = "the instance's role" },
    { .name = "admin", .value = "ARN", .help = "the role or user that administers the key" },
    { .name = "sealer", .value = "ARN", .help = "the one role or user that seals keys" },
    { .name = "generate", .help = "keys are generated inside: the enclave may GenerateDataKey, nobody seals" },
    { .name = "any-instance", .help = "leave PCR3 out: any instance that has the role's credentials" },
    { .name = "pcr3", .value = "HEX", .help = "of the instance's role; computed from --role when not given" },
    { .name = "endpoint", .value = "ENDPOINT", .help = "take PCR3 from a document that this signer makes now" },
    { .name = "root", .value = "PEM", .help = "the root to trust for that, in place of AWS's: for tests" },
    { .name = "timeout", .value = "SECONDS", .help = "for that, give up after so long (default 10, at most 600)" },
    { .name = "instance-id", .value = "ID", .help = "this instance alone: its PCR4" },
    { .name = "pcr4", .value = "HEX", .help = "the same, as a measurement" },
    { .name = "pcr8", .value = "HEX", .help = "images signed with that certificate alone" },
    { .name = "image-sha384", .help = "write the condition as ImageSha384, which is the same value as PCR0" },
    { .name = "kms-key", .value = "ARN", .help = "the key, for the IAM policy; any of the account when not given" },
    { .name = "out", .value = "FILE", .help = "the key policy into a new file" },
    { .name = "iam-out", .value = "FILE", .help = "the IAM policy into a new file" },
    { .name = "check", .value = "FILE", .help = "say what root on the parent could do under this key policy" },
    { .name = "json", .help = "with --check: JSON, as when the output is piped" },
};

enum { POLICY_ROOM = 32768 };

static bool write_policy(const char *path, struct json policy, struct fault *why)
{
    static uint8_t room[2 * POLICY_ROOM];
    struct writer out = writer_of(room, sizeof room);
    struct bytes text;
    json_pretty(&out, policy);
    writer_u8(&out, '\n');
    must(writer_done(&out, &text));
    return output_file_write(path, 0644, text, why);
}

static enum exit_code print(const struct arguments *arguments, const struct key_policy_order *order)
{
    static uint8_t room[POLICY_ROOM];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    const char *path = argument(arguments, "out"), *iam_path = argument(arguments, "iam-out");
    struct bytes text;
    struct fault why;
    json_begin_object(&json);
    json_key(&json, "iam_policy");
    iam_policy_put(&json, order);
    json_key(&json, "key_policy");
    key_policy_put(&json, order);
    json_end_object(&json);
    must(writer_done(&out, &text));
    const struct json both = { text };
    if (path == NULL && iam_path == NULL)
        put_json_pretty(both);
    if (path != NULL && !write_policy(path, json_member(both, BYTES_LIT("key_policy")), &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    if (iam_path != NULL && !write_policy(iam_path, json_member(both, BYTES_LIT("iam_policy")), &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct kms_policy_texts texts;
    struct key_policy_order order;
    enum exit_code code;
    if (argument_is_given(arguments, "check"))
        return kms_policy_check(arguments);
    code = kms_policy_order_read(&command_kms_policy, arguments, &texts, &order);
    return code == EXIT_CODE_DONE ? print(arguments, &order) : code;
}

const struct command command_kms_policy = {
    .name = "kms-policy",
    .operands = "",
    .summary = "the KMS key policy for an image and a signing policy, or what is wrong with one",
    .about = "Prints the key policy under which this image alone opens the signer's key, under\n"
             "this signing policy alone, on instances with this role; and the IAM policy for the\n"
             "role. Whoever can log in to the instance must be neither --admin nor --sealer.\n"
             "Standard error says where each measurement comes from.\n"
             "\n"
             "With --check it reads a key policy and says in sentences what root on the parent\n"
             "could do under it; exit code 1 when there is anything to say. --image, --policy\n"
             "and --admin, when given, are compared.",
    .examples =
        "  ensign kms-policy --image build/ensign.eif --policy policy.json --role \"$ROLE\" --admin \"$ADMIN\" \\\n"
        "      --sealer \"$SEALER\" --out key-policy.json --iam-out role-policy.json\n"
        "  ensign kms-policy --image new.eif --image old.eif --rollover --policy policy.json …\n"
        "  aws kms get-key-policy --key-id \"$KEY\" --query Policy --output text |\n"
        "      ensign kms-policy --check - --image build/ensign.eif --policy policy.json",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
