/* What went wrong with the original, or goes wrong most: one test for each, by its number among the riskiest facts
 * (docs/threat-model.md), as far as the signer is where it is closed. */
#include "check.h"
#include "scene.h"

#include <string.h>

static struct scene scene;

#define POLICY  SCENE_POLICY("1000", "5000", "tickets")
#define ADDRESS "{\"method\":\"address\"}"
#define TX(more) \
    "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"nonce\":7,\"gas\":21000,\"gasPrice\":1,\"chainId\":1" more \
    "}}}"

static void hole_03_what_kms_opens_to_garbage_is_no_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    static const char *const garbage[] = {
        "AAAA", "//////////////////////////////////////////8=",
        "MHgxMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTEx"
    };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        char request[1024];
        snprintf(request, sizeof request,
                 "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS ",\"ciphertext_b64\":\"%s\"}}", garbage[i]);
        CHECK(scene_refuses(&scene, request, "input", ""));
    }
    CHECK(scene.https_calls == 3 && scene_refuses(&scene, ADDRESS, "state", "signer not provisioned"));
    scene_close(&scene);
}

static void hole_05_integers_are_exact_and_dictionaries_as_eth_account_takes_them(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    (void)scene_ask(&scene, SCENE_PROVISION(""));
    /* 20 ETH passes 64 bits: 0x1158e460913d00000 */
    CHECK(scene_says(&scene, TX(",\"value\":20000000000000000000"), "8901158e460913d00000"));
    CHECK(scene_says(&scene, TX(",\"value\":\"0x1158e460913d00000\""), "8901158e460913d00000"));
    CHECK(scene_refuses(&scene, TX(",\"value\":2e19"), "input", "failed to sign tx: "));
    CHECK(scene_refuses(&scene, TX(",\"value\":1.0"), "input", "failed to sign tx: "));
    CHECK(scene_says(&scene, TX(",\"to\":\"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A\""), "raw_tx"));
    CHECK(scene_refuses(&scene, TX(",\"to\":\"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a\""), "input",
                        "failed to sign tx: "));
    CHECK(scene_refuses(&scene, TX(",\"to\":\"0X19E7E376E7C213B7E7E7E46CC70A5DD086DAFF2A\""), "input",
                        "failed to sign tx: "));
    CHECK(scene_refuses(&scene, TX(",\"type\":0"), "input", "failed to sign tx: Unknown Transaction type: 0"));
    scene_close(&scene);
}

static uint64_t rsa_keys_made;

static void note_that_no_key_is_made(struct scene *running)
{
    /* The key kept ready is the one under way: it was taken, and no other has been put there. */
    rsa_keys_made += running->signer->next_recipient.pkey != NULL;
}

static void hole_07_a_provision_does_not_wait_for_an_rsa_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    signer_tend(scene.signer);
    CHECK(scene_says(&scene, "{\"method\":\"status\"}", "\"ready_to_provision\":true"));
    const struct hash32 ready = scene.signer->next_recipient.key_id;
    scene.during_https = note_that_no_key_is_made;
    CHECK(scene_says(&scene, SCENE_PROVISION(""), SCENE_ADDRESS));
    CHECK(rsa_keys_made == 0 && scene.signer->next_recipient.pkey == NULL);
    CHECK(hash32_equal(&ready, &scene.recipient));
    scene_close(&scene);
}

static void hole_08_blind_messages_do_not_pass_the_policy_by(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"policy\":" POLICY), SCENE_ADDRESS));
    CHECK(scene_refuses(&scene,
                        "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":"
                        "\"0x4444444444444444444444444444444444444444444444444444444444444444\"}}",
                        "policy", ""));
    CHECK(scene_refuses(&scene, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x\"}}", "policy",
                        ""));
    scene_close(&scene);
}

static void hole_08_a_refused_policy_leaves_no_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"chain_id\":\"abc\",\"ticket_broker\":\"" SCENE_BROKER "\""),
                        "input", "policy.chain_id must be an int"));
    CHECK(scene_refuses(&scene, ADDRESS, "state", "signer not provisioned"));
    CHECK(scene_says(&scene, SCENE_PROVISION(""), SCENE_ADDRESS));
    scene_close(&scene);
}

static void hole_08_zero_is_no_key(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_refuses(&scene,
                        "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS
                        ",\"ciphertext_b64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}}",
                        "input", "Invalid privkey"));
    scene_close(&scene);
}

static void hole_08_provisioning_again_keeps_no_policy_in_silence(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"policy\":" POLICY), SCENE_ADDRESS));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "input", "a policy is in force and none is given"));
    scene_close(&scene);
}

static void hole_10_kmss_names_reach_the_operator_with_or_without_a_text(void)
{
    static const char *const names[] = { "AccessDeniedException", "InvalidCiphertextException", "DisabledException",
                                         "IncorrectKeyException", "ExpiredTokenException" };
    scene_open(&scene, "{\"mode\":\"open\"}");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char wanted[128];
        scene.kms_error = names[i];
        snprintf(wanted, sizeof wanted, "kmstool decrypt failed (exit 255): %s", names[i]);
        CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "remote", wanted));
    }
    scene_close(&scene);
}

int main(void)
{
    hole_03_what_kms_opens_to_garbage_is_no_key();
    hole_05_integers_are_exact_and_dictionaries_as_eth_account_takes_them();
    hole_07_a_provision_does_not_wait_for_an_rsa_key();
    hole_08_blind_messages_do_not_pass_the_policy_by();
    hole_08_a_refused_policy_leaves_no_key();
    hole_08_zero_is_no_key();
    hole_08_provisioning_again_keeps_no_policy_in_silence();
    hole_10_kmss_names_reach_the_operator_with_or_without_a_text();
    return failures != 0;
}
