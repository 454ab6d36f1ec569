#include "parent/doctor.h"

#include "core/base/text.h"
#include "parent/input_file.h"

#include <string.h>

static uint8_t policy_text[LINT_POLICY_MAX];

/* GetKeyPolicy answers with the policy as a JSON text in a string. */
static bool fetch(struct doctor *doctor, struct bytes *text, struct doctor_line *line)
{
    uint8_t room[KMS_KEY_ID_MAX + 64];
    struct writer out = writer_of(room, sizeof room), resolved = writer_of(policy_text, sizeof policy_text);
    struct json_writer json = json_writer_of(&out);
    struct json answer;
    struct bytes body;
    struct fault why;
    json_begin_object(&json);
    json_key(&json, "KeyId");
    json_put_text(&json, doctor->key);
    json_key(&json, "PolicyName");
    json_put_text(&json, "default");
    json_end_object(&json);
    must(writer_done(&out, &body));
    const bool got = kms_call(&doctor->kms, "GetKeyPolicy", body, &answer, &why) == EXIT_CODE_DONE;
    if (got && json_string(json_member(answer, BYTES_LIT("Policy")), &resolved) && writer_done(&resolved, text))
        return true;
    doctor_say(
        line, DOCTOR_NOT_HERE,
        "let the role kms:GetKeyPolicy, which reads, or have the administrator print it and give --key-policy FILE",
        "%s", got ? "GetKeyPolicy answers without a policy that fits here" : why.text);
    return false;
}

static bool read_policy(struct doctor *doctor, struct json *policy, struct doctor_line *line)
{
    struct bytes text;
    struct fault why;
    if (doctor->key_policy != NULL) {
        if (!input_file_read(doctor->key_policy, policy_text, sizeof policy_text, &text, &why)) {
            doctor_say(line, DOCTOR_FAULT, "give a file that can be read", "%s", why.text);
            return false;
        }
    } else if (!doctor->may_ask_kms) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `credentials`, or give --key-policy FILE",
                   "KMS cannot be asked");
        return false;
    } else if (!fetch(doctor, &text, line)) {
        return false;
    }
    if (json_read(text_trim(text), policy, &why))
        return true;
    doctor_say(line, DOCTOR_FAULT, "see the policy: `ensign kms-policy` prints a right one", "it is no JSON: %.300s",
               why.text);
    return false;
}

/* The rule whose finding belongs on the line of the image, not on that of the policy. */
static bool is_about_the_image(const struct lint_finding *finding)
{
    return strcmp(finding->rule, "other-image") == 0;
}

static bool lint(struct doctor *doctor, struct doctor_line *line)
{
    struct json policy;
    struct fault why;
    char pcr0[97] = "";
    struct lint_demands demands = { .rollover = false };
    if (!read_policy(doctor, &policy, line))
        return false;
    if (doctor->admin != NULL)
        demands.admin = bytes_of_text(doctor->admin);
    if (doctor->genuine) {
        struct writer out = writer_of((uint8_t *)pcr0, sizeof pcr0 - 1);
        text_put_hex(&out, doctor->report.doc.pcrs[0]);
        demands.image = (struct bytes){ (const uint8_t *)pcr0, out.len };
        demands.policy_sha256 = doctor->said.policy_sha256;
    }
    if (key_policy_lint(policy, &demands, &doctor->lint, &why)) {
        doctor->linted = true;
        return true;
    }
    doctor_say(line, DOCTOR_FAULT, "see the policy: `ensign kms-policy` prints a right one", "%s", why.text);
    return false;
}

void doctor_key_policy(struct doctor *doctor, struct doctor_line *line)
{
    const struct lint_finding *first = NULL;
    size_t count = 0;
    if (!lint(doctor, line))
        return;
    for (size_t i = 0; i < doctor->lint.count; i++) {
        if (is_about_the_image(&doctor->lint.findings[i]))
            continue;
        first = count++ == 0 ? &doctor->lint.findings[i] : first;
    }
    if (first == NULL)
        doctor_say(line, DOCTOR_OK, NULL, "root on the parent opens the key only through the enclave%s",
                   doctor->genuine ? ", under the policy in force" : "");
    else if (count == 1)
        doctor_say(line, DOCTOR_FAULT, "put the policy that `ensign kms-policy` prints; `--check` explains one",
                   "%s: %s", first->rule, first->sentence);
    else
        doctor_say(
            line, DOCTOR_FAULT,
            "put the policy that `ensign kms-policy` prints; `ensign kms-policy --check` lists what is wrong with one",
            "%zu things are wrong, first %s: %.400s", count, first->rule, first->sentence);
}

/* Without a measurement there is no image to compare. */
static bool names_no_image(const struct lint_finding *finding)
{
    static const char *const rules[] = { "no-measurement", "no-image", "pcr1-pcr2", "pcr8-alone", "not-hex", "nobody" };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (strcmp(finding->rule, rules[i]) == 0)
            return true;
    }
    return false;
}

void doctor_key_image(struct doctor *doctor, struct doctor_line *line)
{
    if (!doctor->genuine) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `signer` and `document`", "there is no document to believe");
        return;
    }
    bool comparable = doctor->linted;
    for (size_t i = 0; i < doctor->lint.count; i++)
        comparable = comparable && !names_no_image(&doctor->lint.findings[i]);
    if (!comparable) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `key-policy`", "there is no key policy with measurements here");
        return;
    }
    for (size_t i = 0; i < doctor->lint.count; i++) {
        if (is_about_the_image(&doctor->lint.findings[i])) {
            doctor_say(
                line, DOCTOR_FAULT,
                "put the key policy for the image that runs (`ensign kms-policy --image`), or run the image that it "
                "is for; for a change of images: --rollover",
                "the key policy does not let the running image open the key: at its next start it will not");
            return;
        }
    }
    doctor_say(line, DOCTOR_OK, NULL, "the key policy lets the running image open the key, by its PCR0");
}
