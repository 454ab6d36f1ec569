#include "core/base/text.h"
#include "dev/sim_programs.h"
#include "dev/sim_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sim_usage(const char *format, ...)
{
    va_list arguments;
    fputs("ensign-sim: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    return SIM_USAGE;
}

int sim_failed(const struct fault *why)
{
    fprintf(stderr, "ensign-sim: %s\n", why->text);
    return SIM_FAILED;
}

int sim_option(int count, char **arguments, const struct option *options, const char *help, bool operands)
{
    opterr = 0;
    const int found = getopt_long(count, arguments, "+:h", options, NULL);
    if (found == 'h') {
        fputs(help, stdout);
        exit(SIM_DONE);
    }
    if (found == ':')
        exit(sim_usage("%s wants a value; see ensign-sim %s --help", arguments[optind - 1], arguments[0]));
    if (found == '?')
        exit(sim_usage("unknown option %s; see ensign-sim %s --help", arguments[optind - 1], arguments[0]));
    if (found == -1 && !operands && optind < count)
        exit(sim_usage("\"%s\" is no option; see ensign-sim %s --help", arguments[optind], arguments[0]));
    return found;
}

static const char admin_policy[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"AdministerKms\",\"Effect\":\"Allow\",\"Action\":\"kms:*\","
    "\"Resource\":\"*\"}]}";
static const char instance_policy[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"CallKms\",\"Effect\":\"Allow\",\"Action\":[\"kms:Decrypt\","
    "\"kms:Encrypt\",\"kms:GenerateDataKey\",\"kms:GenerateRandom\"],\"Resource\":\"*\"}]}";

bool sim_make_roles(const char *folder, struct fault *why)
{
    struct sim_state *state = sim_state_open(folder, why);
    if (state == NULL)
        return false;
    bool ok = true;
    if (sim_role_find(state, BYTES_LIT(SIM_ADMIN_ROLE)) == NULL)
        ok = sim_role_put(state, SIM_ADMIN_ROLE, bytes_of_text(admin_policy), why);
    if (ok && sim_role_find(state, BYTES_LIT(SIM_INSTANCE_ROLE)) == NULL)
        ok = sim_role_put(state, SIM_INSTANCE_ROLE, bytes_of_text(instance_policy), why);
    ok = ok && sim_state_save(state, why);
    sim_state_close(state);
    return ok;
}

bool sim_pcr_read(const char *hex, struct hash48 *pcr)
{
    return strlen(hex) == 2 * sizeof pcr->bytes && text_read_hex(bytes_of_text(hex), pcr->bytes);
}
