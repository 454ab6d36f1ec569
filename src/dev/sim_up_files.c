#include "core/base/text.h"
#include "core/codec/json.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/sim_programs.h"
#include "dev/sim_up.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ADMIN_S = 43200, /* as long as a role's session may last */
    TEXT_CAP = 65536,
};

static bool put_file(const struct up *up, const char *name, struct writer *text, unsigned mode, struct fault *why)
{
    char path[FILE_PATH_MAX];
    struct bytes content;
    return (writer_done(text, &content) || fault_set(why, FAULT_LIMIT, "%s is too long", name)) &&
           file_path(path, up->folder, name, why) && file_replace(path, content, mode, why);
}

static void put_line(struct writer *out, const char *name, const char *first, const char *second)
{
    writer_text(out, "export ");
    writer_text(out, name);
    writer_text(out, "='");
    writer_text(out, first);
    writer_text(out, second);
    writer_text(out, "'\n");
}

bool sim_up_write_settings(const struct up *up, struct fault *why)
{
    char path[FILE_PATH_MAX];
    uint8_t *pem = NULL, text[TEXT_CAP];
    size_t len = 0;
    if (!file_path(path, up->folder, "kms-ca.pem", why) || !file_read(path, TEXT_CAP / 2, &pem, &len, why))
        return false;
    struct writer out = writer_of(text, sizeof text);
    struct json_writer json = json_writer_of(&out);
    json_begin_object(&json);
    json_key(&json, "kms_trust_roots");
    json_put_string(&json, (struct bytes){ pem, len });
    json_key(&json, "mode");
    json_put_text(&json, "open");
    json_end_object(&json);
    writer_text(&out, "\n");
    free(pem);
    return put_file(up, "settings.json", &out, 0644, why);
}

/* A session of the administrator, and the instance role's policy when one was given. */
bool sim_up_write_admin(struct up *up, struct fault *why)
{
    uint8_t text[4096], *policy = NULL;
    size_t policy_len = 0;
    struct writer out = writer_of(text, sizeof text);
    if (up->role_policy != NULL && !file_read(up->role_policy, TEXT_CAP, &policy, &policy_len, why))
        return false;
    struct sim_state *state = sim_state_open(up->folder, why);
    const struct sim_credentials *admin = NULL;
    bool ok = state != NULL;
    if (ok && policy != NULL)
        ok = sim_role_put(state, SIM_INSTANCE_ROLE, (struct bytes){ policy, policy_len }, why);
    if (ok)
        admin = sim_credentials_issue(state, SIM_ADMIN_ROLE, "ensign-sim", ADMIN_S, clock_utc_ms() / 1000, why);
    ok = ok && admin != NULL && sim_state_save(state, why);
    if (ok) {
        sim_role_arn(state, SIM_INSTANCE_ROLE, up->role_arn);
        sim_role_arn(state, SIM_ADMIN_ROLE, up->admin_arn);
        put_line(&out, "AWS_ACCESS_KEY_ID", admin->access_key_id, "");
        put_line(&out, "AWS_SECRET_ACCESS_KEY", admin->secret, "");
        put_line(&out, "AWS_SESSION_TOKEN", admin->token, "");
        ok = put_file(up, "admin-env", &out, 0600, why);
    }
    sim_state_close(state);
    free(policy);
    return ok;
}

bool sim_up_write_env(const struct up *up, struct fault *why)
{
    uint8_t text[TEXT_CAP];
    char kms[64], imds[64], pcr0[2 * sizeof up->nsm.pcrs[0].bytes + 1] = { 0 };
    struct writer hex = writer_of((uint8_t *)pcr0, sizeof pcr0 - 1), out = writer_of(text, sizeof text);
    text_put_hex(&hex, BYTES_OF(up->nsm.pcrs[0].bytes));
    snprintf(kms, sizeof kms, "https://127.0.0.1:%u", up->doors[DOOR_KMS].port);
    snprintf(imds, sizeof imds, "http://127.0.0.1:%u", up->doors[DOOR_IMDS].port);
    put_line(&out, "AWS_ENDPOINT_URL_KMS", kms, "");
    put_line(&out, "AWS_CA_BUNDLE", up->folder, "/kms-ca.pem");
    put_line(&out, "AWS_REGION", up->region, "");
    put_line(&out, "AWS_DEFAULT_REGION", up->region, "");
    put_line(&out, "AWS_EC2_METADATA_SERVICE_ENDPOINT", imds, "");
    put_line(&out, "INSTANCE_ROLE_ARN", up->role_arn, "");
    put_line(&out, "KMS_ADMIN_ROLE_ARN", up->admin_arn, "");
    put_line(&out, "ENSIGN_SIM_DIR", up->folder, "");
    put_line(&out, "ENSIGN_SIM_NSM", up->endpoints[DOOR_NSM], "");
    put_line(&out, "ENSIGN_SIM_KMS_STREAM", up->endpoints[DOOR_KMS_UNIX], "");
    put_line(&out, "ENSIGN_SIM_NSM_ROOT", up->folder, "/nsm-root.pem");
    put_line(&out, "ENSIGN_SIM_PCR0", pcr0, "");
    writer_text(&out, "export ENSIGND_ARGS='--nsm ");
    writer_text(&out, up->endpoints[DOOR_NSM]);
    writer_text(&out, " --kms-stream ");
    writer_text(&out, up->endpoints[DOOR_KMS_UNIX]);
    writer_text(&out, " --settings ");
    writer_text(&out, up->folder);
    writer_text(&out, "/settings.json'\n");
    return put_file(up, "env", &out, 0644, why);
}
