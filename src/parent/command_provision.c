#include "core/kms/credentials.h"
#include "parent/command.h"
#include "parent/context_flags.h"
#include "parent/credentials.h"
#include "parent/output.h"
#include "parent/provision_params.h"
#include "parent/recipients.h"
#include "parent/signer_client.h"

#include <stdlib.h>

enum { TIMEOUT_S = 30 };

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    { .name = "region",
      .value = "REGION",
      .help = "of the KMS key; else that of the key's ARN, else $AWS_REGION; a "
              "strict signer knows it" },
    { .name = "ciphertext-b64",
      .value = "BASE64|@FILE|-",
      .help = "the sealed key: KMS's CiphertextBlob, or a file or "
              "standard input with it, or with what `ensign "
              "encrypt` printed" },
    { .name = "generate", .help = "have a new key made in the enclave instead, sealed under --kms-key-id" },
    { .name = "kms-key-id", .value = "ARN", .help = "the KMS key; a key's ARN is best: an alias can be moved" },
    { .name = "key-spec", .value = "SPEC", .help = "of --generate: AES-256, the only one" },
    { .name = "proxy-port", .value = "PORT", .help = "of the parent's vsock-proxy to KMS (default 8000)" },
    { .name = "expected-address", .value = "ADDRESS", .help = "refuse another key than this address's" },
    { .name = "policy", .value = "FILE", .help = "the policy document, as `ensign policy new` writes one" },
    { .name = "bind-policy",
      .help = "open the key only under this policy's digest in KMS's encryption context; a "
              "strict signer always does" },
    FLAG_ENCRYPTION_CONTEXT,
    { .name = "chain-id", .value = "N", .help = "flat policy: the chain, 42161 for Arbitrum One" },
    { .name = "ticket-broker", .value = "ADDRESS", .help = "flat policy: the only contract" },
    FLAGS_RECIPIENTS,
    { .name = "require-allowlist", .help = "flat policy: an empty list of recipients allows none, not all" },
    { .name = "max-face-value-eth", .value = "ETH", .help = "flat policy: of one ticket" },
    { .name = "max-total-face-value-eth", .value = "ETH", .help = "flat policy: of the tickets of one batch" },
    { .name = "max-fund-deposit-eth", .value = "ETH", .help = "flat policy: of one deposit" },
    { .name = "no-fund-deposit", .help = "flat policy: no deposit at all" },
    { .name = "max-tx-fee-eth",
      .value = "ETH",
      .help = "flat policy: of one transaction (the signer's default is 0.01)" },
    { .name = "messages",
      .value = "tickets|any|none",
      .help = "flat policy: what sign_message_defunct signs. `any` is "
              "what an unmodified backend needs, and leaves recipients "
              "and face values of tickets unbounded" },
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
    struct json_writer *params = signer_begin(client, order->generate ? "generate" : "provision");
    if (!provision_params_put(params, arguments, order, &credentials, &why)) {
        signer_abandon(client);
        return command_misused("provision", &why);
    }
    const enum exit_code code = signer_call(client, &result, &why);
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
