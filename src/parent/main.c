/* ensign: the tool for whoever provisions, watches or uses a signer. */
#include "core/crypto/ecdsa.h"
#include "parent/command.h"
#include "parent/output.h"
#include "parent/version.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

static void put_help(void)
{
    (void)printf("ensign: provision, watch and use an Ethereum signer in an AWS Nitro Enclave\n\n"
                 "  ensign COMMAND [flags] [operands]\n\nCommands:\n");
    command_list(NULL);
    (void)printf("\n`ensign help COMMAND` or `ensign COMMAND --help` says more, with examples.\n"
                 "`ensign --version` says what this was built from.\n\n"
                 "First steps:\n"
                 "  ensign policy new --chain-id 42161 --ticket-broker 0xa8bb618b1520e284046f3dfc448851a1ff26e41b \\\n"
                 "      --allowed-recipient 0xRECIPIENT --out policy.json\n"
                 "  ensign encrypt --kms-key-id KEY_ARN --policy policy.json --new > sealed.json\n"
                 "  ensign provision --endpoint vsock://16:5000 --policy policy.json --bind-policy \\\n"
                 "      --ciphertext-b64 \"$(jq -r .ciphertext_b64 sealed.json)\"\n\n"
                 "Exit codes:\n" EXIT_CODE_HELP);
}

static enum exit_code put_version(void)
{
    (void)printf("ensign %s\ncommit %s\nbuild  %s\n", ensign_version, ensign_commit, ensign_build);
    return EXIT_CODE_DONE;
}

static enum exit_code say_unknown(int argc, char *const *argv)
{
    struct fault why;
    int words;
    const char *near;
    (void)!command_find(argc, argv, &words, &near);
    if (command_is_family(argv[0]) && argc == 1) {
        (void)fault_set(&why, FAULT_INPUT, "`ensign %s` is a family of commands; name one of them:", argv[0]);
        say_error(&why);
        command_list(argv[0]);
        return EXIT_CODE_USAGE;
    }
    (void)fault_set(&why, FAULT_INPUT, "no command '%.48s%s%.48s'%s%s%s", shown_word(argv[0]), words == 2 ? " " : "",
                    words == 2 ? shown_word(argv[1]) : "", near == NULL ? "" : "; did you mean `ensign ",
                    near == NULL ? "" : near, near == NULL ? "" : "`?");
    return command_misused("", &why);
}

static enum exit_code help(int argc, char *const *argv)
{
    int words;
    const char *near;
    if (argc == 0) {
        put_help();
        return EXIT_CODE_DONE;
    }
    const struct command *command = command_find(argc, argv, &words, &near);
    if (command == NULL && command_is_family(argv[0]) && argc == 1) {
        command_list(argv[0]);
        return EXIT_CODE_DONE;
    }
    if (command == NULL)
        return say_unknown(argc, argv);
    command_help(command);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct command *command, int argc, char *const *argv)
{
    static struct arguments arguments;
    struct fault why;
    if (!arguments_read(&command->flags, argc, argv, &arguments, &why))
        return command_misused(command->name, &why);
    if (arguments.wants_help) {
        command_help(command);
        return EXIT_CODE_DONE;
    }
    /* What stands there is not repeated: it could be a key that somebody took for an operand. */
    if (arguments.operand_count < command->operands_least || arguments.operand_count > command->operands_most) {
        (void)fault_set(&why, FAULT_INPUT, "found %zu operands, wanted %s%s", arguments.operand_count,
                        command->operands_most == 0 ? "none" : "", command->operands);
        return command_misused(command->name, &why);
    }
    return command->run(&arguments);
}

/* Keys and credentials pass through this process: nothing of it goes into a core file or to another's debugger. */
static void start(void)
{
    uint8_t seed[32];
    const struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    must(getrandom(seed, sizeof seed, 0) == (ssize_t)sizeof seed);
    ecdsa_start(seed);
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

/* AWS's name for what `ensign proxy` does: services and scripts that call it go on working. */
static bool is_vsock_proxy(const char *program)
{
    const char *const slash = strrchr(program, '/');
    return strcmp(slash == NULL ? program : slash + 1, "vsock-proxy") == 0;
}

static enum exit_code dispatch(int argc, char *const *argv)
{
    int words;
    const char *near;
    if (argc == 0) {
        put_help();
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0)
        return put_version();
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 || strcmp(argv[0], "help") == 0)
        return help(argc - 1, argv + 1);
    const struct command *command = command_find(argc, argv, &words, &near);
    if (command != NULL)
        return run(command, argc - words, argv + words);
    if (argc > 1 && command_is_family(argv[0]) && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help(1, argv);
    return say_unknown(argc, argv);
}

int main(int argc, char **argv)
{
    start();
    const enum exit_code code =
        argc > 0 && is_vsock_proxy(argv[0]) ? run(&command_proxy, argc - 1, argv + 1) : dispatch(argc - 1, argv + 1);
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        struct fault why;
        (void)fault_set(&why, FAULT_INTERNAL, "standard output cannot be written to");
        say_error(&why);
        return (int)(code == EXIT_CODE_DONE ? EXIT_CODE_INTERNAL : code);
    }
    return (int)code;
}
