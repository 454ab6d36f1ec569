#include "core/base/text.h"
#include "core/codec/json.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/kms_tls.h"
#include "dev/sim_parts.h"
#include "dev/sim_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    ADMIN_S = 43200, /* as long as a role's session may last */
    TEXT_CAP = 65536,
};

struct up {
    char folder[PATH_MAX];
    const char *region, *role_policy;
    struct nsm_plan plan;
    struct hash48 pcrs[NSM_BOOT_PCRS];
    char endpoints[4][PATH_MAX + 32];
    uint16_t kms_port, imds_port;
    char role_arn[192], admin_arn[192];
    struct nsm_device nsm;
    struct kms_sim kms;
    struct imds_sim imds;
    struct door doors[4];
};

enum { DOOR_NSM, DOOR_KMS, DOOR_KMS_UNIX, DOOR_IMDS, DOORS };

static bool port_read(const char *text, uint16_t *port)
{
    uint64_t value = 0;
    if (!text_read_uint(bytes_of_text(text), &value) || value < 1 || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* DIR/env is read by shells, and ENSIGND_ARGS in it is split into words. */
static bool folder_ok(const char *folder, struct fault *why)
{
    for (const char *at = folder; *at != '\0'; at++) {
        if (strchr("/._-+@", *at) == NULL && !(*at >= '0' && *at <= '9') && !(*at >= 'A' && *at <= 'Z') &&
            !(*at >= 'a' && *at <= 'z'))
            return fault_set(why, FAULT_INPUT, "%s: want a path of A-Z a-z 0-9 / . _ - + @ only", folder);
    }
    return true;
}

/* One `up` a folder: a second one would take the first one's env away. Held until the process ends. */
static bool alone_in(const char *folder, struct fault *why)
{
    char path[FILE_PATH_MAX];
    if (!file_path(path, folder, "up.lock", why))
        return false;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (fd >= 0)
        close(fd);
    return fault_set(why, FAULT_STATE, "%s: %s", path,
                     errno == EWOULDBLOCK ? "another ensign-sim up runs on this folder; stop it, or take another folder"
                                          : strerror(errno));
}

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

static bool write_settings(const struct up *up, struct fault *why)
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
static bool write_admin(struct up *up, struct fault *why)
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

static bool write_env(const struct up *up, struct fault *why)
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

static bool open_parts(struct up *up, struct fault *why)
{
    const uint64_t now_ms = clock_utc_ms();
    char root[FILE_PATH_MAX];
    up->plan.folder = up->folder;
    up->plan.region = up->region;
    up->plan.module_id = SIM_DEFAULT_MODULE;
    up->plan.role_arn = up->role_arn;
    sim_kms_defaults(&up->kms);
    up->kms.folder = up->folder;
    up->kms.regions[up->kms.region_count++] = up->region;
    up->imds = (struct imds_sim){ .folder = up->folder,
                                  .role = SIM_INSTANCE_ROLE,
                                  .region = up->region,
                                  .instance_id = SIM_DEFAULT_INSTANCE,
                                  .utc_ms = clock_utc_ms };
    imds_sim_start(&up->imds);
    if (!nsm_device_open(&up->plan, now_ms, &up->nsm, why) || !file_path(root, up->folder, "nsm-root.pem", why) ||
        !sim_trust_root(root, &up->kms, why))
        return false;
    SSL_CTX *tls = kms_tls_open(up->folder, up->kms.regions, up->kms.region_count, now_ms / 1000, why);
    if (tls == NULL)
        return false;
    snprintf(up->endpoints[DOOR_NSM], sizeof up->endpoints[0], "unix:%s/nsm.sock", up->folder);
    snprintf(up->endpoints[DOOR_KMS], sizeof up->endpoints[0], "tcp://127.0.0.1:%u", up->kms_port);
    snprintf(up->endpoints[DOOR_KMS_UNIX], sizeof up->endpoints[0], "unix:%s/kms.sock", up->folder);
    snprintf(up->endpoints[DOOR_IMDS], sizeof up->endpoints[0], "tcp://127.0.0.1:%u", up->imds_port);
    up->doors[DOOR_NSM] = (struct door){ .serve = sim_serve_nsm, .context = &up->nsm };
    up->doors[DOOR_KMS] = (struct door){ .serve = sim_serve_kms, .context = &up->kms, .tls = tls };
    up->doors[DOOR_KMS_UNIX] = up->doors[DOOR_KMS];
    up->doors[DOOR_IMDS] = (struct door){ .serve = sim_serve_imds, .context = &up->imds };
    for (size_t i = 0; i < DOORS; i++)
        up->doors[i].endpoint = up->endpoints[i];
    return doors_open(up->doors, DOORS, why);
}

static void say_what_is_up(const struct up *up)
{
    printf("NSM   %s\n", up->endpoints[DOOR_NSM]);
    printf("KMS   https://127.0.0.1:%u and %s, region %s, certificate under %s/kms-ca.pem\n", up->doors[DOOR_KMS].port,
           up->endpoints[DOOR_KMS_UNIX], up->region, up->folder);
    printf("IMDS  http://127.0.0.1:%u, role %s\n", up->doors[DOOR_IMDS].port, up->role_arn);
    printf("Next: . %s/env; as the KMS administrator also . %s/admin-env. Stop with Ctrl-C.\n", up->folder, up->folder);
    fflush(stdout);
}

int sim_up(int count, char **arguments)
{
    static const struct option options[] = { { "pcr0", required_argument, NULL, '0' },
                                             { "measure", required_argument, NULL, 'm' },
                                             { "pcr", required_argument, NULL, 'r' },
                                             { "region", required_argument, NULL, 'g' },
                                             { "role-policy", required_argument, NULL, 'p' },
                                             { "kms-port", required_argument, NULL, 'k' },
                                             { "imds-port", required_argument, NULL, 'i' },
                                             { "cms-form", required_argument, NULL, 'c' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    static struct up up = { .region = SIM_DEFAULT_REGION };
    struct fault why = { 0 };
    struct hash48 pcr;
    enum kms_cms_choice cms = KMS_CMS_ALTERNATE;
    const char *folder = NULL;
    bool image_given = false;
    for (;;) {
        const int option = sim_option(count, arguments, options, sim_help_up, true);
        if (option == -1 && optind < count && folder == NULL) {
            folder = arguments[optind++]; /* the one operand may stand before the options */
            continue;
        }
        if (option == -1)
            break;
        switch (option) {
        case '0':
            if (image_given)
                return sim_usage("--pcr0 and --measure: want one of the two");
            if (!sim_pcr_read(optarg, &pcr))
                return sim_usage("--pcr0 %.100s: want 96 hex digits", optarg);
            sim_plan_image(&up.plan, up.pcrs, pcr);
            image_given = true;
            break;
        case 'm':
            if (image_given)
                return sim_usage("--pcr0 and --measure: want one of the two");
            if (!sim_plan_measure(optarg, &up.plan, up.pcrs, &why))
                return sim_failed(&why);
            image_given = true;
            break;
        case 'r':
            if (!sim_pcr_argument(optarg, &up.plan, up.pcrs, &why))
                return sim_usage("%s", why.text);
            break;
        case 'g':
            if (!kms_region_ok(bytes_of_text(optarg)))
                return sim_usage("--region %.40s: want a Region's name, like us-east-2", optarg);
            up.region = optarg;
            break;
        case 'p':
            up.role_policy = optarg;
            break;
        case 'k':
            if (!port_read(optarg, &up.kms_port))
                return sim_usage("--kms-port %.10s: want 1 to 65535", optarg);
            break;
        case 'i':
            if (!port_read(optarg, &up.imds_port))
                return sim_usage("--imds-port %.10s: want 1 to 65535", optarg);
            break;
        default:
            if (!sim_cms_choice(optarg, &cms))
                return sim_usage("--cms-form %.20s: want alternate, a or b", optarg);
        }
    }
    if (folder == NULL || optind < count)
        return sim_usage("up wants one DIR; see ensign-sim up --help");
    if (!up.plan.pcrs[0].present) /* some image: whatever it is called after */
        sim_plan_image(&up.plan, up.pcrs, nsm_pcr_of_content(BYTES_LIT("ensign-sim")));

    char env[FILE_PATH_MAX];
    if (!folder_make(folder, &why))
        return sim_failed(&why);
    if (realpath(folder, up.folder) == NULL)
        return sim_usage("%s: cannot be resolved", folder);
    if (!folder_ok(up.folder, &why) || !file_path(env, up.folder, "env", &why) || !alone_in(up.folder, &why))
        return sim_failed(&why);
    unlink(env); /* it stands there only while what it says is true */
    if (!sim_make_roles(up.folder, &why) || !write_admin(&up, &why) || !open_parts(&up, &why))
        return sim_failed(&why);
    up.kms.cms = cms;
    if (!write_settings(&up, &why) || !write_env(&up, &why)) {
        doors_close(up.doors, DOORS);
        return sim_failed(&why);
    }
    say_what_is_up(&up);
    doors_run(up.doors, DOORS);
    unlink(env);
    doors_close(up.doors, DOORS);
    return SIM_DONE;
}
