/* The four commands that have a signer sign: a method, a member that is a JSON object from a file, and a result. */
#include "core/base/text.h"
#include "parent/output.h"
#include "parent/rpc_command.h"

#include <string.h>

static const struct flag flags[] = { FLAG_ENDPOINT, FLAG_TIMEOUT(10), FLAG_JSON };

/* On a terminal the bare hex of `member`; otherwise the result as JSON. */
static enum exit_code finish(struct signer_client *client, const struct arguments *arguments, const char *member)
{
    enum exit_code code;
    struct json result;
    struct bytes hex;
    if (!rpc_send(client, &result, &code) || !rpc_text(result, member, &hex, &code))
        return code;
    if (wants_json(arguments))
        put_json_pretty(result);
    else
        put_line_bytes(hex);
    return code;
}

static enum exit_code sign_object(const struct command *command, const struct arguments *arguments, const char *method,
                                  const char *param, const char *member)
{
    enum exit_code code;
    struct json object;
    struct signer_client *client = rpc_open(command, arguments, &code);
    if (client == NULL || !rpc_read_object(arguments->operands[0], &object, &code))
        return code;
    struct json_writer *params = signer_begin(client, method);
    json_key(params, param);
    json_put_json(params, object);
    return finish(client, arguments, member);
}

static enum exit_code run_tx(const struct arguments *arguments)
{
    return sign_object(&command_sign_tx, arguments, "sign_transaction", "tx", "raw_tx");
}

static enum exit_code run_ticket(const struct arguments *arguments)
{
    return sign_object(&command_sign_ticket, arguments, "sign_ticket", "ticket", "signature");
}

static enum exit_code run_typed_data(const struct arguments *arguments)
{
    return sign_object(&command_sign_typed_data, arguments, "sign_typed_data", "typed_data", "signature");
}

static enum exit_code run_message(const struct arguments *arguments)
{
    enum exit_code code;
    struct fault why;
    struct json ticket = { 0 };
    const char *message = arguments->operands[0], *path = argument(arguments, "ticket");
    const size_t len = strlen(message);
    if (strncmp(message, "0x", 2) != 0 || strspn(message + 2, "0123456789abcdefABCDEF") != len - 2 || len % 2 != 0) {
        (void)fault_set(&why, FAULT_INPUT,
                        "a message is 0x and an even number of hex digits: the bytes to sign, "
                        "without EIP-191's prefix");
        return command_misused("sign-message", &why);
    }
    struct signer_client *client = rpc_open(&command_sign_message, arguments, &code);
    if (client == NULL || (path != NULL && !rpc_read_object(path, &ticket, &code)))
        return code;
    struct json_writer *params = signer_begin(client, "sign_message_defunct");
    json_key(params, "message_hash");
    json_put_text(params, message);
    if (path != NULL) {
        json_key(params, "ticket");
        json_put_json(params, ticket);
    }
    return finish(client, arguments, "signature");
}

const struct command command_sign_tx = {
    .name = "sign-tx",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "have a transaction signed",
    .about = "FILE holds the transaction as a JSON dictionary, the shape that eth-account takes:\n"
             "chainId, nonce, to (with its EIP-55 checksum), value, gas, gasPrice or the EIP-1559\n"
             "fees, data. Integers are JSON numbers or 0x strings. On a terminal the signed\n"
             "bytes are printed as bare hex, ready for eth_sendRawTransaction.",
    .examples = "  ensign sign-tx --endpoint vsock://16:5000 tx.json\n"
                "  jq -c .tx request.json | ensign sign-tx --endpoint vsock://16:5000 - | jq -r .raw_tx",
    .flags = FLAG_TABLE(flags),
    .run = run_tx,
};

const struct command command_sign_ticket = {
    .name = "sign-ticket",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "have a ticket signed, judged by its fields",
    .about = "FILE holds the ticket as JSON: recipient, sender (optional: the signer's own),\n"
             "faceValue, winProb, senderNonce, recipientRandHash, auxData (64 bytes). Its face\n"
             "value is charged to the budget before it is signed, once.",
    .examples = "  ensign sign-ticket --endpoint vsock://16:5000 ticket.json",
    .flags = FLAG_TABLE(flags),
    .run = run_ticket,
};

const struct command command_sign_typed_data = {
    .name = "sign-typed-data",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "have typed data signed (EIP-712)",
    .about = "FILE holds the document as JSON: types, primaryType, domain, message. A policy\n"
             "allows typed data only when it says \"typed_data\": \"any\".",
    .examples = "  ensign sign-typed-data --endpoint vsock://16:5000 mail.json",
    .flags = FLAG_TABLE(flags),
    .run = run_typed_data,
};

static const struct flag message_flags[] = {
    FLAG_ENDPOINT,
    { .name = "ticket",
      .value = "FILE|-",
      .help = "the ticket whose hash the message is: what a policy with \"messages\": "
              "\"tickets\" needs" },
    FLAG_TIMEOUT(10),
    FLAG_JSON,
};

const struct command command_sign_message = {
    .name = "sign-message",
    .operands = "0xHEX",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "have a message signed (EIP-191)",
    .about = "Signs the bytes after the prefix of EIP-191, as the backend's method\n"
             "sign_message_defunct does. Under a policy with \"messages\": \"tickets\" the message\n"
             "must be a ticket's hash, and the ticket must stand beside it.",
    .examples = "  ensign sign-message --endpoint vsock://16:5000 0x5369676e206d65\n"
                "  ensign sign-message --endpoint vsock://16:5000 --ticket ticket.json 0xTICKET_HASH",
    .flags = FLAG_TABLE(message_flags),
    .run = run_message,
};
