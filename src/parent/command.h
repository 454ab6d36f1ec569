/* command: what one subcommand of `ensign` is. To add one: write command_<name>.c with its flags, its texts and the
 * function that runs it, declare it here, give it a row in commands.c and a section in docs/cli.md. A test walks the
 * table and fails for a command or flag that the page does not name.
 */
#ifndef PARENT_COMMAND_H
#define PARENT_COMMAND_H

#include "parent/arguments.h"
#include "parent/exit_code.h"

struct command {
    const char *name;     /* one word, or two: "policy new" */
    const char *operands; /* as in the line of use: "FILE|-"; "" for none */
    size_t operands_least, operands_most;
    const char *summary;  /* one line */
    const char *about;    /* what it does and what to know, wrapped at 80 columns; without a last line end */
    const char *examples; /* each on its own line, two spaces before it; without a last line end */
    struct flag_table flags;
    enum exit_code (*run)(const struct arguments *arguments);
};

extern const struct command command_address, command_attest, command_bridge, command_doctor, command_encrypt,
    command_gateway, command_image_build, command_image_describe, command_image_diff, command_image_measure,
    command_journal, command_kms_policy, command_policy_check, command_policy_digest, command_policy_explain,
    command_policy_new, command_provision, command_provisioner, command_proxy, command_rebind, command_sealed,
    command_sign_message, command_sign_ticket, command_sign_tx, command_sign_typed_data, command_status, command_verify;

extern const struct command *const commands[];
extern const size_t command_count;

/* The command that argv begins with, and how many words its name took. NULL: none; then *near may be the nearest. */
const struct command *command_find(int argc, char *const *argv, int *words, const char **near) MUST_USE;
/* True: there are commands of two words that begin with this one. */
bool command_is_family(const char *word) MUST_USE;

void command_help(const struct command *command); /* on standard output */
void command_list(const char *family);            /* all of them, or those that begin with that word */

/* The command line was read and is wrong: says so, says where help is, and gives EXIT_CODE_USAGE. */
enum exit_code command_misused(const char *command, const struct fault *why) MUST_USE;
/* Says the fault and gives the code. */
enum exit_code command_failed(enum exit_code code, const struct fault *why) MUST_USE;

#endif
