#include "parent/evidence.h"

#include "core/base/text.h"
#include "parent/input_file.h"
#include "parent/rpc_command.h"

#include <string.h>
#include <sys/random.h>

struct bytes evidence_document(const struct evidence *evidence)
{
    return (struct bytes){ evidence->document, evidence->len };
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool take_base64(struct bytes text, struct evidence *evidence, struct fault *why)
{
    static uint8_t joined[EVIDENCE_FILE_MAX];
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < sizeof joined; i++) {
        if (!is_blank(text.data[i]))
            joined[len++] = text.data[i];
    }
    if (len > 0 &&
        text_read_base64((struct bytes){ joined, len }, evidence->document, sizeof evidence->document, &evidence->len))
        return true;
    return fault_set(why, FAULT_INPUT,
                     "neither an attestation document's bytes nor base64 of one, or over %d bytes of them",
                     ATTESTATION_DOC_MAX);
}

static bool take_json(struct bytes text, struct evidence *evidence, struct fault *why)
{
    struct json object;
    struct bytes base64;
    if (!json_read(text_trim(text), &object, why))
        return false;
    if (!json_plain_string(json_member(object, BYTES_LIT("document_b64")), &base64))
        return fault_set(why, FAULT_INPUT, "JSON without the member document_b64 that `ensign attest` prints");
    return take_base64(base64, evidence, why);
}

/* A document begins with the header of an array of four, or with tag 18 (RFC 9052 section 2). */
static bool take_any(struct bytes contents, struct evidence *evidence, struct fault *why)
{
    const struct bytes text = text_trim(contents);
    const uint8_t first = text.len > 0 ? text.data[0] : 0;
    if (first == '{')
        return take_json(text, evidence, why);
    if (first != 0x84 && first != 0xd2)
        return take_base64(text, evidence, why);
    if (contents.len > sizeof evidence->document)
        return fault_set(why, FAULT_INPUT, "%zu bytes, a document has at most %d", contents.len, ATTESTATION_DOC_MAX);
    memcpy(evidence->document, contents.data, contents.len);
    evidence->len = contents.len;
    return true;
}

bool evidence_from_file(const char *path, struct evidence *evidence, struct fault *why)
{
    static uint8_t contents[EVIDENCE_FILE_MAX];
    struct bytes found;
    if (!input_file_read(path, contents, sizeof contents, &found, why))
        return false;
    if (take_any(found, evidence, why))
        return true;
    (void)fault_prefix(why, ": ");
    return fault_prefix(why, path);
}

bool evidence_set_nonce(const char *text, struct evidence *evidence, struct fault *why)
{
    const struct bytes all = bytes_of_text(text);
    if (!text_starts_with(all, BYTES_LIT("0x")) || all.len < 4 || all.len > 2 + 2 * sizeof evidence->nonce ||
        !text_read_hex((struct bytes){ all.data + 2, all.len - 2 }, evidence->nonce))
        return fault_set(why, FAULT_INPUT, "--nonce wants 0x and the hex of 1 to %d bytes, found '%.80s'",
                         ATTESTATION_FIELD_MAX, text);
    evidence->nonce_len = (all.len - 2) / 2;
    return true;
}

void evidence_begin(struct signer_client *client, struct evidence *evidence)
{
    must(getrandom(evidence->nonce, EVIDENCE_NONCE, 0) == EVIDENCE_NONCE);
    evidence->nonce_len = EVIDENCE_NONCE;
    struct json_writer *params = signer_begin(client, "attestation");
    json_key(params, "nonce");
    json_put_hex(params, (struct bytes){ evidence->nonce, evidence->nonce_len });
}

enum exit_code evidence_take(struct json result, struct evidence *evidence, struct fault *why)
{
    struct bytes base64;
    if (json_count(result) == 0) {
        (void)fault_set(why, FAULT_REMOTE, "the signer has no NSM to attest with: it does not run in a Nitro Enclave");
        return EXIT_CODE_REFUSED;
    }
    if (!json_plain_string(json_member(result, BYTES_LIT("document_b64")), &base64)) {
        (void)fault_set(why, FAULT_REMOTE, "what answered is no signer: its answer has no document_b64");
        return EXIT_CODE_UNREACHED;
    }
    return take_base64(base64, evidence, why) ? EXIT_CODE_DONE : EXIT_CODE_UNREACHED;
}

enum exit_code evidence_from_signer(const struct command *command, const struct arguments *arguments,
                                    struct evidence *evidence)
{
    enum exit_code code;
    struct fault why;
    struct json result;
    struct signer_client *client = rpc_open(command, arguments, &code);
    if (client == NULL)
        return code;
    evidence_begin(client, evidence);
    if (!rpc_send(client, &result, &code))
        return code;
    code = evidence_take(result, evidence, &why);
    return code == EXIT_CODE_DONE ? code : command_failed(code, &why);
}
