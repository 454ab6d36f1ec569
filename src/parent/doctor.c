#include "parent/doctor.h"

#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* clang-format off */
static const struct {
    const char *name;
    doctor_check *check;
} rows[] = {
    /* the machine */
    { "vsock",       doctor_vsock },
    { "enclave",     doctor_enclave },
    { "debug",       doctor_debug },
    { "cid",         doctor_cid },
    { "memory",      doctor_memory },
    /* the signer */
    { "signer",      doctor_signer },
    { "document",    doctor_document },
    { "image",       doctor_image },
    { "roots",       doctor_roots },
    { "provisioned", doctor_provisioned },
    { "policy",      doctor_policy },
    { "lease",       doctor_lease },
    /* the way to KMS */
    { "proxy",       doctor_proxy },
    { "kms",         doctor_kms },
    { "clock",       doctor_clock },
    /* the KMS key */
    { "credentials", doctor_credentials },
    { "key",         doctor_key },
    { "regions",     doctor_regions },
    { "origin",      doctor_origin },
    { "grants",      doctor_grants },
    { "key-policy",  doctor_key_policy },
    { "key-image",   doctor_key_image },
};
/* clang-format on */

size_t doctor_run(struct doctor *doctor, struct doctor_line lines[static DOCTOR_LINES_MAX])
{
    const size_t count = sizeof rows / sizeof *rows;
    must(count <= DOCTOR_LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        lines[i] = (struct doctor_line){ .name = rows[i].name };
        rows[i].check(doctor, &lines[i]);
        must(lines[i].found[0] != '\0' && (lines[i].state == DOCTOR_OK) == (lines[i].remedy == NULL));
    }
    return count;
}

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = { "ok", "not checkable here", "warning", "fault" };
    return names[state];
}

void doctor_say(struct doctor_line *line, enum doctor_state state, const char *remedy, const char *format, ...)
{
    va_list arguments;
    line->state = state;
    line->remedy = remedy;
    va_start(arguments, format);
    (void)vsnprintf(line->found, sizeof line->found, format, arguments);
    va_end(arguments);
    text_make_printable(line->found);
}

uint64_t doctor_utc_ms(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void take_key(struct doctor *doctor)
{
    struct bytes key = doctor->genuine ? doctor->said.kms_key : (struct bytes){ NULL, 0 };
    if (key.len == 0 && doctor->answered)
        (void)!json_plain_string(json_member(doctor->status, BYTES_LIT("kms_key_pinned")), &key);
    if (doctor->key[0] == '\0' && key.len < sizeof doctor->key && kms_key_id_ok(key)) {
        memcpy(doctor->key, key.data, key.len);
        doctor->key[key.len] = '\0';
    }
}

bool doctor_knows_region(struct doctor *doctor, struct doctor_line *line)
{
    struct kms_key_arn arn;
    take_key(doctor);
    if (doctor->region[0] == '\0' && kms_key_arn_read(bytes_of_text(doctor->key), &arn) &&
        arn.region.len < sizeof doctor->region) {
        memcpy(doctor->region, arn.region.data, arn.region.len);
        doctor->region[arn.region.len] = '\0';
    }
    if (doctor->region[0] != '\0')
        return true;
    doctor_say(line, DOCTOR_NOT_HERE, "give --kms-key ARN or --region, or set AWS_REGION", "the Region is not known");
    return false;
}

bool doctor_knows_key(struct doctor *doctor, struct doctor_line *line)
{
    take_key(doctor);
    if (doctor->key[0] != '\0')
        return true;
    doctor_say(line, DOCTOR_NOT_HERE, "give --kms-key ARN", "which KMS key it is, is not known");
    return false;
}
