#include "dev/sim_up.h"

#include "core/base/text.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/kms_tls.h"
#include "dev/sim_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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
    if (!sim_make_roles(up.folder, &why) || !sim_up_write_admin(&up, &why) || !open_parts(&up, &why))
        return sim_failed(&why);
    up.kms.cms = cms;
    if (!sim_up_write_settings(&up, &why) || !sim_up_write_env(&up, &why)) {
        doors_close(up.doors, DOORS);
        return sim_failed(&why);
    }
    say_what_is_up(&up);
    doors_run(up.doors, DOORS);
    unlink(env);
    doors_close(up.doors, DOORS);
    return SIM_DONE;
}
