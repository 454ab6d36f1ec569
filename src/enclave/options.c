#include "enclave/options.h"

#include "core/base/text.h"

#include <string.h>

#ifdef ENSIGN_INSECURE_KEY
#define INSECURE_HELP \
    "  --insecure-key-file FILE  take the key from a file (this build only, for wiring tests);\n" \
    "                            without --settings the mode is then open\n"
#else
#define INSECURE_HELP ""
#endif

const char OPTIONS_HELP_TEXT[] =
    "ensignd - signs Ethereum transactions and tickets in a Nitro Enclave, under a policy\n"
    "\n"
    "usage: ensignd [options]\n"
    "\n"
    "  --settings FILE           what is trusted (default /settings.json): mode, KMS key, policy, lease, limits\n"
    "  --listen ENDPOINT         where clients come; may be repeated (default vsock://any:5000)\n"
    "  --nsm /dev/nsm|unix:PATH  the Nitro Security Module (default: /dev/nsm where it exists, else none)\n"
    "  --kms-stream ENDPOINT     what carries TLS to KMS (default: vsock://PARENT:<proxy_port>, the port as "
    "provisioned)\n"
    "  --parent-cid N            the parent's vsock CID, PARENT above (default 3)\n"
    "  --workers N               threads that sign (default: one a core)\n" INSECURE_HELP "  --help, --version\n"
    "\n"
    "An ENDPOINT is vsock://CID:PORT, tcp://HOST:PORT, unix:PATH or, to connect to, vsock+unix:PATH:PORT.\n"
    "The settings are the only file that is read, and the environment is not.\n"
    "\n"
    "In an enclave, all defaults:\n"
    "  ensignd\n"
    "On a laptop, with stand-ins for the hardware and KMS (ensign-sim up DIR writes both files):\n"
    "  . DIR/env; ensignd $ENSIGND_ARGS --listen unix:/tmp/ensign.sock\n"
    "\n"
    "exit codes: 0 stopped by SIGTERM or SIGINT; 2 command line, settings or machine not as needed;\n"
    "            3 the lease has ended and the key is wiped\n";

static bool read_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *number,
                        struct fault *why)
{
    if (!text_read_uint(bytes_of_text(text), number) || *number < min || *number > max)
        return fault_set(why, FAULT_INPUT, "%s: found \"%.40s\", wanted is a number from %llu to %llu", name, text,
                         (unsigned long long)min, (unsigned long long)max);
    return true;
}

static bool take(const char *name, const char *value, struct options *options, struct fault *why)
{
    uint64_t number;
    if (strcmp(name, "--settings") == 0) {
        options->settings = value;
    } else if (strcmp(name, "--listen") == 0) {
        if (options->listen_count == SERVER_LISTENERS_MAX)
            return fault_set(why, FAULT_INPUT, "--listen: at most %d are possible", SERVER_LISTENERS_MAX);
        if (!endpoint_read(value, &options->listen[options->listen_count], why))
            return fault_prefix(why, "--listen: ");
        options->listen_count++;
    } else if (strcmp(name, "--nsm") == 0) {
        options->nsm = value;
    } else if (strcmp(name, "--kms-stream") == 0) {
        if (!endpoint_read(value, &options->kms_stream, why))
            return fault_prefix(why, "--kms-stream: ");
        options->has_kms_stream = true;
    } else if (strcmp(name, "--parent-cid") == 0) {
        if (!read_number(name, value, 0, UINT32_MAX, &number, why))
            return false;
        options->parent_cid = (uint32_t)number;
    } else if (strcmp(name, "--workers") == 0) {
        if (!read_number(name, value, 1, WORKERS_MAX, &number, why))
            return false;
        options->workers = (unsigned)number;
    } else {
        must(strcmp(name, "--insecure-key-file") == 0);
        options->insecure_key_file = value;
    }
    return true;
}

/* The option's full name when `word` is it, alone or with "=value". */
static const char *find(const char *word, const char **value)
{
    static const char *const names[] = {
        "--settings",          "--listen", "--nsm", "--kms-stream", "--parent-cid", "--workers",
#ifdef ENSIGN_INSECURE_KEY
        "--insecure-key-file",
#endif
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t len = strlen(names[i]);
        if (strncmp(word, names[i], len) != 0 || (word[len] != '\0' && word[len] != '='))
            continue;
        *value = word[len] == '=' ? word + len + 1 : NULL;
        return names[i];
    }
    return NULL;
}

static bool is_repeated(const char *name, int upto, char *const *argv)
{
    for (int i = 1; i < upto; i++) {
        const char *value;
        const char *const found = find(argv[i], &value);
        if (found != NULL && strcmp(found, name) == 0)
            return true;
        if (found != NULL && value == NULL)
            i++;
    }
    return false;
}

bool options_read(int argc, char *const *argv, struct options *options, struct fault *why)
{
    *options = (struct options){ .kind = OPTIONS_RUN, .parent_cid = 3 };
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
            options->kind = argv[i][2] == 'h' ? OPTIONS_HELP : OPTIONS_VERSION;
            return true;
        }
        const int at = i;
        const char *const name = find(argv[i], &value);
        if (name == NULL)
            return fault_set(why, FAULT_INPUT, "\"%.80s\" is no option of ensignd (--help lists them)", argv[i]);
        if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (value == NULL || *value == '\0')
            return fault_set(why, FAULT_INPUT, "%s: wanted is a value after it (--help says which)", name);
        if (strcmp(name, "--listen") != 0 && is_repeated(name, at, argv))
            return fault_set(why, FAULT_INPUT, "%s is there twice, wanted is one", name);
        if (!take(name, value, options, why))
            return false;
    }
    if (options->listen_count == 0) {
        must(endpoint_read("vsock://any:5000", &options->listen[0], why));
        options->listen_count = 1;
    }
    return true;
}
