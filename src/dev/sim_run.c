/* The subcommands that run one stand-in each, and the two that change what they know. */
#include "core/base/text.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/key_policy.h"
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

/* Puts the policy in that file, which must be one that can be judged, at the role. */
static bool put_role(struct sim_state *state, const char *name, const char *policy_file, bool without,
                     struct fault *why)
{
    if (policy_file == NULL) {
        const bool exists = sim_role_find(state, bytes_of_text(name)) != NULL;
        return (exists && !without) || sim_role_put(state, name, BYTES_LIT(""), why);
    }
    uint8_t *text = NULL;
    size_t len = 0;
    if (!file_read(policy_file, POLICY_TEXT_MAX, &text, &len, why))
        return false;
    const size_t cap = POLICY_ARENA(len);
    uint8_t *memory = malloc(cap);
    struct key_policy *policy = malloc(sizeof *policy);
    must(memory != NULL && policy != NULL);
    struct arena arena = arena_of(memory, cap);
    bool ok = key_policy_read((struct bytes){ text, len }, IDENTITY_POLICY, &arena, policy, why);
    if (!ok) {
        fault_prefix(why, ": ");
        fault_prefix(why, policy_file);
    }
    ok = ok && sim_role_put(state, name, (struct bytes){ text, len }, why);
    free(policy);
    free(memory);
    free(text);
    return ok;
}

int sim_role(int count, char **arguments)
{
    static const struct option options[] = {
        { "dir", required_argument, NULL, 'd' },    { "name", required_argument, NULL, 'n' },
        { "policy", required_argument, NULL, 'p' }, { "no-policy", no_argument, NULL, 'x' },
        { "help", no_argument, NULL, 'h' },         { 0 }
    };
    const char *folder = NULL, *name = NULL, *policy = NULL;
    bool without = false;
    struct fault why = { 0 };
    for (int option; (option = sim_option(count, arguments, options, sim_help_role, false)) != -1;) {
        switch (option) {
        case 'd':
            folder = optarg;
            break;
        case 'n':
            name = optarg;
            break;
        case 'p':
            policy = optarg;
            break;
        default:
            without = true;
        }
    }
    if (folder == NULL || name == NULL || (policy != NULL && without))
        return sim_usage("role wants --dir DIR, --name NAME and one of --policy FILE, --no-policy or neither; see "
                         "ensign-sim role --help");
    struct sim_state *state = folder_make(folder, &why) ? sim_state_open(folder, &why) : NULL;
    if (state == NULL || !put_role(state, name, policy, without, &why) || !sim_state_save(state, &why)) {
        sim_state_close(state);
        return sim_failed(&why);
    }
    char arn[SIM_ARN_MAX];
    sim_role_arn(state, name, arn);
    sim_state_close(state);
    printf("%s\n", arn);
    return SIM_DONE;
}

int sim_credentials(int count, char **arguments)
{
    static const struct option options[] = {
        { "dir", required_argument, NULL, 'd' },     { "role", required_argument, NULL, 'r' },
        { "session", required_argument, NULL, 's' }, { "seconds", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },          { 0 }
    };
    const char *folder = NULL, *role = NULL, *session = "ensign-sim";
    uint64_t seconds = 3600;
    struct fault why = { 0 };
    for (int option; (option = sim_option(count, arguments, options, sim_help_credentials, false)) != -1;) {
        switch (option) {
        case 'd':
            folder = optarg;
            break;
        case 'r':
            role = optarg;
            break;
        case 's':
            session = optarg;
            break;
        default:
            if (!text_read_uint(bytes_of_text(optarg), &seconds) || seconds == 0 || seconds > 43200)
                return sim_usage("--seconds %.20s: want 1 to 43200", optarg);
        }
    }
    if (folder == NULL || role == NULL)
        return sim_usage("credentials wants --dir DIR and --role NAME; see ensign-sim credentials --help");
    struct sim_state *state = sim_state_open(folder, &why);
    const struct sim_credentials *issued =
        state != NULL ? sim_credentials_issue(state, role, session, seconds, clock_utc_ms() / 1000, &why) : NULL;
    if (issued == NULL || !sim_state_save(state, &why)) {
        sim_state_close(state);
        return sim_failed(&why);
    }
    printf("export AWS_ACCESS_KEY_ID='%s'\nexport AWS_SECRET_ACCESS_KEY='%s'\nexport AWS_SESSION_TOKEN='%s'\n",
           issued->access_key_id, issued->secret, issued->token);
    sim_state_close(state);
    return SIM_DONE;
}
