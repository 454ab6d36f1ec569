#include "core/base/text.h"
#include "parent/input_file.h"
#include "parent/output.h"
#include "parent/rpc_command.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { NONCE_MAX = 32, DOCUMENT_MAX = 65536 };

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    { .name = "nonce",
      .value = "0xHEX",
      .help = "at most 32 bytes that the document must repeat; fresh random ones when "
              "not given" },
    { .name = "out", .value = "FILE", .help = "write the document there, as bytes; the file must not exist" },
    FLAG_TIMEOUT(10),
    FLAG_JSON,
};

struct nonce {
    uint8_t bytes[NONCE_MAX];
    size_t len;
};

static bool read_nonce(const char *given, struct nonce *nonce, struct fault *why)
{
    if (given == NULL) {
        nonce->len = NONCE_MAX;
        must(getrandom(nonce->bytes, NONCE_MAX, 0) == NONCE_MAX);
        return true;
    }
    const struct bytes text = bytes_of_text(given);
    if (!text_starts_with(text, BYTES_LIT("0x")) || text.len < 4 || text.len > 2 + 2 * NONCE_MAX ||
        !text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, nonce->bytes))
        return fault_set(why, FAULT_INPUT, "--nonce wants 0x and the hex of 1 to %d bytes, found '%.80s'", NONCE_MAX,
                         given);
    nonce->len = (text.len - 2) / 2;
    return true;
}

static void put_answer(const struct arguments *arguments, struct bytes document_b64, const struct nonce *nonce)
{
    static uint8_t room[2 * DOCUMENT_MAX];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    const char *path = argument(arguments, "out");
    struct bytes text;
    json_begin_object(&json);
    if (path == NULL) {
        json_key(&json, "document_b64");
        json_put_string(&json, document_b64);
    } else {
        json_key(&json, "document_file");
        json_put_text(&json, path);
    }
    json_key(&json, "nonce");
    json_put_hex(&json, (struct bytes){ nonce->bytes, nonce->len });
    json_end_object(&json);
    must(writer_done(&out, &text));
    if (wants_json(arguments)) {
        put_json_pretty((struct json){ text });
        return;
    }
    out = writer_of(room, sizeof room);
    text_put_hex(&out, (struct bytes){ nonce->bytes, nonce->len });
    say_note("nonce 0x%.*s", (int)out.len, (const char *)room);
    if (path != NULL)
        say_note("document in %s", path);
    else
        put_line_bytes(document_b64);
}

static enum exit_code keep(const struct arguments *arguments, struct json result, const struct nonce *nonce)
{
    static uint8_t document[DOCUMENT_MAX];
    const char *path = argument(arguments, "out");
    struct bytes document_b64;
    size_t len;
    struct fault why;
    enum exit_code code = EXIT_CODE_DONE;
    if (json_count(result) == 0) {
        (void)fault_set(&why, FAULT_REMOTE, "the signer has no NSM to attest with: it does not run in a Nitro Enclave");
        return command_failed(EXIT_CODE_REFUSED, &why);
    }
    if (!rpc_text(result, "document_b64", &document_b64, &code))
        return code;
    if (!text_read_base64(document_b64, document, sizeof document, &len)) {
        (void)fault_set(&why, FAULT_REMOTE, "what answered is no signer: its document is no base64, or over %d bytes",
                        DOCUMENT_MAX);
        return command_failed(EXIT_CODE_UNREACHED, &why);
    }
    if (path != NULL && !output_file_write(path, 0644, (struct bytes){ document, len }, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    put_answer(arguments, document_b64, nonce);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct fault why;
    struct nonce nonce;
    struct json result;
    if (!read_nonce(argument(arguments, "nonce"), &nonce, &why))
        return command_misused("attest", &why);
    struct signer_client *client = rpc_open(&command_attest, arguments, &code);
    if (client == NULL)
        return code;
    struct json_writer *params = signer_begin(client, "attestation");
    json_key(params, "nonce");
    json_put_hex(params, (struct bytes){ nonce.bytes, nonce.len });
    return rpc_send(client, &result, &code) ? keep(arguments, result, &nonce) : code;
}

const struct command command_attest = {
    .name = "attest",
    .operands = "",
    .summary = "fetch an attestation document from a signer",
    .about = "Prints the document as base64, or writes its bytes to --out, and says the nonce\n"
             "that it must repeat: a document without your nonce may be an old one. The\n"
             "document proves nothing before it has been verified: the signature, the chain to\n"
             "AWS's root, the PCRs that you expect, and the nonce.",
    .examples = "  ensign attest --endpoint vsock://16:5000\n"
                "  ensign attest --endpoint vsock://16:5000 --nonce 0x$(openssl rand -hex 32) --out document.bin",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
