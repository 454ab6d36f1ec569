/* The subcommands that change who there is: roles and their credentials. */
#include "core/base/text.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/key_policy.h"
#include "dev/sim_programs.h"
#include "dev/sim_state.h"

#include <stdio.h>
#include <stdlib.h>

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
