/* sim_programs: the subcommands of ensign-sim, one file each or two. Each takes the arguments after its name and
 * returns the exit code: 0 done, 1 it could not, 2 the arguments are wrong.
 */
#ifndef DEV_SIM_PROGRAMS_H
#define DEV_SIM_PROGRAMS_H

#include "core/base/fault.h"
#include "core/crypto/sha2.h"

#include <getopt.h>

enum { SIM_DONE = 0, SIM_FAILED = 1, SIM_USAGE = 2 };

int sim_nsm(int count, char **arguments);
int sim_kms(int count, char **arguments);
int sim_imds(int count, char **arguments);
int sim_up(int count, char **arguments);
int sim_role(int count, char **arguments);
int sim_credentials(int count, char **arguments);

/* What they share. */

extern const char sim_help_nsm[], sim_help_kms[], sim_help_imds[], sim_help_up[], sim_help_role[],
    sim_help_credentials[];

/* The next option as getopt_long gives it, -1 at the end. At --help it prints `help` and exits with 0; at what it does
 * not know, or at an argument that is not an option when `operands` is false, it says so and exits with SIM_USAGE. */
int sim_option(int count, char **arguments, const struct option *options, const char *help, bool operands);

int sim_usage(const char *format, ...) __attribute__((format(printf, 1, 2))); /* says it; returns SIM_USAGE */
int sim_failed(const struct fault *why);                                      /* says it; returns SIM_FAILED */

#define SIM_DEFAULT_REGION   "us-east-2"
#define SIM_DEFAULT_INSTANCE "i-0e5160000000051e0"
#define SIM_DEFAULT_MODULE   SIM_DEFAULT_INSTANCE "-enc0190e51651e51e51"
#define SIM_ADMIN_ROLE       "KmsAdmin"
#define SIM_INSTANCE_ROLE    "EnsignInstance"

/* Both roles with their identity policies, when they are not there yet: the administrator may do everything in KMS that
 * key policies let the account do, the instance's role what the original's runbook gives it, and GenerateDataKey and
 * GenerateRandom. */
bool sim_make_roles(const char *folder, struct fault *why);

bool sim_pcr_read(const char *hex, struct hash48 *pcr); /* 96 hex digits */

#endif
