/* evidence: attestation documents, from a file or from a signer that is asked with a fresh nonce. Only bytes: whether
 * to believe them is src/verify's question. */
#ifndef PARENT_EVIDENCE_H
#define PARENT_EVIDENCE_H

#include "core/codec/json.h"
#include "core/nitro/attestation_doc.h"
#include "parent/arguments.h"
#include "parent/exit_code.h"

enum { EVIDENCE_NONCE = 32, EVIDENCE_FILE_MAX = 65536 };

struct evidence {
    uint8_t document[ATTESTATION_DOC_MAX];
    size_t len;
    uint8_t nonce[ATTESTATION_FIELD_MAX]; /* that the document must repeat */
    size_t nonce_len;                     /* 0: none is known */
};

struct bytes evidence_document(const struct evidence *evidence) MUST_USE;

/* The document as bytes, as base64 (line ends and blanks among it allowed), or as the JSON that `ensign attest` prints,
 * of which only document_b64 is taken. "-": standard input. FAULT_INPUT. */
bool evidence_from_file(const char *path, struct evidence *evidence, struct fault *why) MUST_USE;

/* --nonce: 0x and the hex of 1 to ATTESTATION_FIELD_MAX bytes. FAULT_INPUT. */
bool evidence_set_nonce(const char *text, struct evidence *evidence, struct fault *why) MUST_USE;

/* Asks the signer at --endpoint with a nonce of its own. Anything but EXIT_CODE_DONE: said. */
struct command;
enum exit_code evidence_from_signer(const struct command *command, const struct arguments *arguments,
                                    struct evidence *evidence) MUST_USE;

/* The two halves of that, for whoever keeps a connection: a request with a fresh nonce is begun, and the result that
 * came is taken. EXIT_CODE_REFUSED: the signer has no NSM; EXIT_CODE_UNREACHED: it is no signer. */
struct signer_client;
void evidence_begin(struct signer_client *client, struct evidence *evidence);
enum exit_code evidence_take(struct json result, struct evidence *evidence, struct fault *why) MUST_USE;

#endif
