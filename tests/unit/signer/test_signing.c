/* The gate, seen through the door: every signature passes the policy, is charged, and stands in the journal. */
#include "check.h"
#include "scene.h"

#include "core/base/text.h"
#include "core/eth/message.h"

#include <string.h>

static struct scene scene;

#define OPEN   "{\"mode\":\"open\"}"
#define AUX    "0x" ZEROS ZEROS
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define FOURS  "0x4444444444444444444444444444444444444444444444444444444444444444"
#define LISTED "0x2222222222222222222222222222222222222222"
#define FIELDS(recipient, face_value, nonce) \
    "{\"recipient\":\"" recipient "\",\"faceValue\":" face_value ",\"winProb\":1,\"senderNonce\":" nonce \
    ",\"recipientRandHash\":\"" FOURS "\",\"auxData\":\"" AUX "\"}"
#define TICKET(recipient, face_value, nonce) \
    "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":" FIELDS(recipient, face_value, nonce) "}}"
#define MESSAGE(hex) "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"" hex "\"}}"
#define TX(more)     "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"nonce\":7,\"gas\":100000," more "}}}"
#define DEPOSIT(value) \
    TX("\"gasPrice\":10,\"chainId\":42161,\"to\":\"0xa8bB618B1520E284046F3dFc448851A1Ff26e41B\",\"data\":" \
       "\"0x6caa736b\",\"value\":" value)
#define TYPED \
    "{\"method\":\"sign_typed_data\",\"params\":{\"typed_data\":{\"types\":{\"EIP712Domain\":[],\"A\":[{\"name\":" \
    "\"x\"," \
    "\"type\":\"uint256\"}]},\"primaryType\":\"A\",\"domain\":{},\"message\":{\"x\":1}}}}"
#define JOURNAL "{\"method\":\"journal\"}"
#define STATUS  "{\"method\":\"status\"}"

static void provision(const char *settings, const char *request)
{
    scene_open(&scene, settings);
    CHECK(scene_says(&scene, request, SCENE_ADDRESS));
}

static void nothing_is_signed_before_there_is_a_key(void)
{
    static const char *const requests[] = { TICKET(LISTED, "1", "1"), MESSAGE("0x01"), DEPOSIT("1"), TYPED,
                                            "{\"method\":\"address\"}" };
    scene_open(&scene, OPEN);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        CHECK(scene_refuses(&scene, requests[i], "state", "signer not provisioned"));
    CHECK(scene_says(&scene, JOURNAL, "\"entries\":[]"));
    scene_close(&scene);
}

static void rule_05_every_kind_of_signature_passes_the_gate(void)
{
    provision(OPEN, SCENE_PROVISION(",\"policy\":" SCENE_POLICY("1000", "5000", "tickets")));
    CHECK(scene_says(&scene, TICKET(LISTED, "1000", "1"), "ticket_hash"));
    CHECK(scene_refuses(&scene, TICKET(LISTED, "1001", "1"), "policy", "ticket.faceValue exceeds policy max"));
    CHECK(scene_refuses(&scene, TICKET("0x3333333333333333333333333333333333333333", "1", "1"), "policy",
                        "ticket.recipient not in allowlist"));
    CHECK(scene_says(&scene, DEPOSIT("1000"), "raw_tx"));
    CHECK(scene_refuses(&scene, DEPOSIT("1001"), "policy", "fundDeposit tx.value exceeds policy max"));
    CHECK(scene_refuses(&scene, MESSAGE("0x01"), "policy", ""));
    CHECK(scene_refuses(&scene, MESSAGE(FOURS), "policy", ""));
    CHECK(scene_refuses(&scene, TYPED, "policy", ""));
    CHECK(scene_says(&scene, STATUS, "\"counters\":{\"refusals\":6,\"requests\":"));
    CHECK(scene_says(&scene, STATUS, "\"signatures\":2}"));
    scene_close(&scene);

    provision(OPEN, SCENE_PROVISION("")); /* the original's behaviour: no policy, no refusal */
    CHECK(scene_says(&scene, MESSAGE("0x01"), "signature"));
    CHECK(scene_says(&scene, TYPED, "signature"));
    CHECK(scene_says(&scene, TICKET("0x3333333333333333333333333333333333333333", "1", "1"), "signature"));
    scene_close(&scene);
}

