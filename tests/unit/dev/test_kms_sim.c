/* The KMS stand-in, asked in process as over HTTP: who may ask, what it answers, and how it refuses. Envelopes are
 * opened by libcrypto's own CMS and by the enclave's reader. */
#include "core/base/text.h"
#include "core/kms/cms.h"
#include "core/kms/sigv4.h"
#include "dev/files.h"
#include "dev/kms_sim.h"
#include "dev/nsm_sim.h"
#include "folder.h"

#include <openssl/cms.h>
#include <openssl/rsa.h>

#define START_MS ((uint64_t)1795359600000) /* 2026-11-22T15:00:00Z */
#define REGION   "us-east-2"

static uint64_t now_ms = START_MS;

static uint64_t test_clock(void)
{
    return now_ms;
}

static struct kms_sim kms;
static struct nsm_device nsm;
static struct sim_credentials admin, instance;
static char admin_arn[SIM_ARN_MAX], instance_arn[SIM_ARN_MAX];

/* --- asking */

struct twist { /* one thing wrong with a request; zero: nothing */
    const char *region, *target, *content_type, *method;
    uint64_t skew_back_ms, skew_ahead_ms;
    bool without_authorization, other_secret, other_token, other_body, unsigned_extra, host_unsigned, garbled;
};

struct answer {
    unsigned status;
    struct json json;
    char error[64], text[512];
};

static uint8_t reply_buffer[HTTP_REPLY_MAX];

static void add(struct http_head *head, const char *name, const char *value)
{
    head->headers[head->header_count++] = (struct http_header){ bytes_of_text(name), bytes_of_text(value) };
}

static void take_text(struct json object, const char *member, char *out, size_t cap)
{
    struct writer copy = writer_of((uint8_t *)out, cap - 1);
    struct bytes text = { NULL, 0 };
    out[0] = '\0';
    if (json_string(json_member(object, bytes_of_text(member)), &copy) && writer_done(&copy, &text))
        out[text.len] = '\0';
}

static void sign(struct http_head *head, struct bytes body, const struct sim_credentials *who,
                 const struct twist *twist, const char *date, char *authorization, size_t cap)
{
    struct aws_credentials credentials WIPED_CREDENTIALS = { { 0 }, { { 0 }, 0 }, { { 0 }, 0 } };
    const char *region = twist->region != NULL ? twist->region : REGION;
    snprintf(credentials.access_key_id, sizeof credentials.access_key_id, "%s", who->access_key_id);
    CHECK(
        secret_text_set(&credentials.secret_access_key, bytes_of_text(twist->other_secret ? "another" : who->secret)));
    const struct sigv4_request request = { .method = head->method,
                                           .path = BYTES_LIT("/"),
                                           .query = BYTES_LIT(""),
                                           .headers = head->headers + (twist->host_unsigned ? 1 : 0),
                                           .header_count = head->header_count - (twist->host_unsigned ? 1 : 0),
                                           .body = twist->other_body ? BYTES_LIT("{}") : body,
                                           .date = bytes_of_text(date),
                                           .region = bytes_of_text(region),
                                           .service = BYTES_LIT("kms") };
    struct writer out = writer_of((uint8_t *)authorization, cap - 1);
    struct bytes text = { NULL, 0 };
    CHECK(sigv4_put_authorization(&out, &request, &credentials) && writer_done(&out, &text));
    authorization[text.len] = '\0';
    if (twist->garbled)
        authorization[0] = 'B';
}

