/* provisioning: what comes in, under which conditions, and that what is refused leaves nothing. */
#include "check.h"
#include "scene.h"

#include <string.h>

static struct scene scene;

#define POLICY_A        SCENE_POLICY("1000", "5000", "tickets")
#define POLICY_B        SCENE_POLICY("999", "5000", "tickets")
#define STATUS          "{\"method\":\"status\"}"
#define ADDRESS         "{\"method\":\"address\"}"
#define IS_SET          "{\"result\":{\"address\":\"" SCENE_ADDRESS "\"}}"
#define SETTINGS_POLICY "{\"mode\":\"open\",\"policy\":" POLICY_A "}"

static bool provisions(const char *request)
{
    return scene_says(&scene, request, "{\"result\":{\"address\":\"" SCENE_ADDRESS "\"");
}

static void an_open_signer_answers_with_the_originals_bytes(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_answers(&scene, SCENE_PROVISION(""), IS_SET));
    CHECK(strcmp(scene.context, "{}") == 0 && scene.asked_key[0] == '\0');
    CHECK(scene_answers(&scene, ADDRESS, IS_SET));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "state", "signer already provisioned"));
    CHECK(scene.https_calls == 1);
    scene_close(&scene);
}

/* The status without what counts requests and tells the time. */
static void status_into(char *out, size_t cap)
{
    const char *answer = scene_ask(&scene, STATUS);
    const char *requests = strstr(answer, "\"requests\":"), *time = strstr(answer, "\"time_ms\":");
    must(requests != NULL && time != NULL && strlen(answer) < cap);
    char *at = out;
    for (const char *from = answer; *from != '\0'; from++) {
        if (from == requests || from == time)
            from = strchr(from, ',');
        *at++ = *from;
    }
    *at = '\0';
}

/* Every call to the outside fails once; then everything works. */
static void rule_05_a_failure_at_any_step_leaves_nothing_behind(void)
{
    static char before[65536], after[65536];
    static const char *const requests[] = { SCENE_PROVISION(",\"policy\":" POLICY_A ",\"bind_policy\":true"),
                                            SCENE_GENERATE(",\"key_id\":\"alias/x\",\"policy\":" POLICY_A) };
    for (size_t i = 0; i < 2; i++) {
        scene_open(&scene, "{\"mode\":\"open\"}");
        signer_tend(scene.signer);
        status_into(before, sizeof before);
        unsigned steps = 0;
        for (unsigned at = 1;; at++) {
            scene.outside_calls = 0;
            scene.fail_at = at;
            if (strncmp(scene_ask(&scene, requests[i]), "{\"result\"", 9) == 0)
                break;
            steps++;
            scene.fail_at = 0;
            CHECK(scene_refuses(&scene, ADDRESS, "state", "signer not provisioned"));
            CHECK(scene_refuses(&scene, "{\"method\":\"sealed\"}", "state", "signer not provisioned"));
            CHECK(key_slot_is_empty(scene.signer->slot));
            status_into(after, sizeof after);
            CHECK_ROW(after, strcmp(before, after) == 0);
        }
        CHECK(steps == 2); /* the NSM, and KMS */
        scene.fail_at = 0;
        CHECK(scene_answers(&scene, ADDRESS, IS_SET));
        scene_close(&scene);
    }
}

