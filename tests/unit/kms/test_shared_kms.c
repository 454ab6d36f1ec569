/* cms/, sigv4/ and kms/ of the shared vectors: envelopes that KMS made, the signing suite of AWS's own library, and the
 * bodies of answers. */
#include "kms_world.h"
#include "shared_vectors.h"

#include "core/kms/cms.h"
#include "core/kms/kms_api.h"
#include "core/kms/sigv4.h"
#include "core/kms/unseal.h"

#include <openssl/pem.h>

static uint8_t manifest_room[1 << 20], envelope_room[CMS_MAX], plaintext_room[SECRET_TEXT_MAX], file_room[65536];

static bool read_pem_key(const char *folder, const char *name, struct rsa_key *key)
{
    uint8_t der[4096];
    uint8_t *end = der;
    struct fault why;
    const struct bytes pem = shared_file(folder, name, file_room, sizeof file_room);
    if (pem.data == NULL)
        return false;
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    const int len = pkey == NULL ? -1 : i2d_PrivateKey(pkey, &end);
    const bool done = len > 0 && rsa_key_read((struct bytes){ der, (size_t)len }, key, &why);
    CHECK_ROW(name, done);
    EVP_PKEY_free(pkey);
    BIO_free(in);
    return done;
}

static size_t what_kms_made_opens(const char *folder)
{
    struct rsa_key key = { 0 };
    WIPED_TEXT struct secret_text opened = { 0 };
    struct fault why = { 0 };
    if (!read_pem_key(folder, "cms/cms01_kms_decrypt_hello.key.pem", &key))
        return 0;
    struct bytes envelope = shared_file(folder, "cms/cms01_kms_decrypt_hello.ber", envelope_room, sizeof envelope_room);
    CHECK(cms_open(envelope, &key, &opened, &why));
    CHECK(bytes_equal(secret_text_view(&opened), BYTES_LIT("Hello, World")));
    /* the one without a key: its form is read to the end, and only then is it another's */
    envelope = shared_file(folder, "cms/cms03_kms_nokey_constructed_content.ber", envelope_room, sizeof envelope_room);
    CHECK(envelope.len > 0 && !cms_open(envelope, &key, &opened, &why));
    CHECK(strstr(why.text, "for another key") != NULL);
    rsa_key_wipe(&key);
    return 2;
}