static struct answer ask_twisted(const struct sim_credentials *who, const char *operation, const char *body,
                                 const struct twist *twist)
{
    char target[96], date[SIGV4_DATE + 1], authorization[1024], token[SIM_TOKEN_LEN + 1];
    struct http_head head = { .method = bytes_of_text(twist->method != NULL ? twist->method : "POST"),
                              .target = BYTES_LIT("/") };
    snprintf(target, sizeof target, "TrentService.%s", operation);
    sigv4_date(now_ms - twist->skew_back_ms + twist->skew_ahead_ms, date);
    snprintf(token, sizeof token, "%s", who->token);
    if (twist->other_token)
        token[0] = token[0] == 'A' ? 'B' : 'A';
    add(&head, "Host", "kms.us-east-2.amazonaws.com");
    add(&head, "Content-Type", twist->content_type != NULL ? twist->content_type : "application/x-amz-json-1.1");
    add(&head, "X-Amz-Target", twist->target != NULL ? twist->target : target);
    add(&head, "X-Amz-Date", date);
    add(&head, "X-Amz-Security-Token", token);
    if (!twist->without_authorization) {
        sign(&head, bytes_of_text(body), who, twist, date, authorization, sizeof authorization);
        add(&head, "Authorization", authorization);
    }
    if (twist->unsigned_extra)
        add(&head, "X-Amz-Meta", "unsigned");
    struct http_reply reply = { .status = 200, .body = writer_of(reply_buffer, sizeof reply_buffer) };
    kms_sim_handle(&kms, &head, bytes_of_text(body), &reply);
    struct answer answer = { .status = reply.status };
    struct bytes text = { NULL, 0 };
    struct fault why = { 0 };
    CHECK(writer_done(&reply.body, &text));
    if (text.len > 0)
        CHECK(json_read(text, &answer.json, &why));
    take_text(answer.json, "__type", answer.error, sizeof answer.error);
    take_text(answer.json, strcmp(answer.error, "AccessDeniedException") == 0 ? "Message" : "message", answer.text,
              sizeof answer.text);
    return answer;
}

static struct answer ask(const struct sim_credentials *who, const char *operation, const char *body)
{
    return ask_twisted(who, operation, body, &(struct twist){ 0 });
}

/* Refused with that name; `text` must be in the message, NULL: there must be none. */
static void expect(const char *name, struct answer answer, const char *error, const char *text)
{
    CHECK_ROW(name, answer.status == 400);
    CHECK_ROW(name, strcmp(answer.error, error) == 0);
    CHECK_ROW(answer.text, text != NULL ? strstr(answer.text, text) != NULL : json_count(answer.json) == 1);
}

static bool done(struct answer answer)
{
    if (answer.status != 200)
        fprintf(stderr, "%s: %s\n", answer.error, answer.text);
    return answer.status == 200;
}

/* --- keys */

#define STATEMENT(effect, sid, arn, action, more) \
    "{\\\"Sid\\\":\\\"" sid "\\\",\\\"Effect\\\":\\\"" effect "\\\",\\\"Principal\\\":{\\\"AWS\\\":\\\"" arn \
    "\\\"},\\\"Action\\\":\\\"" action "\\\",\\\"Resource\\\":\\\"*\\\"" more "}"
#define ADMIN_ARN    "arn:aws:iam::111122223333:role/KmsAdmin"
#define INSTANCE_ARN "arn:aws:iam::111122223333:role/EnsignInstance"
#define PCR0_IS(hex) \
    ",\\\"Condition\\\":{\\\"StringEqualsIgnoreCase\\\":{\\\"kms:RecipientAttestation:PCR0\\\":\\\"" hex "\\\"}}"
#define PCR0_A0 "A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0"

static char key_arn[SIM_ARN_MAX], open_key_arn[SIM_ARN_MAX];

static void make_key(const char *body, char *arn)
{
    const struct answer answer = ask(&admin, "CreateKey", body);
    CHECK(done(answer));
    take_text(json_member(answer.json, BYTES_LIT("KeyMetadata")), "Arn", arn, SIM_ARN_MAX);
    CHECK(strlen(arn) == strlen("arn:aws:kms:us-east-2:111122223333:key/") + 36);
}

static void keys_are_made(void)
{
    make_key(
        "{\"Policy\":\"{\\\"Statement\\\":[" STATEMENT("Allow", "Administer", ADMIN_ARN, "kms:*", "") "," STATEMENT(
            "Allow", "Open", INSTANCE_ARN, "kms:Decrypt",
            PCR0_IS(PCR0_A0)) "," STATEMENT("Allow", "Make", INSTANCE_ARN, "kms:GenerateDataKey", "") "]}\"}",
        key_arn);
    make_key("{\"Description\":\"open to the account\"}", open_key_arn);
}

