#include "parent/kms_policy_check.h"

#include "parent/kms_policy_order.h"
#include "parent/output.h"
#include "parent/rpc_command.h"
#include "verify/key_policy_lint.h"

#include <stdio.h>

static void put_report(const struct lint_report *report, bool as_json)
{
    static uint8_t room[1 << 17];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    if (!as_json) {
        for (size_t i = 0; i < report->count; i++)
            (void)printf("%-16s %s\n", report->findings[i].rule, report->findings[i].sentence);
        if (report->count == 0)
            (void)printf("nothing to say: root on the parent opens this key only through the enclave\n");
        return;
    }
    json_begin_object(&json);
    json_key(&json, "findings");
    json_begin_array(&json);
    for (size_t i = 0; i < report->count; i++) {
        json_begin_object(&json);
        json_key(&json, "rule");
        json_put_text(&json, report->findings[i].rule);
        json_key(&json, "sentence");
        json_put_text(&json, report->findings[i].sentence);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_key(&json, "sound");
    json_put_bool(&json, report->count == 0);
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
}

/* What only printing a policy has a use for. */
static bool check_flags(const struct arguments *arguments, struct fault *why)
{
    static const char *const others[] = { "role",     "sealer",      "generate", "any-instance", "pcr3",
                                          "endpoint", "instance-id", "pcr4",     "pcr8",         "image-sha384",
                                          "kms-key",  "out",         "iam-out",  "root" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (argument_is_given(arguments, others[i]))
            return fault_set(why, FAULT_INPUT,
                             "--check goes with --image, --pcr0, --policy, --policy-sha256, --admin and "
                             "--rollover; leave out --%s",
                             others[i]);
    }
    return true;
}

enum exit_code kms_policy_check(const struct arguments *arguments)
{
    static struct kms_policy_texts texts;
    static struct lint_report report;
    struct lint_demands demands = { .rollover = argument_is_given(arguments, "rollover") };
    const char *admin = argument(arguments, "admin");
    struct json policy;
    enum exit_code code;
    struct fault why;
    if (!check_flags(arguments, &why))
        return command_misused("kms-policy", &why);
    if (!kms_policy_texts_read(arguments, 1, &texts, &code, &why))
        return code == EXIT_CODE_USAGE ? command_misused("kms-policy", &why) : command_failed(code, &why);
    if (texts.image_count > 0)
        demands.image = bytes_of_text(texts.images[0].text);
    if (texts.digest_count > 0)
        demands.policy_sha256 = bytes_of_text(texts.digests[0]);
    if (admin != NULL)
        demands.admin = bytes_of_text(admin);
    if (!rpc_read_object(argument(arguments, "check"), &policy, &code))
        return code;
    if (!key_policy_lint(policy, &demands, &report, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    put_report(&report, wants_json(arguments));
    return report.count == 0 ? EXIT_CODE_DONE : EXIT_CODE_REFUSED;
}
