/* The subcommands that run one stand-in each. */
#include "core/base/text.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/kms_tls.h"
#include "dev/sim_parts.h"
#include "dev/sim_programs.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_doors(struct door *doors, size_t count)
{
    struct fault why = { 0 };
    if (!doors_open(doors, count, &why))
        return sim_failed(&why);
    for (size_t i = 0; i < count; i++)
        log_line(LOG_LINE_INFO, "listening on %s (port %u)", doors[i].endpoint, (unsigned)doors[i].port);
    doors_run(doors, count);
    doors_close(doors, count);
    return SIM_DONE;
}

int sim_nsm(int count, char **arguments)
{
    static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
                                             { "pki", required_argument, NULL, 'p' },
                                             { "pcr", required_argument, NULL, 'r' },
                                             { "measure", required_argument, NULL, 'm' },
                                             { "module-id", required_argument, NULL, 'i' },
                                             { "role-arn", required_argument, NULL, 'a' },
                                             { "region", required_argument, NULL, 'g' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    static struct nsm_device device;
    struct nsm_plan plan = { .region = SIM_DEFAULT_REGION, .module_id = SIM_DEFAULT_MODULE };
    struct hash48 values[NSM_BOOT_PCRS];
    struct door door = { .serve = sim_serve_nsm, .context = &device };
    struct fault why = { 0 };
    for (int option; (option = sim_option(count, arguments, options, sim_help_nsm, false)) != -1;) {
        bool ok = true;
        switch (option) {
        case 'l':
            door.endpoint = optarg;
            break;
        case 'p':
            plan.folder = optarg;
            break;
        case 'r':
            ok = sim_pcr_argument(optarg, &plan, values, &why);
            break;
        case 'm':
            ok = sim_plan_measure(optarg, &plan, values, &why);
            break;
        case 'i':
            plan.module_id = optarg;
            break;
        case 'a':
            plan.role_arn = optarg;
            break;
        default:
            plan.region = optarg;
        }
        if (!ok)
            return sim_usage("%s", why.text);
    }
    if (door.endpoint == NULL || plan.folder == NULL)
        return sim_usage("nsm wants --listen unix:PATH and --pki DIR; see ensign-sim nsm --help");
    if (!folder_make(plan.folder, &why) || !nsm_device_open(&plan, clock_utc_ms(), &device, &why))
        return sim_failed(&why);
    if (!plan.pcrs[0].present)
        log_line(LOG_LINE_WARN, "PCR0 is zero: a debug enclave (--pcr 0=HEX or --measure FILE makes it another)");
    const int code = run_doors(&door, 1);
    nsm_device_close(&device);
    return code;
}

int sim_kms(int count, char **arguments)
{
    static const struct option options[] = {
        { "dir", required_argument, NULL, 'd' },      { "listen", required_argument, NULL, 'l' },
        { "region", required_argument, NULL, 'g' },   { "nsm-root", required_argument, NULL, 'n' },
        { "trust-aws-root", no_argument, NULL, 'w' }, { "cms-form", required_argument, NULL, 'c' },
        { "help", no_argument, NULL, 'h' },           { 0 }
    };
    static struct kms_sim kms;
    struct door doors[DOORS_MAX] = { 0 };
    size_t door_count = 0;
    struct fault why = { 0 };
    sim_kms_defaults(&kms);
    for (int option; (option = sim_option(count, arguments, options, sim_help_kms, false)) != -1;) {
        switch (option) {
        case 'd':
            kms.folder = optarg;
            break;
        case 'l':
            if (door_count == DOORS_MAX)
                return sim_usage("more than %d --listen", DOORS_MAX);
            doors[door_count++].endpoint = optarg;
            break;
        case 'g':
            if (kms.region_count == KMS_REGIONS_MAX || !kms_region_ok(bytes_of_text(optarg)))
                return sim_usage("--region %.40s: want a Region's name, at most %d of them", optarg, KMS_REGIONS_MAX);
            kms.regions[kms.region_count++] = optarg;
            break;
        case 'n':
            if (!sim_trust_root(optarg, &kms, &why))
                return sim_usage("--nsm-root: %s", why.text);
            break;
        case 'w':
            if (kms.demands.root_count == JUDGE_ROOTS_MAX)
                return sim_usage("more than %d roots", JUDGE_ROOTS_MAX);
            kms.demands.roots[kms.demands.root_count++] = JUDGE_AWS_ROOT_G1;
            break;
        default:
            if (!sim_cms_choice(optarg, &kms.cms))
                return sim_usage("--cms-form %.20s: want alternate, a or b", optarg);
        }
    }
    if (kms.folder == NULL)
        return sim_usage("kms wants --dir DIR; see ensign-sim kms --help");
    if (kms.region_count == 0)
        kms.regions[kms.region_count++] = SIM_DEFAULT_REGION;
    if (door_count == 0)
        doors[door_count++].endpoint = "tcp://127.0.0.1:8443";
    char root[FILE_PATH_MAX];
    if (!folder_make(kms.folder, &why) || !sim_make_roles(kms.folder, &why) ||
        !file_path(root, kms.folder, "nsm-root.pem", &why))
        return sim_failed(&why);
    if (kms.demands.root_count == 0 && access(root, R_OK) == 0 && !sim_trust_root(root, &kms, &why))
        return sim_failed(&why);
    if (kms.demands.root_count == 0)
        log_line(LOG_LINE_WARN, "no attestation document will be believed: there is no --nsm-root and no %s", root);
    SSL_CTX *tls = kms_tls_open(kms.folder, kms.regions, kms.region_count, clock_utc_ms() / 1000, &why);
    if (tls == NULL)
        return sim_failed(&why);
    for (size_t i = 0; i < door_count; i++) {
        doors[i].tls = tls;
        doors[i].serve = sim_serve_kms;
        doors[i].context = &kms;
    }
    return run_doors(doors, door_count);
}

int sim_imds(int count, char **arguments)
{
    static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
                                             { "dir", required_argument, NULL, 'd' },
                                             { "role", required_argument, NULL, 'r' },
                                             { "region", required_argument, NULL, 'g' },
                                             { "instance-id", required_argument, NULL, 'i' },
                                             { "help", no_argument, NULL, 'h' },
                                             { 0 } };
    static struct imds_sim imds = { .role = SIM_INSTANCE_ROLE,
                                    .region = SIM_DEFAULT_REGION,
                                    .instance_id = SIM_DEFAULT_INSTANCE,
                                    .utc_ms = clock_utc_ms };
    struct door door = { .serve = sim_serve_imds, .context = &imds };
    struct fault why = { 0 };
    for (int option; (option = sim_option(count, arguments, options, sim_help_imds, false)) != -1;) {
        switch (option) {
        case 'l':
            door.endpoint = optarg;
            break;
        case 'd':
            imds.folder = optarg;
            break;
        case 'r':
            imds.role = optarg;
            break;
        case 'g':
            imds.region = optarg;
            break;
        default:
            imds.instance_id = optarg;
        }
    }
    if (door.endpoint == NULL || imds.folder == NULL)
        return sim_usage("imds wants --listen tcp://127.0.0.1:PORT and --dir DIR; see ensign-sim imds --help");
    if (!folder_make(imds.folder, &why) || !sim_make_roles(imds.folder, &why))
        return sim_failed(&why);
    imds_sim_start(&imds);
    return run_doors(&door, 1);
}
