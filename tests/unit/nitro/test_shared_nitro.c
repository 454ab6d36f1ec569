/* attestation/ and nsm/ of the shared vectors: genuine documents from AWS's hardware read to what their manifest says,
 * and were signed over the bytes that we put together; synthetic ones read as far as their form goes. */
#include "shared_vectors.h"

#include "core/nitro/attestation_doc.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static uint8_t manifest_room[1 << 20], document_room[ATTESTATION_DOC_MAX], expected_room[4096];

/* Whether the leaf's key signed what attestation_doc_put_signed writes, in libcrypto's opinion. */
static bool signature_holds(const struct attestation_doc *doc)
{
    static uint8_t room[ATTESTATION_SIGNED_MAX], der[128];
    struct writer out = writer_of(room, sizeof room);
    struct bytes signed_bytes;
    attestation_doc_put_signed(&out, doc);
    CHECK(writer_done(&out, &signed_bytes));
    const uint8_t *end = doc->certificate.data;
    X509 *leaf = d2i_X509(NULL, &end, (long)doc->certificate.len);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    CHECK(leaf != NULL && ECDSA_SIG_set0(signature, BN_bin2bn(doc->signature.data, 48, NULL),
                                         BN_bin2bn(doc->signature.data + 48, 48, NULL)) == 1);
    uint8_t *der_end = der;
    const int der_len = i2d_ECDSA_SIG(signature, &der_end);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool holds = EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, X509_get0_pubkey(leaf)) == 1 &&
                       EVP_DigestVerify(context, der, (size_t)der_len, signed_bytes.data, signed_bytes.len) == 1;
    EVP_MD_CTX_free(context);
    ECDSA_SIG_free(signature);
    X509_free(leaf);
    return holds;
}

static void check_option(const char *row, struct json entry, const char *name, struct optional_bytes option)
{
    const bool present = json_kind(json_member(entry, bytes_of_text(name))) == JSON_STRING;
    const struct bytes want = shared_hex(entry, name, expected_room, sizeof expected_room);
    CHECK_ROW(row, option.present == present && bytes_equal(option.bytes, want));
}

static void check_pcrs(const char *row, struct json entry, const struct attestation_doc *doc)
{
    struct json_cursor indices = json_items(json_member(entry, BYTES_LIT("pcr_indices")));
    struct json none, index;
    size_t count = 0, named = 0;
    uint64_t number;
    while (json_next(&indices, &none, &index)) {
        CHECK_ROW(row, json_u64(index, &number) && number < NSM_PCR_COUNT && doc->pcrs[number].len == 48);
        count++;
    }
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        static const uint8_t zeroes[48];
        char name[8];
        snprintf(name, sizeof name, "%zu", i);
        const struct bytes want =
            shared_hex(json_member(entry, BYTES_LIT("pcrs")), name, expected_room, sizeof expected_room);
        named += doc->pcrs[i].len > 0;
        if (doc->pcrs[i].len > 0)
            CHECK_ROW(row, bytes_equal(doc->pcrs[i], want.len > 0 ? want : BYTES_OF(zeroes)));
    }
    CHECK_ROW(row, named == count && count > 0);
}