static void sealed_with(const char *key, const char *more, char *blob, size_t cap)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"Plaintext\":\"c2VjcmV0\"%s}", key, more);
    const struct answer answer = ask(&admin, "Encrypt", body);
    CHECK(done(answer));
    take_text(answer.json, "CiphertextBlob", blob, cap);
}

/* --- cases */

/* Origin, Regions and grants that no operation makes are written into the state; they come out as KMS has them. */
static void what_came_from_elsewhere_is_described(void)
{
    struct fault why = { 0 };
    char body[256], origin[24];
    bool multi_region = false, more = true;
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"Limit\":1}", open_key_arn);
    struct answer answer = ask(&admin, "ListGrants", body);
    CHECK(done(answer) && json_count(json_member(answer.json, BYTES_LIT("Grants"))) == 0);
    CHECK(json_bool(json_member(answer.json, BYTES_LIT("Truncated")), &more) && !more);
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL);
    struct sim_key *key = sim_key_find(state, bytes_of_text(strrchr(open_key_arn, '/') + 1));
    CHECK(key != NULL);
    memcpy(key->origin, "EXTERNAL", sizeof "EXTERNAL");
    key->multi_region = true;
    key->grants = strdup("[{\"GrantId\":\"a\"},{\"GrantId\":\"b\"}]");
    CHECK(sim_state_save(state, &why));
    sim_state_close(state);
    answer = ask(&admin, "DescribeKey", body);
    CHECK(done(answer));
    const struct json metadata = json_member(answer.json, BYTES_LIT("KeyMetadata"));
    take_text(metadata, "Origin", origin, sizeof origin);
    CHECK(strcmp(origin, "EXTERNAL") == 0);
    CHECK(json_bool(json_member(metadata, BYTES_LIT("MultiRegion")), &multi_region) && multi_region);
    answer = ask(&admin, "ListGrants", body);
    CHECK(done(answer) && json_count(json_member(answer.json, BYTES_LIT("Grants"))) == 1);
    CHECK(json_bool(json_member(answer.json, BYTES_LIT("Truncated")), &more) && more);
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"Marker\":\"1\"}", open_key_arn);
    answer = ask(&admin, "ListGrants", body);
    CHECK(done(answer) && json_count(json_member(answer.json, BYTES_LIT("Grants"))) == 1);
    CHECK(json_bool(json_member(answer.json, BYTES_LIT("Truncated")), &more) && !more);
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\"}", key_arn);
    expect("not everybody's to list", ask(&instance, "ListGrants", body), "AccessDeniedException", "kms:ListGrants");
}

static void only_signed_requests_are_heard(void)
{
    const struct {
        const char *name;
        struct twist twist;
        const char *error, *text;
    } rows[] = {
        { "no signature", { .without_authorization = true }, "MissingAuthenticationTokenException", "Missing" },
        { "another algorithm", { .garbled = true }, "IncompleteSignatureException", "AWS4-HMAC-SHA256" },
        { "another secret", { .other_secret = true }, "InvalidSignatureException", "does not match" },
        { "another body", { .other_body = true }, "InvalidSignatureException", "does not match" },
        { "another token", { .other_token = true }, "UnrecognizedClientException", "is invalid" },
        { "another region", { .region = "us-west-2" }, "InvalidSignatureException", "valid region" },
        { "host not signed", { .host_unsigned = true }, "InvalidSignatureException", "SignedHeaders" },
        { "x-amz header not signed", { .unsigned_extra = true }, "InvalidSignatureException", "SignedHeaders" },
        { "five minutes ago", { .skew_back_ms = 301000 }, "InvalidSignatureException", "Signature expired" },
        { "in five minutes", { .skew_ahead_ms = 301000 }, "InvalidSignatureException", "not yet current" },
        { "unknown operation", { .target = "TrentService.Nothing" }, "UnknownOperationException", NULL },
        { "another service", { .target = "DynamoDB.Decrypt" }, "UnknownOperationException", NULL },
        { "another type", { .content_type = "application/json" }, "UnknownOperationException", NULL },
        { "another method", { .method = "PUT" }, "UnknownOperationException", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].name, ask_twisted(&admin, "ListKeys", "{\"Limit\":7}", &rows[i].twist), rows[i].error,
               rows[i].text);
    CHECK(done(ask_twisted(&admin, "ListKeys", "{}", &(struct twist){ .skew_back_ms = 300000 })));
    CHECK(done(ask_twisted(&admin, "ListKeys", "{}", &(struct twist){ .skew_ahead_ms = 300000 })));
    struct sim_credentials stranger = admin;
    stranger.access_key_id[5] = stranger.access_key_id[5] == 'A' ? 'B' : 'A';
    expect("unknown", ask(&stranger, "ListKeys", "{}"), "UnrecognizedClientException", "is invalid");
    expect("no JSON", ask(&admin, "ListKeys", "[]"), "SerializationException", NULL);
    now_ms = (admin.expires_s - 1) * 1000;
    CHECK(done(ask(&admin, "ListKeys", "{}")));
    now_ms = admin.expires_s * 1000;
    expect("expired", ask(&admin, "ListKeys", "{}"), "ExpiredTokenException", "is expired");
    now_ms = START_MS;
}

