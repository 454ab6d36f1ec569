#include "parent/doctor.h"

#include "core/base/text.h"
#include "parent/credentials.h"

#include <string.h>

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (name != NULL && strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

/* DescribeKey: it tells of the key, and whether KMS takes the credentials. */
static void describe(struct doctor *doctor)
{
    uint8_t room[KMS_KEY_ID_MAX + 64];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct json answer;
    struct bytes body;
    json_begin_object(&json);
    json_key(&json, "KeyId");
    json_put_text(&json, doctor->key);
    json_end_object(&json);
    must(writer_done(&out, &body));
    memcpy(doctor->kms.region, doctor->region, sizeof doctor->region);
    doctor->kms.credentials = &doctor->credentials;
    doctor->kms.timeout_ms = (long)doctor->timeout_ms;
    doctor->described = kms_call(&doctor->kms, "DescribeKey", body, &answer, &doctor->described_why);
    if (doctor->described != EXIT_CODE_DONE)
        return;
    const struct json metadata = json_member(answer, BYTES_LIT("KeyMetadata"));
    must(metadata.text.len <= sizeof doctor->metadata_text);
    memcpy(doctor->metadata_text, metadata.text.data, metadata.text.len);
    doctor->metadata = (struct json){ { doctor->metadata_text, metadata.text.len } };
}

void doctor_credentials(struct doctor *doctor, struct doctor_line *line)
{
    static const char *const not_taken[] = { "ExpiredTokenException",       "IncompleteSignatureException",
                                             "InvalidSignatureException",   "MissingAuthenticationTokenException",
                                             "UnrecognizedClientException", NULL };
    const char *source;
    struct fault why;
    if (!credentials_find(CREDENTIALS_TEMPORARY, &doctor->credentials, &source, &why)) {
        doctor_say(
            line, DOCTOR_FAULT,
            "attach the role to the instance; from a container the metadata hop limit must be 2, and the clock must "
            "be right",
            "%s", why.text);
        return;
    }
    if (!doctor_knows_region(doctor, line) || !doctor_knows_key(doctor, line))
        return;
    describe(doctor);
    if (doctor->described == EXIT_CODE_REFUSED && is_one_of(doctor->kms.error, not_taken)) {
        if (doctor->clock_is_off)
            doctor_say(line, DOCTOR_NOT_HERE, "see the line `clock`", "found in %s; KMS refuses what this clock signs",
                       source);
        else
            doctor_say(line, DOCTOR_FAULT,
                       "take them out of the environment, so that the instance's own are found, or set new ones",
                       "found in %s: %s", source, doctor->described_why.text);
    } else if (doctor->described == EXIT_CODE_REFUSED || doctor->described == EXIT_CODE_DONE) {
        doctor->may_ask_kms = true;
        doctor_say(line, DOCTOR_OK, NULL, "found in %s, and KMS takes them", source);
    } else {
        doctor_say(line, DOCTOR_NOT_HERE,
                   "let this machine reach KMS itself, or leave it: a signer needs the proxy alone",
                   "found in %s; whether KMS takes them is not known: %s", source, doctor->described_why.text);
    }
}

void doctor_key(struct doctor *doctor, struct doctor_line *line)
{
    struct bytes state;
    if (!doctor->may_ask_kms) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `credentials`", "KMS cannot be asked");
    } else if (doctor->described != EXIT_CODE_DONE && strcmp(doctor->kms.error, "AccessDeniedException") == 0) {
        doctor_say(line, DOCTOR_NOT_HERE,
                   "let the role kms:DescribeKey, kms:ListGrants and kms:GetKeyPolicy, which read; or ask whoever "
                   "administers the key",
                   "%s", doctor->described_why.text);
    } else if (doctor->described != EXIT_CODE_DONE) {
        doctor_say(line, DOCTOR_FAULT, "see that --kms-key names the signer's key, in its Region and account", "%s",
                   doctor->described_why.text);
    } else if (!json_plain_string(json_member(doctor->metadata, BYTES_LIT("KeyState")), &state)) {
        doctor_say(line, DOCTOR_FAULT, "see that what answers is KMS", "DescribeKey answers without a KeyState");
    } else if (bytes_equal(state, BYTES_LIT("Enabled"))) {
        doctor_say(line, DOCTOR_OK, NULL, "%.200s is enabled", doctor->key);
    } else {
        doctor_say(
            line, DOCTOR_FAULT,
            "kms:EnableKey, or kms:CancelKeyDeletion and then that: the signer cannot open its key at its next start",
            "%.200s is %.*s", doctor->key, state.len > 40 ? 40 : (int)state.len, (const char *)state.data);
    }
}

static bool is_described(const struct doctor *doctor, struct doctor_line *line)
{
    if (json_kind(doctor->metadata) == JSON_OBJECT)
        return true;
    doctor_say(line, DOCTOR_NOT_HERE, "see the line `key`", "the key is not described");
    return false;
}

void doctor_regions(struct doctor *doctor, struct doctor_line *line)
{
    bool multi_region = false;
    if (!is_described(doctor, line))
        return;
    if (!json_bool(json_member(doctor->metadata, BYTES_LIT("MultiRegion")), &multi_region))
        doctor_say(line, DOCTOR_NOT_HERE, "see `aws kms describe-key`", "KMS does not say whether it is multi-Region");
    else if (!multi_region)
        doctor_say(line, DOCTOR_OK, NULL, "it is in one Region alone");
    else
        doctor_say(line, DOCTOR_FAULT,
                   "move the signer to a new key, made inside under a single-Region KMS key; `ensign rebind` moves a "
                   "ciphertext",
                   "it is a multi-Region key: its copies stand under key policies of their own, and open the same "
                   "ciphertexts");
}

void doctor_origin(struct doctor *doctor, struct doctor_line *line)
{
    struct bytes origin;
    if (!is_described(doctor, line))
        return;
    if (!json_plain_string(json_member(doctor->metadata, BYTES_LIT("Origin")), &origin))
        doctor_say(line, DOCTOR_NOT_HERE, "see `aws kms describe-key`", "KMS does not say where its material is from");
    else if (bytes_equal(origin, BYTES_LIT("AWS_KMS")))
        doctor_say(line, DOCTOR_OK, NULL, "its material was made in KMS");
    else
        doctor_say(line, DOCTOR_FAULT, "move the signer to a new key, made inside under a KMS key of origin AWS_KMS",
                   "its material is from elsewhere (%.*s): whoever has it opens every ciphertext without KMS",
                   origin.len > 40 ? 40 : (int)origin.len, (const char *)origin.data);
}