/* What is refused after KMS has answered, and what is refused before it is asked. */
static void refused_provisionings_leave_nothing_and_the_next_succeeds(void)
{
    static char before[65536], after[65536];
    static const struct {
        const char *request, *code, *message;
        bool asks_kms;
    } rows[] = {
        { SCENE_PROVISION(",\"expected_address\":\"" SCENE_ADDRESS_22 "\""), "input",
          "address mismatch: got " SCENE_ADDRESS ", expected " SCENE_ADDRESS_22, true },
        { SCENE_PROVISION(",\"chain_id\":\"abc\",\"ticket_broker\":\"" SCENE_BROKER "\""), "input",
          "policy.chain_id must be an int", false },
        { SCENE_PROVISION(",\"policy\":{}"), "input", "", false },
        { SCENE_PROVISION(",\"policy\":[]"), "input", "policy must be an object (got an array)", false },
        { SCENE_PROVISION(",\"policy\":" POLICY_A ",\"chain_id\":42161"), "input", "the policy is given twice", false },
        { SCENE_PROVISION(",\"bind_policy\":true"), "input", "bind_policy needs a policy", false },
        { SCENE_PROVISION(",\"bind_policy\":1,\"policy\":" POLICY_A), "input", "bind_policy must be true or false",
          false },
        { SCENE_PROVISION(",\"encryption_context\":{\"Ensign-Policy-SHA256\":\"00\"}"), "input", "", false },
        { SCENE_PROVISION(",\"encryption_context\":{\"ensign-\":\"00\"}"), "input", "", false },
        { SCENE_PROVISION(",\"encryption_context\":{\"\\u0065nsign-x\":\"00\"}"), "input", "", false },
        { SCENE_PROVISION(",\"encryption_context\":[]"), "input", "", false },
        { SCENE_PROVISION(",\"encryption_context\":{\"a\":1}"), "input", "", false },
        { SCENE_PROVISION(",\"encryption_algorithm\":\"AES\""), "input",
          "encryption_algorithm must be one that KMS has", false },
        { SCENE_PROVISION(",\"encryption_algorithm\":\"RSAES_OAEP_SHA_256\",\"bind_policy\":true,\"policy\":" POLICY_A),
          "input", "encryption_algorithm must be SYMMETRIC_DEFAULT", false },
        { SCENE_PROVISION(",\"encryption_algorithm\":\"RSAES_OAEP_SHA_1\",\"encryption_context\":{\"a\":\"b\"}"),
          "input", "encryption_algorithm must be SYMMETRIC_DEFAULT", false },
        { SCENE_PROVISION(",\"key_id\":\"a b\""), "input", "key_id must be a KMS key id, ARN or alias (got 'a b')",
          false },
        { SCENE_PROVISION(",\"key_id\":\"x\\r\\nHost: evil\""), "input", "key_id must be", false },
        { SCENE_PROVISION(",\"proxy_port\":\"abc\""), "input", "invalid literal for int() with base 10: 'abc'", false },
        { SCENE_PROVISION(",\"proxy_port\":65536"), "input", "proxy_port must be from 1 to 65535", false },
        { SCENE_PROVISION(",\"proxy_port\":\"0\""), "input", "proxy_port must be from 1 to 65535 (got '0')", false },
        { SCENE_PROVISION(",\"proxy_port\":-1"), "input", "", false },
        { SCENE_PROVISION(",\"proxy_port\":true"), "input", "proxy_port must be an int", false },
        { SCENE_PROVISION(",\"proxy_port\":[1]"), "input", "proxy_port must be a string (got an array)", false },
    };
    scene_open(&scene, "{\"mode\":\"open\"}");
    signer_tend(scene.signer);
    status_into(before, sizeof before);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned asked = scene.https_calls;
        CHECK(scene_refuses(&scene, rows[i].request, rows[i].code, rows[i].message));
        CHECK_ROW(rows[i].request, (scene.https_calls > asked) == rows[i].asks_kms);
        status_into(after, sizeof after);
        CHECK_ROW(rows[i].request, strcmp(before, after) == 0);
    }
    CHECK(scene_answers(&scene, SCENE_PROVISION(""), IS_SET));
    scene_close(&scene);
}

#define WITH(region, id, secret, token, ciphertext) \
    "{\"method\":\"provision\",\"params\":{\"region\":" region ",\"aws_access_key_id\":" id \
    ",\"aws_secret_access_key\":" secret ",\"aws_session_token\":" token ",\"ciphertext_b64\":" ciphertext "}}"
#define C "\"" SCENE_CIPHERTEXT "\""