static size_t generated_envelopes_do_what_their_manifest_says(const char *folder)
{
    struct json_cursor entries =
        json_items(shared_json(folder, "cms/generated/MANIFEST.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    struct rsa_key key = { 0 };
    size_t count = 0;
    if (!read_pem_key(folder, "cms/generated/recipient_key.pem", &key))
        return 0;
    while (json_next(&entries, &none, &entry)) {
        char name[128];
        struct fault why;
        WIPED_TEXT struct secret_text opened = { 0 };
        snprintf(name, sizeof name, "cms/generated/%s", shared_text(entry, "file"));
        const struct bytes envelope = shared_file(folder, name, envelope_room, sizeof envelope_room);
        const bool want = json_string_is(json_member(entry, BYTES_LIT("expect")), BYTES_LIT("decrypt"));
        CHECK_ROW(name, envelope.len > 0 && cms_open(envelope, &key, &opened, &why) == want);
        CHECK_ROW(name,
                  !want || bytes_equal(secret_text_view(&opened),
                                       shared_hex(entry, "plaintext_hex", plaintext_room, sizeof plaintext_room)));
        count++;
    }
    rsa_key_wipe(&key);
    return count;
}

static struct sigv4_request request_for(const struct http_header *headers, size_t count)
{
    return (struct sigv4_request){ .headers = headers, .header_count = count };
}

static size_t kms_requests_are_signed_as_botocore_does(const char *folder)
{
    static uint8_t written[8192];
    struct json_cursor entries =
        json_items(shared_json(folder, "sigv4/kms_sigv4_vectors.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    size_t count = 0;
    while (json_next(&entries, &none, &entry)) {
        static char texts[HTTP_HEADERS_MAX][2][8192];
        static char body[8192], date[32], region[64];
        struct http_header headers[HTTP_HEADERS_MAX];
        size_t header_count = 0;
        struct json_cursor members = json_items(json_member(entry, BYTES_LIT("headers_signed")));
        struct json key, value;
        while (json_next(&members, &key, &value)) {
            char *texts_of[2] = { texts[header_count][0], texts[header_count][1] };
            struct json parts[2] = { key, value };
            struct bytes views[2];
            for (size_t i = 0; i < 2; i++) {
                struct writer out = writer_of((uint8_t *)texts_of[i], sizeof texts[0][0]);
                CHECK(json_string(parts[i], &out) && writer_done(&out, &views[i]));
            }
            headers[header_count++] = (struct http_header){ views[0], views[1] };
        }
        snprintf(body, sizeof body, "%s", shared_text(entry, "body"));
        snprintf(date, sizeof date, "%s", shared_text(entry, "amz_date"));
        snprintf(region, sizeof region, "%s", shared_text(entry, "region"));
        struct sigv4_request request = request_for(headers, header_count);
        request.method = BYTES_LIT("POST");
        request.path = BYTES_LIT("/");
        request.body = bytes_of_text(body);
        request.date = bytes_of_text(date);
        request.region = bytes_of_text(region);
        request.service = BYTES_LIT("kms");
        struct aws_credentials credentials = { 0 };
        snprintf(credentials.access_key_id, sizeof credentials.access_key_id, "%s",
                 shared_text(entry, "access_key_id"));
        CHECK(secret_text_set(&credentials.secret_access_key, bytes_of_text(shared_text(entry, "secret_access_key"))));

        const char *name = shared_text(entry, "name");
        struct bytes text = { 0 };
        struct writer out = writer_of(written, sizeof written);
        sigv4_put_canonical_request(&out, &request);
        CHECK_ROW(name, writer_done(&out, &text));
        CHECK_ROW(name, bytes_equal(text, bytes_of_text(shared_text(entry, "canonical_request"))));
        out = writer_of(written, sizeof written);
        CHECK_ROW(name, sigv4_put_string_to_sign(&out, &request) && writer_done(&out, &text));
        CHECK_ROW(name, bytes_equal(text, bytes_of_text(shared_text(entry, "string_to_sign"))));
        out = writer_of(written, sizeof written);
        CHECK_ROW(name, sigv4_put_authorization(&out, &request, &credentials) && writer_done(&out, &text));
        CHECK_ROW(name, bytes_equal(text, bytes_of_text(shared_text(entry, "authorization"))));
        count++;
    }
    return count;
}

/* AWS's suite. Its queries and paths are canonical already in the cases named here, but for the order of a query, which
 * the canonical request gives. */
static const char *const suite[] = {
    "get-header-key-duplicate",
    "get-header-value-trim",
    "get-unreserved",
    "get-vanilla-query-order-key-case",
    "get-vanilla-utf8-query",
    "get-vanilla-with-session-token",
    "post-header-key-case",
    "post-header-key-sort",
    "post-sts-header-after",
    "post-sts-header-before",
    "post-vanilla-query",
    "post-x-www-form-urlencoded",
    "get-header-value-multiline",
};

static struct bytes take_line(struct bytes *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    const size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
    const struct bytes line = { rest->data, len };
    const size_t step = end == NULL ? len : len + 1;
    *rest = (struct bytes){ rest->data + step, rest->len - step };
    return line;
}

/* "Name:value" lines up to an empty one. A line that begins with a space goes on the value before it. */
static size_t take_headers(struct bytes *rest, struct http_header *headers)
{
    size_t count = 0;
    while (rest->len > 0) {
        const struct bytes line = take_line(rest);
        if (line.len == 0)
            break;
        if (line.data[0] == ' ' && count > 0) {
            headers[count - 1].value.len = (size_t)(line.data + line.len - headers[count - 1].value.data);
            continue;
        }
        const uint8_t *colon = memchr(line.data, ':', line.len);
        if (colon == NULL)
            continue;
        const size_t name_len = (size_t)(colon - line.data);
        headers[count++] = (struct http_header){ { line.data, name_len }, { colon + 1, line.len - name_len - 1 } };
    }
    return count;
}

static bool is_signed(struct bytes name, const char *signed_names)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, ";%.*s;", (int)name.len, (const char *)name.data);
    for (char *at = wanted; *at != '\0'; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    return strstr(signed_names, wanted) != NULL;
}

static size_t the_suite_of_aws_is_signed(const char *folder)
{
    static uint8_t signed_room[16384], canonical_room[16384], other_room[16384];
    static const struct secret_text secret = { .bytes = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .len = 40 };
    size_t count = 0;
    for (size_t i = 0; i < sizeof suite / sizeof *suite; i++) {
        char name[128], signed_names[256];
        struct http_header all[HTTP_HEADERS_MAX], headers[HTTP_HEADERS_MAX];
        snprintf(name, sizeof name, "sigv4/%s/header-signed-request.txt", suite[i]);
        struct bytes rest = shared_file(folder, name, signed_room, sizeof signed_room);
        snprintf(name, sizeof name, "sigv4/%s/header-canonical-request.txt", suite[i]);
        const struct bytes canonical = shared_file(folder, name, canonical_room, sizeof canonical_room);
        snprintf(name, sizeof name, "sigv4/%s/header-signature.txt", suite[i]);
        const struct bytes signature = text_trim(shared_file(folder, name, other_room, sizeof other_room));
        if (rest.data == NULL || canonical.data == NULL || signature.len != 64)
            continue;
        count++;

        const uint8_t *names = memmem(rest.data, rest.len, "SignedHeaders=", 14);
        snprintf(signed_names, sizeof signed_names, ";%.*s;", (int)strcspn((const char *)names + 14, ","), names + 14);
        take_line(&rest);
        const size_t all_count = take_headers(&rest, all);
        size_t header_count = 0;
        for (size_t j = 0; j < all_count; j++)
            if (is_signed(all[j].name, signed_names))
                headers[header_count++] = all[j];

        struct bytes lines = canonical;
        struct sigv4_request request = request_for(headers, header_count);
        request.method = take_line(&lines);
        request.path = take_line(&lines);
        request.query = take_line(&lines);
        request.body = rest;
        request.date = BYTES_LIT("20150830T123600Z");
        request.region = BYTES_LIT("us-east-1");
        request.service = BYTES_LIT("service");
        char ours[65] = "";
        const bool is_folded = strcmp(suite[i], "get-header-value-multiline") == 0;
        CHECK_ROW(suite[i], sigv4_sign(&request, &secret, ours) == !is_folded); /* folding is not HTTP any more */
        CHECK_ROW(suite[i], is_folded || bytes_equal(bytes_of_text(ours), signature));
    }
    return count;
}

static size_t errors_of_kms_have_their_names(const char *folder)
{
    static const struct {
        const char *entry, *name;
    } wanted[] = { { "err_invalid_ciphertext", "InvalidCiphertextException" },
                   { "err_incorrect_key", "IncorrectKeyException" },
                   { "err_disabled", "DisabledException" },
                   { "err_state", "KMSInvalidStateException" },
                   { "err_notfound", "NotFoundException" },
                   { "err_accessdenied", "AccessDeniedException" },
                   { "err_unrecognized_client", "UnrecognizedClientException" },
                   { "err_expired_token", "ExpiredTokenException" },
                   { "err_namespaced_type", "ValidationException" },
                   { "err_internal", "KMSInternalException" },
                   { "err_html_502", "UnknownError" } };
    struct json_cursor entries =
        json_items(shared_json(folder, "kms/responses.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    size_t count = 0;
    while (json_next(&entries, &none, &entry)) {
        const char *name = shared_text(entry, "name");
        if (strncmp(name, "err_", 4) != 0)
            continue;
        const char *want = NULL;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            want = strcmp(name, wanted[i].entry) == 0 ? wanted[i].name : want;
        uint64_t status = 0;
        CHECK_ROW(name, want != NULL && json_u64(json_member(entry, BYTES_LIT("http_status")), &status));
        const struct kms_error error = kms_error_read((unsigned)status, bytes_of_text(shared_text(entry, "body")));
        CHECK_ROW(name, want != NULL && strcmp(error.name, want) == 0);
        count++;
    }
    return count;
}

/* The bodies of answers as KMS gives them, asked for with the key of the genuine envelope that is in them. */
static size_t answers_of_kms_are_taken_or_not(const char *folder)
{
    static const struct {
        const char *entry, *says; /* NULL: it opens */
    } wanted[] = { { "decrypt_ok_recipient", NULL },
                   { "decrypt_ok_recipient_null_plaintext", NULL },
                   { "decrypt_ok_recipient_empty_plaintext", NULL },
                   { "decrypt_ok_unknown_fields", NULL },
                   { "decrypt_plain_leak", "plaintext" },
                   { "generate_data_key_ok_recipient", "for another key" } };
    static uint8_t room[UNSEAL_ARENA_MAX];
    static struct world world;
    static struct unseal_answer answer;
    static const struct aws_credentials credentials = { .access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                                        .secret_access_key = { .bytes = "secret", .len = 6 } };
    struct json_cursor entries =
        json_items(shared_json(folder, "kms/responses.json", manifest_room, sizeof manifest_room));
    struct json none, entry;
    size_t count = 0;
    while (json_next(&entries, &none, &entry)) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            struct rsa_key key = { 0 };
            struct arena arena = arena_of(room, sizeof room);
            WIPED_TEXT struct secret_text opened = { 0 };
            struct fault why = { .text = "" };
            if (strcmp(shared_text(entry, "name"), wanted[i].entry) != 0 ||
                !read_pem_key(folder, "cms/cms01_kms_decrypt_hello.key.pem", &key))
                continue;
            world = (struct world){ .whole_body = shared_text(entry, "body") };
            const struct outside outside = world_outside(&world);
            const struct unseal_order order = { .region = BYTES_LIT("us-east-2"), .credentials = &credentials };
            const bool done = unseal_decrypt(&outside, &order, BYTES_LIT("x"), &key, &arena, &opened, &answer, &why);
            CHECK_ROW(wanted[i].entry, done == (wanted[i].says == NULL));
            CHECK_ROW(wanted[i].entry, done ? bytes_equal(secret_text_view(&opened), BYTES_LIT("Hello, World"))
                                            : strstr(why.text, wanted[i].says) != NULL);
            count++;
        }
    }
    return count;
}

int main(void)
{
    static const struct {
        const char *name;
        size_t (*run)(const char *folder);
        size_t want;
    } parts[] = { { "cms/cms01*, cms/cms03*", what_kms_made_opens, 2 },
                  { "cms/generated/*", generated_envelopes_do_what_their_manifest_says, 16 },
                  { "sigv4/kms_sigv4_vectors.json", kms_requests_are_signed_as_botocore_does, 5 },
                  { "sigv4/*/", the_suite_of_aws_is_signed, sizeof suite / sizeof *suite },
                  { "kms/responses.json", errors_of_kms_have_their_names, 11 },
                  { "kms/responses.json, cms/cms01*", answers_of_kms_are_taken_or_not, 6 } };
    const char *folder = vectors_folder();
    bool skipped = false;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t count = folder == NULL ? 0 : parts[i].run(folder);
        if (count < parts[i].want) {
            fprintf(stderr, "skipped: %s (%zu of %zu)\n", parts[i].name, count, parts[i].want);
            skipped = true;
        }
    }
    return failures != 0 ? 1 : skipped ? TEST_SKIPPED : 0;
}
