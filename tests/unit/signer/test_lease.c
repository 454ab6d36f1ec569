/* lease, provisioning again, and the clock they go by. */
#include "check.h"
#include "scene.h"

#include <string.h>

static struct scene scene;

#define POLICY_A SCENE_POLICY("1000", "5000", "any")
#define POLICY_B SCENE_POLICY("999", "5000", "any")
#define STATUS   "{\"method\":\"status\"}"
#define SIGN     "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\"}}"
#define OTHER(more) \
    "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS ",\"ciphertext_b64\":\"" SCENE_CIPHERTEXT_22 "\"" more \
    "}}"
#define FIRST SCENE_PROVISION(",\"policy\":" POLICY_A)

static bool provisions(const char *request, const char *address)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "{\"result\":{\"address\":\"%s\"", address);
    return scene_says(&scene, request, wanted);
}

static void pass(uint64_t ms)
{
    scene.monotonic_ms += ms;
    scene.utc_ms += ms;
}

static void open_strict(uint64_t lease_seconds)
{
    char settings[1024];
    snprintf(settings, sizeof settings, "{" SCENE_STRICT ",\"lease_seconds\":%llu}", (unsigned long long)lease_seconds);
    scene_open(&scene, settings);
}

static void rule_09_the_key_is_wiped_at_the_end_of_the_lease(void)
{
    open_strict(600);
    CHECK(scene_says(&scene, FIRST, "\"lease_expires\":1795360200"));
    pass(599999);
    CHECK(scene_says(&scene, SIGN, "\"signature\":\"0x"));
    CHECK(!signer_lease_ended(scene.signer));
    pass(1);
    /* Nothing is signed after the end even if nobody has asked. */
    CHECK(scene_refuses(&scene, SIGN, "state", "signer not provisioned (its lease has ended"));
    CHECK(!key_slot_is_empty(scene.signer->slot));
    CHECK(signer_lease_ended(scene.signer));
    CHECK(key_slot_is_empty(scene.signer->slot));
    CHECK(signer_lease_ended(scene.signer));
    CHECK(scene_refuses(&scene, FIRST, "state", "signer not provisioned (its lease has ended"));
    CHECK(scene_refuses(&scene, "{\"method\":\"sealed\"}", "state", "signer not provisioned"));
    CHECK(scene_says(&scene, STATUS, "\"provisioned\":false"));
    scene_close(&scene);
}

static void rule_09_a_lease_is_a_day_unless_set_and_0_is_never(void)
{
    scene_open(&scene, "{" SCENE_STRICT "}");
    CHECK(scene_says(&scene, FIRST, "\"lease_expires\":1795446000"));
    scene_close(&scene);
    open_strict(0);
    CHECK(strstr(scene_ask(&scene, FIRST), "lease_expires") == NULL);
    pass(UINT64_C(31536000000));
    CHECK(!signer_lease_ended(scene.signer) && scene_says(&scene, SIGN, "signature"));
    CHECK(scene_refuses(&scene, FIRST, "state", "signer already provisioned"));
    scene_close(&scene);
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(strstr(scene_ask(&scene, FIRST), "lease_expires") == NULL);
    scene_close(&scene);
}

static void rule_09_the_same_ciphertext_and_policy_renew_it(void)
{
    open_strict(600);
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    pass(300000);
    const unsigned asked = scene.https_calls;
    CHECK(scene_says(&scene, FIRST, "\"lease_expires\":1795360500"));
    CHECK(scene.https_calls == asked + 1); /* KMS has its say again */
    pass(599999);
    CHECK(!signer_lease_ended(scene.signer) && scene_says(&scene, SIGN, "signature"));
    pass(1);
    CHECK(signer_lease_ended(scene.signer));
    scene_close(&scene);
}

static void rule_09_nothing_else_renews_it(void)
{
    open_strict(600);
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    const unsigned asked = scene.https_calls;
    CHECK(scene_refuses(&scene, OTHER(",\"policy\":" POLICY_A), "state",
                        "signer already provisioned (its lease is renewed "
                        "with the ciphertext"));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"policy\":" POLICY_B), "state",
                        "signer already provisioned (its lease is renewed under the policy"));
    CHECK(scene_refuses(&scene, SCENE_GENERATE(",\"policy\":" POLICY_A), "state", "signer already provisioned"));
    CHECK(scene.https_calls == asked);
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "policy", "strict mode needs a policy"));
    scene.kms_error = "AccessDeniedException"; /* the key policy has changed in KMS */
    CHECK(scene_refuses(&scene, FIRST, "remote", "kmstool decrypt failed (exit 255): AccessDeniedException"));
    CHECK(scene_says(&scene, SIGN, "signature")); /* the running lease goes on */
    scene.kms_error = NULL;
    scene.opens_to = "0x2222222222222222222222222222222222222222222222222222222222222222"; /* TLS or KMS was fooled */
    CHECK(
        scene_refuses(&scene, FIRST, "state", "signer already provisioned (KMS opened the ciphertext to another key)"));
    CHECK(scene_says(&scene, "{\"method\":\"address\"}", SCENE_ADDRESS));
    pass(600000);
    CHECK(signer_lease_ended(scene.signer));
    scene_close(&scene);
}

