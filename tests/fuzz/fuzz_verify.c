/* user_data that reads is the one text that says what was read; a key policy that reads gets findings in printable
 * sentences, one at least wherever somebody may open without a document. */
#include "core/base/text.h"
#include "core/codec/json.h"
#include "verify/key_policy_lint.h"
#include "verify/user_data.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void put_field(struct writer *out, const char *name, struct bytes value)
{
    if (value.len == 0)
        return;
    writer_text(out, name);
    writer_put(out, value);
}

static void put_key(struct writer *out, const struct user_data *said)
{
    writer_text(out, said->policy_bound ? ";policy-bound=true" : ";policy-bound=false");
    writer_text(out, said->generated ? ";key-origin=generated" : ";key-origin=imported");
    put_field(out, ";kms-key=", said->kms_key);
    put_field(out, ";sealed-sha256=", said->sealed_sha256);
}

static void check_user_data(struct bytes text)
{
    uint8_t again[4096];
    struct writer out = writer_of(again, sizeof again);
    struct user_data said;
    struct fault why;
    if (!user_data_read(text, &said, &why)) {
        must(why.code == FAULT_REMOTE && text_is_printable(bytes_of_text(why.text)));
        return;
    }
    writer_text(&out, "payments-signer:");
    if (said.address.len > 0)
        writer_put(&out, said.address);
    else
        writer_text(&out, "unprovisioned");
    if (!said.bare) {
        writer_text(&out, said.mode == USER_DATA_STRICT ? ";mode=strict" : ";mode=open");
        put_field(&out, ";policy-sha256=", said.policy_sha256);
        if (said.address.len > 0)
            put_key(&out, &said);
        put_field(&out, ";journal=", said.journal);
        writer_text(&out, said.custom_roots ? ";trust-roots=custom" : "");
        writer_text(&out, said.insecure ? ";insecure" : "");
    }
    must(!out.failed && bytes_equal((struct bytes){ again, out.len }, text));
}

/* In any case of letters: IAM does not tell the names of condition keys apart by it. */
static bool mentions(struct bytes text, const char *word)
{
    const size_t len = strlen(word);
    for (size_t at = 0; at + len <= text.len; at++)
        if (strncasecmp((const char *)text.data + at, word, len) == 0)
            return true;
    return false;
}

static void check_lint(struct bytes text)
{
    static struct lint_report report;
    static const struct lint_demands demands = { .rollover = false };
    struct json policy;
    struct fault why;
    if (!json_read(text, &policy, &why) || !key_policy_lint(policy, &demands, &report, &why))
        return;
    must(report.count <= LINT_FINDINGS_MAX);
    for (size_t i = 0; i < report.count; i++) {
        const struct bytes sentence = bytes_of_text(report.findings[i].sentence);
        must(sentence.len > 0 && text_is_printable(sentence) && report.findings[i].rule[0] != '\0');
    }
    /* Nothing to say means that somebody opens, so the text names the program and the signing policy. */
    must(report.count > 0 || mentions(text, "PCR") || mentions(text, "384"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = { data, len };
    check_user_data(text);
    check_lint(text);
    return 0;
}
