/* NSM messages: each as cbor2 encodes it, both ways; other orders and forms; and messages wrong in one way. */
#include "vectors.h"

#include "core/codec/cbor.h"
#include "core/nitro/nsm_api.h"

#define PUBLIC_KEY_LEN 294

static uint8_t counting[256], public_key[PUBLIC_KEY_LEN] = { 0x30, 0x82 };

static const struct {
    const char *name;
    struct nsm_request request;
} requests[] = {
    { "request-describe-nsm", { .operation = NSM_DESCRIBE_NSM } },
    { "request-get-random", { .operation = NSM_GET_RANDOM } },
    { "request-describe-pcr-0", { .operation = NSM_DESCRIBE_PCR } },
    { "request-describe-pcr-31", { .operation = NSM_DESCRIBE_PCR, .index = 31 } },
    { "request-extend-pcr-16", { .operation = NSM_EXTEND_PCR, .index = 16, .data = BYTES_INIT("\1\2\3") } },
    { "request-extend-pcr-16-empty", { .operation = NSM_EXTEND_PCR, .index = 16 } },
    { "request-lock-pcr-16", { .operation = NSM_LOCK_PCR, .index = 16 } },
    { "request-lock-pcrs-20", { .operation = NSM_LOCK_PCRS, .index = 20 } },
    { "request-attestation-nothing", { .operation = NSM_ATTESTATION } },
    { "request-attestation-empty", { .operation = NSM_ATTESTATION, .user_data = { .present = true } } },
    { "request-attestation-all",
      { .operation = NSM_ATTESTATION,
        .user_data = { true, BYTES_INIT("payments-signer:unprovisioned") },
        .nonce = { true, { counting, 32 } },
        .public_key = { true, { public_key, PUBLIC_KEY_LEN } } } },
};

static const struct {
    const char *name;
    struct nsm_response response;
} responses[] = {
    { "response-describe-nsm",
      { .operation = NSM_DESCRIBE_NSM,
        .version_major = 1,
        .version_minor = 2,
        .version_patch = 3,
        .max_pcrs = 32,
        .module_id = BYTES_INIT("i-0123456789abcdef0-enc0123456789abcdef"),
        .digest = BYTES_INIT("SHA384"),
        .locked_count = 16,
        .locked_pcrs = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } } },
    { "response-get-random", { .operation = NSM_GET_RANDOM, .data = { counting, 256 } } },
    { "response-describe-pcr", { .operation = NSM_DESCRIBE_PCR, .lock = true, .data = { counting, 48 } } },
    { "response-extend-pcr", { .operation = NSM_EXTEND_PCR, .data = { counting, 48 } } },
    { "response-lock-pcr", { .operation = NSM_LOCK_PCR } },
    { "response-lock-pcrs", { .operation = NSM_LOCK_PCRS } },
    { "response-attestation", { .operation = NSM_ATTESTATION, .data = BYTES_INIT("\x84\x44") } },
};

static bool options_equal(struct optional_bytes a, struct optional_bytes b)
{
    return a.present == b.present && bytes_equal(a.bytes, b.bytes);
}

static bool requests_equal(const struct nsm_request *a, const struct nsm_request *b)
{
    return a->operation == b->operation && a->index == b->index && bytes_equal(a->data, b->data) &&
           options_equal(a->user_data, b->user_data) && options_equal(a->nonce, b->nonce) &&
           options_equal(a->public_key, b->public_key);
}

static bool responses_equal(const struct nsm_response *a, const struct nsm_response *b)
{
    return a->operation == b->operation && a->version_major == b->version_major &&
           a->version_minor == b->version_minor && a->version_patch == b->version_patch && a->max_pcrs == b->max_pcrs &&
           bytes_equal(a->module_id, b->module_id) && bytes_equal(a->digest, b->digest) &&
           a->locked_count == b->locked_count && memcmp(a->locked_pcrs, b->locked_pcrs, sizeof a->locked_pcrs) == 0 &&
           a->lock == b->lock && bytes_equal(a->data, b->data);
}

