/* The key from a file, which only a build with the option insecure_key can take: it is told everywhere. */
#include "check.h"
#include "scene.h"

#include <string.h>

static struct scene scene;

#define TEXT   "0x1111111111111111111111111111111111111111111111111111111111111111"
#define LOWER  "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
#define STATUS "{\"method\":\"status\"}"
#define ZERO   "0000000000000000000000000000000000000000000000000000000000000000"

static bool load(const char *text, struct fault *why)
{
    WIPED_TEXT struct secret_text plaintext;
    must(secret_text_set(&plaintext, bytes_of_text(text)));
    return signer_load_insecure_key(scene.signer, &plaintext, why);
}

static void it_is_told_in_status_and_attestation(void)
{
    struct fault why;
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(load(TEXT, &why));
    CHECK(scene_says(&scene, STATUS, "\"insecure\":true"));
    CHECK(scene_says(&scene, STATUS, "the key came from a file"));
    CHECK(scene_says(&scene, "{\"method\":\"attestation\"}", "document_b64"));
    CHECK(strcmp(scene.user_data, "payments-signer:" LOWER
                                  ";mode=open;policy-bound=false;key-origin=imported;journal=" ZERO ";insecure") == 0);
    CHECK(scene_says(&scene, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\"}}",
                     "signature"));
    CHECK(scene_refuses(&scene, "{\"method\":\"sealed\"}", "state", "there is no ciphertext"));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "state", "signer already provisioned"));
    CHECK(!load(TEXT, &why) && why.code == FAULT_STATE);
    scene_close(&scene);
}

static void the_images_policy_holds_for_it(void)
{
    struct fault why;
    scene_open(&scene, "{\"mode\":\"open\",\"policy\":" SCENE_POLICY("1000", "5000", "none") "}");
    CHECK(load(TEXT, &why));
    CHECK(scene_refuses(&scene, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\"}}",
                        "policy", ""));
    CHECK(scene_says(&scene, STATUS, "\"budget_left\":{\"max_face_value_wei\":\"5000\""));
    scene_close(&scene);
    scene_open(&scene, "{" SCENE_STRICT "}");
    CHECK(!load(TEXT, &why) && why.code == FAULT_STATE);
    CHECK(!load("0x", &why));
    CHECK(key_slot_is_empty(scene.signer->slot));
    scene_close(&scene);
}

/* The time may first be told after the key is there: that must not let the window jump. */
static void a_late_clock_does_not_refill_the_budget(void)
{
    struct fault why;
    scene_open(&scene, "{\"mode\":\"open\",\"policy\":" SCENE_POLICY("1000", "5000", "tickets") "}");
    CHECK(load(TEXT, &why));
    signer_tend(scene.signer);
    CHECK(scene_says(&scene, STATUS, "\"time_ms\":null"));
    scene_close(&scene);
}

int main(void)
{
    it_is_told_in_status_and_attestation();
    the_images_policy_holds_for_it();
    a_late_clock_does_not_refill_the_budget();
    return failures != 0;
}