static void what_was_sealed_opens(void)
{
    char blob[512], body[2048], text[64];
    sealed_with(open_key_arn, ",\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}", blob, sizeof blob);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{\"b\":\"2\",\"a\":\"1\"}}", blob);
    struct answer answer = ask(&instance, "Decrypt", body);
    CHECK(done(answer));
    take_text(answer.json, "Plaintext", text, sizeof text);
    CHECK(strcmp(text, "c2VjcmV0") == 0);
    CHECK(json_string_is(json_member(answer.json, BYTES_LIT("KeyId")), bytes_of_text(open_key_arn)));
    CHECK(json_kind(json_member(answer.json, BYTES_LIT("CiphertextForRecipient"))) == JSON_NONE);

    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{\"a\":\"1\"}}", blob);
    expect("another context", ask(&instance, "Decrypt", body), "InvalidCiphertextException", NULL);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\"}", blob, key_arn);
    expect("another key", ask(&admin, "Decrypt", body), "IncorrectKeyException",
           "The key ID in the request does not identify a CMK");
    expect("no blob", ask(&instance, "Decrypt", "{\"CiphertextBlob\":\"AAAA\"}"), "InvalidCiphertextException", NULL);
    expect("none", ask(&instance, "Decrypt", "{}"), "ValidationException", "at 'ciphertextBlob' failed");
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}", blob);
    expect("RSA", ask(&instance, "Decrypt", body), "InvalidKeyUsageException", "RSAES_OAEP_SHA_256");
    snprintf(body, sizeof body,
             "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{\"b\":\"2\",\"a\":\"1\"},\"DryRun\":true}", blob);
    expect("dry run", ask(&instance, "Decrypt", body), "DryRunOperationException", "would have succeeded");

    snprintf(body, sizeof body,
             "{\"CiphertextBlob\":\"%s\",\"SourceEncryptionContext\":{\"a\":\"1\",\"b\":\"2\"},"
             "\"DestinationKeyId\":\"%s\",\"DestinationEncryptionContext\":{\"c\":\"3\"}}",
             blob, key_arn);
    answer = ask(&admin, "ReEncrypt", body);
    CHECK(done(answer));
    take_text(answer.json, "CiphertextBlob", blob, sizeof blob);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":{\"c\":\"3\"}}", blob);
    CHECK(done(ask(&admin, "Decrypt", body)));
}

static void key_names_are_told_apart(void)
{
    const struct {
        const char *key, *error, *text;
    } rows[] = {
        { "alias/mine", "NotFoundException", "Alias arn:aws:kms:us-east-2:111122223333:alias/mine is not found." },
        { "nonsense", "NotFoundException", "Invalid keyId 'nonsense'" },
        { "00000000-0000-0000-0000-000000000000", "NotFoundException",
          "Key 'arn:aws:kms:us-east-2:111122223333:key/00000000-0000-0000-0000-000000000000' does not exist" },
        { "arn:aws:kms:us-west-2:111122223333:key/00000000-0000-0000-0000-000000000000", "NotFoundException",
          "Invalid arn us-west-2" },
        { "", "ValidationException", "Value null at 'keyId' failed to satisfy constraint: Member must not be null" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"KeyId\":\"%s\"}", rows[i].key);
        expect(rows[i].key, ask(&admin, "DescribeKey", body), rows[i].error, rows[i].text);
    }
    char body[256];
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\"}", strrchr(key_arn, '/') + 1);
    CHECK(done(ask(&admin, "DescribeKey", body)));
}