static size_t genuine_documents_read_to_what_the_manifest_says(const char *folder)
{
    struct json_cursor entries =
        json_items(shared_json(folder, "attestation/MANIFEST.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    size_t count = 0;
    while (json_next(&entries, &none, &entry)) {
        char name[256];
        snprintf(name, sizeof name, "attestation/%s", shared_text(entry, "file"));
        const struct bytes document = shared_file(folder, name, document_room, sizeof document_room);
        struct attestation_doc doc;
        struct fault why = { .text = "" };
        if (document.data == NULL)
            continue;
        count++;
        const bool read = attestation_doc_read(document, &doc, &why);
        CHECK_ROW(name, read);
        if (!read)
            continue;
        uint64_t timestamp = 0;
        bool signature_valid = false;
        CHECK_ROW(name, json_u64(json_member(entry, BYTES_LIT("timestamp_ms")), &timestamp));
        CHECK_ROW(name, json_bool(json_member(entry, BYTES_LIT("cose_signature_valid")), &signature_valid));
        CHECK_ROW(name, doc.timestamp_ms == timestamp && !doc.tagged);
        CHECK_ROW(name, json_string_is(json_member(entry, BYTES_LIT("module_id")), doc.module_id));
        CHECK_ROW(name, doc.cabundle_count + 1 == json_count(json_member(entry, BYTES_LIT("certs"))));
        CHECK_ROW(name, attestation_doc_is_debug(&doc) == (strstr(name, "debug") != NULL));
        check_option(name, entry, "public_key", doc.public_key);
        check_option(name, entry, "user_data", doc.user_data);
        check_option(name, entry, "nonce", doc.nonce);
        check_pcrs(name, entry, &doc);
        CHECK_ROW(name, signature_holds(&doc) == signature_valid);
    }
    return count;
}

/* Refused for their form; the others that a verifier must reject are well formed. */
static const char *const malformed[] = { "bad_sig_len95.bin",      "bad_timestamp_zero.bin",   "bad_pcr_len47.bin",
                                         "bad_empty_cabundle.bin", "bad_payload_trailing.bin", "bad_truncated.bin",
                                         "bad_pubkey_empty.bin" };

static size_t synthetic_documents_read_as_far_as_their_form_goes(const char *folder)
{
    struct json_cursor entries =
        json_items(shared_json(folder, "attestation/synthetic/MANIFEST.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    size_t count = 0, refused = 0;
    while (json_next(&entries, &none, &entry)) {
        char name[256];
        bool want = true;
        snprintf(name, sizeof name, "attestation/synthetic/%s", shared_text(entry, "file"));
        for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
            want = want && strcmp(shared_text(entry, "file"), malformed[i]) != 0;
        const struct bytes document = shared_file(folder, name, document_room, sizeof document_room);
        struct attestation_doc doc;
        struct fault why;
        CHECK_ROW(name, document.data != NULL && attestation_doc_read(document, &doc, &why) == want);
        CHECK_ROW(name, !want || attestation_doc_is_debug(&doc) == (strstr(name, "debug") != NULL));
        CHECK_ROW(name, !want || signature_holds(&doc) == (strstr(name, "bad_signed") == NULL));
        count++;
        refused += !want;
    }
    CHECK(count == 0 || refused == sizeof malformed / sizeof *malformed);
    return count;
}

static enum nsm_operation operation_of(const char *name)
{
    static const struct {
        const char *prefix;
        enum nsm_operation operation;
    } rows[] = { { "DescribeNSM", NSM_DESCRIBE_NSM }, { "GetRandom", NSM_GET_RANDOM },
                 { "DescribePCR", NSM_DESCRIBE_PCR }, { "ExtendPCR", NSM_EXTEND_PCR },
                 { "LockPCRs", NSM_LOCK_PCRS },       { "LockPCR", NSM_LOCK_PCR },
                 { "Attestation", NSM_ATTESTATION },  { "Error", NSM_DESCRIBE_PCR } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(name, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].operation;
    CHECK_ROW(name, false);
    return NSM_DESCRIBE_NSM;
}

/* Each reads, and is written again to the byte. */
static size_t nsm_messages_are_those_of_the_aws_library(const char *folder)
{
    static uint8_t cbor[NSM_RESPONSE_MAX], room[NSM_RESPONSE_MAX];
    const struct json vectors = shared_json(folder, "nsm/nsm_cbor_vectors.json", manifest_room, sizeof manifest_room);
    size_t count = 0;
    for (size_t direction = 0; direction < 2; direction++) {
        const bool is_request = direction == 0;
        const struct json object = json_member(vectors, is_request ? BYTES_LIT("requests") : BYTES_LIT("responses"));
        struct json_cursor members = json_items(object);
        struct json key, value;
        while (json_next(&members, &key, &value)) {
            char name[64];
            struct bytes plain = { 0 }, written = { 0 };
            struct fault why;
            struct nsm_request request;
            struct nsm_response response;
            CHECK(json_plain_string(key, &plain));
            snprintf(name, sizeof name, "%.*s", (int)plain.len, (const char *)plain.data);
            const struct bytes message = shared_hex(object, name, cbor, sizeof cbor);
            const enum nsm_operation operation = operation_of(name);
            struct writer out = writer_of(room, sizeof room);
            count++;
            if (is_request) {
                CHECK_ROW(name, nsm_read_request(message, &request, &why) && request.operation == operation);
                nsm_put_request(&out, &request);
            } else if (strncmp(name, "Error_", 6) == 0) {
                CHECK_ROW(name, !nsm_read_response(message, operation, &response, &why));
                CHECK_ROW(name, strstr(why.text, name + 6) != NULL);
                nsm_put_error(&out, name + 6);
            } else {
                CHECK_ROW(name, nsm_read_response(message, operation, &response, &why));
                nsm_put_response(&out, &response);
            }
            CHECK_ROW(name, writer_done(&out, &written) && bytes_equal(written, message));
        }
    }
    return count;
}

int main(void)
{
    const char *folder = vectors_folder();
    size_t genuine = 0, synthetic = 0, messages = 0;
    if (folder != NULL) {
        genuine = genuine_documents_read_to_what_the_manifest_says(folder);
        synthetic = synthetic_documents_read_as_far_as_their_form_goes(folder);
        messages = nsm_messages_are_those_of_the_aws_library(folder);
    }
    if (genuine == 0)
        fprintf(stderr, "skipped: attestation/*.bin\n");
    if (synthetic == 0)
        fprintf(stderr, "skipped: attestation/synthetic/*.bin\n");
    if (messages == 0)
        fprintf(stderr, "skipped: nsm/nsm_cbor_vectors.json\n");
    return failures != 0 ? 1 : genuine > 0 && synthetic > 0 && messages > 0 ? 0 : TEST_SKIPPED;
}
