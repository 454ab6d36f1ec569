#include "parent/output.h"
#include "parent/rpc_command.h"

static const struct flag flags[] = { FLAG_ENDPOINT, FLAG_TIMEOUT(10), FLAG_JSON };

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct json result;
    struct bytes address;
    struct signer_client *client = rpc_open(&command_address, arguments, &code);
    if (client == NULL)
        return code;
    (void)signer_begin(client, "address");
    if (!rpc_send(client, &result, &code) || !rpc_text(result, "address", &address, &code))
        return code;
    if (wants_json(arguments))
        put_json_pretty(result);
    else
        put_line_bytes(address);
    return code;
}

const struct command command_address = {
    .name = "address",
    .operands = "",
    .summary = "the address of the key that a signer holds",
    .about = "Prints the address with its checksum (EIP-55). What a signer says over this\n"
             "connection is hearsay: `ensign attest` fetches the proof.",
    .examples = "  ensign address --endpoint vsock://16:5000\n"
                "  ensign address --endpoint vsock://16:5000 --json | jq -r .address",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
