/* A whole signer whose libcrypto is refused memory: every provisioning, renewal and document ends in a refusal or in
 * success, nothing is half done or leaked, and the next try succeeds. Signing asks for none. */
#include "failing_memory.h"

#include "check.h"
#include "scene.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>

static struct scene scene;
static struct outside true_outside;

#define STATUS   "{\"method\":\"status\"}"
#define POLICY   SCENE_POLICY("1000", "5000", "any")
#define FIRST    SCENE_PROVISION(",\"policy\":" POLICY)
#define GENERATE SCENE_GENERATE(",\"key_id\":\"alias/x\",\"policy\":" POLICY)
#define SIGN     "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\"}}"

/* The world's memory is its own. */
static bool kind_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    const bool armed = memory_pause();
    const bool done = true_outside.nsm(context, request, response, why);
    memory_resume(armed);
    return done;
}

static bool kind_https(void *context, const struct kms_call *call, struct bytes request, struct writer *response,
                       struct fault *why)
{
    const bool armed = memory_pause();
    const bool done = true_outside.https(context, call, request, response, why);
    memory_resume(armed);
    return done;
}

static void kind_random(void *context, uint8_t *out, size_t len)
{
    const bool armed = memory_pause();
    true_outside.random(context, out, len);
    memory_resume(armed);
}

static void open_scene(const char *settings)
{
    scene_open(&scene, settings);
    true_outside = scene.outside;
    scene.outside.nsm = kind_nsm;
    scene.outside.https = kind_https;
    scene.outside.random = kind_random;
}

/* The answer, with a recipient's key ready or with none. */
static const char *ask(struct memory_trial *trial, const char *request, bool key_ready)
{
    struct arena arena = arena_of(scene.arena, SIGNER_ARENA);
    struct writer out = writer_of(scene.answer, SIGNER_ANSWER_MAX);
    struct bytes answer;
    if (key_ready)
        scene_put_recipient_ready(&scene);
    memory_arm(trial);
    const enum signer_turn turn = signer_answer(scene.signer, bytes_of_text(request), SIGNER_MAY_BE_SLOW, &arena, &out);
    memory_disarm(trial);
    must(turn == SIGNER_ANSWERED && writer_done(&out, &answer));
    scene.answer[answer.len] = '\0';
    CHECK(arena.len == 0);
    return (const char *)scene.answer;
}

static bool is_result(const char *answer)
{
    return strncmp(answer, "{\"result\":{\"address\"", 20) == 0;
}

static long live_after(void)
{
    ERR_clear_error();
    rsa_key_wipe(&scene.signer->next_recipient);
    return atomic_load(&memory_state.live);
}

/* `step` is how far N goes on: making an RSA key asks hundreds of times for the same. */
static void every_refusal(const char *name, const char *request, bool key_ready, unsigned step)
{
    struct memory_trial trial = { 0 };
    unsigned refusals = 0;
    while (memory_next(&trial)) {
        open_scene("{\"mode\":\"open\"}");
        const long before = atomic_load(&memory_state.live);
        const bool done = is_result(ask(&trial, request, key_ready));
        CHECK_ROW(name, done || strncmp((const char *)scene.answer, "{\"error\":{\"code\":\"", 18) == 0);
        CHECK_ROW(name, done != key_slot_is_empty(scene.signer->slot));
        CHECK_ROW(name, scene_says(&scene, STATUS, done ? "\"provisioned\":true" : "\"provisioned\":false"));
        CHECK_ROW(name, live_after() <= before);
        if (!done)
            CHECK_ROW(name, is_result(scene_ask(&scene, request)));
        refusals += !done;
        scene_close(&scene);
        trial.n += trial.succeeded ? 0 : step - 1;
    }
    CHECK_ROW(name, refusals > 0);
    printf("%s: %u refusals\n", name, refusals);
}

static void provisioning_and_generating(void)
{
    struct memory_trial first = { .n = 1 }, none = { .n = UINT_MAX };
    open_scene("{\"mode\":\"open\"}");
    /* libcrypto's own tables are made, which stay: of algorithms, and of errors */
    (void)ask(&first, FIRST, true);
    scene_close(&scene);
    open_scene("{\"mode\":\"open\"}");
    CHECK(is_result(ask(&none, FIRST, false)));
    scene_close(&scene);
    every_refusal("provisioning", FIRST, true, 1);
    every_refusal("generating", GENERATE, true, 1);
    every_refusal("provisioning, the RSA key made for it", FIRST, false, 197);
}

/* A renewal that fails leaves the key, its policy and its lease. */
static void renewing(void)
{
    struct memory_trial trial = { 0 };
    unsigned refusals = 0;
    open_scene("{" SCENE_STRICT ",\"lease_seconds\":600}");
    CHECK(is_result(scene_ask(&scene, FIRST)));
    while (memory_next(&trial)) {
        const bool done = is_result(ask(&trial, FIRST, true));
        CHECK(!key_slot_is_empty(scene.signer->slot) && scene_says(&scene, SIGN, "\"signature\":\"0x"));
        refusals += !done;
    }
    CHECK(refusals > 0 && is_result(scene_ask(&scene, FIRST)));
    scene_close(&scene);
    printf("renewing: %u refusals\n", refusals);
}

/* The key for the next provisioning is not made, and made later. */
static void making_a_key_ahead(void)
{
    struct memory_trial trial = { 0 };
    unsigned missed = 0;
    open_scene("{\"mode\":\"open\"}");
    while (memory_next(&trial)) {
        const long before = live_after();
        memory_arm(&trial);
        signer_tend(scene.signer);
        memory_disarm(&trial);
        missed += scene.signer->next_recipient.pkey == NULL;
        CHECK(live_after() <= before);
        trial.n += trial.succeeded ? 0 : 197;
    }
    signer_tend(scene.signer);
    CHECK(missed > 0 && scene.signer->next_recipient.pkey != NULL);
    scene_close(&scene);
}

static void what_asks_for_no_memory(void)
{
    static const char *const requests[] = {
        SIGN,
        "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"chainId\":1,\"nonce\":0,\"gas\":21000,\"gasPrice\":1,"
        "\"to\":\"0x2222222222222222222222222222222222222222\",\"value\":1}}}",
        "{\"method\":\"sign_typed_data\",\"params\":{\"typed_data\":{\"types\":{\"EIP712Domain\":[],\"A\":[]},"
        "\"primaryType\":\"A\",\"domain\":{},\"message\":{}}}}",
        "{\"method\":\"attestation\",\"params\":{\"nonce\":\"0x00\"}}",
        STATUS,
        "{\"method\":\"journal\"}",
        "{\"method\":\"sealed\"}",
    };
    open_scene("{\"mode\":\"open\"}");
    CHECK(is_result(scene_ask(&scene, SCENE_PROVISION(""))));
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct memory_trial none_at_all = { .n = 1, .stays = true };
        CHECK_ROW(requests[i], strncmp(ask(&none_at_all, requests[i], true), "{\"result\"", 9) == 0);
        CHECK_ROW(requests[i], none_at_all.succeeded);
    }
    scene_close(&scene);
}

int main(void)
{
    memory_start();
    provisioning_and_generating();
    renewing();
    making_a_key_ahead();
    what_asks_for_no_memory();
    return failures != 0;
}
