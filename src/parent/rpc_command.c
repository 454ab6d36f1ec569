#include "parent/rpc_command.h"

#include "core/base/text.h"
#include "parent/input_file.h"
#include "parent/output.h"

bool wants_json(const struct arguments *arguments)
{
    return argument_is_given(arguments, "json") || !output_is_terminal();
}

struct signer_client *rpc_open(const struct command *command, const struct arguments *arguments, enum exit_code *code)
{
    static struct signer_client client;
    struct fault why;
    if (signer_client_open(&client, arguments, SIGNER_TIMEOUT_S, &why))
        return &client;
    *code = command_misused(command->name, &why);
    return NULL;
}

bool rpc_send(struct signer_client *client, struct json *result, enum exit_code *code)
{
    struct fault why;
    *code = signer_call(client, result, &why);
    if (*code != EXIT_CODE_DONE)
        say_error(&why);
    return *code == EXIT_CODE_DONE;
}

bool rpc_text(struct json result, const char *name, struct bytes *text, enum exit_code *code)
{
    struct fault why;
    if (json_plain_string(json_member(result, bytes_of_text(name)), text) && text_is_printable(*text))
        return true;
    (void)fault_set(&why, FAULT_REMOTE, "what answered is no signer: its answer has no %s", name);
    *code = command_failed(EXIT_CODE_UNREACHED, &why);
    return false;
}

bool rpc_read_object(const char *path, struct json *object, enum exit_code *code)
{
    struct fault why;
    struct bytes text;
    static uint8_t buffer[RPC_FILE_MAX];
    bool ok = input_file_read(path, buffer, sizeof buffer, &text, &why);
    if (ok && !json_read(text_trim(text), object, &why)) {
        (void)fault_prefix(&why, ": ");
        ok = fault_prefix(&why, path);
    }
    if (ok && json_kind(*object) != JSON_OBJECT)
        ok = fault_set(&why, FAULT_INPUT, "%s holds %s, a JSON object is wanted", path,
                       json_kind_name(json_kind(*object)));
    if (!ok)
        *code = command_failed(EXIT_CODE_INPUT, &why);
    return ok;
}
