/* The largest of everything, and what stays in memory afterwards. */
#include "check.h"
#include "scene.h"

#include "core/codec/frame.h"

#include <string.h>

static struct scene scene;
static char request[FRAME_MAX + 1];

static void the_longest_policy_comes_in_and_goes_out(void)
{
    static const char head[] = "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS
                               ",\"ciphertext_b64\":\"" SCENE_CIPHERTEXT "\",\"policy\":";
    static const char policy[] = SCENE_POLICY("1000", "5000", "tickets");
    const char *first = strstr(policy, "\"0x2222");
    must(first != NULL);
    size_t len = (size_t)snprintf(request, sizeof request, "%s%.*s", head, (int)(first - policy), policy);
    for (unsigned i = 0; i < POLICY_RECIPIENTS_MAX; i++)
        len += (size_t)snprintf(request + len, sizeof request - len, "%s\"0x%040x\"", i > 0 ? "," : "", i + 1);
    snprintf(request + len, sizeof request - len, "%s}}", first + 44);
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_says(&scene, request, "\"policy_sha256\":\""));
    CHECK(scene_says(&scene, "{\"method\":\"policy\"}", "\"0x0000000000000000000000000000000000004000\"]"));
    CHECK(scene_says(&scene, "{\"method\":\"status\"}", "\"provisioned\":true"));
    CHECK(scene_refuses(&scene, request, "state", "signer already provisioned"));
    scene_close(&scene);
}

static void the_longest_frame_is_answered(void)
{
    static const char *const heads[] = {
        "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x",
        "{\"method\":\"sign_typed_data\",\"params\":{\"typed_data\":{\"a\":\"",
        "{\"method\":\"provision\",\"params\":{\"region\":\"",
        "{\"method\":\"attestation\",\"params\":{\"nonce\":\"0x",
        "{\"method\":\"",
    };
    static const char *const tails[] = { "\"}}", "\"}}}", "\"}}", "\"}}", "\"}" };
    static const bool succeeds[] = { true, false, false, false, false };
    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    CHECK(scene_says(&scene, SCENE_PROVISION(""), SCENE_ADDRESS));
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const size_t head = strlen(heads[i]), tail = strlen(tails[i]);
        const size_t fill = (FRAME_MAX - head - tail) & ~(size_t)1;
        memcpy(request, heads[i], head);
        memset(request + head, 'a', fill);
        strcpy(request + head + fill, tails[i]);
        const char *answer = scene_ask(&scene, request);
        CHECK_ROW(answer, strncmp(answer, succeeds[i] ? "{\"result\"" : "{\"error\"", 8) == 0);
        CHECK_ROW(heads[i], strlen(answer) < 1024);
    }
    scene_close(&scene);
}

/* Hex makes two characters of a byte, so that a request that fits a frame may ask for an answer that does not. */
static void rule_13_no_answer_is_longer_than_a_frame(void)
{
    static const char head[] =
        "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"nonce\":0,\"gasPrice\":1,\"gas\":1,"
        "\"chainId\":1,\"data\":\"0x";
    static const char tail[] = "\"}}}";
    const size_t most = (FRAME_MAX - strlen(head) - strlen(tail)) & ~(size_t)1;
    bool signs = false, refuses = false;
    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    CHECK(scene_says(&scene, SCENE_PROVISION(""), SCENE_ADDRESS));
    for (size_t fill = most - 4096; fill <= most; fill += 64) {
        memcpy(request, head, strlen(head));
        memset(request + strlen(head), 'a', fill);
        strcpy(request + strlen(head) + fill, tail);
        const char *answer = scene_ask(&scene, request);
        CHECK_ROW("longer than a frame", strlen(answer) <= FRAME_MAX);
        if (strncmp(answer, "{\"result\"", 9) == 0)
            signs = true;
        else
            refuses =
                strstr(answer, "\"code\":\"limit\",\"message\":\"the signed transaction would be too long") != NULL;
    }
    CHECK(signs && refuses);
    scene_close(&scene);
}

static bool holds(const uint8_t *memory, size_t len, const void *wanted, size_t wanted_len)
{
    return memmem(memory, len, wanted, wanted_len) != NULL;
}

/* The key, its text, and the credentials, wherever a provisioning may have put them. */
static void rule_14_nothing_secret_stays_in_the_buffers(void)
{
    static const char *const requests[] = {
        "{\"method\":\"provision\",\"params\":{\"region\":\"us-east-2\",\"aws_access_key_id\":\"AKIA\","
        "\"aws_secret_access_key\":\"verysecretkey\",\"aws_session_token\":\"verysecrettoken\",\"ciphertext_b64\":"
        "\"MHg3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3\",\"expected_"
        "address\":"
        "\"0x00\"}}",
        "{\"method\":\"provision\",\"params\":{\"region\":\"us-east-2\",\"aws_access_key_id\":\"AKIA\","
        "\"aws_secret_access_key\":\"verysecretkey\",\"aws_session_token\":\"verysecrettoken\",\"ciphertext_b64\":"
        "\"MHg3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3\"}}",
    };
    static const char key_text[] = "7777777777777777777777777777777777777777777777777777777777777777";
    uint8_t key[32];
    memset(key, 0x77, sizeof key);
    scene_open(&scene, "{\"mode\":\"open\"}");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        memset(scene.arena, 0xee, SIGNER_ARENA);
        memset(scene.answer, 0xee, SIGNER_ANSWER_MAX);
        const char *answer = scene_ask(&scene, requests[i]);
        CHECK_ROW(answer, strncmp(answer, i == 0 ? "{\"error\":{\"code\":\"input\"" : "{\"result\":{\"addr", 15) == 0);
        CHECK(!holds(scene.arena, SIGNER_ARENA, "verysecret", 10));
        CHECK(!holds(scene.arena, SIGNER_ARENA, key, sizeof key));
        CHECK(!holds(scene.arena, SIGNER_ARENA, key_text, 64));
        CHECK(!holds(scene.answer, SIGNER_ANSWER_MAX, "verysecret", 10));
        CHECK(!holds(scene.answer, SIGNER_ANSWER_MAX, key_text, 64));
        CHECK(!holds((const uint8_t *)scene.signer, signer_size(), "verysecret", 10));
        CHECK(!holds((const uint8_t *)scene.signer, signer_size(), key, sizeof key));
    }
    /* The one place that has it, or this test could not fail. */
    CHECK(holds(scene.page, sizeof scene.page, key, sizeof key));
    scene_close(&scene);
}

int main(void)
{
    the_longest_policy_comes_in_and_goes_out();
    the_longest_frame_is_answered();
    rule_13_no_answer_is_longer_than_a_frame();
    rule_14_nothing_secret_stays_in_the_buffers();
    return failures != 0;
}
