#include "kmstool/options.h"

#include "core/base/text.h"

#include <string.h>

const char KMSTOOL_HELP_TEXT[] =
    "ensign-kmstool - asks AWS KMS for something that is encrypted to this Nitro Enclave, and opens it\n"
    "\n"
    "usage: ensign-kmstool decrypt   --region R --ciphertext BASE64 [--key-id ID] [--encryption-algorithm A]\n"
    "       ensign-kmstool genkey    --region R --key-id ID --key-spec AES-256|AES-128\n"
    "       ensign-kmstool genrandom --region R --length N (1 to 1024)\n"
    "\n"
    "  --encryption-context NAME=VALUE  of decrypt and genkey; may be repeated. Names that begin with ensign- are\n"
    "                                   refused: a signer alone makes those\n"
    "  --proxy-port N                   the parent's port that carries TLS to KMS (default 8000)\n"
    "  --timeout SECONDS                for the whole (default 30)\n"
    "  --nsm /dev/nsm|unix:PATH         the Nitro Security Module (default /dev/nsm)\n"
    "  --kms-stream ENDPOINT            what carries TLS to KMS (default vsock://PARENT:<proxy-port>)\n"
    "  --parent-cid N                   the parent's vsock CID (default 3)\n"
    "  --trust-roots FILE               PEM, in place of Amazon's roots\n"
    "  --help, --version\n"
    "\n"
    "Credentials, all three, from one of:\n"
    "  the environment                  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN\n"
    "  --credentials-stdin              a JSON object as the instance metadata service or STS gives it\n"
    "  --aws-access-key-id ID --aws-secret-access-key KEY --aws-session-token TOKEN\n"
    "                                   as kmstool_enclave_cli has it; other processes may see them\n"
    "\n"
    "Prints \"PLAINTEXT: <base64>\"; genkey prints \"CIPHERTEXT: <base64>\" before it.\n"
    "exit codes: 0 done; 1 command line or credentials not as needed; 255 KMS, NSM or TLS said no\n";

enum {
    FOR_DECRYPT = 1,
    FOR_GENKEY = 2,
    FOR_GENRANDOM = 4,
    FOR_ALL = 7,
    TIMEOUT_MAX_S = 3600,
    WORDS_MAX = 128, /* twice what all flags and a full encryption context take */
};

enum flag {
    REGION,
    PROXY_PORT,
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    CREDENTIALS_STDIN,
    CIPHERTEXT,
    KEY_ID,
    ALGORITHM,
    KEY_SPEC,
    LENGTH,
    CONTEXT,
    NSM,
    KMS_STREAM,
    PARENT_CID,
    TRUST_ROOTS,
    TIMEOUT,
    FLAGS
};

/* clang-format off */
static const struct {
    const char *name;
    unsigned operations, required_by;
    bool is_switch;
} flags[FLAGS] = {
    [REGION]            = { "--region",                FOR_ALL,                  FOR_ALL,       false },
    [PROXY_PORT]        = { "--proxy-port",            FOR_ALL,                  0,             false },
    [ACCESS_KEY_ID]     = { "--aws-access-key-id",     FOR_ALL,                  0,             false },
    [SECRET_ACCESS_KEY] = { "--aws-secret-access-key", FOR_ALL,                  0,             false },
    [SESSION_TOKEN]     = { "--aws-session-token",     FOR_ALL,                  0,             false },
    [CREDENTIALS_STDIN] = { "--credentials-stdin",     FOR_ALL,                  0,             true  },
    [CIPHERTEXT]        = { "--ciphertext",            FOR_DECRYPT,              FOR_DECRYPT,   false },
    [KEY_ID]            = { "--key-id",                FOR_DECRYPT | FOR_GENKEY, FOR_GENKEY,    false },
    [ALGORITHM]         = { "--encryption-algorithm",  FOR_DECRYPT,              0,             false },
    [KEY_SPEC]          = { "--key-spec",              FOR_GENKEY,               FOR_GENKEY,    false },
    [LENGTH]            = { "--length",                FOR_GENRANDOM,            FOR_GENRANDOM, false },
    [CONTEXT]           = { "--encryption-context",    FOR_DECRYPT | FOR_GENKEY, 0,             false },
    [NSM]               = { "--nsm",                   FOR_ALL,                  0,             false },
    [KMS_STREAM]        = { "--kms-stream",            FOR_ALL,                  0,             false },
    [PARENT_CID]        = { "--parent-cid",            FOR_ALL,                  0,             false },
    [TRUST_ROOTS]       = { "--trust-roots",           FOR_ALL,                  0,             false },
    [TIMEOUT]           = { "--timeout",               FOR_ALL,                  0,             false },
};
/* clang-format on */

