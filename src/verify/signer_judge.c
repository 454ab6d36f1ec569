#include "verify/signer_judge.h"

static bool note_text(struct judge_report *report, const char *name, struct bytes found, struct bytes wanted,
                      const char *none)
{
    const bool ok = bytes_equal(found, wanted);
    const char *shown = found.len > 0 ? (const char *)found.data : none;
    const int len = found.len > 0 ? (int)found.len : (int)bytes_of_text(none).len;
    return judge_note(report, name, ok, "%.*s%s", len, shown, ok ? "" : ", not what was demanded");
}

static bool note_origin(const struct signer_demands *demands, const struct user_data *data, struct judge_report *report)
{
    if (data->generated)
        return judge_note(report, "origin", true, "generated in this very boot: a birth certificate");
    if (demands->generated)
        return judge_note(report, "origin", false, "imported in this boot (want generated)");
    return judge_note(report, "origin", true, "imported in this boot; where the key was made is not shown here");
}

static bool judge_key(const struct signer_demands *demands, const struct user_data *data, struct judge_report *report)
{
    bool ok = true;
    if (!data->bare || data->policy_sha256.len > 0 || demands->policy_sha256.len > 0)
        ok = judge_note(report, "bound", data->policy_bound == !demands->unbound, "the ciphertext is %sbound%s",
                        data->policy_bound ? "" : "not ",
                        data->policy_bound == !demands->unbound ? "" : ", not what was demanded") &&
             ok;
    if (demands->kms_key.len > 0)
        ok = note_text(report, "kms-key", data->kms_key, demands->kms_key, "none is named") && ok;
    if (!data->bare || demands->generated)
        ok = note_origin(demands, data, report) && ok;
    return ok;
}

bool signer_judge(const struct signer_demands *demands, struct judge_report *report, struct user_data *data)
{
    const struct attestation_doc *doc = &report->doc;
    struct fault why = { 0 };
    if (report->count <= 2) /* judge ended early */
        return false;
    bool ok = judge_note(report, "public_key", !doc->public_key.present, "%s",
                         doc->public_key.present ? "present: this document was made for KMS or for another program"
                                                 : "absent");
    const struct bytes text = doc->user_data.present ? doc->user_data.bytes : (struct bytes){ NULL, 0 };
    const bool readable = user_data_read(text, data, &why);
    if (!judge_note(report, "user_data", readable, "%s", readable ? "every field in its place, once" : why.text))
        return false;
    ok = note_text(report, "address", data->address, demands->address, "unprovisioned") && ok;
    const bool strict = data->mode == USER_DATA_STRICT, mode_ok = data->mode == demands->mode;
    ok = judge_note(report, "mode", mode_ok, "%s%s", strict ? "strict" : "open",
                    mode_ok ? "" : ", not what was demanded") &&
         ok;
    ok = note_text(report, "policy", data->policy_sha256, demands->policy_sha256, "none") && ok;
    if (demands->address.len > 0)
        ok = judge_key(demands, data, report) && ok;
    if (data->custom_roots)
        ok = judge_note(report, "kms-roots", demands->allow_custom_roots, "custom: %s",
                        demands->allow_custom_roots ? "allowed here" : "whoever holds them may have played KMS") &&
             ok;
    if (data->insecure)
        ok = judge_note(report, "insecure", false, "the key came from a file: a build for tests") && ok;
    return ok;
}