static void rule_03_values_are_checked_before_they_enter_a_request(void)
{
    static const struct {
        const char *request, *message;
    } rows[] = {
        { WITH("\"us-east-2.evil.org/\"", "\"A\"", "\"s\"", "\"t\"", C), "region must be a region's name" },
        { WITH("\"us-east-2\\n\\u0000\"", "\"A\"", "\"s\"", "\"t\"", C), "region must be a region's name" },
        { WITH("\"us-east-2\"", "\"A\\r\\nX: y\"", "\"s\"", "\"t\"", C), "aws_access_key_id must be" },
        { WITH("\"us-east-2\"", "\"A\"", "\"s\\ns\"", "\"t\"", C), "aws_secret_access_key has characters" },
        { WITH("\"us-east-2\"", "\"A\"", "\"s\"", "\"t\\\"}\"", C), "aws_session_token has characters" },
        { WITH("\"us-east-2\"", "\"A\"", "\"s\"", "\"t\"", "\"ERE\""), "ciphertext_b64 must be base64" },
        { WITH("\"us-east-2\"", "\"A\"", "\"s\"", "\"t\"", "\"ER ER\""), "ciphertext_b64 must be base64" },
        { WITH("\"us-east-2\"", "\"A\"", "\"s\"", "\"t\"", "{\"a\":1}"),
          "ciphertext_b64 must be a string (got an object)" },
        { WITH("null", "0", "false", "\" \"", "[]"),
          "missing params: region,ciphertext_b64,aws_access_key_id,aws_secret_access_key,aws_session_token" },
    };
    scene_open(&scene, "{\"mode\":\"open\"}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(scene_refuses(&scene, rows[i].request, "input", rows[i].message));
    CHECK(scene.https_calls == 0 && scene.nsm_calls == 0);
    scene_close(&scene);
}

static void nothing_secret_stands_in_an_answer(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    static const char *const requests[] = {
        WITH("\"us-east-2\"", "\"AKIDX\"", "\"verysecret \\u0001\"", "\"verysecret\"", C),
        WITH("\"us-east-2\"", "\"AKIDX\"", "\"verysecret\"", "\"verysecret \\u0001\"", C),
        WITH("\"us-east-2\"", "\"AKIDX\"", "\"verysecret\"", "\"verysecret\"", "\"RkFJTA==\""),
        WITH("\"us-east-2\"", "\"AKIDX\"", "\"verysecret\"", "\"verysecret\"", C),
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const char *answer = scene_ask(&scene, requests[i]);
        CHECK_ROW(answer, strstr(answer, "verysecret") == NULL && strstr(answer, "1111111111111111") == NULL);
        CHECK_ROW(answer, strstr(answer, "secret words of KMS") == NULL);
    }
    scene_close(&scene);
}

static void kmss_refusal_reaches_the_operator_as_its_name_and_a_hint(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    scene.kms_error = "AccessDeniedException";
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "remote",
                        "kmstool decrypt failed (exit 255): AccessDeniedException"));
    CHECK(scene_refuses(&scene, SCENE_GENERATE(",\"key_id\":\"alias/x\""), "remote",
                        "kmstool genkey failed (exit 255): AccessDeniedException"));
    scene_close(&scene);
}

/* KMS opens only in this context, so the answer shows what was sent. */
static void rule_03_the_policys_digest_is_welded_to_the_ciphertext(void)
{
    char request[8192], context[256], digest[65];
    scene_open(&scene, "{\"mode\":\"open\"}");
    const char *answer = scene_ask(&scene, SCENE_PROVISION(",\"policy\":" POLICY_A));
    const char *at = strstr(answer, "\"policy_sha256\":\"");
    CHECK(at != NULL && strstr(answer, "\"policy_bound\":false") != NULL && strcmp(scene.context, "{}") == 0);
    if (at == NULL)
        return;
    snprintf(digest, sizeof digest, "%.64s", at + strlen("\"policy_sha256\":\""));
    scene_close(&scene);

    scene_open(&scene, "{\"mode\":\"open\"}");
    snprintf(context, sizeof context, "{\"ensign-policy-sha256\":\"%s\"}", digest);
    scene.opens_only_in = context;
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"policy\":" POLICY_A), "remote",
                        "kmstool decrypt failed (exit 255): InvalidCiphertextException"));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"bind_policy\":true,\"policy\":" POLICY_B), "remote",
                        "kmstool decrypt failed (exit 255): InvalidCiphertextException"));
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"bind_policy\":true,\"policy\":" POLICY_A), "\"policy_bound\":true"));
    CHECK(strcmp(scene.context, context) == 0);
    scene_close(&scene);

    /* Beside the caller's own pairs. */
    scene_open(&scene, "{\"mode\":\"open\"}");
    snprintf(request, sizeof request, "%s",
             SCENE_PROVISION(",\"bind_policy\":true,\"encryption_context\":{\"service\":"
                             "\"payments\"},\"policy\":" POLICY_A));
    CHECK(provisions(request));
    CHECK(strstr(scene.context, "\"service\":\"payments\"") != NULL && strstr(scene.context, digest) != NULL);
    scene_close(&scene);
}

#define STRICT_PROVISION(more) SCENE_PROVISION(",\"policy\":" POLICY_A more)

