/* The NSM stand-in against what AWS's own hardware test asserts (FACTS A.3), byte for byte where bytes are known. */
#include "core/base/text.h"
#include "core/codec/cbor.h"
#include "dev/nsm_sim.h"
#include "folder.h"
#include "verify/judge.h"
#include "verify/x509_chain.h"

#include <sys/stat.h>

#define NOW_MS ((uint64_t)1795359600000)

static struct nsm_device device;
static uint8_t request_buffer[NSM_REQUEST_MAX + 8], response_buffer[NSM_RESPONSE_MAX];

static struct bytes ask_raw(struct bytes request, uint64_t utc_ms)
{
    struct writer out = writer_of(response_buffer, sizeof response_buffer);
    struct bytes response = { NULL, 0 };
    nsm_device_answer(&device, request, utc_ms, &out);
    CHECK(writer_done(&out, &response));
    return response;
}

static bool ask(const struct nsm_request *request, struct nsm_response *response, struct fault *why)
{
    struct writer out = writer_of(request_buffer, sizeof request_buffer);
    struct bytes cbor = { NULL, 0 };
    nsm_put_request(&out, request);
    CHECK(writer_done(&out, &cbor));
    return nsm_read_response(ask_raw(cbor, NOW_MS), request->operation, response, why);
}

static void expect_error(const struct nsm_request *request, const char *name)
{
    struct nsm_response response;
    struct fault why = { 0 };
    CHECK_ROW(name, !ask(request, &response, &why));
    CHECK_ROW(why.text, strstr(why.text, name) != NULL);
}

static void expect_raw(const char *name, struct bytes request, const char *wanted_hex)
{
    uint8_t wanted[256];
    CHECK_ROW(name, text_read_hex(bytes_of_text(wanted_hex), wanted));
    CHECK_ROW(name, bytes_equal(ask_raw(request, NOW_MS), (struct bytes){ wanted, strlen(wanted_hex) / 2 }));
}

static void it_describes_itself(void)
{
    struct nsm_response response;
    struct fault why = { 0 };
    CHECK(ask(&(struct nsm_request){ .operation = NSM_DESCRIBE_NSM }, &response, &why));
    CHECK(response.max_pcrs == 32 && response.version_major == 1);
    CHECK(response.locked_count == 16 && response.locked_pcrs[15] == 15);
    CHECK(bytes_equal(response.digest, BYTES_LIT("SHA384")));
    CHECK(text_starts_with(response.module_id, BYTES_LIT("i-")));
}

static void random_numbers_are_256_bytes_and_never_the_same(void)
{
    uint8_t first[256];
    struct nsm_response response;
    struct fault why = { 0 };
    const struct nsm_request request = { .operation = NSM_GET_RANDOM };
    CHECK(ask(&request, &response, &why) && response.data.len == 256);
    memcpy(first, response.data.data, sizeof first);
    /* a1 69 "GetRandom" a1 66 "random" 59 0100, which the kernel compares */
    const struct bytes cbor = { response_buffer, 22 };
    uint8_t head[22];
    CHECK(text_read_hex(BYTES_LIT("a16947657452616e646f6da16672616e646f6d590100"), head));
    CHECK(bytes_equal(cbor, BYTES_OF(head)));
    CHECK(ask(&request, &response, &why) && !bytes_equal(response.data, BYTES_OF(first)));
}

