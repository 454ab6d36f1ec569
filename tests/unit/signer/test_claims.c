/* claims: what attestation documents say, word by word. */
#include "check.h"
#include "scene.h"

#include "core/base/text.h"

#include <string.h>

static struct scene scene;

#define POLICY SCENE_POLICY("1000", "5000", "any")
#define ATTEST "{\"method\":\"attestation\"}"
#define LOWER  "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
#define ROOTS  "\"kms_trust_roots\":\"-----BEGIN CERTIFICATE-----\\n\""
#define ZERO   "0000000000000000000000000000000000000000000000000000000000000000"

/* "%p" in `pattern` stands for the policy's digest, "%c" for the ciphertext's, "%j" for the journal's head. */
static void says(const char *name, const char *pattern)
{
    char wanted[1024], hex[65];
    size_t len = 0;
    struct hash32 digest;
    (void)!signer_policy(scene.signer, &digest);
    CHECK(scene_says(&scene, ATTEST, "document_b64"));
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '%') {
            wanted[len++] = *at;
            continue;
        }
        at++;
        const struct hash32 *hash = *at == 'p'   ? &digest
                                    : *at == 'c' ? &scene.signer->holding.ciphertext_sha256
                                                 : &scene.signer->journal.head;
        struct writer out = writer_of((uint8_t *)hex, 64);
        text_put_hex(&out, BYTES_OF(hash->bytes));
        memcpy(wanted + len, hex, 64);
        len += 64;
    }
    wanted[len] = '\0';
    CHECK_ROW(name, strcmp(scene.user_data, wanted) == 0);
    if (strcmp(scene.user_data, wanted) != 0)
        fprintf(stderr, "  got    %s\n  wanted %s\n", scene.user_data, wanted);
    CHECK_ROW(name, !scene.public_key_in_last_document);
}

static void open_mode_without_policy_has_the_originals_words(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    says("before", "payments-signer:unprovisioned");
    (void)scene_ask(&scene, SCENE_PROVISION(""));
    says("after", "payments-signer:" LOWER);
    scene_close(&scene);
}

static void a_policy_brings_the_whole_line(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    (void)scene_ask(&scene, SCENE_PROVISION(",\"policy\":" POLICY));
    says("unbound", "payments-signer:" LOWER
                    ";mode=open;policy-sha256=%p;policy-bound=false;key-origin=imported;kms-key=" SCENE_ARN
                    ";sealed-sha256=%c;journal=" ZERO);
    (void)scene_ask(&scene, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\"}}");
    says("journal", "payments-signer:" LOWER
                    ";mode=open;policy-sha256=%p;policy-bound=false;key-origin=imported;kms-key=" SCENE_ARN
                    ";sealed-sha256=%c;journal=%j");
    CHECK(strstr(scene.user_data, ZERO) == NULL);
    scene_close(&scene);
}

static void strict_mode_says_so_from_the_start(void)
{
    scene_open(&scene, "{" SCENE_STRICT "}");
    says("before", "payments-signer:unprovisioned;mode=strict;journal=" ZERO);
    (void)scene_ask(&scene, SCENE_GENERATE(",\"policy\":" POLICY));
    says("generated", "payments-signer:" LOWER
                      ";mode=strict;policy-sha256=%p;policy-bound=true;key-origin=generated;kms-key=" SCENE_ARN
                      ";sealed-sha256=%c;journal=" ZERO);
    scene_close(&scene);
    scene_open(&scene, "{" SCENE_STRICT ",\"policy\":" POLICY "}");
    says("the image's policy", "payments-signer:unprovisioned;mode=strict;policy-sha256=%p;journal=" ZERO);
    scene_close(&scene);
}

static void other_trust_roots_are_always_told(void)
{
    scene_open(&scene, "{\"mode\":\"open\"," ROOTS "}");
    says("before", "payments-signer:unprovisioned;mode=open;journal=" ZERO ";trust-roots=custom");
    CHECK(scene_says(&scene, SCENE_PROVISION(""), "\"warnings\":["));
    CHECK(scene_says(&scene, "{\"method\":\"status\"}", "\"trust_roots\":\"custom\""));
    says("after", "payments-signer:" LOWER ";mode=open;policy-bound=false;key-origin=imported;kms-key=" SCENE_ARN
                  ";sealed-sha256=%c;journal=" ZERO ";trust-roots=custom");
    scene_close(&scene);
}

static void generated_is_said_of_no_opened_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    (void)scene_ask(&scene, SCENE_GENERATE(",\"key_id\":\"k\",\"policy\":" POLICY));
    CHECK(scene_says(&scene, ATTEST, "document_b64") && strstr(scene.user_data, ";key-origin=generated;") != NULL);
    (void)scene_ask(&scene, SCENE_PROVISION(",\"policy\":" POLICY));
    CHECK(scene_says(&scene, ATTEST, "document_b64") && strstr(scene.user_data, ";key-origin=imported;") != NULL);
    scene_close(&scene);
}

static void rule_11_documents_for_people_carry_a_nonce_and_no_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
#define NONCE(hex) "{\"method\":\"attestation\",\"params\":{\"nonce\":\"" hex "\",\"public_key\":\"0x01\"}}"
    CHECK(scene_says(&scene, NONCE("0x" ZERO), "document_b64") && !scene.public_key_in_last_document);
    CHECK(scene_refuses(&scene, NONCE("0x00" ZERO), "input", "attestation nonce must be <= 32 bytes (got 33)"));
    CHECK(scene_refuses(
        &scene, NONCE("0x" ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO "00"),
        "input", "attestation nonce must be <= 32 bytes (got 513)"));
    CHECK(scene_refuses(&scene, NONCE("0x1"), "input", "nonce must be hex"));
    CHECK(scene_refuses(&scene, NONCE("01"), "input", "nonce must be 0x-prefixed hex"));
    CHECK(scene_says(&scene, NONCE("0x"), "document_b64"));
    CHECK(scene_says(&scene, NONCE(" "), "document_b64"));
    scene.no_nsm = true;
    CHECK(scene_answers(&scene, NONCE("0x01"), "{\"result\":{}}"));
    scene_close(&scene);
}

int main(void)
{
    open_mode_without_policy_has_the_originals_words();
    a_policy_brings_the_whole_line();
    strict_mode_says_so_from_the_start();
    other_trust_roots_are_always_told();
    generated_is_said_of_no_opened_key();
    rule_11_documents_for_people_carry_a_nonce_and_no_key();
    return failures != 0;
}