static void rule_01_nothing_over_rpc_loosens_strict_mode(void)
{
    scene_open(&scene, "{" SCENE_STRICT "}");
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "policy", "strict mode needs a policy"));
    CHECK(scene_refuses(&scene, STRICT_PROVISION(",\"bind_policy\":false"), "policy", "bind_policy may not be false"));
    CHECK(scene.https_calls == 0 && scene.nsm_calls == 0);
    CHECK(provisions(STRICT_PROVISION("")));
    CHECK(strcmp(scene.asked_key, SCENE_ARN) == 0);
    CHECK(strstr(scene.context, "\"ensign-policy-sha256\":\"") != NULL);
    CHECK(scene_says(&scene, STATUS, "\"mode\":\"strict\""));
    CHECK(scene_says(&scene, STATUS, "\"policy_bound\":true"));
    scene_close(&scene);
}

static void rule_04_the_kms_key_is_pinned(void)
{
    static const char *const refused[] = {
        STRICT_PROVISION(",\"key_id\":\"" SCENE_OTHER "\""),
        STRICT_PROVISION(",\"key_id\":\"alias/mine\""),
        STRICT_PROVISION(",\"key_id\":\"12345678-1234-1234-1234-123456789abc\""),
    };
    scene_open(&scene, "{" SCENE_STRICT "}");
    for (size_t i = 0; i < 3; i++)
        CHECK(scene_refuses(&scene, refused[i], "policy", "key_id is not the image's kms_key"));
    CHECK(
        scene_refuses(&scene,
                      "{\"method\":\"provision\",\"params\":{\"aws_access_key_id\":\"AKIA\",\"aws_secret_access_key\":"
                      "\"sk\",\"aws_session_token\":\"tok\",\"region\":\"eu-west-1\",\"ciphertext_b64\":" C
                      ",\"policy\":" POLICY_A "}}",
                      "policy", "region is not that of the image's kms_key (got 'eu-west-1', allowed 'us-east-2')"));
    CHECK(scene_refuses(&scene, STRICT_PROVISION(",\"encryption_algorithm\":\"RSAES_OAEP_SHA_256\""), "input",
                        "encryption_algorithm must be SYMMETRIC_DEFAULT"));
    CHECK(scene_refuses(&scene, SCENE_GENERATE(",\"key_id\":\"" SCENE_OTHER "\",\"policy\":" POLICY_A), "policy",
                        "key_id is not the image's kms_key"));
    CHECK(scene.https_calls == 0 && scene.nsm_calls == 0);
    /* KMS says another key opened it. */
    scene.kms_key = SCENE_OTHER;
    CHECK(scene_refuses(&scene, STRICT_PROVISION(""), "remote", "kmstool decrypt failed (exit 255): "));
    scene.kms_key = NULL;
    /* Neither region nor key need be said. */
    CHECK(provisions("{\"method\":\"provision\",\"params\":{\"aws_access_key_id\":\"AKIA\",\"aws_secret_access_key\":"
                     "\"sk\",\"aws_session_token\":\"tok\",\"ciphertext_b64\":" C ",\"policy\":" POLICY_A "}}"));
    scene_close(&scene);
}

static void rule_04_a_pinned_key_is_symmetric(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"kms_key\":\"" SCENE_ARN "\"}");
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"encryption_algorithm\":\"RSAES_OAEP_SHA_256\""), "input",
                        "encryption_algorithm must be SYMMETRIC_DEFAULT"));
    CHECK(scene.https_calls == 0);
    CHECK(provisions(SCENE_PROVISION(",\"encryption_algorithm\":\"SYMMETRIC_DEFAULT\"")));
    scene_close(&scene);
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(provisions(SCENE_PROVISION(",\"encryption_algorithm\":\"RSAES_OAEP_SHA_256\",\"key_id\":\"alias/x\"")));
    scene_close(&scene);
}

static void the_longest_ciphertext_passes_and_a_longer_one_does_not(void)
{
    static char request[16384];
    static const char head[] = "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS ",\"ciphertext_b64\":\"";
    scene_open(&scene, "{\"mode\":\"open\"}");
    for (size_t over = 0; over <= 1; over++) {
        memcpy(request, head, sizeof head - 1);
        memset(request + sizeof head - 1, 'A', 8192 + 4 * over);
        strcpy(request + sizeof head - 1 + 8192 + 4 * over, "\"}}");
        CHECK(scene_refuses(&scene, request, over ? "input" : "remote",
                            over ? "ciphertext_b64 must hold at most 6144" : ""));
        CHECK(scene.https_calls == 1);
    }
    scene_close(&scene);
}

