#include "parent/doctor.h"

#include <stdio.h>

/* Operations of a grant that open ciphertexts, hand out more grants, or move ciphertexts to where they open. */
static bool opens(struct json grant)
{
    static const struct bytes names[] = {
        BYTES_INIT("Decrypt"),       BYTES_INIT("GenerateDataKey"),    BYTES_INIT("GenerateDataKeyPair"),
        BYTES_INIT("ReEncryptFrom"), BYTES_INIT("DeriveSharedSecret"), BYTES_INIT("CreateGrant"),
    };
    struct json_cursor operations = json_items(json_member(grant, BYTES_LIT("Operations")));
    struct json key, operation;
    while (json_next(&operations, &key, &operation)) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (json_string_is(operation, names[i]))
                return true;
        }
    }
    return false;
}

static struct bytes text_of(struct json grant, struct bytes member)
{
    struct bytes text = BYTES_INIT("somebody unnamed");
    (void)!json_plain_string(json_member(grant, member), &text);
    return text.len > 150 ? (struct bytes){ text.data, 150 } : text;
}

/* One page is enough: any grant at all is to be looked at. */
static void judge_grants(struct json grants, struct doctor_line *line)
{
    struct json_cursor items = json_items(grants);
    struct json key, grant, worst = { { NULL, 0 } };
    bool any_opens = false;
    while (json_next(&items, &key, &grant)) {
        if (json_kind(worst) == JSON_NONE || (!any_opens && opens(grant)))
            worst = grant;
        any_opens = any_opens || opens(grant);
    }
    if (json_kind(worst) == JSON_NONE) {
        doctor_say(line, DOCTOR_OK, NULL, "there are none");
        return;
    }
    const struct bytes holder = text_of(worst, BYTES_LIT("GranteePrincipal")),
                       id = text_of(worst, BYTES_LIT("GrantId"));
    doctor_say(line, any_opens ? DOCTOR_FAULT : DOCTOR_WARNING,
               "kms:RevokeGrant each that you did not mean, and deny kms:CreateGrant in the key policy, as `ensign "
               "kms-policy` does",
               "%zu on this key, which its policy does not show; %.*s holds one%s (%.*s)", json_count(grants),
               (int)holder.len, (const char *)holder.data, any_opens ? " that opens or moves ciphertexts" : "",
               (int)id.len, (const char *)id.data);
}

void doctor_grants(struct doctor *doctor, struct doctor_line *line)
{
    uint8_t room[KMS_KEY_ID_MAX + 64];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct json answer;
    struct bytes body;
    struct fault why;
    if (!doctor->may_ask_kms) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `credentials`", "KMS cannot be asked");
        return;
    }
    json_begin_object(&json);
    json_key(&json, "KeyId");
    json_put_text(&json, doctor->key);
    json_end_object(&json);
    must(writer_done(&out, &body));
    if (kms_call(&doctor->kms, "ListGrants", body, &answer, &why) != EXIT_CODE_DONE)
        doctor_say(line, DOCTOR_NOT_HERE,
                   "let the role kms:ListGrants, which reads, or ask whoever administers the key", "%s", why.text);
    else if (json_kind(json_member(answer, BYTES_LIT("Grants"))) != JSON_ARRAY)
        doctor_say(line, DOCTOR_NOT_HERE, "see `aws kms list-grants`", "ListGrants answers without a list");
    else
        judge_grants(json_member(answer, BYTES_LIT("Grants")), line);
}
