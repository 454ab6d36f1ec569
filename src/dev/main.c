/* ensign-sim: local stand-ins for what ensign needs of AWS, which refuse as the real ones do. Never part of an image.
 */
#include "dev/sim_programs.h"
#include "io/log.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *help, *summary;
} programs[] = {
    { "up", sim_up, sim_help_up, "all three at once, with an environment file to find them by" },
    { "nsm", sim_nsm, sim_help_nsm, "a Nitro Security Module" },
    { "kms", sim_kms, sim_help_kms, "AWS KMS" },
    { "imds", sim_imds, sim_help_imds, "the instance metadata service" },
    { "role", sim_role, sim_help_role, "make a role, or change its identity policy" },
    { "credentials", sim_credentials, sim_help_credentials, "issue temporary credentials of a role" },
};
enum { PROGRAMS = sizeof programs / sizeof programs[0] };

static int find(const char *name)
{
    for (int i = 0; i < PROGRAMS; i++) {
        if (strcmp(programs[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int help(int count, char **arguments)
{
    const int which = count > 2 ? find(arguments[2]) : -1;
    if (count > 2 && which < 0)
        return sim_usage("there is no subcommand \"%s\"; see ensign-sim --help", arguments[2]);
    if (which >= 0) {
        fputs(programs[which].help, stdout);
        return SIM_DONE;
    }
    puts("ensign-sim - stand-ins for what ensign needs of AWS, on one machine, for tests and rehearsals\n\n"
         "usage: ensign-sim SUBCOMMAND [options]; ensign-sim SUBCOMMAND --help says more\n");
    for (int i = 0; i < PROGRAMS; i++)
        printf("  %-12s %s\n", programs[i].name, programs[i].summary);
    puts("\nTo begin: ensign-sim up /tmp/sim");
    return SIM_DONE;
}

int main(int count, char **arguments)
{
    log_name("ensign-sim");
    if (count < 2)
        return sim_usage("want a subcommand (up, nsm, kms, imds, role, credentials); see ensign-sim --help");
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0 || strcmp(arguments[1], "help") == 0)
        return help(count, arguments);
    if (strcmp(arguments[1], "--version") == 0) {
        puts("ensign-sim " ENSIGN_VERSION);
        return SIM_DONE;
    }
    const int which = find(arguments[1]);
    if (which < 0)
        return sim_usage("there is no subcommand \"%s\"; see ensign-sim --help", arguments[1]);
    return programs[which].run(count - 1, arguments + 1);
}
