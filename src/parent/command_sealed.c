#include "parent/output.h"
#include "parent/rpc_command.h"

static const struct flag flags[] = { FLAG_ENDPOINT, FLAG_TIMEOUT(10), FLAG_JSON };

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct json result;
    struct signer_client *client = rpc_open(&command_sealed, arguments, &code);
    if (client == NULL)
        return code;
    (void)signer_begin(client, "sealed");
    if (rpc_send(client, &result, &code))
        put_json_pretty(result);
    return code;
}

const struct command command_sealed = {
    .name = "sealed",
    .operands = "",
    .summary = "the ciphertext that a signer last opened or generated",
    .about = "Prints the sealed key as JSON. After `ensign provision --generate` whose answer\n"
             "was lost this is where the ciphertext is still to be had: without it the key\n"
             "ends with the enclave. The ciphertext is no secret; only KMS opens it.",
    .examples = "  ensign sealed --endpoint vsock://16:5000 > sealed.json",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
