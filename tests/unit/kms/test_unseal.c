/* Unsealing against an NSM and a KMS in process: what is sent, what is taken, and every answer that is not. */
#include "kms_world.h"

#include "core/kms/sigv4.h"
#include "core/kms/unseal.h"

#define TOKEN  "IQoJb3JpZ2luX2VjEXAMPLETOKEN+/abc=="
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const uint8_t data_key[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const struct bytes sealed = BYTES_INIT("\x01\x02\x02\x00sealed outside");
static uint8_t key_der[4096], room[UNSEAL_ARENA_MAX];
static size_t key_der_len;
static struct world world;
static struct aws_credentials credentials;

static struct world honest(void)
{
    return (struct world){ .key_id = WORLD_KEY, .algorithm = "SYMMETRIC_DEFAULT", .plaintext = BYTES_OF(data_key) };
}

static struct unseal_order pinned(void)
{
    return (struct unseal_order){ .region = BYTES_LIT("us-east-2"),
                                  .proxy_port = 8001,
                                  .credentials = &credentials,
                                  .key_id = BYTES_LIT(WORLD_KEY),
                                  .key_is_pinned = true,
                                  .deadline_ms = 4321 };
}

struct result {
    bool done;
    struct secret_text plaintext;
    struct unseal_answer answer;
    struct fault why;
};

static struct result result;

static bool memory_holds(const void *memory, size_t len, const char *text)
{
    return memmem(memory, len, text, strlen(text)) != NULL;
}

/* Asks the world as it stands, with a key that serves this request alone, and checks what must hold whatever comes. */
static void ask(const struct unseal_order *order, bool generates, struct bytes ciphertext)
{
    struct rsa_key recipient = { 0 };
    struct arena arena = arena_of(room, sizeof room);
    const struct outside outside = world_outside(&world);
    memset(&result, 0, sizeof result);
    CHECK(secret_text_set(&result.plaintext, BYTES_LIT("untouched")));
    result.answer.utc_ms = 7;
    CHECK(rsa_key_read((struct bytes){ key_der, key_der_len }, &recipient, &result.why));
    result.done =
        generates ? unseal_generate(&outside, order, &recipient, &arena, &result.plaintext, &result.answer, &result.why)
                  : unseal_decrypt(&outside, order, ciphertext, &recipient, &arena, &result.plaintext, &result.answer,
                                   &result.why);
    CHECK(recipient.pkey == NULL && recipient.spki_len == 0);
    CHECK(!memory_holds(room, sizeof room, TOKEN) && !memory_holds(room, sizeof room, SECRET));
    CHECK(!memory_holds(room, sizeof room, "AWS4-HMAC-SHA256"));
    if (!result.done) {
        CHECK(bytes_equal(secret_text_view(&result.plaintext), BYTES_LIT("untouched")) && result.answer.utc_ms == 7);
        CHECK(!memory_holds(result.why.text, sizeof result.why.text, TOKEN));
        CHECK(text_is_printable(bytes_of_text(result.why.text)));
    }
    arena_wipe(&arena);
}

static void decrypt(const struct unseal_order *order)
{
    ask(order, false, sealed);
}

static void an_honest_answer_opens(void)
{
    world = honest();
    world.now_ms = 1000;
    const struct unseal_order order = pinned();
    decrypt(&order);
    CHECK(result.done && bytes_equal(secret_text_view(&result.plaintext), BYTES_OF(data_key)));
    CHECK(strcmp(result.answer.key_arn, WORLD_KEY) == 0 && result.answer.ciphertext_len == 0);
    CHECK(result.answer.utc_ms == WORLD_TIME_MS && result.answer.monotonic_ms == 1000);
    CHECK(world.nsm_calls == 1 && world.https_calls == 1);
    CHECK(strcmp(world.host, "kms.us-east-2.amazonaws.com") == 0 && world.call.proxy_port == 8001);
    CHECK(world.call.utc_ms == WORLD_TIME_MS && world.call.deadline_ms == 4321);
}

static struct bytes body_that_was_sent(void)
{
    const uint8_t *end = memmem(world.request, world.request_len, "\r\n\r\n", 4);
    CHECK(end != NULL);
    return end == NULL ? (struct bytes){ 0 }
                       : (struct bytes){ end + 4, (size_t)(world.request + world.request_len - end) - 4 };
}

/* The whole body, to the byte, with the document that the NSM gave. */
static void check_body(const char *before, const char *after)
{
    static uint8_t want[WORLD_REQUEST_MAX];
    struct writer out = writer_of(want, sizeof want);
    struct bytes written;
    writer_text(&out, before);
    writer_text(&out, "\"Recipient\":{\"AttestationDocument\":\"");
    text_put_base64(&out, (struct bytes){ world.document, world.document_len });
    writer_text(&out, "\",\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}}");
    writer_text(&out, after);
    CHECK_ROW(before, writer_done(&out, &written) && bytes_equal(written, body_that_was_sent()));
}

#define BLOB "\"CiphertextBlob\":\"AQICAHNlYWxlZCBvdXRzaWRl\","

static void what_is_sent_is_what_was_ordered(void)
{
    struct unseal_order order = pinned();
    world = honest();
    decrypt(&order);
    check_body("{" BLOB "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"KeyId\":\"" WORLD_KEY "\",", "");

    CHECK(kms_context_add(&order.context, BYTES_LIT("na\"me"), BYTES_LIT("\xe2\x82\xac")));
    CHECK(kms_context_add(&order.context, KMS_POLICY_CONTEXT, BYTES_LIT("00ff")));
    world = honest();
    decrypt(&order);
    CHECK(result.done);
    check_body("{" BLOB "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
               "\"EncryptionContext\":{\"na\\\"me\":\"\\u20ac\",\"ensign-policy-sha256\":\"00ff\"},"
               "\"KeyId\":\"" WORLD_KEY "\",",
               "");

    order = pinned();
    order.key_is_pinned = false;
    order.key_id = (struct bytes){ 0 };
    world = honest();
    decrypt(&order);
    CHECK(result.done && strcmp(result.answer.key_arn, WORLD_KEY) == 0);
    check_body("{" BLOB "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",", "");

    order.key_id = BYTES_LIT("alias/rsa");
    order.algorithm = KMS_RSAES_OAEP_SHA_256;
    world = honest();
    world.algorithm = "RSAES_OAEP_SHA_256";
    decrypt(&order);
    CHECK(result.done);
    check_body("{" BLOB "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\",\"KeyId\":\"alias/rsa\",", "");

    order = pinned();
    world = honest();
    world.algorithm = NULL;
    world.ciphertext_blob = "AQID";
    ask(&order, true, (struct bytes){ 0 });
    CHECK(result.done && bytes_equal(secret_text_view(&result.plaintext), BYTES_OF(data_key)));
    CHECK(bytes_equal((struct bytes){ result.answer.ciphertext, result.answer.ciphertext_len }, BYTES_LIT("\1\2\3")));
    check_body("{\"KeyId\":\"" WORLD_KEY "\",\"KeySpec\":\"AES_256\",", "");

    /* the shortest and the longest ciphertext that can be asked to be opened again */
    static char longest[KMS_CIPHERTEXT_MAX / 3 * 4 + 1];
    memset(longest, 'A', sizeof longest - 1);
    for (size_t i = 0; i < 2; i++) {
        world = honest();
        world.ciphertext_blob = i == 0 ? "AQ==" : longest;
        ask(&order, true, (struct bytes){ 0 });
        CHECK(result.done && result.answer.ciphertext_len == (i == 0 ? 1 : KMS_CIPHERTEXT_MAX));
    }
}

static bool sent_header_is(const struct http_head *head, struct bytes name, struct bytes value)
{
    struct bytes have;
    return http_header(head, name, &have) && bytes_equal(have, value);
}

static void rule_10_the_request_is_dated_and_signed_by_the_documents_time(void)
{
    struct http_head head;
    struct bytes body, authorization;
    size_t used;
    const struct unseal_order order = pinned();
    world = honest();
    decrypt(&order);
    CHECK(http_read_request(world.request, world.request_len, WORLD_REQUEST_MAX, &head, &body, &used) == HTTP_WHOLE);
    CHECK(bytes_equal(head.method, BYTES_LIT("POST")) && bytes_equal(head.target, BYTES_LIT("/")));
    CHECK(sent_header_is(&head, BYTES_LIT("host"), BYTES_LIT("kms.us-east-2.amazonaws.com")));
    CHECK(sent_header_is(&head, BYTES_LIT("content-type"), BYTES_LIT("application/x-amz-json-1.1")));
    CHECK(sent_header_is(&head, BYTES_LIT("x-amz-target"), BYTES_LIT("TrentService.Decrypt")));
    CHECK(sent_header_is(&head, BYTES_LIT("x-amz-date"), BYTES_LIT("20261122T150000Z")));
    CHECK(sent_header_is(&head, BYTES_LIT("x-amz-security-token"), BYTES_LIT(TOKEN)));
    CHECK(http_header(&head, BYTES_LIT("authorization"), &authorization) && head.header_count == 8);

    const struct http_header headers[] = {
        { BYTES_LIT("content-type"), BYTES_LIT("application/x-amz-json-1.1") },
        { BYTES_LIT("host"), BYTES_LIT("kms.us-east-2.amazonaws.com") },
        { BYTES_LIT("x-amz-date"), BYTES_LIT("20261122T150000Z") },
        { BYTES_LIT("x-amz-security-token"), BYTES_LIT(TOKEN) },
        { BYTES_LIT("x-amz-target"), BYTES_LIT("TrentService.Decrypt") },
    };
    const struct sigv4_request request = { .method = BYTES_LIT("POST"),
                                           .path = BYTES_LIT("/"),
                                           .headers = headers,
                                           .header_count = 5,
                                           .body = body,
                                           .date = BYTES_LIT("20261122T150000Z"),
                                           .region = BYTES_LIT("us-east-2"),
                                           .service = BYTES_LIT("kms") };
    uint8_t buffer[512];
    struct bytes want = { 0 };
    struct writer out = writer_of(buffer, sizeof buffer);
    CHECK(sigv4_put_authorization(&out, &request, &credentials) && writer_done(&out, &want));
    CHECK(bytes_equal(want, authorization));
}

/* Long-lived credentials have no session token: no header speaks of one, sent or signed. */
static void without_a_session_token_no_header_has_one(void)
{
    struct http_head head;
    struct bytes body, authorization, token;
    size_t used;
    const struct unseal_order order = pinned();
    const struct aws_credentials good = credentials;
    credentials.session_token.len = 0;
    world = honest();
    decrypt(&order);
    credentials = good;
    CHECK(result.done);
    CHECK(http_read_request(world.request, world.request_len, WORLD_REQUEST_MAX, &head, &body, &used) == HTTP_WHOLE);
    CHECK(head.header_count == 7 && !http_header(&head, BYTES_LIT("x-amz-security-token"), &token));
    CHECK(http_header(&head, BYTES_LIT("authorization"), &authorization));
    CHECK(memmem(authorization.data, authorization.len, "SignedHeaders=content-type;host;x-amz-date;x-amz-target,",
                 strlen("SignedHeaders=content-type;host;x-amz-date;x-amz-target,")) != NULL);
}

static void answers_in_other_clothes_open_too(void)
{
    const struct unseal_order order = pinned();
    world = honest();
    world.chunked = true;
    decrypt(&order);
    CHECK(result.done);
    world = honest();
    world.plaintext_member = "null";
    decrypt(&order);
    CHECK(result.done);
    world = honest();
    world.plaintext_member = "\"\"";
    world.more_members = ",\"FutureField\":{\"a\":[1]}";
    decrypt(&order);
    CHECK(result.done);
    world = honest();
    world.plaintext = BYTES_LIT("0x0000000000000000000000000000000000000000000000000000000000000001");
    decrypt(&order);
    CHECK(result.done && result.plaintext.len == 66);
}

static EVP_PKEY *older_key;
static char long_blob[KMS_CIPHERTEXT_MAX / 3 * 4 + 5];

struct twist {
    const char *why;
    void (*apply)(void);
    const char *says;
};

/* clang-format off */
static void other_key_id(void) { world.key_id = OTHER_KEY; }
static void foreign_key_id(void) { world.key_id = FOREIGN_KEY; }
static void alias_for_key_id(void) { world.key_id = "arn:aws:kms:us-east-2:111122223333:alias/signer"; }
static void no_key_id(void) { world.key_id = NULL; }
static void control_in_key_id(void) { world.key_id = WORLD_KEY "\\n"; }
static void plaintext_beside(void) { world.plaintext_member = "\"AQID\""; }
static void plaintext_instead(void) { world.plaintext_member = "\"AQID\""; world.envelope = ""; }
static void plaintext_of_another_kind(void) { world.plaintext_member = "[]"; }
static void no_envelope(void) { world.envelope = ""; }
static void empty_envelope(void) { world.envelope = "\"\""; }
static void null_envelope(void) { world.envelope = "null"; }
static void envelope_no_base64(void) { world.envelope = "\"MIAG CSqG\""; }
static void envelope_of_zeroes(void) { world.envelope = "\"AAAA\""; }
static void older_envelope(void) { world.envelope_for = older_key; }
static void other_algorithm(void) { world.algorithm = "RSAES_OAEP_SHA_256"; }
static void member_twice(void) { world.more_members = ",\"KeyId\":\"" WORLD_KEY "\""; }
static void no_json(void) { world.whole_body = "<html>"; }
static void no_object(void) { world.whole_body = "[]"; }
static void empty_body(void) { world.whole_body = ""; }
static void cut(void) { world.cut = true; }
static void chunked_and_cut(void) { world.chunked = world.cut = true; }
static void something_after(void) { world.more = true; }
static void without_length(void) { world.without_length = true; }
static void over_long(void) { world.over_long = true; }
static void redirect(void) { world.status_line = "302 Found"; }
static void created(void) { world.status_line = "201 Created"; }
static void bad_gateway(void) { world.status_line = "502 Bad Gateway"; world.whole_body = "<html>bad gateway</html>"; }
static void denied(void)
{
    world.status_line = "400 Bad Request";
    world.whole_body = "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:aws:sts::111122223333:x\"}";
}
static void expired(void)
{
    world.status_line = "400 Bad Request";
    world.whole_body = "{\"__type\":\"ExpiredTokenException\",\"message\":\"The security token is expired\"}";
}
static void throttled(void)
{
    world.status_line = "400 Bad Request";
    world.whole_body = "{\"__type\":\"ThrottlingException\"}";
}
static void unheard_of(void)
{
    world.status_line = "400 Bad Request";
    world.whole_body = "{\"__type\":\"Evil\\r\\nException\"}";
}
static void no_tls(void) { world.tls_fails = true; }
static void nsm_error(void) { world.nsm_error = "InternalError"; }
static void nsm_other_key(void) { world.nsm_other_key = true; }
static void nsm_no_key(void) { world.nsm_no_key = true; }
static void nsm_malformed(void) { world.nsm_malformed = true; }
static void nsm_over_long(void) { world.nsm_over_long = true; }
static void no_blob(void) { world.ciphertext_blob = NULL; }
static void empty_blob(void) { world.ciphertext_blob = ""; }
static void blob_over_long(void) { world.ciphertext_blob = long_blob; }
static void short_key(void) { world.plaintext.len = 16; }

static const struct twist of_both[] = {
    { "rule 4: another key", other_key_id, "another key" },
    { "rule 4: a key of another region", foreign_key_id, "another region" },
    { "an alias for a key", alias_for_key_id, "no key ARN" },
    { "no key id", no_key_id, "no key ARN" },
    { "a line feed in the key id", control_in_key_id, "no key ARN" },
    { "a plaintext beside the envelope", plaintext_beside, "plaintext" },
    { "a plaintext instead of the envelope", plaintext_instead, "plaintext" },
    { "a plaintext that is no string", plaintext_of_another_kind, "plaintext" },
    { "no envelope", no_envelope, "no CiphertextForRecipient" },
    { "an empty envelope", empty_envelope, "no CiphertextForRecipient" },
    { "a null envelope", null_envelope, "no CiphertextForRecipient" },
    { "an envelope that is no base64", envelope_no_base64, "no CiphertextForRecipient" },
    { "an envelope of zeroes", envelope_of_zeroes, "malformed" },
    { "rule 11: an older answer, for another RSA key", older_envelope, "for another key" },
    { "a member twice", member_twice, "not a JSON object" },
    { "no JSON", no_json, "not a JSON object" },
    { "no object", no_object, "not a JSON object" },
    { "an empty body", empty_body, "not a JSON object" },
    { "an answer cut by a byte", cut, "whole HTTP" },
    { "chunks cut by a byte", chunked_and_cut, "whole HTTP" },
    { "a byte after the answer", something_after, "whole HTTP" },
    { "no length", without_length, "whole HTTP" },
    { "more than we take", over_long, "whole HTTP" },
    { "a redirect", redirect, "UnknownError: " },
    { "another success", created, "UnknownError: " },
    { "a gateway's page", bad_gateway, "UnknownError: " },
    { "a denial", denied, "AccessDeniedException: the key policy" },
    { "expired credentials", expired, "ExpiredTokenException: the credentials have expired" },
    { "a throttle", throttled, "ThrottlingException: " },
    { "an error that is not on the list", unheard_of, "UnknownError: " },
    { "no TLS", no_tls, "TLS: the certificate is for another host" },
    { "an NSM that fails", nsm_error, "NSM Attestation: InternalError" },
    { "a document around another key", nsm_other_key, "another public key" },
    { "a document around no key", nsm_no_key, "another public key" },
    { "a malformed document", nsm_malformed, "timestamp" },
    { "more than the NSM sends", nsm_over_long, "too long" },
};

static const struct twist of_decrypt[] = {
    { "another algorithm", other_algorithm, "another encryption algorithm" },
};

static const struct twist of_generate[] = {
    { "no blob", no_blob, "no CiphertextBlob" },
    { "an empty blob", empty_blob, "no CiphertextBlob" },
    { "a blob that cannot be decrypted again", blob_over_long, "no CiphertextBlob" },
    { "a key of 16 bytes", short_key, "16 bytes" },
};
/* clang-format on */

static void check_twists(const struct twist *twists, size_t count, bool generates)
{
    const char *prefix = generates ? "kmstool genkey failed (exit 255): " : "kmstool decrypt failed (exit 255): ";
    const struct unseal_order order = pinned();
    for (size_t i = 0; i < count; i++) {
        world = honest();
        world.ciphertext_blob = generates ? "AQID" : NULL;
        twists[i].apply();
        ask(&order, generates, generates ? (struct bytes){ 0 } : sealed);
        CHECK_ROW(twists[i].why, !result.done && result.why.code == FAULT_REMOTE);
        CHECK_ROW(twists[i].why, strncmp(result.why.text, prefix, strlen(prefix)) == 0);
        CHECK_ROW(twists[i].why, strstr(result.why.text, twists[i].says) != NULL);
        CHECK_ROW(twists[i].why, world.nsm_calls == 1 && world.https_calls <= 1);
        /* KMS's own text is nobody's to repeat */
        CHECK_ROW(twists[i].why, strstr(result.why.text, "User:") == NULL && strstr(result.why.text, "Evil") == NULL);
    }
}

static void answers_wrong_in_one_way_are_refused(void)
{
    memset(long_blob, 'A', sizeof long_blob - 1);
    check_twists(of_both, sizeof of_both / sizeof *of_both, false);
    check_twists(of_both, sizeof of_both / sizeof *of_both, true);
    check_twists(of_decrypt, sizeof of_decrypt / sizeof *of_decrypt, false);
    check_twists(of_generate, sizeof of_generate / sizeof *of_generate, true);
}

/* A key ARN that was given holds, pinned or not; an id or alias cannot be compared, and says nothing. */
static void rule_04_a_given_arn_is_compared_without_a_pin_too(void)
{
    struct unseal_order order = pinned();
    order.key_is_pinned = false;
    world = honest();
    world.key_id = OTHER_KEY;
    decrypt(&order);
    CHECK(!result.done && strstr(result.why.text, "another key") != NULL);
    order.key_id = BYTES_LIT("alias/signer");
    decrypt(&order);
    CHECK(result.done && strcmp(result.answer.key_arn, OTHER_KEY) == 0);
}

static void check_refused_order(const char *name, const struct unseal_order *order, bool generates,
                                struct bytes ciphertext, const char *says)
{
    world = honest();
    ask(order, generates, ciphertext);
    CHECK_ROW(name, !result.done && result.why.code == FAULT_INPUT && strstr(result.why.text, says) != NULL);
    CHECK_ROW(name, world.nsm_calls == 0 && world.https_calls == 0);
}

static void rule_03_an_order_that_could_steer_a_request_goes_nowhere(void)
{
    static const struct bytes regions[] = { BYTES_INIT(""), BYTES_INIT("us-east-2.evil.example"),
                                            BYTES_INIT("us-east-2\r\nX: y-1"), BYTES_INIT("us-east-2/x-1"),
                                            BYTES_INIT("US-EAST-2") };
    struct unseal_order order;
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++) {
        order = pinned();
        order.region = regions[i];
        check_refused_order((const char *)regions[i].data, &order, false, sealed, "region");
    }
    const struct aws_credentials good = credentials;
    order = pinned();
    memcpy(credentials.access_key_id, "ASIA\r\nX: y", sizeof "ASIA\r\nX: y");
    check_refused_order("access key id", &order, false, sealed, "credentials");
    memset(credentials.access_key_id, 'A', sizeof credentials.access_key_id);
    check_refused_order("access key id without an end", &order, false, sealed, "credentials");
    credentials = good;
    CHECK(secret_text_set(&credentials.session_token, BYTES_LIT("token\r\nHost: evil")));
    check_refused_order("session token", &order, false, sealed, "credentials");
    credentials = good;
    CHECK(secret_text_set(&credentials.secret_access_key, BYTES_LIT("")));
    check_refused_order("secret access key", &order, false, sealed, "credentials");
    credentials = good;

    order.key_is_pinned = false;
    order.key_id = BYTES_LIT("alias/a\",\"Plaintext\":\"");
    check_refused_order("key id", &order, false, sealed, "key_id");
}

static void rule_04_what_does_not_fit_the_pin_goes_nowhere(void)
{
    static const struct bytes no_pins[] = {
        BYTES_INIT(""),
        BYTES_INIT("1234abcd-12ab-34cd-56ef-1234567890ab"),
        BYTES_INIT("alias/signer"),
        BYTES_INIT("arn:aws:kms:us-east-2:111122223333:alias/signer"),
        BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
    };
    struct unseal_order order;
    for (size_t i = 0; i < sizeof no_pins / sizeof *no_pins; i++) {
        order = pinned();
        order.key_id = no_pins[i];
        check_refused_order((const char *)no_pins[i].data, &order, false, sealed, "pinned");
    }
    order = pinned();
    order.key_id = BYTES_LIT(FOREIGN_KEY);
    check_refused_order("a pin of another region", &order, false, sealed, "us-east-1");
    order.key_is_pinned = false;
    check_refused_order("a given ARN of another region", &order, false, sealed, "us-east-1");

    order = pinned();
    order.algorithm = KMS_RSAES_OAEP_SHA_256;
    check_refused_order("an algorithm with a pin", &order, false, sealed, "SYMMETRIC_DEFAULT");
    order.key_is_pinned = false;
    CHECK(kms_context_add(&order.context, BYTES_LIT("a"), BYTES_LIT("b")));
    check_refused_order("an algorithm with a context", &order, false, sealed, "SYMMETRIC_DEFAULT");
    order.context.count = 0;
    check_refused_order("an algorithm for a new key", &order, true, (struct bytes){ 0 }, "SYMMETRIC_DEFAULT");

    static const uint8_t many[KMS_CIPHERTEXT_MAX + 1];
    order = pinned();
    check_refused_order("no ciphertext", &order, false, (struct bytes){ 0 }, "0 bytes");
    check_refused_order("too long a ciphertext", &order, false, BYTES_OF(many), "6145 bytes");
    order.key_is_pinned = false;
    order.key_id = (struct bytes){ 0 };
    check_refused_order("a new key under no KMS key", &order, true, (struct bytes){ 0 }, "key_id");
}

/* As ask(), for the sizes and the operation that only ensign-kmstool uses. */
static void ask_for(const struct unseal_order *order, bool is_random)
{
    struct rsa_key recipient = { 0 };
    struct arena arena = arena_of(room, sizeof room);
    const struct outside outside = world_outside(&world);
    memset(&result, 0, sizeof result);
    CHECK(rsa_key_read((struct bytes){ key_der, key_der_len }, &recipient, &result.why));
    result.done = (is_random ? unseal_random : unseal_generate)(&outside, order, &recipient, &arena, &result.plaintext,
                                                                &result.answer, &result.why);
    CHECK(recipient.pkey == NULL && !memory_holds(room, sizeof room, TOKEN));
    arena_wipe(&arena);
}

static void data_keys_come_in_two_sizes_and_random_bytes_in_any(void)
{
    struct unseal_order order = pinned();
    order.wanted_len = 16;
    world = honest();
    world.ciphertext_blob = "AQID";
    world.plaintext.len = 16;
    ask_for(&order, false);
    CHECK(result.done && result.plaintext.len == 16);
    check_body("{\"KeyId\":\"" WORLD_KEY "\",\"KeySpec\":\"AES_128\",", "");
    world.plaintext.len = 32;
    ask_for(&order, false);
    CHECK(!result.done && strstr(result.why.text, "32 bytes, want 16") != NULL);
    order.wanted_len = 24;
    ask_for(&order, false);
    CHECK(!result.done && result.why.code == FAULT_INPUT);

    order = (struct unseal_order){ .region = BYTES_LIT("us-east-2"), .credentials = &credentials, .wanted_len = 9 };
    world = honest();
    world.key_id = world.algorithm = NULL;
    world.plaintext.len = 9;
    ask_for(&order, true);
    CHECK(result.done && result.plaintext.len == 9 && result.answer.key_arn[0] == '\0');
    check_body("{\"NumberOfBytes\":9,", "");
    world.plaintext.len = 10;
    ask_for(&order, true);
    CHECK(!result.done && strstr(result.why.text, "kmstool genrandom failed (exit 255): ") == result.why.text);
    const size_t impossible[] = { 0, KMS_RANDOM_MAX + 1 };
    for (size_t i = 0; i < 2; i++) {
        order.wanted_len = impossible[i];
        ask_for(&order, true);
        CHECK(!result.done && result.why.code == FAULT_INPUT);
    }
    order.wanted_len = 9;
    order.key_id = BYTES_LIT("k");
    ask_for(&order, true);
    CHECK(!result.done && result.why.code == FAULT_INPUT);
    order.key_id = BYTES_LIT("alias/signer");
    ask_for(&order, true);
    CHECK(!result.done && result.why.code == FAULT_INPUT && strstr(result.why.text, "without a key") != NULL);
}

/* Longest context, ciphertext, key id and token that are taken at all fit the room that the header states. */
static void the_largest_order_fits_the_stated_room(void)
{
    static uint8_t euros[KMS_CONTEXT_TEXT_MAX], blob[KMS_CIPHERTEXT_MAX], name[KMS_KEY_ID_MAX];
    const struct aws_credentials good = credentials;
    for (size_t i = 0; i + 1 < sizeof euros; i += 2)
        memcpy(euros + i, "\xc3\xa4", 2); /* two bytes become six */
    memset(name, 'k', sizeof name);
    memset(credentials.session_token.bytes, 't', SECRET_TEXT_MAX);
    credentials.session_token.len = SECRET_TEXT_MAX;
    struct unseal_order order = pinned();
    order.key_is_pinned = false;
    order.key_id = BYTES_OF(name);
    CHECK(kms_context_add(&order.context, BYTES_OF(euros), (struct bytes){ 0 }));
    world = honest();
    ask(&order, false, BYTES_OF(blob));
    CHECK(result.done);
    credentials = good;

    struct rsa_key recipient = { 0 };
    struct arena small = arena_of(room, 65536);
    const struct outside outside = world_outside(&world);
    order = pinned();
    CHECK(rsa_key_read((struct bytes){ key_der, key_der_len }, &recipient, &result.why));
    CHECK(
        !unseal_decrypt(&outside, &order, sealed, &recipient, &small, &result.plaintext, &result.answer, &result.why));
    CHECK(result.why.code == FAULT_LIMIT && recipient.pkey == NULL && !memory_holds(room, sizeof room, TOKEN));
}

/* With room that ends anywhere: an answer, or a refusal. Nothing is asked of KMS whose answer there is no room for. */
static void room_that_is_too_small_is_a_refusal(void)
{
    const struct unseal_order order = pinned();
    bool done = false;
    for (size_t len = 0; len <= sizeof room && !done; len += 1024) {
        struct rsa_key recipient = { 0 };
        struct arena small = arena_of(room, len);
        const struct outside outside = world_outside(&world);
        world = honest();
        CHECK(rsa_key_read((struct bytes){ key_der, key_der_len }, &recipient, &result.why));
        result.why = (struct fault){ 0 };
        done = unseal_decrypt(&outside, &order, sealed, &recipient, &small, &result.plaintext, &result.answer,
                              &result.why);
        CHECK(recipient.pkey == NULL && !memory_holds(room, sizeof room, TOKEN));
        CHECK(done || (result.why.code == FAULT_LIMIT) == (world.https_calls == 0));
        CHECK(world.nsm_calls == (len >= NSM_RESPONSE_MAX));
    }
    CHECK(done);
}

static void read_key(void)
{
    static struct vector_file vectors;
    vector_open(&vectors, "kms/cms.txt");
    CHECK(vector_next(&vectors, 4) && bytes_equal(vectors.column[0], BYTES_LIT("recipient-key")));
    key_der_len = vector_hex(vectors.column[3], key_der, sizeof key_der).len;
    fclose(vectors.file);
}

int main(void)
{
    read_key();
    older_key = EVP_RSA_gen(2048);
    memcpy(credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE", sizeof "ASIAIOSFODNN7EXAMPLE");
    CHECK(secret_text_set(&credentials.secret_access_key, BYTES_LIT(SECRET)));
    CHECK(secret_text_set(&credentials.session_token, BYTES_LIT(TOKEN)));
    an_honest_answer_opens();
    what_is_sent_is_what_was_ordered();
    rule_10_the_request_is_dated_and_signed_by_the_documents_time();
    without_a_session_token_no_header_has_one();
    answers_in_other_clothes_open_too();
    answers_wrong_in_one_way_are_refused();
    rule_04_a_given_arn_is_compared_without_a_pin_too();
    rule_03_an_order_that_could_steer_a_request_goes_nowhere();
    rule_04_what_does_not_fit_the_pin_goes_nowhere();
    data_keys_come_in_two_sizes_and_random_bytes_in_any();
    the_largest_order_fits_the_stated_room();
    room_that_is_too_small_is_a_refusal();
    EVP_PKEY_free(older_key);
    return failures != 0;
}