static void a_disabled_key_does_nothing(void)
{
    char blob[512], body[1024], key[256];
    sealed_with(open_key_arn, "", blob, sizeof blob);
    snprintf(key, sizeof key, "{\"KeyId\":\"%s\"}", open_key_arn);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\"}", blob);
    struct answer answer = ask(&admin, "DisableKey", key);
    CHECK(done(answer) && json_kind(answer.json) == JSON_NONE); /* no body at all */
    expect("disabled", ask(&instance, "Decrypt", body), "DisabledException", " is disabled.");
    CHECK(done(ask(&admin, "EnableKey", key)));
    CHECK(done(ask(&instance, "Decrypt", body)));
    CHECK(done(ask(&admin, "ScheduleKeyDeletion", key)));
    expect("pending", ask(&instance, "Decrypt", body), "KMSInvalidStateException", " is pending deletion.");
    CHECK(done(ask(&admin, "CancelKeyDeletion", key)));
    expect("disabled again", ask(&instance, "Decrypt", body), "DisabledException", " is disabled.");
    CHECK(done(ask(&admin, "EnableKey", key)));
}

static void policies_decide(void)
{
    char body[4096], blob[512];
    sealed_with(key_arn, "", blob, sizeof blob);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\"}", blob);
    expect(
        "no document", ask(&instance, "Decrypt", body), "AccessDeniedException",
        "User: arn:aws:sts::111122223333:assumed-role/EnsignInstance/i-1 is not authorized to perform: kms:Decrypt on "
        "resource: arn:aws:kms:us-east-2:");
    expect("why", ask(&instance, "Decrypt", body), "AccessDeniedException",
           "because no resource-based policy allows the kms:Decrypt action");
    expect("CreateKey", ask(&instance, "CreateKey", "{}"), "AccessDeniedException",
           "on resource: * because no identity-based policy allows the kms:CreateKey action");
    CHECK(done(ask(&instance, "GenerateRandom", "{\"NumberOfBytes\":1024}")));
    expect("too much", ask(&instance, "GenerateRandom", "{\"NumberOfBytes\":1025}"), "ValidationException", "1024");
    expect("nothing", ask(&instance, "GenerateRandom", "{\"NumberOfBytes\":0}"), "ValidationException",
           "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have "
           "value greater than or equal to 1");
    expect("not said", ask(&instance, "GenerateRandom", "{}"), "ValidationException", "NumberOfBytes is required.");

    const char *put = "{\"KeyId\":\"%s\",\"Policy\":\"{\\\"Statement\\\":[%s]}\"%s}";
    snprintf(body, sizeof body, put, open_key_arn, STATEMENT("Allow", "X", INSTANCE_ARN, "kms:*", ""), "");
    expect("lock-out", ask(&admin, "PutKeyPolicy", body), "MalformedPolicyDocumentException",
           "The new key policy will not allow you to update the key policy in the future.");
    snprintf(body, sizeof body, put, open_key_arn,
             STATEMENT("Allow", "X", "arn:aws:iam::111122223333:role/Nobody", "kms:*", ""), "");
    expect("nobody", ask(&admin, "PutKeyPolicy", body), "MalformedPolicyDocumentException",
           "Policy contains a statement with one or more invalid principals.");
    snprintf(body, sizeof body, put, open_key_arn,
             STATEMENT("Allow", "X", ADMIN_ARN, "kms:*", ",\\\"NotAction\\\":\\\"kms:Decrypt\\\""), "");
    expect("NotAction", ask(&admin, "PutKeyPolicy", body), "MalformedPolicyDocumentException",
           "statement 1: \"NotAction\" is not supported here");
    snprintf(body, sizeof body, put, open_key_arn,
             STATEMENT("Allow", "X", ADMIN_ARN, "kms:*", "") "," STATEMENT(
                 "Allow", "Y", INSTANCE_ARN, "kms:*", "") "," STATEMENT("Deny", "Z", INSTANCE_ARN, "kms:Decrypt", ""),
             "");
    struct answer answer = ask(&admin, "PutKeyPolicy", body);
    CHECK(done(answer) && json_kind(answer.json) == JSON_NONE);
    sealed_with(open_key_arn, "", blob, sizeof blob);
    snprintf(body, sizeof body, "{\"CiphertextBlob\":\"%s\"}", blob);
    expect("deny", ask(&instance, "Decrypt", body), "AccessDeniedException",
           "with an explicit deny in a resource-based policy");
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"PolicyName\":\"default\"}", open_key_arn);
    answer = ask(&admin, "GetKeyPolicy", body);
    char policy[4096];
    take_text(answer.json, "Policy", policy, sizeof policy);
    CHECK(done(answer) && strstr(policy, "{\"Sid\":\"Z\",\"Effect\":\"Deny\"") != NULL);
}