static void rule_09_a_renewal_binds_as_the_first_did(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"lease_seconds\":600}");
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    const unsigned asked = scene.https_calls;
    CHECK(scene_refuses(&scene, SCENE_PROVISION(",\"bind_policy\":true,\"policy\":" POLICY_A), "state",
                        "signer already provisioned (its lease is renewed under the policy"));
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "state",
                        "signer already provisioned (its lease is renewed under the policy"));
    CHECK(scene.https_calls == asked);
    scene_close(&scene);
    scene_open(&scene, "{\"mode\":\"open\",\"lease_seconds\":600}");
    CHECK(provisions(SCENE_PROVISION(""), SCENE_ADDRESS));
    CHECK(scene_refuses(&scene, FIRST, "state", "signer already provisioned (its lease is renewed under the policy"));
    CHECK(provisions(SCENE_PROVISION(""), SCENE_ADDRESS));
    scene_close(&scene);
}

static void end_lease(struct scene *running)
{
    pass(600000);
    CHECK(signer_lease_ended(running->signer));
    running->during_https = NULL;
    running->utc_ms -= 600000; /* the request under way carries the document's time */
}

static void rule_09_a_renewal_that_comes_too_late_stores_nothing(void)
{
    open_strict(600);
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    scene.during_https = end_lease;
    CHECK(scene_refuses(&scene, FIRST, "state", "signer not provisioned (its lease ended while KMS"));
    CHECK(key_slot_is_empty(scene.signer->slot));
    scene_close(&scene);
}

/* The NSM's clock has gone ahead of the monotonic one: what the renewal's own document says ends the lease. */
static void rule_10_a_renewals_document_is_believed_before_its_lease(void)
{
    open_strict(600);
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    scene.utc_ms += 601000;
    CHECK(scene_refuses(&scene, FIRST, "state", "signer not provisioned (its lease ended"));
    CHECK(signer_lease_ended(scene.signer));
    scene_close(&scene);
}

static uint64_t left(void)
{
    const char *at = strstr(scene_ask(&scene, STATUS), "\"budget_left\":{\"max_face_value_wei\":\"");
    return at == NULL ? UINT64_MAX : strtoull(at + strlen("\"budget_left\":{\"max_face_value_wei\":\""), NULL, 10);
}

#define TICKET(nonce) \
    "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":{\"recipient\":" \
    "\"0x2222222222222222222222222222222222222222\"," \
    "\"faceValue\":900,\"winProb\":1,\"senderNonce\":" nonce \
    ",\"recipientRandHash\":\"0x4444444444444444444444444444444444444444444444444444444444444444\",\"auxData\":\"0x" \
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000" \
    "000000000000\"}}}"

static void rule_08_neither_a_renewal_nor_another_policy_refills_the_budget(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"lease_seconds\":600}");
    CHECK(provisions(FIRST, SCENE_ADDRESS) && left() == 5000);
    CHECK(scene_says(&scene, TICKET("1"), "ticket_hash") && left() == 4100);
    CHECK(provisions(FIRST, SCENE_ADDRESS) && left() == 4100);
    scene_close(&scene);

    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    CHECK(scene_says(&scene, TICKET("1"), "ticket_hash") && left() == 4100);
    CHECK(provisions(OTHER(",\"policy\":" POLICY_A), SCENE_ADDRESS_22) && left() == 4100);
    CHECK(provisions(SCENE_PROVISION(",\"policy\":" POLICY_B), SCENE_ADDRESS) && left() == 0);
    CHECK(provisions(FIRST, SCENE_ADDRESS) && left() == 0);
    CHECK(scene_refuses(&scene, TICKET("2"), "policy", ""));
    pass(43200000); /* half the window: half the budget has flowed in */
    CHECK(left() == 2500);
    CHECK(scene_says(&scene, TICKET("2"), "ticket_hash") && left() == 1600);
    scene_close(&scene);
}

