/* Attestation documents by another encoder: those that read, and those wrong in one way, each with its reason. */
#include "vectors.h"

#include "core/nitro/attestation_doc.h"

static uint8_t bytes[ATTESTATION_DOC_MAX + 1], signed_bytes[ATTESTATION_SIGNED_MAX];

/* The file's columns are parted by spaces, so "_" stands for either there. */
static bool says(const char *text, struct bytes column)
{
    char want[128], have[512];
    snprintf(want, sizeof want, "%.*s", (int)column.len, (const char *)column.data);
    snprintf(have, sizeof have, "%s", text);
    for (char *at = have; *at != '\0'; at++)
        *at = *at == ' ' ? '_' : *at;
    return strstr(have, want) != NULL;
}

static void documents_read_or_say_which_rule_is_broken(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "nitro/attestation.txt"); vector_next(&vectors, 3);) {
        char row[64];
        snprintf(row, sizeof row, "%.*s", (int)vectors.column[0].len, (const char *)vectors.column[0].data);
        struct attestation_doc doc = { .timestamp_ms = 7 };
        struct fault why = { 0 };
        const bool done = attestation_doc_read(vector_hex(vectors.column[2], bytes, sizeof bytes), &doc, &why);
        if (bytes_equal(vectors.column[1], BYTES_LIT("reads"))) {
            CHECK_ROW(row, done && doc.timestamp_ms == 1795359600123);
            CHECK_ROW(row, doc.tagged == (strcmp(row, "tagged") == 0));
            CHECK_ROW(row, attestation_doc_is_debug(&doc) == (strcmp(row, "debug") == 0));
        } else {
            CHECK_ROW(row, !done && why.code == FAULT_REMOTE && says(why.text, vectors.column[1]));
            CHECK_ROW(row, doc.timestamp_ms == 7);
        }
    }
}

static struct bytes vector_named(struct vector_file *vectors, const char *name)
{
    vector_open(vectors, "nitro/attestation.txt");
    while (vector_next(vectors, 3))
        if (bytes_equal(vectors->column[0], bytes_of_text(name))) {
            fclose(vectors->file);
            return vector_hex(vectors->column[2], bytes, sizeof bytes);
        }
    CHECK(false);
    return (struct bytes){ 0 };
}

static bool all_are(struct bytes view, size_t len, uint8_t value)
{
    for (size_t i = 0; i < view.len; i++)
        if (view.data[i] != value)
            return false;
    return view.len == len;
}

static void every_field_is_where_it_was_put(void)
{
    static struct vector_file vectors;
    struct attestation_doc doc;
    struct fault why;
    const struct bytes document = vector_named(&vectors, "indefinite");
    CHECK(attestation_doc_read(document, &doc, &why));
    CHECK(bytes_equal(doc.module_id, BYTES_LIT("i-0123456789abcdef0-enc0123456789abcdef")));
    CHECK(bytes_equal(doc.digest, BYTES_LIT("SHA384")));
    CHECK(all_are(doc.pcrs[0], 48, 1) && all_are(doc.pcrs[4], 48, 0) && doc.pcrs[1].len == 0 && doc.pcrs[31].len == 0);
    CHECK(all_are(doc.certificate, 20, 0x30) && doc.cabundle_count == 3);
    CHECK(all_are(doc.cabundle[0], 21, 0x31) && all_are(doc.cabundle[2], 23, 0x33));
    CHECK(doc.public_key.present && all_are(doc.public_key.bytes, 24, 0x35));
    CHECK(!doc.user_data.present && doc.nonce.present && all_are(doc.nonce.bytes, 32, 0x36));
    CHECK(all_are(doc.signature, 96, 0x37) && bytes_equal(doc.protected, BYTES_LIT("\xa1\x01\x38\x22")));
}

static void empty_options_are_there_and_null_ones_are_not(void)
{
    static struct vector_file vectors;
    struct attestation_doc doc;
    struct fault why;
    CHECK(attestation_doc_read(vector_named(&vectors, "options-empty"), &doc, &why));
    CHECK(doc.user_data.present && doc.user_data.bytes.len == 0 && doc.nonce.present && doc.public_key.present);
    CHECK(attestation_doc_read(vector_named(&vectors, "options-null"), &doc, &why));
    CHECK(!doc.user_data.present && !doc.nonce.present && !doc.public_key.present);
    CHECK(attestation_doc_read(vector_named(&vectors, "options-absent"), &doc, &why));
    CHECK(!doc.user_data.present && !doc.nonce.present && !doc.public_key.present);
}

/* RFC 9052 section 4.4: 84 6a "Signature1" 44 a1013822 40, then the payload with a header of its own. */
static void what_was_signed_has_the_prefix_of_the_standard(void)
{
    static struct vector_file vectors;
    struct attestation_doc doc;
    struct fault why;
    struct bytes written = { 0 };
    CHECK(attestation_doc_read(vector_named(&vectors, "tagged"), &doc, &why));
    struct writer out = writer_of(signed_bytes, sizeof signed_bytes);
    attestation_doc_put_signed(&out, &doc);
    CHECK(writer_done(&out, &written));
    const struct bytes prefix = BYTES_LIT("\x84\x6aSignature1\x44\xa1\x01\x38\x22\x40\x59");
    CHECK(text_starts_with(written, prefix));
    CHECK(written.len == prefix.len + 2 + doc.payload.len);
    CHECK((size_t)written.data[prefix.len] << 8 == (doc.payload.len & 0xff00));
    CHECK(bytes_equal((struct bytes){ written.data + prefix.len + 2, doc.payload.len }, doc.payload));
}

static void a_document_without_pcr0_says_nothing_of_its_image(void)
{
    static const uint8_t value[48] = { [47] = 1 };
    struct attestation_doc doc = { 0 };
    CHECK(attestation_doc_is_debug(&doc));
    doc.pcrs[0] = BYTES_OF(value);
    CHECK(!attestation_doc_is_debug(&doc));
}

static void no_cut_document_reads(void)
{
    static struct vector_file vectors;
    struct attestation_doc doc;
    struct fault why;
    const struct bytes document = vector_named(&vectors, "definite");
    for (size_t len = 0; len < document.len; len++)
        CHECK(!attestation_doc_read((struct bytes){ document.data, len }, &doc, &why));
    CHECK(!attestation_doc_read((struct bytes){ bytes, ATTESTATION_DOC_MAX + 1 }, &doc, &why));
    CHECK(strstr(why.text, "16385") != NULL);
}

int main(void)
{
    documents_read_or_say_which_rule_is_broken();
    every_field_is_where_it_was_put();
    empty_options_are_there_and_null_ones_are_not();
    what_was_signed_has_the_prefix_of_the_standard();
    a_document_without_pcr0_says_nothing_of_its_image();
    no_cut_document_reads();
    return failures != 0;
}
