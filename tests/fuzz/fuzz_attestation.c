/* A document that reads obeys the form to the letter, points only into itself, and reads no more with a byte more or
 * less at its end. */
#include "edits.h"

#include "core/nitro/attestation_doc.h"

static void check_inside(struct bytes part, struct bytes whole, size_t min, size_t max)
{
    must(part.len >= min && part.len <= max);
    must(part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void check_option(const struct optional_bytes *option, struct bytes whole, size_t min)
{
    must(option->present || option->bytes.len == 0);
    if (option->present)
        check_inside(option->bytes, whole, min, ATTESTATION_FIELD_MAX);
}

static void check_document(struct bytes document)
{
    static uint8_t signed_bytes[ATTESTATION_SIGNED_MAX];
    struct attestation_doc doc, untouched = { .timestamp_ms = 7 };
    struct fault why;
    if (!attestation_doc_read(document, &doc, &why)) {
        must(why.code == FAULT_REMOTE &&
             text_starts_with(bytes_of_text(why.text), BYTES_LIT("attestation document: ")));
        return;
    }
    check_inside(doc.payload, document, 1, ATTESTATION_DOC_MAX);
    check_inside(doc.signature, document, 96, 96);
    check_inside(doc.module_id, document, 1, NSM_MODULE_ID_MAX);
    check_inside(doc.certificate, document, 1, ATTESTATION_CERTIFICATE_MAX);
    must(doc.timestamp_ms > 0 && doc.cabundle_count >= 1 && doc.cabundle_count <= ATTESTATION_BUNDLE_MAX);
    must(bytes_equal(doc.digest, BYTES_LIT("SHA384")));
    for (size_t i = 0; i < doc.cabundle_count; i++)
        check_inside(doc.cabundle[i], document, 1, ATTESTATION_CERTIFICATE_MAX);
    size_t pcrs = 0;
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        check_inside(doc.pcrs[i], document, 0, NSM_PCR_MAX);
        must(doc.pcrs[i].len % 16 == 0 && doc.pcrs[i].len != 16);
        pcrs += doc.pcrs[i].len > 0;
    }
    must(pcrs > 0);
    check_option(&doc.public_key, document, 1);
    check_option(&doc.user_data, document, 0);
    check_option(&doc.nonce, document, 0);

    struct writer out = writer_of(signed_bytes, sizeof signed_bytes);
    struct bytes written;
    attestation_doc_put_signed(&out, &doc);
    must(writer_done(&out, &written) && written.len > doc.payload.len);
    must(bytes_equal((struct bytes){ written.data + written.len - doc.payload.len, doc.payload.len }, doc.payload));

    uint8_t *const longer = malloc(document.len + 1);
    must(longer != NULL);
    memcpy(longer, document.data, document.len);
    longer[document.len] = 0;
    must(!attestation_doc_read((struct bytes){ longer, document.len + 1 }, &untouched, &why));
    must(!attestation_doc_read((struct bytes){ longer, document.len - 1 }, &untouched, &why));
    must(untouched.timestamp_ms == 7);
    free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct edits_good good;
    static uint8_t changed[EDITS_MESSAGE_MAX];
    if (good.count == 0)
        edits_load(&good, "nitro/attestation.txt", 3, 1, "reads");
    if (len == 0)
        return 0;
    const struct bytes message = data[0] == 0xff ? (struct bytes){ data + 1, len - 1 }
                                                 : edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(message.data, message.len);
    check_document((struct bytes){ input, message.len });
    free(input);
    return 0;
}