static void the_roles_own_policy_decides_where_the_account_may(void)
{
    char arn[SIM_ARN_MAX], body[512];
    struct fault why = { 0 };
    make_key("{}", arn);
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", arn);
    CHECK(done(ask(&instance, "GenerateDataKey", body)));
    static const char deny[] = "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Effect\":"
                               "\"Deny\",\"Action\":\"kms:Generate*\",\"Resource\":\"*\"}]}";
    static const char elsewhere[] = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":"
                                    "\"arn:aws:kms:us-east-2:111122223333:key/other\"}}";
    struct sim_state *state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_put(state, "EnsignInstance", bytes_of_text(elsewhere), &why) &&
          sim_state_save(state, &why));
    sim_state_close(state);
    expect("another key", ask(&instance, "GenerateDataKey", body), "AccessDeniedException",
           "because no identity-based policy allows the kms:GenerateDataKey action");
    state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_put(state, "EnsignInstance", bytes_of_text(deny), &why) &&
          sim_state_save(state, &why));
    sim_state_close(state);
    expect("denied", ask(&instance, "GenerateDataKey", body), "AccessDeniedException",
           "with an explicit deny in an identity-based policy");
    /* A key policy that names the role does not help against its own Deny. */
    snprintf(body, sizeof body, "{\"KeyId\":\"%s\",\"NumberOfBytes\":32}", key_arn);
    expect("named, and denied", ask(&instance, "GenerateDataKey", body), "AccessDeniedException", "explicit deny");
    state = sim_state_open(folder, &why);
    CHECK(state != NULL && sim_role_put(state, "EnsignInstance", BYTES_LIT(""), &why) && sim_state_save(state, &why));
    sim_state_close(state);
    CHECK(done(ask(&instance, "GenerateDataKey", body))); /* named there, with no policy of its own */
    expect("two lengths", ask(&instance, "GenerateDataKey", "{\"KeyId\":\"x\"}"), "NotFoundException", "Invalid keyId");
}

/* --- recipients */

static char document_base64[NSM_DOCUMENT_CAP * 2];

static void attest(EVP_PKEY *recipient, uint64_t utc_ms)
{
    uint8_t *spki = NULL, request_buffer[NSM_REQUEST_MAX];
    static uint8_t response_buffer[NSM_RESPONSE_MAX];
    const int len = recipient != NULL ? i2d_PUBKEY(recipient, &spki) : 0;
    const struct nsm_request request = {
        .operation = NSM_ATTESTATION,
        .public_key = { .present = recipient != NULL, .bytes = { spki, (size_t)len } },
    };
    struct writer in = writer_of(request_buffer, sizeof request_buffer);
    struct writer out = writer_of(response_buffer, sizeof response_buffer);
    struct bytes cbor = { NULL, 0 }, text = { NULL, 0 };
    struct nsm_response response = { 0 };
    struct fault why = { 0 };
    nsm_put_request(&in, &request);
    CHECK(writer_done(&in, &cbor));
    nsm_device_answer(&nsm, cbor, utc_ms, &out);
    CHECK(writer_done(&out, &cbor) && nsm_read_response(cbor, NSM_ATTESTATION, &response, &why));
    struct writer base64 = writer_of((uint8_t *)document_base64, sizeof document_base64 - 1);
    text_put_base64(&base64, response.data);
    CHECK(writer_done(&base64, &text));
    document_base64[text.len] = '\0';
    OPENSSL_free(spki);
}

