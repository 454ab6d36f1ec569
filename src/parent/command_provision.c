#include "core/kms/credentials.h"
#include "io/stream.h"
#include "parent/command.h"
#include "parent/credentials.h"
#include "parent/output.h"
#include "parent/provision_params.h"
#include "parent/signer_client.h"

#include <poll.h>
#include <stdlib.h>

enum {
    TIMEOUT_S = 30,
    BUSY_TRIES = 4,       /* more, after a signer that had no room for the request: a few others' are with KMS then */
    FIRST_PAUSE_MS = 150, /* doubled after each */
};

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    FLAGS_PROVISION,
    { .name = "generate", .help = "have a new key made in the enclave instead, sealed under --kms-key-id" },
    { .name = "key-spec", .value = "SPEC", .help = "of --generate: AES-256, the only one" },
    FLAG_TIMEOUT(30),
};

static void say_warnings(struct json result)
{
    struct json_cursor warnings = json_items(json_member(result, BYTES_LIT("warnings")));
    struct json key, text;
    while (json_next(&warnings, &key, &text))
        say_warning_json(text);
}

static enum exit_code ask(struct signer_client *client, const struct arguments *arguments,
                          const struct provision_order *order)
{
    struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "" };
    struct fault why;
    struct json result;
    const char *source;
    if (!credentials_find(CREDENTIALS_TEMPORARY, &credentials, &source, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    const uint64_t deadline_ms = io_now_ms() + client->timeout_ms;
    enum exit_code code;
    for (unsigned try = 0;; try++) {
        struct json_writer *params = signer_begin(client, order->generate ? "generate" : "provision");
        if (!provision_params_put(params, arguments, order, &credentials, &why)) {
            signer_abandon(client);
            return command_misused("provision", &why);
        }
        code = signer_call(client, &result, &why);
        const unsigned pause_ms = (unsigned)FIRST_PAUSE_MS << try;
        if (code != EXIT_CODE_REFUSED || why.code != FAULT_LIMIT || try == BUSY_TRIES ||
            io_now_ms() + pause_ms > deadline_ms)
            break;
        say_note("%s; asking again in %u ms", why.text, pause_ms);
        (void)poll(NULL, 0, (int)pause_ms);
    }
    if (code == EXIT_CODE_DONE) {
        put_json_pretty(result);
        say_warnings(result);
        return code;
    }
    say_error(&why);
    if (code == EXIT_CODE_UNREACHED)
        say_note("Nothing is known of what the signer did. `ensign status` tells whether it holds a key%s.",
                 order->generate
                     ? ", and `ensign sealed` gives that key's ciphertext: without it a generated key is lost "
                       "when the enclave ends"
                     : "");
    return code;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct signer_client client;
    static struct provision_order order;
    bool is_usage;
    struct fault why;
    if (!signer_client_open(&client, arguments, TIMEOUT_S, &why))
        return command_misused("provision", &why);
    uint8_t *scratch = malloc(PROVISION_SCRATCH);
    must(scratch != NULL);
    struct arena arena = arena_of(scratch, PROVISION_SCRATCH);
    enum exit_code code;
    if (provision_order_read(arguments, &arena, &order, &is_usage, &why))
        code = ask(&client, arguments, &order);
    else
        code = is_usage ? command_misused("provision", &why) : command_failed(EXIT_CODE_INPUT, &why);
    free(scratch);
    return code;
}

const struct command command_provision = {
    .name = "provision",
    .operands = "",
    .summary = "give a signer its key: have KMS unseal it there, under a policy",
    .about = "Sends the sealed key, the policy and this machine's temporary AWS credentials to\n"
             "the signer, which attests itself to KMS and unseals the key. All or nothing: a\n"
             "refused provisioning leaves the signer as it was. Prints the answer as sorted,\n"
             "indented JSON; warnings go to standard error, one loose end a line.\n"
             "\n"
             "The policy is a document (--policy) or the flat flags of the original, not both.\n"
             "Credentials come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\n"
             "and AWS_SESSION_TOKEN, all three), else from the container's endpoint, else from\n"
             "the instance's metadata service; never from the command line.",
    .examples = "  ensign provision --endpoint vsock://16:5000 --ciphertext-b64 @sealed.json \\\n"
                "      --policy policy.json --bind-policy --region us-east-2\n"
                "  ensign provision --endpoint vsock://16:5000 --region us-east-2 --ciphertext-b64 AQIC... \\\n"
                "      --chain-id 42161 --ticket-broker 0xa8bb618b1520e284046f3dfc448851a1ff26e41b \\\n"
                "      --allowed-recipient 0xRECIPIENT --require-allowlist --max-face-value-eth 0.05\n"
                "  ensign provision --endpoint vsock://16:5000 --generate --policy policy.json --bind-policy \\\n"
                "      --kms-key-id arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
