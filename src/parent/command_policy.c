/* policy check and policy digest: whether a document is one, and what it is called. */
#include "parent/command.h"
#include "parent/output.h"
#include "parent/policy_file.h"
#include "parent/rpc_command.h"

#include <stdio.h>

static struct policy policy;

static const struct flag flags[] = { FLAG_JSON };

static enum exit_code run_digest(const struct arguments *arguments)
{
    struct fault why;
    if (!policy_file_read(arguments->operands[0], &policy, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    put_line_text(policy_digest_text(&policy).text);
    return EXIT_CODE_DONE;
}

static void put_verdict(void)
{
    uint8_t room[8192];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct policy_warnings warnings;
    struct bytes text;
    policy_warnings(&policy, &warnings);
    json_begin_object(&json);
    json_key(&json, "policy_sha256");
    json_put_text(&json, policy_digest_text(&policy).text);
    json_key(&json, "recipients");
    json_put_uint(&json, policy.recipient_count);
    json_key(&json, "warnings");
    json_begin_array(&json);
    for (size_t i = 0; i < warnings.count; i++)
        json_put_text(&json, warnings.texts[i]);
    json_end_array(&json);
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
}

static enum exit_code run_check(const struct arguments *arguments)
{
    struct fault why;
    struct policy_warnings warnings;
    if (!policy_file_read(arguments->operands[0], &policy, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    policy_warnings(&policy, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        say_warning("%s", warnings.texts[i]);
    if (wants_json(arguments))
        put_verdict();
    else
        (void)printf("a policy, digest %s, with %zu recipients\n", policy_digest_text(&policy).text,
                     policy.recipient_count);
    return EXIT_CODE_DONE;
}

const struct command command_policy_check = {
    .name = "policy check",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "whether a file is a policy, and what its loose ends are",
    .about = "Reads the document as the signer does: every key stated, none unknown. Says the\n"
             "digest, or what is wrong and where (exit code 4). Loose ends are warned of on\n"
             "standard error.",
    .examples = "  ensign policy check policy.json",
    .flags = FLAG_TABLE(flags),
    .run = run_check,
};

const struct command command_policy_digest = {
    .name = "policy digest",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "the SHA-256 of a policy's canonical form",
    .about = "Prints 64 hex digits: the value of ensign-policy-sha256 in KMS's encryption\n"
             "context, in attestation documents, and in the condition of the KMS key's policy.\n"
             "It does not depend on white space, the order of keys or recipients, or the case\n"
             "of hex digits.",
    .examples = "  ensign policy digest policy.json",
    .flags = { 0 },
    .run = run_digest,
};
