#include "parent/doctor.h"

#include "core/base/text.h"
#include "io/stream.h"
#include "parent/program_output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PRINTED_MAX = 1 << 18 };

void doctor_vsock(struct doctor *doctor, struct doctor_line *line)
{
    static const char device[] = "/dev/vsock";
    if (doctor->client->endpoint.kind != ENDPOINT_VSOCK)
        doctor_say(line, DOCTOR_NOT_HERE, "give --endpoint vsock://CID:5000 on the parent itself",
                   "%s is not a vsock endpoint", doctor->client->endpoint.text);
    else if (access(device, F_OK) == 0)
        doctor_say(line, DOCTOR_OK, NULL, "%s is there", device);
    else
        doctor_say(
            line, DOCTOR_FAULT,
            "modprobe vmw_vsock_virtio_transport; the instance must have been launched with enclaves enabled. In a "
            "container: let /dev/vsock in, or run `ensign bridge` outside",
            "%s is missing: no program here can talk to an enclave", device);
}

/* The enclave that is meant: the one with the CID that is expected, else the only one. */
static struct json choose(const struct doctor *doctor, struct json list)
{
    struct json_cursor items = json_items(list);
    struct json key, item, found = { { NULL, 0 } };
    while (json_next(&items, &key, &item)) {
        uint64_t cid;
        if (doctor->has_cid && json_u64(json_member(item, BYTES_LIT("EnclaveCID")), &cid) && cid == doctor->cid)
            return item;
        found = item;
    }
    return json_count(list) == 1 ? found : (struct json){ { NULL, 0 } };
}

static void judge_enclave(struct doctor *doctor, struct json enclave, struct doctor_line *line)
{
    struct bytes id, state, flags;
    if (!json_plain_string(json_member(enclave, BYTES_LIT("EnclaveID")), &id) ||
        !json_plain_string(json_member(enclave, BYTES_LIT("State")), &state) ||
        !json_plain_string(json_member(enclave, BYTES_LIT("Flags")), &flags) ||
        !json_u64(json_member(enclave, BYTES_LIT("EnclaveCID")), &doctor->enclave_cid)) {
        doctor_say(line, DOCTOR_NOT_HERE, "see `nitro-cli describe-enclaves` yourself",
                   "nitro-cli describes the enclave without EnclaveID, EnclaveCID, State or Flags");
        return;
    }
    doctor->has_enclave = true;
    doctor->enclave_is_debug = !text_equal_nocase(flags, BYTES_LIT("NONE"));
    const int shown = id.len > 64 ? 64 : (int)id.len;
    if (text_equal_nocase(state, BYTES_LIT("RUNNING")))
        doctor_say(line, DOCTOR_OK, NULL, "%.*s is running", shown, (const char *)id.data);
    else
        doctor_say(line, DOCTOR_FAULT, "wait until it has gone, then start it again: systemctl restart ensign-enclave",
                   "%.*s is %.*s, not running", shown, (const char *)id.data, state.len > 32 ? 32 : (int)state.len,
                   (const char *)state.data);
}

void doctor_enclave(struct doctor *doctor, struct doctor_line *line)
{
    static uint8_t printed[PRINTED_MAX];
    static char program[] = "nitro-cli", word[] = "describe-enclaves";
    char *const arguments[] = { program, word, NULL };
    struct bytes text;
    struct json list;
    struct fault why;
    const enum program_end end =
        program_output(arguments, io_now_ms() + doctor->timeout_ms, printed, sizeof printed, &text, &why);
    if (end == PROGRAM_ABSENT) {
        doctor_say(line, DOCTOR_NOT_HERE, "run this on the parent instance; nitro-cli is in aws-nitro-enclaves-cli",
                   "nitro-cli is not here");
    } else if (end != PROGRAM_DONE) {
        doctor_say(line, DOCTOR_FAULT,
                   "run it yourself, it says why: the user must be in the group `ne`, and the driver be loaded "
                   "(modprobe nitro_enclaves)",
                   "nitro-cli describe-enclaves: %s", why.text);
    } else if (!json_read(text_trim(text), &list, &why) || json_kind(list) != JSON_ARRAY) {
        doctor_say(line, DOCTOR_NOT_HERE, "see `nitro-cli describe-enclaves` yourself",
                   "nitro-cli describe-enclaves prints no JSON list");
    } else if (json_count(list) == 0) {
        doctor_say(
            line, DOCTOR_FAULT,
            "start it: systemctl start ensign-enclave, or nitro-cli run-enclave; a start that failed says why in "
            "/var/log/nitro_enclaves",
            "no enclave runs on this instance");
    } else {
        const struct json enclave = choose(doctor, list);
        if (json_kind(enclave) == JSON_OBJECT)
            judge_enclave(doctor, enclave, line);
        else
            doctor_say(line, DOCTOR_NOT_HERE, "say which by --cid, or by --endpoint vsock://CID:5000",
                       "%zu enclaves run, and which is meant is not known", json_count(list));
    }
}

void doctor_debug(struct doctor *doctor, struct doctor_line *line)
{
    if (!doctor->has_enclave)
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `enclave`", "no enclave is described");
    else if (!doctor->enclave_is_debug)
        doctor_say(line, DOCTOR_OK, NULL, "it is not in debug mode");
    else
        doctor_say(
            line, DOCTOR_FAULT,
            "terminate it and start it without --debug-mode and without --attach-console; a key that was given to "
            "it is to be replaced",
            "it is in debug mode: root on the parent reads its memory, and its PCRs are zeros, which open no key");
}

void doctor_cid(struct doctor *doctor, struct doctor_line *line)
{
    if (!doctor->has_enclave)
        doctor_say(line, DOCTOR_NOT_HERE, "see the line `enclave`", "no enclave is described");
    else if (!doctor->has_cid)
        doctor_say(line, DOCTOR_NOT_HERE, "give --cid N, or an endpoint vsock://N:5000",
                   "it is %llu; which is wanted is not known", (unsigned long long)doctor->enclave_cid);
    else if (doctor->cid == doctor->enclave_cid)
        doctor_say(line, DOCTOR_OK, NULL, "it is %llu", (unsigned long long)doctor->cid);
    else
        doctor_say(
            line, DOCTOR_FAULT,
            "start the enclave with that one, nitro-cli run-enclave --enclave-cid N, so that clients find it after "
            "every start; or point clients at the one it has",
            "it is %llu, wanted %llu", (unsigned long long)doctor->enclave_cid, (unsigned long long)doctor->cid);
}
