#include "parent/output.h"
#include "parent/rpc_command.h"

static const struct flag flags[] = { FLAG_ENDPOINT, FLAG_TIMEOUT(10), FLAG_JSON };

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct json result;
    struct signer_client *client = rpc_open(&command_status, arguments, &code);
    if (client == NULL)
        return code;
    (void)signer_begin(client, "status");
    if (!rpc_send(client, &result, &code))
        return code;
    if (wants_json(arguments)) {
        put_json_pretty(result);
        return code;
    }
    put_table(result);
    say_note("\nThis is what the signer says over an unproven connection; `ensign attest` fetches the proof.");
    return code;
}

const struct command command_status = {
    .name = "status",
    .operands = "",
    .summary = "what a signer says of itself: mode, key, policy, lease, budget left",
    .about = "Prints the signer's own account of itself. It is hearsay, since whoever is root on\n"
             "the parent can answer in its place: only an attestation document proves. The\n"
             "budget is counted in this enclave and since its start: it bounds a compromised\n"
             "client, not whoever can restart the enclave.",
    .examples = "  ensign status --endpoint vsock://16:5000\n"
                "  ensign status --endpoint vsock://16:5000 --json | jq .ready_to_provision",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