/* The hash that sign_ticket gives is what sign_message_defunct may sign when the ticket stands beside it. */
static void rule_06_a_blind_hash_passes_with_its_ticket_only(void)
{
    char request[2048], hash[67];
    provision(OPEN, SCENE_PROVISION(",\"policy\":" SCENE_POLICY("1000", "5000", "tickets")));
    const char *answer = scene_ask(&scene, TICKET(LISTED, "7", "1"));
    const char *at = strstr(answer, "\"ticket_hash\":\"");
    CHECK(at != NULL);
    if (at == NULL)
        return;
    snprintf(hash, sizeof hash, "%.66s", at + strlen("\"ticket_hash\":\""));
    char signature[133];
    snprintf(signature, sizeof signature, "%.132s", strstr(answer, "\"signature\":\"") + strlen("\"signature\":\""));

    snprintf(request, sizeof request, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"%s\"}}",
             hash);
    CHECK(scene_refuses(&scene, request, "policy", ""));
    snprintf(request, sizeof request,
             "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"%s\",\"ticket\":%s}}", hash,
             FIELDS(LISTED, "7", "1"));
    CHECK(scene_says(&scene, request, signature));
    snprintf(request, sizeof request,
             "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"%s\",\"ticket\":%s}}", hash,
             FIELDS(LISTED, "7", "2"));
    CHECK(scene_refuses(&scene, request, "input", ""));
    scene_close(&scene);
}

static void rule_07_face_value_is_charged_once_a_ticket_and_never_given_back(void)
{
    provision(OPEN, SCENE_PROVISION(",\"policy\":" SCENE_POLICY("1000", "2500", "tickets")));
    CHECK(scene_says(&scene, TICKET(LISTED, "1000", "1"), "ticket_hash"));
    CHECK(scene_says(&scene, JOURNAL, "{\"entries\":[{\"face_value_wei\":\"1000\""));
    CHECK(scene_says(&scene, TICKET(LISTED, "1000", "1"), "ticket_hash"));
    CHECK(scene_says(&scene, "{\"method\":\"journal\",\"params\":{\"after\":1}}",
                     "{\"entries\":[{\"face_value_wei\":\"0\""));
    CHECK(scene_says(&scene, STATUS, "\"budget_left\":{\"max_face_value_wei\":\"1500\""));
    CHECK(scene_says(&scene, TICKET(LISTED, "1000", "2"), "ticket_hash"));
    CHECK(scene_refuses(&scene, TICKET(LISTED, "1000", "3"), "policy", ""));
    CHECK(scene_says(&scene, TICKET(LISTED, "500", "3"), "ticket_hash"));
    CHECK(scene_refuses(&scene, TICKET(LISTED, "1", "4"), "policy", ""));
    CHECK(scene_says(&scene, TICKET(LISTED, "1000", "2"), "ticket_hash")); /* already paid for */
    CHECK(scene_says(&scene, JOURNAL, "\"rule\":\"budget.max_face_value_wei\""));
    scene_close(&scene);
}

static void the_journal_has_what_was_signed_and_refused_in_order(void)
{
    provision(OPEN, SCENE_PROVISION(",\"policy\":" SCENE_POLICY("1000", "5000", "tickets")));
    (void)scene_ask(&scene, DEPOSIT("5"));
    (void)scene_ask(&scene, MESSAGE("0x01"));
    (void)scene_ask(&scene, TICKET(LISTED, "7", "1"));
    (void)scene_ask(&scene, MESSAGE("nonsense"));      /* not well formed: no entry */
    (void)scene_ask(&scene, TX("\"gasPrice\":\"1\"")); /* nor this */
    const char *answer = scene_ask(&scene, JOURNAL);
    CHECK_ROW(answer, strstr(answer, "\"last\":3}") != NULL);
    CHECK_ROW(answer,
              strstr(answer, "{\"entries\":[{\"face_value_wei\":\"0\",\"fee_wei\":\"1000000\",\"fund_deposit_wei\":"
                             "\"5\",\"hash\":\"0x") != NULL);
    CHECK_ROW(answer,
              strstr(answer, "\"method\":\"sign_transaction\",\"refused\":false,\"rule\":null,\"seq\":1,\"time_ms\":"
                             "1795359600000}") != NULL);
    CHECK_ROW(answer,
              strstr(answer, "\"method\":\"sign_message_defunct\",\"refused\":true,\"rule\":\"messages\",\"seq\":2") !=
                  NULL);
    CHECK_ROW(answer, strstr(answer, "{\"face_value_wei\":\"7\",\"fee_wei\":\"0\"") != NULL);
    /* The hash of a message's entry is its EIP-191 digest. */
    static const uint8_t one[] = { 1 };
    uint8_t hex[65] = { 0 };
    const struct hash32 digest = message_hash(BYTES_OF(one));
    struct writer out = writer_of(hex, 64);
    text_put_hex(&out, BYTES_OF(digest.bytes));
    CHECK(strstr(answer, (const char *)hex) != NULL);
    CHECK(scene_says(&scene, "{\"method\":\"journal\",\"params\":{\"after\":2}}", "\"seq\":3"));
    CHECK(scene_says(&scene, "{\"method\":\"journal\",\"params\":{\"after\":0,\"limit\":0}}", "\"entries\":[]"));
    CHECK(scene_refuses(&scene, "{\"method\":\"journal\",\"params\":{\"after\":-1}}", "input",
                        "after must be an integer"));
    CHECK(
        scene_refuses(&scene, "{\"method\":\"journal\",\"params\":{\"from\":1}}", "input", "unknown parameter 'from'"));
    scene_close(&scene);
}

