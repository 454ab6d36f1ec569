/* Evidence from a file is the file's bytes, or what libcrypto's base64 of it is the text, blanks aside, of the file or
 * of its one member: never anything else.
 */
#include "fuzz.h"

#include "core/base/text.h"
#include "parent/evidence.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static struct bytes without_blanks(struct bytes text)
{
    static uint8_t joined[EVIDENCE_FILE_MAX];
    size_t len = 0;
    must(text.len <= sizeof joined);
    for (size_t i = 0; i < text.len; i++)
        if (memchr(" \t\r\n\v\f\x1c\x1d\x1e\x1f", text.data[i], 10) == NULL)
            joined[len++] = text.data[i];
    return (struct bytes){ joined, len };
}

static void check_taken(struct bytes file, struct bytes document)
{
    static uint8_t base64[2 * ATTESTATION_DOC_MAX];
    struct json object;
    struct fault why;
    struct bytes text = file;
    must(document.len > 0 && document.len <= ATTESTATION_DOC_MAX);
    if (bytes_equal(document, file))
        return;
    if (json_read(text_trim(file), &object, &why) && json_kind(object) == JSON_OBJECT)
        must(json_plain_string(json_member(object, BYTES_LIT("document_b64")), &text));
    const int len = EVP_EncodeBlock(base64, document.data, (int)document.len);
    must(bytes_equal(without_blanks(text), (struct bytes){ base64, (size_t)len }));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct evidence evidence;
    struct fault why = { 0 };
    char path[64];
    const int file = memfd_create("evidence", MFD_CLOEXEC);
    must(file >= 0 && write(file, data, len) == (ssize_t)len && lseek(file, 0, SEEK_SET) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    evidence.len = 0;
    if (evidence_from_file(path, &evidence, &why))
        check_taken((struct bytes){ data, len }, evidence_document(&evidence));
    else
        must(why.code == FAULT_INPUT && why.text[0] != '\0');
    must(close(file) == 0);
    return 0;
}