static struct answer decrypt_for_recipient(const char *blob)
{
    static char body[sizeof document_base64 + 2048];
    snprintf(body, sizeof body,
             "{\"CiphertextBlob\":\"%s\",\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
             "\"AttestationDocument\":\"%s\"}}",
             blob, document_base64);
    return ask(&instance, "Decrypt", body);
}

static struct bytes envelope_of(struct answer answer, uint8_t *buffer, size_t cap)
{
    struct bytes text;
    size_t len = 0;
    CHECK(json_kind(json_member(answer.json, BYTES_LIT("Plaintext"))) == JSON_NONE);
    CHECK(json_plain_string(json_member(answer.json, BYTES_LIT("CiphertextForRecipient")), &text) &&
          text_read_base64(text, buffer, cap, &len));
    return (struct bytes){ buffer, len };
}

/* By libcrypto, which knows nothing of ours. */
static bool opens_by_libcrypto(struct bytes envelope, EVP_PKEY *key, const char *wanted)
{
    const uint8_t *end = envelope.data;
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)envelope.len);
    const bool ok = cms != NULL && end == envelope.data + envelope.len &&
                    CMS_decrypt(cms, key, NULL, NULL, out, CMS_DEBUG_DECRYPT) == 1;
    const long len = BIO_get_mem_data(out, &text);
    const bool equal = ok && (size_t)len == strlen(wanted) && memcmp(text, wanted, (size_t)len) == 0;
    CMS_ContentInfo_free(cms);
    BIO_free(out);
    return equal;
}

static void recipients_get_it_enveloped_in_both_forms(void)
{
    struct rsa_key key = { 0 };
    struct fault why = { 0 };
    uint8_t buffer[2][2048];
    char blob[512];
    sealed_with(key_arn, "", blob, sizeof blob);
    CHECK(rsa_key_make(&key, &why));
    attest(key.pkey, now_ms);
    for (size_t i = 0; i < 2; i++) {
        const struct answer answer = decrypt_for_recipient(blob);
        CHECK(done(answer));
        const struct bytes envelope = envelope_of(answer, buffer[i], sizeof buffer[i]);
        CHECK(opens_by_libcrypto(envelope, key.pkey, "secret"));
        struct secret_text plaintext WIPED_TEXT = { { 0 }, 0 };
        CHECK(cms_open(envelope, &key, &plaintext, &why));
        CHECK(secret_equal(secret_text_view(&plaintext), BYTES_LIT("secret")));
        /* The fixed places of an RSA-2048 envelope (FACTS D.2), and its length for one block. */
        CHECK(memcmp(buffer[i] + 33, key.key_id.bytes, 32) == 0);
        CHECK(envelope.len == (i == 0 ? 493U : 489U) - 32);
        CHECK(buffer[i][431] == (i == 0 ? 0xa0 : 0x80));
    }
    rsa_key_wipe(&key);
}

static void larger_keys_will_do_and_smaller_ones_not(void)
{
    const struct {
        unsigned bits;
        const char *text;
    } rows[] = { { 3072, NULL }, { 1024, "RSA of 1024 bits (want 2048, 3072 or 4096)" } };
    char blob[512];
    sealed_with(key_arn, "", blob, sizeof blob);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EVP_PKEY *key = EVP_RSA_gen(rows[i].bits);
        uint8_t buffer[2048];
        attest(key, now_ms);
        const struct answer answer = decrypt_for_recipient(blob);
        if (rows[i].text != NULL)
            expect("too small", answer, "ValidationException", rows[i].text);
        else
            CHECK(done(answer) && opens_by_libcrypto(envelope_of(answer, buffer, sizeof buffer), key, "secret"));
        EVP_PKEY_free(key);
    }
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    attest(curve, now_ms);
    expect("no RSA", decrypt_for_recipient(blob), "ValidationException", "not an RSA");
    EVP_PKEY_free(curve);
    attest(NULL, now_ms);
    expect("no key", decrypt_for_recipient(blob), "ValidationException", "has no public key");
}