static void pcrs_extend_until_they_are_locked(void)
{
    struct nsm_response response;
    struct fault why = { 0 };
    const struct nsm_request extend = { .operation = NSM_EXTEND_PCR, .index = 16, .data = BYTES_LIT("\1\2\3") };
    uint8_t wanted[48];
    /* SHA384(0^48 || 010203), as the hardware test has it */
    CHECK(text_read_hex(BYTES_LIT("cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d2"
                                  "7b44d949a650694e"),
                        wanted));
    CHECK(ask(&extend, &response, &why) && bytes_equal(response.data, BYTES_OF(wanted)));
    CHECK(ask(&(struct nsm_request){ .operation = NSM_DESCRIBE_PCR, .index = 16 }, &response, &why));
    CHECK(!response.lock && bytes_equal(response.data, BYTES_OF(wanted)));
    CHECK(ask(&(struct nsm_request){ .operation = NSM_LOCK_PCR, .index = 16 }, &response, &why));
    expect_error(&extend, "ReadOnlyIndex");
    expect_error(&(struct nsm_request){ .operation = NSM_LOCK_PCR, .index = 16 }, "ReadOnlyIndex");
    CHECK(ask(&(struct nsm_request){ .operation = NSM_DESCRIBE_PCR, .index = 16 }, &response, &why) && response.lock);
    for (uint16_t i = 0; i < 16; i++) {
        expect_error(&(struct nsm_request){ .operation = NSM_LOCK_PCR, .index = i }, "ReadOnlyIndex");
        expect_error(&(struct nsm_request){ .operation = NSM_EXTEND_PCR, .index = i, .data = BYTES_LIT("x") },
                     "ReadOnlyIndex");
    }
    expect_error(&(struct nsm_request){ .operation = NSM_DESCRIBE_PCR, .index = 32 }, "InvalidIndex");
    expect_error(&(struct nsm_request){ .operation = NSM_EXTEND_PCR, .index = 32, .data = BYTES_LIT("x") },
                 "InvalidIndex");
    expect_error(&(struct nsm_request){ .operation = NSM_LOCK_PCR, .index = 32 }, "InvalidIndex");
    expect_error(&(struct nsm_request){ .operation = NSM_LOCK_PCRS, .index = 33 }, "InvalidIndex");
    CHECK(ask(&(struct nsm_request){ .operation = NSM_LOCK_PCRS, .index = 18 }, &response, &why));
    expect_error(&(struct nsm_request){ .operation = NSM_EXTEND_PCR, .index = 17, .data = BYTES_LIT("x") },
                 "ReadOnlyIndex");
    CHECK(ask(&(struct nsm_request){ .operation = NSM_EXTEND_PCR, .index = 18, .data = BYTES_LIT("x") }, &response,
              &why));
}

static struct bytes attest(uint64_t utc_ms, struct nsm_response *response)
{
    static const struct nsm_request request = { .operation = NSM_ATTESTATION,
                                                .nonce = { .present = true, .bytes = BYTES_INIT("n") } };
    struct writer out = writer_of(request_buffer, sizeof request_buffer);
    struct bytes cbor = { NULL, 0 };
    struct fault why = { 0 };
    nsm_put_request(&out, &request);
    CHECK(writer_done(&out, &cbor));
    CHECK(nsm_read_response(ask_raw(cbor, utc_ms), NSM_ATTESTATION, response, &why));
    return response->data;
}

static void documents_are_believed_under_its_root(void)
{
    struct nsm_response response;
    struct judge_report report;
    struct judge_demands demands = { .root_count = 1,
                                     .roots = { nsm_pki_root_fingerprint(&device.pki) },
                                     .utc_ms = NOW_MS,
                                     .max_age_ms = 1000,
                                     .nonce = { .present = true, .bytes = BYTES_LIT("n") } };
    struct hash48 pcr0;
    memset(&pcr0, 0xa0, sizeof pcr0);
    demands.pcrs[0] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(pcr0.bytes) };
    const struct hash48 pcr4 = nsm_pcr_of_text(BYTES_LIT("i-0123456789abcdef0"));
    demands.pcrs[4] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(pcr4.bytes) };
    const struct bytes document = attest(NOW_MS, &response);
    CHECK(judge(document, &demands, &report));
    CHECK(report.doc.payload.data[0] == 0xbf && !report.doc.tagged && report.doc.cabundle_count == 4);
    CHECK(!report.doc.user_data.present && !report.doc.public_key.present);
    CHECK(report.doc.pcrs[16].len == 48 && report.doc.pcrs[18].len == 0); /* locked ones only */
    uint64_t from = 0, to = 0;
    struct fault why = { 0 };
    CHECK(x509_validity(report.doc.certificate, &from, &to, &why) && to - from == 3 * 3600 + 3);
}

static void the_leaf_is_reused_until_its_end(void)
{
    struct nsm_response response;
    struct attestation_doc doc;
    struct fault why = { 0 };
    uint8_t first[1024];
    CHECK(attestation_doc_read(attest(NOW_MS, &response), &doc, &why));
    const size_t len = doc.certificate.len;
    memcpy(first, doc.certificate.data, len);
    CHECK(attestation_doc_read(attest(NOW_MS + 2 * 3600 * 1000, &response), &doc, &why));
    CHECK(bytes_equal(doc.certificate, (struct bytes){ first, len }));
    CHECK(attestation_doc_read(attest(NOW_MS + 3 * 3600 * 1000, &response), &doc, &why));
    CHECK(!bytes_equal(doc.certificate, (struct bytes){ first, len }));
}