static void provisioning_again_replaces_all_or_is_refused(void)
{
    scene_open(&scene, "{\"mode\":\"open\",\"allow_reprovision\":true}");
    CHECK(provisions(FIRST, SCENE_ADDRESS));
    CHECK(scene_refuses(&scene, OTHER(""), "input", "a policy is in force and none is given"));
    CHECK(scene_says(&scene, "{\"method\":\"address\"}", SCENE_ADDRESS));
    scene.fail_at = scene.outside_calls + 2;
    CHECK(scene_refuses(&scene, OTHER(",\"policy\":" POLICY_B), "remote", ""));
    CHECK(scene_says(&scene, "{\"method\":\"policy\"}", "\"max_face_value_wei\":\"1000\""));
    CHECK(scene_says(&scene, "{\"method\":\"address\"}", SCENE_ADDRESS));
    CHECK(provisions(OTHER(",\"policy\":" POLICY_B), SCENE_ADDRESS_22));
    CHECK(scene_says(&scene, "{\"method\":\"policy\"}", "\"max_face_value_wei\":\"999\""));
    CHECK(provisions(SCENE_GENERATE(",\"key_id\":\"k\",\"policy\":" POLICY_A), SCENE_ADDRESS));
    CHECK(scene_says(&scene, "{\"method\":\"policy\"}", "\"max_face_value_wei\":\"1000\""));
    scene_close(&scene);
}

static void rule_10_time_is_the_documents_and_never_goes_back(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_says(&scene, STATUS, "\"time_ms\":null"));
    signer_tend(scene.signer);
    CHECK(scene_says(&scene, STATUS, "\"time_ms\":1795359600000"));
    scene.monotonic_ms += 30000;
    CHECK(scene_says(&scene, STATUS, "\"time_ms\":1795359630000"));
    signer_tend(scene.signer); /* the last is not a minute old */
    CHECK(scene.nsm_calls == 1);
    scene.monotonic_ms += 30001;
    signer_tend(scene.signer); /* this one says an earlier time than has passed */
    CHECK(scene.nsm_calls == 2 && scene_says(&scene, STATUS, "\"time_ms\":1795359660001"));
    scene.utc_ms += 120000;
    CHECK(scene_says(&scene, "{\"method\":\"attestation\"}", "document_b64"));
    CHECK(scene_says(&scene, STATUS, "\"time_ms\":1795359720000"));
    CHECK(scene_says(&scene, STATUS,
                     "\"nsm\":{\"module_id\":\"i-0123456789abcdef0-enc0123456789abcdef\",\"pcrs\":{\"PCR0\":"
                     "\"010203"));
    CHECK(scene_says(&scene, STATUS, "\"PCR8\":\"000000"));
    CHECK(scene_says(&scene, STATUS, "\"PCR10\":\"010203"));
    scene_close(&scene);
}

static void without_an_nsm_there_is_no_time_and_one_try_a_minute(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    scene.no_nsm = true;
    for (int i = 0; i < 10; i++)
        signer_tend(scene.signer);
    CHECK(scene.nsm_calls == 1 && scene_says(&scene, STATUS, "\"nsm\":null"));
    scene_close(&scene);
}

static void a_key_for_the_next_provisioning_is_made_ahead(void)
{
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene.signer->next_recipient.pkey == NULL);
    signer_tend(scene.signer);
    CHECK(scene.signer->next_recipient.pkey != NULL);
    CHECK(scene_says(&scene, STATUS, "\"ready_to_provision\":true"));
    const struct hash32 first = scene.signer->next_recipient.key_id;
    signer_tend(scene.signer);
    CHECK(hash32_equal(&first, &scene.signer->next_recipient.key_id));
    scene.kms_error = "AccessDeniedException";
    CHECK(scene_refuses(&scene, SCENE_PROVISION(""), "remote", ""));
    CHECK(scene.signer->next_recipient.pkey == NULL); /* one key, one request, whatever came of it */
    signer_tend(scene.signer);
    CHECK(scene.signer->next_recipient.pkey != NULL && !hash32_equal(&first, &scene.signer->next_recipient.key_id));
    scene_close(&scene);
}

int main(void)
{
    rule_09_the_key_is_wiped_at_the_end_of_the_lease();
    rule_09_a_lease_is_a_day_unless_set_and_0_is_never();
    rule_09_the_same_ciphertext_and_policy_renew_it();
    rule_09_nothing_else_renews_it();
    rule_09_a_renewal_binds_as_the_first_did();
    rule_09_a_renewal_that_comes_too_late_stores_nothing();
    rule_10_a_renewals_document_is_believed_before_its_lease();
    rule_08_neither_a_renewal_nor_another_policy_refills_the_budget();
    provisioning_again_replaces_all_or_is_refused();
    rule_10_time_is_the_documents_and_never_goes_back();
    without_an_nsm_there_is_no_time_and_one_try_a_minute();
    a_key_for_the_next_provisioning_is_made_ahead();
    return failures != 0;
}