static bool read_operation(const char *word, struct kmstool_options *options, unsigned *operation, struct fault *why)
{
    static const struct {
        const char *name;
        enum kmstool_operation operation;
        unsigned bit;
    } rows[] = { { "decrypt", KMSTOOL_DECRYPT, FOR_DECRYPT },
                 { "genkey", KMSTOOL_GENKEY, FOR_GENKEY },
                 { "genrandom", KMSTOOL_GENRANDOM, FOR_GENRANDOM } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (word != NULL && strcmp(word, rows[i].name) == 0) {
            options->operation = rows[i].operation;
            *operation = rows[i].bit;
            return true;
        }
    return fault_set(why, FAULT_INPUT, "wanted is decrypt, genkey or genrandom first (--help says how)");
}

static bool read_number(enum flag flag, const char *text, uint64_t min, uint64_t max, uint64_t *number,
                        struct fault *why)
{
    uint64_t read;
    if (!text_read_uint(bytes_of_text(text), &read) || read < min || read > max)
        return fault_set(why, FAULT_INPUT, "%s: found \"%.40s\", wanted is a number from %llu to %llu",
                         flags[flag].name, text, (unsigned long long)min, (unsigned long long)max);
    *number = read;
    return true;
}

static bool read_ciphertext(const char *text, struct arena *arena, struct bytes *ciphertext, struct fault *why)
{
    size_t len = 0;
    uint8_t *const room = arena_take(arena, KMS_CIPHERTEXT_MAX);
    if (room == NULL || !text_read_base64(bytes_of_text(text), room, KMS_CIPHERTEXT_MAX, &len) || len == 0)
        return fault_set(why, FAULT_INPUT, "--ciphertext: wanted is base64 of 1 to %d bytes", KMS_CIPHERTEXT_MAX);
    *ciphertext = (struct bytes){ room, len };
    return true;
}

/* NAME=VALUE, the name up to the first '='. */
static bool put_pair(struct json_writer *json, const char *pair, struct fault *why)
{
    const char *const equals = strchr(pair, '=');
    if (equals == NULL || equals == pair)
        return fault_set(why, FAULT_INPUT, "--encryption-context: found \"%.40s\", wanted is NAME=VALUE", pair);
    json_key_utf8(json, (struct bytes){ (const uint8_t *)pair, (size_t)(equals - pair) });
    json_put_text(json, equals + 1);
    return true;
}

static bool take(enum flag flag, char *value, struct json_writer *context, struct arena *arena,
                 struct kmstool_options *options, struct fault *why)
{
    uint64_t number = 0;
    switch (flag) {
    case REGION:
        options->region = bytes_of_text(value);
        return kms_region_ok(options->region) ||
               fault_set(why, FAULT_INPUT, "--region: found \"%.40s\", wanted is a name like us-east-2", value);
    case PROXY_PORT:
        if (!read_number(flag, value, 1, UINT16_MAX, &number, why))
            return false;
        options->proxy_port = (uint16_t)number;
        return true;
    case ACCESS_KEY_ID:
        options->access_key_id = value;
        return true;
    case SECRET_ACCESS_KEY:
        options->secret_access_key = value;
        return true;
    case SESSION_TOKEN:
        options->session_token = value;
        return true;
    case CREDENTIALS_STDIN:
        options->credentials_on_stdin = true;
        return true;
    case CIPHERTEXT:
        return read_ciphertext(value, arena, &options->ciphertext, why);
    case KEY_ID:
        options->key_id = bytes_of_text(value);
        return kms_key_id_ok(options->key_id) ||
               fault_set(why, FAULT_INPUT, "--key-id: wanted is a KMS key id, key ARN or alias");
    case ALGORITHM:
        return kms_algorithm_read(bytes_of_text(value), &options->algorithm) ||
               fault_set(why, FAULT_INPUT, "--encryption-algorithm: found \"%.40s\", wanted is one that KMS has",
                         value);
    case KEY_SPEC:
        options->wanted_len = strcmp(value, "AES-256") == 0 ? 32 : strcmp(value, "AES-128") == 0 ? 16 : 0;
        return options->wanted_len != 0 ||
               fault_set(why, FAULT_INPUT, "--key-spec: found \"%.40s\", wanted is AES-256 or AES-128", value);
    case LENGTH:
        if (!read_number(flag, value, 1, KMS_RANDOM_MAX, &number, why))
            return false;
        options->wanted_len = (size_t)number;
        return true;
    case CONTEXT:
        return put_pair(context, value, why);
    case NSM:
        options->nsm = value;
        return true;
    case KMS_STREAM:
        options->has_kms_stream = true;
        return endpoint_read(value, &options->kms_stream, why) || fault_prefix(why, "--kms-stream: ");
    case PARENT_CID:
        if (!read_number(flag, value, 0, UINT32_MAX, &number, why))
            return false;
        options->parent_cid = (uint32_t)number;
        return true;
    case TRUST_ROOTS:
        options->trust_roots = value;
        return true;
    case TIMEOUT:
        if (!read_number(flag, value, 1, TIMEOUT_MAX_S, &number, why))
            return false;
        options->timeout_ms = 1000 * number;
        return true;
    case FLAGS:
        break;
    }
    must(false);
    return false;
}

/* The flag that `word` is, alone or with "=value"; FLAGS when it is none. */
static enum flag find(char *word, char **value)
{
    unsigned i;
    *value = NULL;
    for (i = 0; i < FLAGS; i++) {
        const size_t len = strlen(flags[i].name);
        if (strncmp(word, flags[i].name, len) != 0 || (word[len] != '\0' && word[len] != '='))
            continue;
        *value = word[len] == '=' ? word + len + 1 : NULL;
        break;
    }
    return (enum flag)i;
}

static bool read_context(struct writer *out, struct arena *arena, struct kms_context *context, struct fault *why)
{
    struct bytes text;
    struct json object;
    if (!arena_keep(arena, out, &text))
        return fault_set(why, FAULT_LIMIT, "--encryption-context: too long");
    return (json_read(text, &object, why) && kms_context_from_json(object, arena, context, why)) ||
           fault_prefix(why, "--encryption-context: ");
}

static bool check_whole(unsigned operation, unsigned seen, const char *name, const struct kmstool_options *options,
                        struct fault *why)
{
    for (unsigned i = 0; i < FLAGS; i++)
        if ((flags[i].required_by & operation) != 0 && (seen & 1u << i) == 0)
            return fault_set(why, FAULT_INPUT, "%s is missing: %s needs it", flags[i].name, name);
    const unsigned three = 1u << ACCESS_KEY_ID | 1u << SECRET_ACCESS_KEY | 1u << SESSION_TOKEN;
    if ((seen & three) != 0 && (seen & three) != three)
        return fault_set(
            why, FAULT_INPUT,
            "of --aws-access-key-id, --aws-secret-access-key and --aws-session-token all three are needed");
    if ((seen & three) != 0 && options->credentials_on_stdin)
        return fault_set(why, FAULT_INPUT, "--credentials-stdin and --aws-... are two sources, wanted is one");
    return true;
}

static bool read_flags(int argc, char **argv, unsigned operation, struct arena *arena, struct json_writer *context,
                       struct kmstool_options *options, struct fault *why)
{
    unsigned seen = 0;
    for (int i = 2; i < argc; i++) {
        char *value;
        const enum flag flag = find(argv[i], &value);
        if (flag == FLAGS)
            return fault_set(why, FAULT_INPUT, "word %d is no flag of ensign-kmstool (--help lists them)", i);
        if ((flags[flag].operations & operation) == 0)
            return fault_set(why, FAULT_INPUT, "%s is no flag of %s", flags[flag].name, argv[1]);
        if (flag != CONTEXT && (seen & 1u << flag) != 0)
            return fault_set(why, FAULT_INPUT, "%s is there twice, wanted is one", flags[flag].name);
        seen |= 1u << flag;
        if (flags[flag].is_switch && value != NULL)
            return fault_set(why, FAULT_INPUT, "%s takes no value", flags[flag].name);
        if (!flags[flag].is_switch && value == NULL && i + 1 < argc)
            value = argv[++i];
        if (!flags[flag].is_switch && (value == NULL || *value == '\0'))
            return fault_set(why, FAULT_INPUT, "%s: wanted is a value after it", flags[flag].name);
        if (!take(flag, value, context, arena, options, why))
            return false;
    }
    return check_whole(operation, seen, argv[1], options, why);
}

bool kmstool_options_read(int argc, char **argv, struct arena *arena, struct kmstool_options *options,
                          struct fault *why)
{
    unsigned operation = 0;
    *options = (struct kmstool_options){ .proxy_port = 8000, .parent_cid = 3, .timeout_ms = 30000 };
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
            options->operation = argv[i][2] == 'h' ? KMSTOOL_HELP : KMSTOOL_VERSION;
            return true;
        }
    if (argc > WORDS_MAX)
        return fault_set(why, FAULT_INPUT, "found %d words, at most %d are taken", argc, WORDS_MAX);
    if (!read_operation(argc > 1 ? argv[1] : NULL, options, &operation, why))
        return false;
    uint8_t text[KMS_CONTEXT_TEXT_MAX * 2];
    struct writer out = writer_of(text, sizeof text);
    struct json_writer context = json_writer_of(&out);
    json_begin_object(&context);
    if (!read_flags(argc, argv, operation, arena, &context, options, why))
        return false;
    json_end_object(&context);
    struct writer kept = arena_writer(arena);
    struct bytes written;
    if (!writer_done(&out, &written))
        return fault_set(why, FAULT_LIMIT, "--encryption-context: too long");
    writer_put(&kept, written);
    return read_context(&kept, arena, &options->context, why);
}
