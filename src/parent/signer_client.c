#include "parent/signer_client.h"

#include "core/base/secret.h"
#include "core/base/text.h"
#include "io/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool signer_client_open(struct signer_client *client, const struct arguments *arguments, uint64_t default_timeout_s,
                        struct fault *why)
{
    uint64_t seconds = default_timeout_s;
    const char *endpoint = argument(arguments, "endpoint");
    if (endpoint == NULL)
        endpoint = getenv("ENSIGN_ENDPOINT");
    if (endpoint == NULL || endpoint[0] == '\0')
        return fault_set(why, FAULT_INPUT,
                         "no signer named; give --endpoint vsock://CID:5000 (the CID is in `nitro-cli "
                         "describe-enclaves`), or set ENSIGN_ENDPOINT");
    if (!argument_u64(arguments, "timeout", 1, SIGNER_TIMEOUT_MAX_S, &seconds, why))
        return false;
    client->timeout_ms = seconds * 1000;
    return endpoint_read(endpoint, &client->endpoint, why);
}

struct json_writer *signer_begin(struct signer_client *client, const char *method)
{
    client->method = method;
    client->out = writer_of(client->request, sizeof client->request);
    client->params = json_writer_of(&client->out);
    json_begin_object(&client->params);
    json_key(&client->params, "method");
    json_put_text(&client->params, method);
    json_key(&client->params, "params");
    json_begin_object(&client->params);
    return &client->params;
}

static const enum fault_code wire_codes[] = { FAULT_INPUT,  FAULT_STATE, FAULT_POLICY,
                                              FAULT_REMOTE, FAULT_LIMIT, FAULT_INTERNAL };

/* {"code": one of ours or absent (the original's signer has none), "message": text} */
static void read_error(struct json error, struct fault *why)
{
    char text[sizeof why->text];
    struct writer out = writer_of((uint8_t *)text, sizeof text - 1);
    const struct json code = json_member(error, BYTES_LIT("code"));
    why->code = FAULT_POLICY;
    why->rule = NULL;
    for (size_t i = 0; i < sizeof wire_codes / sizeof *wire_codes; i++)
        if (json_string_is(code, bytes_of_text(fault_code_name(wire_codes[i]))))
            why->code = wire_codes[i];
    if (!json_string(json_member(error, BYTES_LIT("message")), &out))
        out.len = 0;
    text[out.len] = '\0';
    for (size_t i = 0; i < out.len; i++)
        text[i] = (char)(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
    (void)fault_set(why, why->code, "the signer refused: %s", out.len > 0 ? text : "no message it gave fits here");
}

static void add_hint(const struct signer_client *client, struct fault *why)
{
    const size_t len = strlen(why->text);
    if (client->endpoint.kind == ENDPOINT_VSOCK)
        (void)snprintf(why->text + len, sizeof why->text - len,
                       "; is the enclave running, and with this CID? `nitro-cli describe-enclaves` tells");
}

bool signer_end(struct signer_client *client, struct bytes *request, struct fault *why)
{
    json_end_object(&client->params);
    json_end_object(&client->params);
    return writer_done(&client->out, request) ||
           fault_set(why, FAULT_LIMIT, "the request is over %d bytes, more than a signer reads", FRAME_MAX);
}

/* What the answer's document says. */
static enum exit_code judge(const struct signer_client *client, struct bytes answer, struct json *result,
                            struct fault *why)
{
    struct json document;
    if (!json_read(answer, &document, why)) {
        (void)fault_prefix(why, "what answered is no signer, its answer is no JSON: ");
        return EXIT_CODE_UNREACHED;
    }
    const struct json error = json_member(document, BYTES_LIT("error"));
    if (json_kind(error) != JSON_NONE) {
        read_error(error, why);
        return EXIT_CODE_REFUSED;
    }
    const struct json found = json_member(document, BYTES_LIT("result"));
    if (json_kind(found) != JSON_OBJECT) {
        (void)fault_set(why, FAULT_REMOTE,
                        "what answered is no signer: the answer to %s has %s where a result object "
                        "belongs",
                        client->method, json_kind_name(json_kind(found)));
        return EXIT_CODE_UNREACHED;
    }
    *result = found;
    return EXIT_CODE_DONE;
}

enum exit_code signer_ask(struct signer_client *client, int fd, struct bytes request, uint64_t deadline_ms,
                          struct json *result, struct fault *why)
{
    struct bytes answer;
    if (!stream_call(fd, request, client->answer, sizeof client->answer, &answer, deadline_ms, why))
        return EXIT_CODE_UNREACHED;
    return judge(client, answer, result, why);
}

enum exit_code signer_call(struct signer_client *client, struct json *result, struct fault *why)
{
    struct bytes request;
    enum exit_code code = EXIT_CODE_UNREACHED;
    if (!signer_end(client, &request, why)) {
        wipe(client->request, sizeof client->request);
        return EXIT_CODE_INPUT;
    }
    const uint64_t deadline_ms = io_now_ms() + client->timeout_ms;
    const int fd = endpoint_connect(&client->endpoint, deadline_ms, why);
    if (fd < 0) {
        add_hint(client, why);
    } else {
        code = signer_ask(client, fd, request, deadline_ms, result, why);
        (void)close(fd);
    }
    wipe(client->request, client->out.len);
    return code;
}

void signer_abandon(struct signer_client *client)
{
    wipe(client->request, sizeof client->request);
}
