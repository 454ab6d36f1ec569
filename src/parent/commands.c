#include "parent/command.h"

#include "parent/output.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, FLAG_COLUMN = 34, NAMES_MAX = 64 };

const struct command *const commands[] = {
    &command_provision,    &command_provisioner,   &command_status,         &command_address,
    &command_sealed,       &command_attest,        &command_journal,        &command_policy_new,
    &command_policy_check, &command_policy_digest, &command_policy_explain, &command_encrypt,
    &command_sign_tx,      &command_sign_ticket,   &command_sign_message,   &command_sign_typed_data,
    &command_image_build,  &command_image_measure, &command_image_describe, &command_image_diff,
    &command_verify,       &command_proxy,         &command_bridge,         &command_gateway,
    &command_kms_policy,   &command_rebind,        &command_doctor,
};
const size_t command_count = sizeof commands / sizeof *commands;

/* "policy" of "policy new". */
static size_t first_word(const char *name)
{
    return strcspn(name, " ");
}

bool command_is_family(const char *word)
{
    for (size_t i = 0; i < command_count; i++)
        if (commands[i]->name[first_word(commands[i]->name)] == ' ' && first_word(commands[i]->name) == strlen(word) &&
            strncmp(commands[i]->name, word, strlen(word)) == 0)
            return true;
    return false;
}

const struct command *command_find(int argc, char *const *argv, int *words, const char **near)
{
    char typed[128];
    const char *names[NAMES_MAX];
    const bool two = argc > 1 && command_is_family(argv[0]) && argv[1][0] != '-';
    const int len =
        two ? snprintf(typed, sizeof typed, "%s %s", argv[0], argv[1]) : snprintf(typed, sizeof typed, "%s", argv[0]);
    *words = two ? 2 : 1;
    *near = NULL;
    if (len < 0 || (size_t)len >= sizeof typed)
        return NULL;
    must(command_count <= NAMES_MAX);
    for (size_t i = 0; i < command_count; i++) {
        names[i] = commands[i]->name;
        if (strcmp(commands[i]->name, typed) == 0)
            return commands[i];
    }
    *near = nearest_word(typed, names, command_count);
    return NULL;
}

static int start_line(void)
{
    return printf("\n%*s", FLAG_COLUMN, "") - 1;
}

/* One flag and its help, wrapped, the text in a column of its own. */
static void put_flag(const struct flag *flag)
{
    const bool is_switch = flag->value == NULL;
    int column = flag->letter == '\0' ? printf("  ") : printf("  -%c, ", flag->letter);
    column += printf("--%s%s%s", flag->name, is_switch ? "" : " ", is_switch ? "" : flag->value);
    if (column < FLAG_COLUMN)
        column += printf("%*s", FLAG_COLUMN - column, "");
    else
        column = start_line();
    const char *before = "";
    for (const char *word = flag->help; *word != '\0'; before = " ") {
        const int len = (int)strcspn(word, " ");
        if (column + 1 + len > WIDTH) {
            column = start_line();
            before = "";
        }
        column += printf("%s%.*s", before, len, word);
        word += len + (word[len] == ' ');
    }
    (void)printf("%s\n", flag->repeats ? " (repeatable)" : "");
}

void command_help(const struct command *command)
{
    (void)printf("ensign %s: %s\n\n", command->name, command->summary);
    (void)printf("  ensign %s%s%s%s\n\n%s\n\n", command->name, command->flags.count > 0 ? " [flags]" : "",
                 command->operands[0] == '\0' ? "" : " ", command->operands, command->about);
    if (command->flags.count > 0) {
        (void)printf("Flags:\n");
        for (size_t i = 0; i < command->flags.count; i++)
            put_flag(&command->flags.rows[i]);
        (void)printf("\n");
    }
    (void)printf("Examples:\n%s\n\nExit codes:\n%s", command->examples, EXIT_CODE_HELP);
}

void command_list(const char *family)
{
    for (size_t i = 0; i < command_count; i++) {
        const bool belongs = family == NULL || (first_word(commands[i]->name) == strlen(family) &&
                                                strncmp(commands[i]->name, family, strlen(family)) == 0);
        if (belongs)
            (void)printf("  %-18s %s\n", commands[i]->name, commands[i]->summary);
    }
}

enum exit_code command_misused(const char *command, const struct fault *why)
{
    say_error(why);
    say_note("`ensign %s%s--help` says how it is used.", command, command[0] == '\0' ? "" : " ");
    return EXIT_CODE_USAGE;
}

enum exit_code command_failed(enum exit_code code, const struct fault *why)
{
    say_error(why);
    return code;
}