static void what_is_too_long_is_refused_before_it_is_charged(void)
{
    static char request[(1 << 20) + 1];
    enum { DIGITS = 1040000 };
    static const char head[] =
        "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"nonce\":7,\"gas\":1,\"gasPrice\":1,"
        "\"data\":\"0x";
    provision(OPEN, SCENE_PROVISION(""));
    /* Short storage keys grow to 32 bytes: a frame of them makes more than an arena holds, and a sixth of a frame makes
     * more than an answer holds. */
    const size_t ends[] = { (1 << 20) - 64, 150000 };
    for (size_t i = 0; i < 2; i++) {
        size_t len = (size_t)snprintf(request, sizeof request,
                                      "{\"method\":\"sign_transaction\",\"params\":{\"tx\":{\"nonce\":7,\"gas\":1,"
                                      "\"gasPrice\":1,\"chainId\":1,\"accessList\":[{\"address\":\"" LISTED
                                      "\",\"storageKeys\":[\"0x1\"");
        while (len < ends[i])
            len += (size_t)snprintf(request + len, sizeof request - len, ",\"0x1\"");
        snprintf(request + len, sizeof request - len, "]}]}}}");
        CHECK(scene_refuses(&scene, request, "limit", ""));
        CHECK(scene_says(&scene, STATUS, "\"signatures\":0"));
    }
    /* While the longest data that a frame can carry is signed. */
    memcpy(request, head, sizeof head - 1);
    memset(request + sizeof head - 1, 'a', DIGITS);
    strcpy(request + sizeof head - 1 + DIGITS, "\"}}}");
    CHECK(strncmp(scene_ask(&scene, request), "{\"result\":{\"raw_tx\":\"0x", 23) == 0);
    scene_close(&scene);
}

static void requests_that_are_none_are_refused(void)
{
    static const struct {
        const char *request, *message;
    } rows[] = {
        { "", "Expecting value: line 1 column 1 (char 0)" },
        { "[]", "payload must be an object" },
        { "{}", "unknown method" },
        { "{\"method\":null}", "unknown method" },
        { "{\"method\":\"Address\"}", "unknown method" },
        { "{\"method\":\"sign_hash\",\"params\":{}}", "unknown method" },
        { TX("\"gasPrice\":1") "}", "Extra data" },
        { "{\"method\":\"sign_transaction\",\"params\":{\"tx\":[]}}", "tx must be an object" },
        { "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":1}}", "ticket must be an object" },
        { "{\"method\":\"sign_ticket\",\"params\":{\"tickets\":{}}}", "unknown parameter 'tickets'" },
        { "{\"method\":\"sign_typed_data\",\"params\":{\"typed_data\":\"{}\"}}", "typed_data must be an object" },
        { "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x0 1\"}}", "message_hash must be hex" },
        { "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":[\"0x01\"]}}",
          "message_hash must be 0x-prefixed hex" },
        { "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x01\",\"ticket\":7}}",
          "ticket must be an object (got a number)" },
        { "{\"method\":\"status\",\"params\":{\"x\":1}}", "unknown parameter 'x'" },
    };
    provision(OPEN, SCENE_PROVISION(""));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(scene_refuses(&scene, rows[i].request, "input", rows[i].message));
    /* The method may be spelt with escapes, and foreign members are none of our business. */
    CHECK(scene_says(&scene, "{\"id\":1,\"method\":\"\\u0061ddress\",\"params\":[]}", SCENE_ADDRESS));
    scene_close(&scene);
}

int main(void)
{
    nothing_is_signed_before_there_is_a_key();
    rule_05_every_kind_of_signature_passes_the_gate();
    rule_06_a_blind_hash_passes_with_its_ticket_only();
    rule_07_face_value_is_charged_once_a_ticket_and_never_given_back();
    the_journal_has_what_was_signed_and_refused_in_order();
    what_is_too_long_is_refused_before_it_is_charged();
    requests_that_are_none_are_refused();
    return failures != 0;
}