static bool check_request(struct bytes name, struct bytes cbor)
{
    uint8_t buffer[NSM_REQUEST_MAX];
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (!bytes_equal(name, bytes_of_text(requests[i].name)))
            continue;
        struct writer out = writer_of(buffer, sizeof buffer);
        struct bytes written;
        struct nsm_request read;
        struct fault why;
        nsm_put_request(&out, &requests[i].request);
        CHECK_ROW(requests[i].name, writer_done(&out, &written) && bytes_equal(written, cbor));
        CHECK_ROW(requests[i].name, nsm_read_request(cbor, &read, &why));
        CHECK_ROW(requests[i].name, requests_equal(&read, &requests[i].request));
        return true;
    }
    return false;
}

static bool check_response(struct bytes name, struct bytes cbor)
{
    uint8_t buffer[1024];
    for (size_t i = 0; i < sizeof responses / sizeof *responses; i++) {
        if (!bytes_equal(name, bytes_of_text(responses[i].name)))
            continue;
        const enum nsm_operation operation = responses[i].response.operation;
        struct writer out = writer_of(buffer, sizeof buffer);
        struct bytes written;
        struct nsm_response read;
        struct fault why;
        nsm_put_response(&out, &responses[i].response);
        CHECK_ROW(responses[i].name, writer_done(&out, &written) && bytes_equal(written, cbor));
        CHECK_ROW(responses[i].name, nsm_read_response(cbor, operation, &read, &why));
        CHECK_ROW(responses[i].name, responses_equal(&read, &responses[i].response));
        for (int other = 0; other <= NSM_ATTESTATION; other++)
            if ((enum nsm_operation)other != operation)
                CHECK_ROW(responses[i].name, !nsm_read_response(cbor, (enum nsm_operation)other, &read, &why));
        return true;
    }
    return false;
}

static void check_error(struct bytes name, struct bytes cbor)
{
    static const struct {
        const char *name, *text;
    } errors[] = { { "error-invalid-index", "NSM DescribePCR: InvalidIndex" },
                   { "error-input-too-large", "NSM DescribePCR: InputTooLarge" },
                   { "error-unheard-of", "NSM DescribePCR: an unknown error" } };
    bool known = false;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct nsm_response read;
        struct fault why = { 0 };
        if (!bytes_equal(name, bytes_of_text(errors[i].name)))
            continue;
        known = true;
        CHECK_ROW(errors[i].name, !nsm_read_response(cbor, NSM_DESCRIBE_PCR, &read, &why));
        CHECK_ROW(errors[i].name, why.code == FAULT_REMOTE && strcmp(why.text, errors[i].text) == 0);
    }
    CHECK(known);
}

static void messages_are_as_another_encoder_makes_them(void)
{
    static struct vector_file vectors;
    static uint8_t cbor[NSM_REQUEST_MAX];
    for (vector_open(&vectors, "nitro/nsm.txt"); vector_next(&vectors, 2);) {
        const struct bytes message = vector_hex(vectors.column[1], cbor, sizeof cbor);
        const struct bytes name = vectors.column[0];
        if (!check_request(name, message) && !check_response(name, message))
            check_error(name, message);
    }
    CHECK(vectors.lines == sizeof requests / sizeof *requests + sizeof responses / sizeof *responses + 3);
}

static void errors_are_written(void)
{
    uint8_t buffer[64];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    nsm_put_error(&out, "InvalidIndex");
    CHECK(writer_done(&out, &written) && bytes_equal(written, BYTES_LIT("\xa1\x65"
                                                                        "Error\x6c"
                                                                        "InvalidIndex")));
}

