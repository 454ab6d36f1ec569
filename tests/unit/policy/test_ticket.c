/* Tickets: hash and signature against eth-account, and each way for the RPC's object to be refused. */
#include "policy_text.h"
#include "vectors.h"

#include "core/eth/address.h"
#include "core/eth/message.h"
#include "core/policy/ticket.h"

static const struct address SIGNER = { { 0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7,
                                         0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0, 0x86, 0xda, 0xff, 0x2a } };

static bool read_ticket(const char *text, struct ticket *ticket, struct fault *why)
{
    struct json object;
    const bool is_json = json_read(bytes_of_text(text), &object, why);
    CHECK_ROW(text, is_json);
    return is_json && ticket_from_json(object, &SIGNER, ticket, why);
}

static void hashes_and_signatures_equal_an_independent_implementation(void)
{
    static struct vector_file vectors;
    const struct secret32 key = { { 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11 } };
    for (vector_open(&vectors, "policy/tickets.txt"); vector_next(&vectors, 8);) {
        char text[1024];
        const struct bytes *c = vectors.column;
        struct ticket ticket;
        struct fault why;
        struct hash32 want;
        uint8_t want_signature[65], made_signature[65];
        snprintf(text, sizeof text,
                 "{\"recipient\":\"%.*s\",\"faceValue\":%.*s,\"winProb\":\"%.*s\",\"senderNonce\":%.*s,"
                 "\"recipientRandHash\":\"0x%.*s\",\"auxData\":\"0x%.*s\"}",
                 (int)c[0].len, c[0].data, (int)c[1].len, c[1].data, (int)c[2].len, c[2].data, (int)c[3].len, c[3].data,
                 (int)c[4].len, c[4].data, (int)c[5].len, c[5].data);
        CHECK_ROW(text, read_ticket(text, &ticket, &why));
        vector_hex(c[6], want.bytes, sizeof want.bytes);
        vector_hex(c[7], want_signature, sizeof want_signature);
        const struct hash32 hash = ticket_hash(&ticket), digest = message_hash(BYTES_OF(hash.bytes));
        CHECK_ROW(text, hash32_equal(&hash, &want));

        struct signature signature;
        struct writer out = writer_of(made_signature, sizeof made_signature);
        CHECK(ecdsa_sign(&key, &digest, &signature));
        signature_put(&out, &signature);
        CHECK_ROW(text, !out.failed && memcmp(made_signature, want_signature, sizeof want_signature) == 0);
    }
}

#define HASH      "0x4444444444444444444444444444444444444444444444444444444444444444"
#define RECIPIENT "\"recipient\":\"0x2222222222222222222222222222222222222222\","
#define REST      "\"winProb\":\"0xff\",\"senderNonce\":3,"
#define RAND      "\"recipientRandHash\":\"" HASH "\","
#define ROUND     "0000000000000000000000000000000000000000000000000000000000000001"
#define AUX       "\"auxData\":\"0x" ROUND ROUND "\""

static void integers_are_numbers_decimals_or_hex(void)
{
    static const char *const values[] = { "17", "\"17\"", "\"0x11\"", "\"0x0011\"" };
    const struct u256 want = u256_of(17);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[1024];
        struct ticket ticket;
        struct fault why;
        snprintf(text, sizeof text, "{" RECIPIENT "\"faceValue\":%s," REST RAND AUX "}", values[i]);
        CHECK_ROW(text, read_ticket(text, &ticket, &why) && u256_compare(&ticket.face_value, &want) == 0);
    }
}

static void a_sender_that_is_not_given_is_ours(void)
{
    const struct address other = { { 0x33 } };
    struct ticket ticket;
    struct fault why;
    CHECK(read_ticket("{" RECIPIENT "\"faceValue\":1," REST RAND AUX "}", &ticket, &why));
    CHECK(address_equal(&ticket.sender, &SIGNER));
    CHECK(read_ticket("{" RECIPIENT
                      "\"sender\":\"0x3300000000000000000000000000000000000000\",\"faceValue\":1," REST RAND AUX "}",
                      &ticket, &why));
    CHECK(address_equal(&ticket.sender, &other));
}

static const struct {
    const char *object, *text;
} refused[] = {
    { "[]", "ticket must be an object" },
    { "{}", "ticket.recipient must be an address: 0x and 40 hex digits (got nothing)" },
    { "{\"recipient\":\"0x22\",\"faceValue\":1," REST RAND AUX "}", "ticket.recipient must be an address" },
    { "{" RECIPIENT "\"sender\":null,\"faceValue\":1," REST RAND AUX "}", "ticket.sender must be an address" },
    { "{" RECIPIENT REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":-1," REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":1.5," REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":\"\"," REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":\"0x\"," REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":true," REST RAND AUX "}", "ticket.faceValue must be an integer" },
    { "{" RECIPIENT
      "\"faceValue\":\"0x10000000000000000000000000000000000000000000000000000000000000000\"," REST RAND AUX "}",
      "ticket.faceValue must be an integer" },
    { "{" RECIPIENT "\"faceValue\":1,\"winProb\":[],\"senderNonce\":3," RAND AUX "}", "ticket.winProb must be" },
    { "{" RECIPIENT "\"faceValue\":1,\"winProb\":1," RAND AUX "}", "ticket.senderNonce must be" },
    { "{" RECIPIENT "\"faceValue\":1," REST AUX "}", "ticket.recipientRandHash must be 32 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST "\"recipientRandHash\":\"" HASH "44\"," AUX "}",
      "ticket.recipientRandHash must be 32 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST
      "\"recipientRandHash\":\"0xg444444444444444444444444444444444444444444444444444444444444444\"," AUX "}",
      "ticket.recipientRandHash must be 32 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST RAND "\"auxData\":\"0x" ROUND "\"}", "ticket.auxData must be 64 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST RAND "\"auxData\":\"" ROUND ROUND "\"}",
      "ticket.auxData must be 64 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST RAND "\"auxData\":\"0x" ROUND ROUND "00\"}",
      "ticket.auxData must be 64 bytes" },
    { "{" RECIPIENT "\"faceValue\":1," REST RAND AUX ",\"nonce\":1}", "ticket has no key \"nonce\"" },
    { "{" RECIPIENT "\"face_value\":1," REST RAND AUX "}", "ticket has no key \"face_value\"" },
};

static void objects_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct ticket ticket;
        struct fault why;
        CHECK_ROW(refused[i].object, !read_ticket(refused[i].object, &ticket, &why));
        CHECK_ROW(refused[i].object, why.code == FAULT_INPUT && text_begins(&why, refused[i].text));
    }
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    ecdsa_start(seed);
    hashes_and_signatures_equal_an_independent_implementation();
    integers_are_numbers_decimals_or_hex();
    a_sender_that_is_not_given_is_ours();
    objects_wrong_in_one_way_are_refused();
    return failures != 0;
}