static void the_settings_policy_is_the_policy(void)
{
    scene_open(&scene, SETTINGS_POLICY);
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"policy\":" POLICY_A), "policy",
                        "the image's settings hold the policy"));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"chain_id\":1"), "policy", "the image's settings hold the policy"));
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"bind_policy\":true"), "\"policy_bound\":true"));
    CHECK(scene_says(&scene, "{\"method\":\"policy\"}", "\"max_face_value_wei\":\"1000\""));
    scene_close(&scene);

    scene_open(&scene, "{" SCENE_STRICT ",\"policy\":" POLICY_A "}");
    CHECK(scene_says(&scene, SCENE_PROVISION(""), "\"policy_bound\":true"));
    scene_close(&scene);
}

static void unknown_parameters_are_named_and_known_ones_are_not(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_answers(
        &scene, SCENE_PROVISION(",\"bind_polici\":true,\"credit_reporter\":\"x\",\"require_credit_signature\":1"),
        "{\"result\":{\"address\":\"" SCENE_ADDRESS "\",\"warnings\":[\"unknown parameter 'bind_polici' was "
        "ignored: check its spelling\"]}}"));
    scene_close(&scene);
    scene_open(&scene, "{\"mode\":\"open\"}");
    const char *answer = scene_ask(
        &scene,
        SCENE_PROVISION(",\"chain_id\":42161,\"ticket_broker\":\"" SCENE_BROKER
                        "\",\"allowed_recipients\":[],\"require_allowlist\":false,\"allow_fund_deposit\":true,"
                        "\"max_fund_deposit_wei\":1,\"max_face_value_wei\":1,\"max_total_face_value_wei\":1,"
                        "\"max_tx_fee_wei\":1,\"messages\":\"any\",\"typed_data\":\"any\",\"proxy_port\":8001,"
                        "\"key_id\":\"alias/x\",\"expected_address\":\"" SCENE_ADDRESS "\",\"bind_policy\":null"));
    CHECK_ROW(answer, strncmp(answer, "{\"result\"", 9) == 0 && strstr(answer, "unknown parameter") == NULL);
    scene_close(&scene);
}

static void a_generated_key_can_be_asked_for_again(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_refuses(&scene, SCENE_GENERATE(""), "input", "missing params: key_id"));
    CHECK(scene_refuses(&scene, SCENE_GENERATE(",\"key_id\":\"k\",\"key_spec\":\"AES-128\""), "input",
                        "key_spec must be AES-256 for ethereum keys"));
    CHECK(scene_refuses(&scene, SCENE_GENERATE(",\"key_id\":\"k\",\"key_spec\":\"RSA\""), "input",
                        "key_spec must be AES-256 or AES-128"));
    CHECK(scene.https_calls == 0);
    CHECK(scene_answers(&scene, SCENE_GENERATE(",\"key_id\":\"alias/x\""),
                        "{\"result\":{\"address\":\"" SCENE_ADDRESS
                        "\",\"ciphertext_b64\":\"Y2lwaGVydGV4dA==\",\"key_id\":"
                        "\"alias/x\",\"key_spec\":\"AES-256\"}}"));
    /* printf ciphertext | sha256sum */
    CHECK(scene_answers(&scene, "{\"method\":\"sealed\"}",
                        "{\"result\":{\"ciphertext_b64\":\"Y2lwaGVydGV4dA==\",\"key_id\":\"" SCENE_ARN "\",\"sha256\":"
                        "\"305531dcc50ebca31cf1d5b31e9fc76ed51f66b3b6dd5a030c6539ae6532f979\"}}"));
    CHECK(scene_says(&scene, STATUS, "\"key_origin\":\"generated\""));
    scene_close(&scene);
}

static void ask_again(struct scene *running)
{
    struct arena arena;
    static uint8_t memory[1 << 20], answer[65536];
    struct writer out = writer_of(answer, sizeof answer);
    static const char busy[] = "{\"error\":{\"code\":\"state\",\"message\":\"another provisioning is under way";
    arena = arena_of(memory, sizeof memory);
    running->during_https = NULL;
    CHECK(signer_answer(running->signer, bytes_of_text(SCENE_PROVISION("")), SIGNER_MAY_BE_SLOW, &arena, &out) ==
          SIGNER_ANSWERED);
    CHECK(out.len > sizeof busy && memcmp(answer, busy, sizeof busy - 1) == 0);
    /* Signers and askers are not kept waiting meanwhile. */
    out = writer_of(answer, sizeof answer);
    CHECK(signer_answer(running->signer, bytes_of_text(STATUS), SIGNER_QUICK, &arena, &out) == SIGNER_ANSWERED);
}

