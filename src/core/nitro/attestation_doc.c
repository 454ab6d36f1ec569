#include "core/nitro/attestation_doc.h"

#include "core/base/text.h"
#include "core/codec/cbor.h"

enum { COSE_SIGN1_TAG = 18, COSE_SIGN1_PARTS = 4 };

/* {1: -35}: alg ES384 (RFC 9053 section 2.1) and nothing else */
static const struct bytes es384_only = BYTES_INIT("\xa1\x01\x38\x22");

enum field {
    MODULE_ID,
    DIGEST,
    TIMESTAMP,
    PCRS,
    CERTIFICATE,
    CABUNDLE,
    PUBLIC_KEY,
    USER_DATA,
    NONCE,
    FIELDS,
};

static const struct {
    const char *name;
    bool required;
} fields[FIELDS] = {
    [MODULE_ID] = { .name = "module_id", .required = true },
    [DIGEST] = { .name = "digest", .required = true },
    [TIMESTAMP] = { .name = "timestamp", .required = true },
    [PCRS] = { .name = "pcrs", .required = true },
    [CERTIFICATE] = { .name = "certificate", .required = true },
    [CABUNDLE] = { .name = "cabundle", .required = true },
    [PUBLIC_KEY] = { .name = "public_key" },
    [USER_DATA] = { .name = "user_data" },
    [NONCE] = { .name = "nonce" },
};

static bool broken(struct fault *why, const char *what)
{
    return fault_set(why, FAULT_REMOTE, "attestation document: %s", what);
}

static bool length_is_within(struct bytes bytes, size_t min, size_t max)
{
    return bytes.len >= min && bytes.len <= max;
}

static bool read_pcrs(struct reader *in, struct attestation_doc *doc, struct fault *why)
{
    size_t count = 0;
    struct cbor_items items = cbor_read_map(in);
    while (cbor_more(in, &items)) {
        uint64_t index = cbor_read_uint(in);
        struct bytes value = cbor_read_bytes(in);
        if (in->failed)
            break;
        if (index >= NSM_PCR_COUNT)
            return broken(why, "a PCR beyond 31");
        if (doc->pcrs[index].len != 0)
            return broken(why, "a PCR stands twice");
        if (value.len != 32 && value.len != 48 && value.len != NSM_PCR_MAX)
            return broken(why, "the length of a PCR is not 32, 48 or 64");
        doc->pcrs[index] = value;
        count++;
    }
    return in->failed || count > 0 || broken(why, "pcrs is empty");
}

static bool read_cabundle(struct reader *in, struct attestation_doc *doc, struct fault *why)
{
    struct cbor_items items = cbor_read_array(in);
    while (cbor_more(in, &items)) {
        struct bytes certificate = cbor_read_bytes(in);
        if (in->failed)
            break;
        if (doc->cabundle_count == ATTESTATION_BUNDLE_MAX)
            return broken(why, "more than 8 certificates in cabundle");
        if (!length_is_within(certificate, 1, ATTESTATION_CERTIFICATE_MAX))
            return broken(why, "the length of a certificate in cabundle is not 1 to 1024");
        doc->cabundle[doc->cabundle_count++] = certificate;
    }
    return in->failed || doc->cabundle_count > 0 || broken(why, "cabundle is empty");
}

static bool read_option(struct reader *in, size_t min, struct optional_bytes *option)
{
    if (cbor_read_null(in))
        return true;
    *option = (struct optional_bytes){ true, cbor_read_bytes(in) };
    return in->failed || length_is_within(option->bytes, min, ATTESTATION_FIELD_MAX);
}