static void documents_are_judged(void)
{
    char blob[512];
    EVP_PKEY *key = EVP_RSA_gen(2048);
    sealed_with(key_arn, "", blob, sizeof blob);
    attest(key, now_ms - 300001);
    expect("stale", decrypt_for_recipient(blob), "ValidationException", "is not valid: fresh");
    attest(key, now_ms);
    document_base64[4000] = document_base64[4000] == 'A' ? 'B' : 'A';
    expect("changed", decrypt_for_recipient(blob), "ValidationException", "is not valid");
    attest(key, now_ms);
    kms.demands.roots[0].bytes[0] ^= 1;
    expect("another root", decrypt_for_recipient(blob), "ValidationException", "is not valid: root");
    kms.demands.roots[0].bytes[0] ^= 1;
    nsm.pcrs[0].bytes[47] ^= 1;
    attest(key, now_ms);
    expect("another image", decrypt_for_recipient(blob), "AccessDeniedException", "no resource-based policy allows");
    memset(nsm.pcrs[0].bytes, 0, 48);
    attest(key, now_ms);
    expect("a debug enclave", decrypt_for_recipient(blob), "AccessDeniedException", "no resource-based policy allows");
    memset(nsm.pcrs[0].bytes, 0xa0, 48);
    attest(key, now_ms);
    CHECK(done(decrypt_for_recipient(blob)));
    expect("algorithm",
           ask(&instance, "Decrypt",
               "{\"CiphertextBlob\":\"AAAA\",\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}}"),
           "ValidationException", "RSAES_OAEP_SHA_256");
    EVP_PKEY_free(key);
}

/* --- the world */

static bool begin(void)
{
    struct fault why = { 0 };
    static struct hash48 pcr0;
    memset(&pcr0, 0xa0, sizeof pcr0);
    struct nsm_plan plan = { .folder = folder, .region = REGION };
    plan.pcrs[0] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(pcr0.bytes) };
    struct sim_state *state = sim_state_open(folder, &why);
    static const char all[] = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}";
    static const char some[] = "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\"kms:Decrypt\","
                               "\"kms:GenerateDataKey\",\"kms:GenerateRandom\"],\"Resource\":\"*\"}}";
    const struct sim_credentials *first = NULL, *second = NULL;
    if (state != NULL && nsm_device_open(&plan, START_MS, &nsm, &why) &&
        sim_role_put(state, "KmsAdmin", bytes_of_text(all), &why) &&
        sim_role_put(state, "EnsignInstance", bytes_of_text(some), &why)) {
        first = sim_credentials_issue(state, "KmsAdmin", "ops", 3600, START_MS / 1000, &why);
        second = sim_credentials_issue(state, "EnsignInstance", "i-1", 3600, START_MS / 1000, &why);
    }
    const bool ok = first != NULL && second != NULL && sim_state_save(state, &why);
    if (ok) {
        admin = *first;
        instance = *second;
        sim_role_arn(state, "KmsAdmin", admin_arn);
        sim_role_arn(state, "EnsignInstance", instance_arn);
    } else {
        fprintf(stderr, "%s\n", why.text);
    }
    sim_state_close(state);
    kms = (struct kms_sim){ .folder = folder,
                            .region_count = 1,
                            .regions = { REGION },
                            .utc_ms = test_clock,
                            .demands = { .root_count = 1, .max_age_ms = 300000, .allow_debug = true } };
    kms.demands.roots[0] = nsm_pki_root_fingerprint(&nsm.pki);
    return ok && strcmp(admin_arn, ADMIN_ARN) == 0 && strcmp(instance_arn, INSTANCE_ARN) == 0;
}

int main(void)
{
    folder_begin();
    if (!begin())
        return 1;
    only_signed_requests_are_heard();
    keys_are_made();
    what_was_sealed_opens();
    key_names_are_told_apart();
    a_disabled_key_does_nothing();
    recipients_get_it_enveloped_in_both_forms();
    larger_keys_will_do_and_smaller_ones_not();
    documents_are_judged();
    policies_decide();
    the_roles_own_policy_decides_where_the_account_may();
    what_came_from_elsewhere_is_described();
    nsm_device_close(&nsm);
    return failures != 0;
}