static void longer_fields_than_every_source_allows_are_not_sent(void)
{
    static uint8_t buffer[NSM_REQUEST_MAX], many[NSM_PUBLIC_KEY_MAX + 1];
    struct nsm_request request = { .operation = NSM_ATTESTATION };
    const struct {
        struct optional_bytes *field;
        size_t max;
    } fields[] = { { &request.user_data, NSM_USER_DATA_MAX },
                   { &request.nonce, NSM_USER_DATA_MAX },
                   { &request.public_key, NSM_PUBLIC_KEY_MAX } };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        for (size_t over = 0; over < 2; over++) {
            struct writer out = writer_of(buffer, sizeof buffer);
            *fields[i].field = (struct optional_bytes){ true, { many, fields[i].max + over } };
            nsm_put_request(&out, &request);
            CHECK(out.failed == (over == 1));
        }
        *fields[i].field = (struct optional_bytes){ .present = false };
    }
}

#define INDEX "\x65index"
#define ATTESTATION \
    "\xa1\x6b" \
    "Attestation"

static const struct {
    const char *why;
    struct bytes cbor;
} bad_requests[] = {
    { "nothing", BYTES_INIT("") },
    { "an unknown name", BYTES_INIT("\x67Reboot!") },
    { "an operation with parameters, bare", BYTES_INIT("\x67LockPCR") },
    { "an operation without parameters, with some", BYTES_INIT("\xa1\x69GetRandom\xa0") },
    { "a byte after it", BYTES_INIT("\x69GetRandom\x00") },
    { "two in one, of which one is there", BYTES_INIT("\xa2\x67LockPCR\xa1" INDEX "\x10") },
    { "two in one", BYTES_INIT("\xa2\x67LockPCR\xa1" INDEX "\x10\x67LockPCR\xa1" INDEX "\x10") },
    { "no index", BYTES_INIT("\xa1\x67LockPCR\xa0") },
    { "the index twice", BYTES_INIT("\xa1\x67LockPCR\xa2" INDEX "\x10" INDEX "\x10") },
    { "an index beyond 16 bits", BYTES_INIT("\xa1\x67LockPCR\xa1" INDEX "\x1a\x00\x01\x00\x00") },
    { "a negative index", BYTES_INIT("\xa1\x67LockPCR\xa1" INDEX "\x20") },
    { "an index as text", BYTES_INIT("\xa1\x67LockPCR\xa1" INDEX "\x61"
                                     "1") },
    { "an index for a range", BYTES_INIT("\xa1\x68LockPCRs\xa1" INDEX "\x10") },
    { "a range for an index", BYTES_INIT("\xa1\x67LockPCR\xa1\x65range\x10") },
    { "a field of another operation", BYTES_INIT("\xa1\x67LockPCR\xa2" INDEX "\x10\x64"
                                                 "data\x40") },
    { "no data", BYTES_INIT("\xa1\x69"
                            "ExtendPCR\xa1" INDEX "\x10") },
    { "data as text", BYTES_INIT("\xa1\x69"
                                 "ExtendPCR\xa2" INDEX "\x10\x64"
                                 "data\x60") },
    { "an unknown option", BYTES_INIT(ATTESTATION "\xa1\x64more\xf6") },
    { "an option twice", BYTES_INIT(ATTESTATION "\xa2\x65nonce\xf6\x65nonce\xf6") },
    { "an option as a number", BYTES_INIT(ATTESTATION "\xa1\x65nonce\x01") },
    { "options in an array", BYTES_INIT(ATTESTATION "\x83\xf6\xf6\xf6") },
    { "a map that ends early", BYTES_INIT(ATTESTATION "\xa3\x65nonce\xf6") },
};