/* One value of the payload. False: a rule is broken; a malformed one shows in the reader instead. */
static bool read_field(struct reader *in, enum field field, struct attestation_doc *doc, struct fault *why)
{
    switch (field) {
    case MODULE_ID:
        doc->module_id = cbor_read_text(in);
        return in->failed ||
               (length_is_within(doc->module_id, 1, NSM_MODULE_ID_MAX) && text_is_printable(doc->module_id)) ||
               broken(why, "module_id is not 1 to 128 printable characters");
    case DIGEST:
        doc->digest = cbor_read_text(in);
        return in->failed || bytes_equal(doc->digest, BYTES_LIT("SHA384")) || broken(why, "digest is not SHA384");
    case TIMESTAMP:
        doc->timestamp_ms = cbor_read_uint(in);
        return in->failed || doc->timestamp_ms > 0 || broken(why, "timestamp is zero");
    case PCRS:
        return read_pcrs(in, doc, why);
    case CERTIFICATE:
        doc->certificate = cbor_read_bytes(in);
        return in->failed || length_is_within(doc->certificate, 1, ATTESTATION_CERTIFICATE_MAX) ||
               broken(why, "the length of certificate is not 1 to 1024");
    case CABUNDLE:
        return read_cabundle(in, doc, why);
    case PUBLIC_KEY:
        return read_option(in, 1, &doc->public_key) || broken(why, "the length of public_key is not 1 to 1024");
    case USER_DATA:
        return read_option(in, 0, &doc->user_data) || broken(why, "user_data is longer than 1024");
    case NONCE:
        return read_option(in, 0, &doc->nonce) || broken(why, "nonce is longer than 1024");
    case FIELDS:
    default:
        return broken(why, "a key in the payload that is not one of the nine");
    }
}

static enum field field_named(struct bytes name)
{
    for (int i = 0; i < FIELDS; i++)
        if (bytes_equal(name, bytes_of_text(fields[i].name)))
            return (enum field)i;
    return FIELDS;
}

static bool read_payload(struct attestation_doc *doc, struct fault *why)
{
    struct reader in = reader_of(doc->payload);
    struct cbor_items items = cbor_read_map(&in);
    bool seen[FIELDS] = { false };
    while (cbor_more(&in, &items)) {
        enum field field = field_named(cbor_read_text(&in));
        if (in.failed)
            break;
        if (field < FIELDS && seen[field])
            return fault_set(why, FAULT_REMOTE, "attestation document: %s stands twice", fields[field].name);
        if (!read_field(&in, field, doc, why))
            return false;
        seen[field] = true;
        if (in.failed)
            return fault_set(why, FAULT_REMOTE, "attestation document: %s is malformed or of another type",
                             fields[field].name);
    }
    if (!reader_done(&in))
        return broken(why, "the payload is not one whole map with text keys, and nothing after it");
    for (int i = 0; i < FIELDS; i++)
        if (fields[i].required && !seen[i])
            return fault_set(why, FAULT_REMOTE, "attestation document: %s is missing", fields[i].name);
    return true;
}

bool attestation_doc_read(struct bytes document, struct attestation_doc *doc, struct fault *why)
{
    if (document.len > ATTESTATION_DOC_MAX)
        return fault_set(why, FAULT_REMOTE, "attestation document: %zu bytes, want at most %d", document.len,
                         ATTESTATION_DOC_MAX);

    struct attestation_doc read = { 0 };
    struct reader in = reader_of(document);
    read.tagged = cbor_read_tag(&in, COSE_SIGN1_TAG);
    struct cbor_items parts = cbor_read_array(&in);
    if (parts.indefinite || parts.left != COSE_SIGN1_PARTS)
        reader_fail(&in);
    read.protected = cbor_read_bytes(&in);
    struct cbor_items unprotected = cbor_read_map(&in);
    const bool unprotected_says = cbor_more(&in, &unprotected);
    if (unprotected_says)
        return broken(why, "something in the unprotected header");
    read.payload = cbor_read_bytes(&in);
    read.signature = cbor_read_bytes(&in);
    if (!reader_done(&in))
        return broken(why, "not one COSE_Sign1 array of four, and nothing after it");
    if (!bytes_equal(read.protected, es384_only))
        return broken(why, "the protected header is not alg ES384 alone");
    if (read.signature.len != ATTESTATION_SIGNATURE_LEN)
        return broken(why, "the length of the signature is not 96");
    if (!read_payload(&read, why))
        return false;
    *doc = read;
    return true;
}

void attestation_doc_put_signed(struct writer *out, const struct attestation_doc *doc)
{
    cbor_put_array(out, 4);
    cbor_put_text(out, BYTES_LIT("Signature1"));
    cbor_put_bytes(out, doc->protected);
    cbor_put_bytes(out, (struct bytes){ 0 }); /* external_aad */
    cbor_put_bytes(out, doc->payload);
}

bool attestation_doc_is_debug(const struct attestation_doc *doc)
{
    uint8_t any = 0;
    for (size_t i = 0; i < doc->pcrs[0].len; i++)
        any |= doc->pcrs[0].data[i];
    return any == 0;
}