/* Whoever mixes up two parameters must not read a secret in a log afterwards. */
static void rule_14_a_secret_in_the_wrong_place_is_not_repeated(void)
{
    static const char *const secrets[] = {
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "0x7777777777777777777777777777777777777777777777777777777777777777",
        "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDexampletoken0123456789",
    };
    static const char *const places[] = { "region",           "key_id",   "proxy_port",        "encryption_algorithm",
                                          "expected_address", "key_spec", "unknown_parameter", "aws_access_key_id" };
    static const char credentials[] = SCENE_CREDENTIALS;
    char request[2048];
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        for (size_t j = 0; j < sizeof places / sizeof *places; j++) {
            char taken[64];
            snprintf(taken, sizeof taken, "\"%s\":", places[j]);
            const char *const there = strstr(credentials, taken);
            const char *const value = there == NULL ? credentials : strchr(there + strlen(taken), '"');
            const size_t before = there == NULL ? 0 : (size_t)(value - credentials);
            if (there == NULL)
                snprintf(request, sizeof request,
                         "{\"method\":\"%s\",\"params\":{%s,\"ciphertext_b64\":\"%s\",\"%s\":\"%s\"}}",
                         strcmp(places[j], "key_spec") == 0 ? "generate" : "provision", credentials, SCENE_CIPHERTEXT,
                         places[j], secrets[i]);
            else
                snprintf(request, sizeof request,
                         "{\"method\":\"provision\",\"params\":{%.*s\"%s%s,\"ciphertext_b64\":\"%s\"}}", (int)before,
                         credentials, secrets[i], strchr(value + 1, '"'), SCENE_CIPHERTEXT);
            scene_open(&scene, "{\"mode\":\"open\"}");
            const char *const answer = scene_ask(&scene, request);
            char most[33]; /* nor most of it */
            snprintf(most, sizeof most, "%s", secrets[i]);
            CHECK_ROW(answer, strstr(answer, most) == NULL);
            scene_close(&scene);
        }
        snprintf(request, sizeof request,
                 "{\"method\":\"provision\",\"params\":{%s,\"ciphertext_b64\":\"%s\",\"%s\":1}}", credentials,
                 SCENE_CIPHERTEXT, secrets[i]);
        scene_open(&scene, "{\"mode\":\"open\"}");
        CHECK_ROW(request, strstr(scene_ask(&scene, request), secrets[i]) == NULL);
        scene_close(&scene);
    }
}

static void one_provisioning_at_a_time(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    scene.during_https = ask_again;
    CHECK(scene_answers(&scene, SCENE_PROVISION(""), IS_SET));
    scene_close(&scene);
}

static void slow_methods_wait_for_their_thread(void)
{
    static uint8_t memory[65536], answer[65536];
    struct arena arena = arena_of(memory, sizeof memory);
    struct writer out = writer_of(answer, sizeof answer);
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(signer_answer(scene.signer, bytes_of_text(SCENE_PROVISION("")), SIGNER_MAY_WAIT, &arena, &out) ==
          SIGNER_IS_SLOW);
    CHECK(signer_answer(scene.signer, BYTES_LIT("{\"method\":\"attestation\"}"), SIGNER_QUICK, &arena, &out) ==
          SIGNER_WAITS);
    CHECK(out.len == 0 && scene.nsm_calls == 0);
    scene_close(&scene);
}

int main(void)
{
    an_open_signer_answers_with_the_originals_bytes();
    rule_05_a_failure_at_any_step_leaves_nothing_behind();
    refused_provisionings_leave_nothing_and_the_next_succeeds();
    rule_03_values_are_checked_before_they_enter_a_request();
    nothing_secret_stands_in_an_answer();
    kmss_refusal_reaches_the_operator_as_its_name_and_a_hint();
    rule_03_the_policys_digest_is_welded_to_the_ciphertext();
    rule_01_nothing_over_rpc_loosens_strict_mode();
    rule_04_the_kms_key_is_pinned();
    rule_04_a_pinned_key_is_symmetric();
    the_longest_ciphertext_passes_and_a_longer_one_does_not();
    the_settings_policy_is_the_policy();
    unknown_parameters_are_named_and_known_ones_are_not();
    a_generated_key_can_be_asked_for_again();
    rule_14_a_secret_in_the_wrong_place_is_not_repeated();
    one_provisioning_at_a_time();
    slow_methods_wait_for_their_thread();
    return failures != 0;
}