static const struct {
    const char *why;
    enum nsm_operation operation;
    struct bytes cbor;
} bad_responses[] = {
    { "nothing", NSM_GET_RANDOM, BYTES_INIT("") },
    { "a byte after it", NSM_LOCK_PCR, BYTES_INIT("\x67LockPCR\x00") },
    { "a map for a bare one", NSM_LOCK_PCR, BYTES_INIT("\xa1\x67LockPCR\xf6") },
    { "another's fields in a bare one", NSM_LOCK_PCR, BYTES_INIT("\xa1\x67LockPCR\xa1\x66random\x41\x01") },
    { "a bare one for a map", NSM_GET_RANDOM, BYTES_INIT("\x69GetRandom") },
    { "no random bytes", NSM_GET_RANDOM, BYTES_INIT("\xa1\x69GetRandom\xa1\x66random\x40") },
    { "none at all", NSM_GET_RANDOM, BYTES_INIT("\xa1\x69GetRandom\xa0") },
    { "twice", NSM_GET_RANDOM, BYTES_INIT("\xa1\x69GetRandom\xa2\x66random\x41\x01\x66random\x41\x01") },
    { "two in one, of which one is there", NSM_GET_RANDOM, BYTES_INIT("\xa2\x69GetRandom\xa1\x66random\x41\x01") },
    { "cut short", NSM_GET_RANDOM, BYTES_INIT("\xa1\x69GetRandom\xa1\x66random\x42\x01") },
    { "no document", NSM_ATTESTATION,
      BYTES_INIT(ATTESTATION "\xa1\x68"
                             "document\x40") },
    { "an error and an answer", NSM_ATTESTATION,
      BYTES_INIT("\xa2\x65"
                 "Error\x61x\x6b"
                 "Attestation\xa1\x68"
                 "document\x41\x01") },
    { "an error that is no text", NSM_ATTESTATION,
      BYTES_INIT("\xa1\x65"
                 "Error\x01") },
};

static void messages_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof bad_requests / sizeof *bad_requests; i++) {
        struct nsm_request read;
        struct fault why = { 0 };
        CHECK_ROW(bad_requests[i].why, !nsm_read_request(bad_requests[i].cbor, &read, &why));
        CHECK_ROW(bad_requests[i].why, why.code == FAULT_INPUT);
    }
    for (size_t i = 0; i < sizeof bad_responses / sizeof *bad_responses; i++) {
        struct nsm_response read;
        struct fault why = { 0 };
        CHECK_ROW(bad_responses[i].why,
                  !nsm_read_response(bad_responses[i].cbor, bad_responses[i].operation, &read, &why));
        CHECK_ROW(bad_responses[i].why, why.code == FAULT_REMOTE);
    }
}

/* Reading by length, order and form: what hardware and kernels are seen to vary. */
static void order_unknown_fields_and_indefinite_maps_are_read(void)
{
    uint8_t buffer[128];
    struct nsm_response response;
    struct nsm_request request;
    struct fault why;
    struct bytes written;
    struct writer out = writer_of(buffer, sizeof buffer);
    writer_text(&out, "\xbf\x6b"
                      "DescribePCR\xbf\x64"
                      "data\x58\x30");
    writer_put(&out, (struct bytes){ counting, 48 });
    writer_text(&out, "\x64more\x82\x01\x02\x64lock\xf4\xff\xff");
    CHECK(writer_done(&out, &written));
    CHECK(nsm_read_response(written, NSM_DESCRIBE_PCR, &response, &why));
    CHECK(!response.lock && bytes_equal(response.data, (struct bytes){ counting, 48 }));

    CHECK(nsm_read_request(BYTES_LIT(ATTESTATION "\xa1\x65nonce\x41\x07"), &request, &why));
    CHECK(!request.user_data.present && !request.public_key.present && request.nonce.bytes.len == 1);
}

static void pcr_values_have_the_length_of_a_sha2(void)
{
    for (uint8_t len = 0; len <= 64; len++) {
        uint8_t buffer[128];
        struct nsm_response response;
        struct fault why;
        struct bytes written;
        struct writer out = writer_of(buffer, sizeof buffer);
        writer_text(&out, "\xa1\x69"
                          "ExtendPCR\xa1\x64"
                          "data\x58");
        writer_u8(&out, len);
        writer_put(&out, (struct bytes){ counting, len });
        CHECK(writer_done(&out, &written));
        CHECK(nsm_read_response(written, NSM_EXTEND_PCR, &response, &why) == (len == 32 || len == 48 || len == 64));
    }
}