/* By hand: our own writer keeps to the smallest of the limits that sources give. */
static struct bytes attestation_request(size_t user_data, size_t nonce, size_t public_key)
{
    static const uint8_t zeros[1025];
    const struct {
        struct bytes name;
        size_t len;
    } fields[] = { { BYTES_LIT("user_data"), user_data },
                   { BYTES_LIT("nonce"), nonce },
                   { BYTES_LIT("public_key"), public_key } };
    struct writer out = writer_of(request_buffer, sizeof request_buffer);
    struct bytes request = { NULL, 0 };
    cbor_put_map(&out, 1);
    cbor_put_text(&out, BYTES_LIT("Attestation"));
    cbor_put_map(&out, 3);
    for (size_t i = 0; i < 3; i++) {
        cbor_put_text(&out, fields[i].name);
        cbor_put_bytes(&out, (struct bytes){ zeros, fields[i].len });
    }
    CHECK(writer_done(&out, &request));
    return request;
}

static void expect_attested(const char *name, struct bytes request, const char *error)
{
    struct nsm_response response;
    struct fault why = { 0 };
    const bool ok = nsm_read_response(ask_raw(request, NOW_MS), NSM_ATTESTATION, &response, &why);
    CHECK_ROW(name, ok == (error == NULL));
    if (error != NULL)
        CHECK_ROW(why.text, strstr(why.text, error) != NULL);
}

static void fields_have_limits(void)
{
    expect_attested("as the hardware test sends them", attestation_request(1024, 1024, 1024), NULL);
    expect_attested("user_data", attestation_request(1025, 0, 1), "InputTooLarge");
    expect_attested("nonce", attestation_request(0, 1025, 1), "InputTooLarge");
    expect_attested("public_key", attestation_request(0, 0, 1025), "InputTooLarge");
    expect_attested("empty is not absent", attestation_request(0, 0, 1), NULL);
    expect_attested("an empty key", attestation_request(0, 0, 0), "InvalidArgument");
}

static void what_is_no_request_gets_an_error(void)
{
    static uint8_t long_request[NSM_REQUEST_MAX + 1];
    /* {"Error": "InvalidOperation"} */
    static const char invalid[] = "a1654572726f7270496e76616c69644f7065726174696f6e";
    expect_raw("nothing", (struct bytes){ NULL, 0 }, invalid);
    expect_raw("no CBOR", BYTES_LIT("\xff"), invalid);
    expect_raw("unknown",
               BYTES_LIT("\x63"
                         "Foo"),
               invalid);
    /* {"Error": "InputTooLarge"} */
    expect_raw("too long", BYTES_OF(long_request), "a1654572726f726d496e707574546f6f4c61726765");
}

static void the_root_is_kept_and_its_key_is_private(void)
{
    const struct hash32 before = nsm_pki_root_fingerprint(&device.pki);
    struct nsm_pki again;
    struct fault why = { 0 };
    char path[128];
    struct stat found;
    CHECK(nsm_pki_open(folder, NOW_MS / 1000, &again, &why));
    const struct hash32 after = nsm_pki_root_fingerprint(&again);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    nsm_pki_free(&again);
    snprintf(path, sizeof path, "%s/nsm-root.key.pem", folder);
    CHECK(stat(path, &found) == 0 && (found.st_mode & 0777) == 0600);
    /* Spoilt: said, not replaced. */
    FILE *spoilt = fopen(path, "w");
    CHECK(spoilt != NULL && fputs("no key", spoilt) > 0 && fclose(spoilt) == 0);
    CHECK(!nsm_pki_open(folder, NOW_MS / 1000, &again, &why) && why.code == FAULT_INPUT);
}

int main(void)
{
    folder_begin();
    struct fault why = { 0 };
    struct hash48 pcr0;
    memset(&pcr0, 0xa0, sizeof pcr0);
    struct nsm_plan plan = { .folder = folder,
                             .region = "eu-west-1",
                             .module_id = "i-0123456789abcdef0-enc0123456789abcdef" };
    plan.pcrs[0] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(pcr0.bytes) };
    if (!nsm_device_open(&plan, NOW_MS, &device, &why)) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    it_describes_itself();
    random_numbers_are_256_bytes_and_never_the_same();
    pcrs_extend_until_they_are_locked();
    documents_are_believed_under_its_root();
    the_leaf_is_reused_until_its_end();
    fields_have_limits();
    what_is_no_request_gets_an_error();
    the_root_is_kept_and_its_key_is_private();
    nsm_device_close(&device);
    return failures != 0;
}
