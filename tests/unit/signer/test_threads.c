/* Many threads at one signer: what was signed never exceeds the budget, a renewal keeps nobody out for long, and the
 * journal has every signature once. Run under the thread sanitizer too. */
#include "check.h"
#include "scene.h"

#include <string.h>

enum { SIGNERS = 6, TRIES = 300, FACE_VALUE = 10, BUDGET = 5000, RENEWALS = 5 };

#define POLICY SCENE_POLICY("1000", "5000", "tickets")

static struct scene scene;
static _Atomic unsigned signed_tickets, finished;

struct desk {
    uint8_t arena[1 << 20], answer[1 << 20];
};

static const char *ask(struct desk *desk, const char *request, enum signer_pace pace)
{
    struct arena arena = arena_of(desk->arena, sizeof desk->arena);
    struct writer out = writer_of(desk->answer, sizeof desk->answer - 1);
    must(signer_answer(scene.signer, bytes_of_text(request), pace, &arena, &out) == SIGNER_ANSWERED);
    desk->answer[out.len] = '\0';
    return (const char *)desk->answer;
}

/* Every ticket is offered by two threads: it is charged once. */
static void *sign(void *which)
{
    struct desk *desk = malloc(sizeof *desk);
    char request[1024];
    must(desk != NULL);
    for (unsigned i = 0; i < TRIES; i++) {
        const unsigned nonce = (unsigned)(uintptr_t)which / 2 * TRIES + i;
        snprintf(request, sizeof request,
                 "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":{\"recipient\":"
                 "\"0x2222222222222222222222222222222222222222\",\"faceValue\":%d,\"winProb\":1,\"senderNonce\":%u,"
                 "\"recipientRandHash\":\"0x%064d\",\"auxData\":\"0x%0128d\"}}}",
                 FACE_VALUE, nonce, 4, 0);
        const char *answer = ask(desk, request, SIGNER_QUICK);
        if (strncmp(answer, "{\"result\"", 9) == 0)
            signed_tickets++;
        else
            must(strstr(answer, "\"code\":\"policy\"") != NULL);
    }
    finished++;
    free(desk);
    return NULL;
}

/* The slow thread: renews, and tends between. */
static void *renew(void *unused)
{
    struct desk *desk = malloc(sizeof *desk);
    (void)unused;
    must(desk != NULL);
    for (unsigned i = 0; i < RENEWALS; i++) {
        scene.monotonic_ms += 61000;
        signer_tend(scene.signer);
        must(strstr(ask(desk, SCENE_PROVISION(",\"policy\":" POLICY), SIGNER_MAY_BE_SLOW), "\"lease_expires\"") !=
             NULL);
    }
    finished++;
    free(desk);
    return NULL;
}

static void *look(void *unused)
{
    static const char *const requests[] = { "{\"method\":\"status\"}", "{\"method\":\"journal\"}",
                                            "{\"method\":\"attestation\"}", "{\"method\":\"policy\"}",
                                            "{\"method\":\"sealed\"}" };
    struct desk *desk = malloc(sizeof *desk);
    (void)unused;
    must(desk != NULL);
    for (unsigned i = 0; finished < SIGNERS + 1; i++) {
        must(strncmp(ask(desk, requests[i % 5], SIGNER_MAY_WAIT), "{\"result\"", 9) == 0);
        must(!signer_lease_ended(scene.signer));
    }
    free(desk);
    return NULL;
}

static void rule_07_threads_together_never_exceed_the_budget(void)
{
    pthread_t threads[SIGNERS + 2];
    scene_open(&scene, "{\"mode\":\"open\",\"lease_seconds\":86400}");
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"policy\":" POLICY), "lease_expires"));
    for (uintptr_t i = 0; i < SIGNERS; i++)
        must(pthread_create(&threads[i], NULL, sign, (void *)i) == 0);
    must(pthread_create(&threads[SIGNERS], NULL, renew, NULL) == 0);
    must(pthread_create(&threads[SIGNERS + 1], NULL, look, NULL) == 0);
    for (size_t i = 0; i < SIGNERS + 2; i++)
        must(pthread_join(threads[i], NULL) == 0);

    /* 900 different tickets were offered, each twice; the budget has room for 500. Each of those is signed once or
     * twice, and none of the others. */
    CHECK(signed_tickets >= BUDGET / FACE_VALUE && signed_tickets <= 2 * BUDGET / FACE_VALUE);
    CHECK(scene_says(&scene, "{\"method\":\"status\"}", "\"budget_left\":{\"max_face_value_wei\":\"0\""));
    CHECK(scene.signer->counters.signatures == signed_tickets);
    CHECK(scene.signer->counters.refusals == SIGNERS * TRIES - signed_tickets);
    CHECK(scene.signer->journal.last_seq == SIGNERS * TRIES);
    unsigned different = 0;
    for (uint64_t i = 1; i <= SIGNERS * TRIES; i++) {
        bool seen = scene.signer->journal.entries[i].refused;
        for (uint64_t j = 1; j < i && !seen; j++)
            seen = !scene.signer->journal.entries[j].refused &&
                   hash32_equal(&scene.signer->journal.entries[i].hash, &scene.signer->journal.entries[j].hash);
        different += !seen;
    }
    CHECK(different == BUDGET / FACE_VALUE);
    scene_close(&scene);
}

int main(void)
{
    rule_07_threads_together_never_exceed_the_budget();
    return failures != 0;
}