/* A description, with `without` left out, `twice` twice, and the lists and names of the given lengths. */
static bool description_reads(size_t without, size_t twice, size_t module_id_len, size_t locked, uint64_t last_locked)
{
    static const char *const names[] = { "version_major", "version_minor", "version_patch", "module_id",
                                         "max_pcrs",      "locked_pcrs",   "digest" };
    static uint8_t buffer[1024], module_id[256];
    const size_t count = sizeof names / sizeof *names;
    struct nsm_response response;
    struct fault why;
    struct bytes written;
    struct writer out = writer_of(buffer, sizeof buffer);
    memset(module_id, 'i', sizeof module_id);
    writer_text(&out, "\xa1\x6b"
                      "DescribeNSM\xbf");
    for (size_t i = 0; i < 2 * count; i++) {
        const size_t field = i % count;
        if (i < count ? field == without : field != twice)
            continue;
        cbor_put_text(&out, bytes_of_text(names[field]));
        if (field == 3) {
            cbor_put_text(&out, (struct bytes){ module_id, module_id_len });
        } else if (field == 5) {
            cbor_put_array(&out, locked);
            for (size_t j = 0; j + 1 < locked; j++)
                cbor_put_uint(&out, j % NSM_PCR_COUNT);
            if (locked > 0)
                cbor_put_uint(&out, last_locked);
        } else if (field == 6) {
            cbor_put_text(&out, BYTES_LIT("SHA384"));
        } else {
            cbor_put_uint(&out, 1);
        }
    }
    cbor_put_break(&out);
    CHECK(writer_done(&out, &written));
    return nsm_read_response(written, NSM_DESCRIBE_NSM, &response, &why);
}

static void descriptions_have_every_field_once_and_within_bounds(void)
{
    enum { NONE = 7 };
    CHECK(description_reads(NONE, NONE, NSM_MODULE_ID_MAX, NSM_PCR_COUNT, 31));
    CHECK(description_reads(NONE, NONE, 1, 0, 0));
    for (size_t field = 0; field < NONE; field++) {
        CHECK(!description_reads(field, NONE, 1, 1, 0));
        CHECK(!description_reads(NONE, field, 1, 1, 0));
    }
    CHECK(!description_reads(NONE, NONE, 0, 1, 0));
    CHECK(!description_reads(NONE, NONE, NSM_MODULE_ID_MAX + 1, 1, 0));
    CHECK(!description_reads(NONE, NONE, 1, NSM_PCR_COUNT + 1, 0));
    CHECK(!description_reads(NONE, NONE, 1, 1, NSM_PCR_COUNT));
}

static void a_described_pcr_says_whether_it_is_locked(void)
{
    uint8_t buffer[128];
    struct nsm_response response;
    struct fault why;
    struct bytes written;
    struct writer out = writer_of(buffer, sizeof buffer);
    writer_text(&out, "\xa1\x6b"
                      "DescribePCR\xa1\x64"
                      "data\x58\x30");
    writer_put(&out, (struct bytes){ counting, 48 });
    CHECK(writer_done(&out, &written));
    CHECK(!nsm_read_response(written, NSM_DESCRIBE_PCR, &response, &why));
}

int main(void)
{
    for (size_t i = 0; i < sizeof counting; i++)
        counting[i] = (uint8_t)i;
    messages_are_as_another_encoder_makes_them();
    errors_are_written();
    longer_fields_than_every_source_allows_are_not_sent();
    messages_wrong_in_one_way_are_refused();
    order_unknown_fields_and_indefinite_maps_are_read();
    pcr_values_have_the_length_of_a_sha2();
    descriptions_have_every_field_once_and_within_bounds();
    a_described_pcr_says_whether_it_is_locked();
    return failures != 0;
}
