#include "parent/doctor.h"

#include "core/base/text.h"

#include <string.h>

void doctor_signer(struct doctor *doctor, struct doctor_line *line)
{
    struct json status;
    struct bytes version = BYTES_INIT("an unknown version");
    struct fault why;
    (void)signer_begin(doctor->client, "status");
    if (signer_call(doctor->client, &status, &why) != EXIT_CODE_DONE) {
        doctor_say(
            line, DOCTOR_FAULT,
            "see that the enclave runs and that the endpoint has its CID and the signer's port, 5000; a debug start "
            "of the same image shows its console",
            "%s: %.350s", doctor->client->endpoint.text, why.text);
        return;
    }
    must(status.text.len <= FRAME_MAX);
    if (status.text.len > sizeof doctor->status_text) {
        doctor_say(line, DOCTOR_FAULT, "see what listens there", "%s: a status of %zu bytes is no signer's",
                   doctor->client->endpoint.text, status.text.len);
        return;
    }
    memcpy(doctor->status_text, status.text.data, status.text.len);
    doctor->status = (struct json){ { doctor->status_text, status.text.len } };
    doctor->answered = true;
    (void)!json_plain_string(json_member(doctor->status, BYTES_LIT("version")), &version);
    doctor_say(line, DOCTOR_OK, NULL, "%s answers: ensignd %.*s", doctor->client->endpoint.text,
               version.len > 64 ? 64 : (int)version.len, (const char *)version.data);
}

/* The nonce shows that it is new; its own clock is what the line `clock` compares this machine's with. */
void doctor_document(struct doctor *doctor, struct doctor_line *line)
{
    struct json result;
    struct fault why;
    if (!doctor->answered) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `signer`", "the signer does not answer");
        return;
    }
    evidence_begin(doctor->client, &doctor->evidence);
    if (signer_call(doctor->client, &result, &why) != EXIT_CODE_DONE ||
        evidence_take(result, &doctor->evidence, &why) != EXIT_CODE_DONE) {
        doctor_say(line, DOCTOR_FAULT,
                   "run the image in a Nitro Enclave: what has no NSM proves nothing, and KMS opens nothing for it",
                   "%s", why.text);
        return;
    }
    const struct judge_demands demands = { .root_count = 1,
                                           .roots = { doctor->root },
                                           .utc_ms = doctor_utc_ms(),
                                           .at_its_own_time = true,
                                           .nonce = { true, { doctor->evidence.nonce, doctor->evidence.nonce_len } } };
    doctor->document_at_ms = demands.utc_ms;
    const bool believed = judge(evidence_document(&doctor->evidence), &demands, &doctor->report);
    const struct judge_check *wrong = judge_first_failure(&doctor->report);
    if (!believed) {
        doctor_say(
            line, DOCTOR_FAULT,
            "do not provision it and send it nothing: what answers there may not be your enclave. `ensign verify` "
            "says more; a debug enclave is to be started again without --debug-mode",
            "it is not to be believed: %s: %s", wrong->name, wrong->found);
        return;
    }
    const struct optional_bytes data = doctor->report.doc.user_data;
    if (!data.present || !user_data_read(data.bytes, &doctor->said, &why)) {
        doctor_say(line, DOCTOR_FAULT, "see that the image is ensign's, of a version that this tool knows",
                   "a genuine enclave, and not one of ensign's: %s", data.present ? why.text : "it says nothing");
        return;
    }
    doctor->genuine = true;
    doctor_say(line, DOCTOR_OK, NULL, "made now for this nonce, by a genuine enclave: module %.*s",
               doctor->report.doc.module_id.len > 64 ? 64 : (int)doctor->report.doc.module_id.len,
               (const char *)doctor->report.doc.module_id.data);
}

void doctor_image(struct doctor *doctor, struct doctor_line *line)
{
    uint8_t wanted[48];
    if (!doctor->genuine) {
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `signer` and `document`", "there is no document to believe");
        return;
    }
    const struct bytes found = doctor->report.doc.pcrs[0];
    if (doctor->pcr0[0] == '\0') {
        doctor_say(line, DOCTOR_NOT_HERE, "give --image FILE, or its PCR0 by --pcr0",
                   "which image it must be is not known");
        return;
    }
    must(text_read_hex(bytes_of_text(doctor->pcr0), wanted));
    if (bytes_equal(found, BYTES_OF(wanted)))
        doctor_say(line, DOCTOR_OK, NULL, "the enclave's PCR0 is the image's, %.16s...", doctor->pcr0);
    else
        doctor_say(line, DOCTOR_FAULT, "start the image that you mean, or find out who started this one",
                   "the enclave runs another image: its PCR0 is not %.16s...", doctor->pcr0);
}

void doctor_roots(struct doctor *doctor, struct doctor_line *line)
{
    if (!doctor->genuine)
        doctor_say(line, DOCTOR_NOT_HERE, "see the lines `signer` and `document`", "there is no document to believe");
    else if (doctor->said.insecure)
        doctor_say(line, DOCTOR_FAULT, "run a released image: this one is built for wiring tests",
                   "its key came from a file, not from KMS");
    else if (!doctor->said.custom_roots)
        doctor_say(line, DOCTOR_OK, NULL, "the image believes Amazon's roots for KMS");
    else if (doctor->allow_custom_roots)
        doctor_say(line, DOCTOR_OK, NULL, "the image believes roots of its own for KMS, as --custom-roots lets it");
    else
        doctor_say(line, DOCTOR_FAULT,
                   "build the image without kms_trust_roots in its settings; --custom-roots lets it pass, for tests",
                   "the image believes other roots than Amazon's for KMS: whoever has such a root gives it a key");
}
