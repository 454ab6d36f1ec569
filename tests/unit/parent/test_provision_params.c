#include "parent/command.h"
#include "parent/provision_params.h"

#include "check.h"

#include <string.h>

enum { WORDS_MAX = 40 };
#define BROKER "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
#define ARN    "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

static struct arguments arguments;
static struct provision_order order;
static uint8_t scratch[PROVISION_SCRATCH], room[1 << 16];
static struct fault why;
static bool is_usage;

/* What would be sent for a command line; {NULL, 0} when it is refused. */
static struct bytes params_of(const char *const words[WORDS_MAX])
{
    char *argv[WORDS_MAX];
    int argc = 0;
    struct arena arena = arena_of(scratch, sizeof scratch);
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct aws_credentials credentials WIPED_CREDENTIALS = { .access_key_id = "AKID" };
    struct bytes text;
    CHECK(secret_text_set(&credentials.secret_access_key, BYTES_LIT("s+/=")));
    CHECK(secret_text_set(&credentials.session_token, BYTES_LIT("t")));
    while (argc < WORDS_MAX && words[argc] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    why = (struct fault){ .code = FAULT_NONE };
    CHECK(arguments_read(&command_provision.flags, argc, argv, &arguments, &why));
    if (!provision_order_read(&arguments, &arena, &order, &is_usage, &why))
        return (struct bytes){ 0 };
    json_begin_object(&json);
    if (!provision_params_put(&json, &arguments, &order, &credentials, &why))
        return (struct bytes){ 0 };
    json_end_object(&json);
    return writer_done(&out, &text) ? text : (struct bytes){ 0 };
}
#define PARAMS(...) params_of((const char *const[WORDS_MAX]){ __VA_ARGS__ })

#define CREDENTIALS "\"aws_access_key_id\":\"AKID\",\"aws_secret_access_key\":\"s+/=\",\"aws_session_token\":\"t\","

static void the_runbooks_flags_become_the_originals_params(void)
{
    const struct bytes plain = PARAMS("--region", "us-east-2", "--ciphertext-b64", "AQID");
    CHECK(bytes_equal(plain, BYTES_LIT("{" CREDENTIALS "\"ciphertext_b64\":\"AQID\",\"proxy_port\":8000,"
                                       "\"region\":\"us-east-2\"}")));
    const struct bytes flat =
        PARAMS("--region", "us-east-2", "--ciphertext-b64", "AQID", "--chain-id", "42161", "--ticket-broker", BROKER,
               "--allowed-recipient", "0x1111111111111111111111111111111111111111", "--require-allowlist",
               "--max-face-value-eth", "0.05", "--max-total-face-value-eth", "20");
    CHECK(bytes_equal(flat,
                      BYTES_LIT("{\"allowed_recipients\":[\"0x1111111111111111111111111111111111111111\"]," CREDENTIALS
                                "\"chain_id\":42161,\"ciphertext_b64\":\"AQID\","
                                "\"max_face_value_wei\":50000000000000000,"
                                "\"max_total_face_value_wei\":20000000000000000000,\"proxy_port\":8000,"
                                "\"region\":\"us-east-2\",\"require_allowlist\":true,"
                                "\"ticket_broker\":\"" BROKER "\"}")));
}

static void the_rest_of_the_flags_have_their_place(void)
{
    const struct bytes all =
        PARAMS("--ciphertext-b64", "AQID", "--kms-key-id", ARN, "--proxy-port", "8001", "--expected-address", BROKER,
               "--bind-policy", "--encryption-context", "service=payments=signer", "--no-fund-deposit",
               "--max-fund-deposit-eth", "1", "--max-tx-fee-eth", "0.01", "--messages", "any");
    CHECK(
        bytes_equal(all, BYTES_LIT("{\"allow_fund_deposit\":false," CREDENTIALS "\"bind_policy\":true,"
                                   "\"ciphertext_b64\":\"AQID\",\"encryption_algorithm\":\"SYMMETRIC_DEFAULT\","
                                   "\"encryption_context\":{\"service\":\"payments=signer\"},"
                                   "\"expected_address\":\"" BROKER "\",\"key_id\":\"" ARN "\","
                                   "\"max_fund_deposit_wei\":1000000000000000000,\"max_tx_fee_wei\":10000000000000000,"
                                   "\"messages\":\"any\",\"proxy_port\":8001,\"region\":\"us-east-2\"}")));
    const struct bytes generate = PARAMS("--generate", "--kms-key-id", ARN, "--key-spec", "AES-256");
    CHECK(bytes_equal(generate, BYTES_LIT("{" CREDENTIALS "\"key_id\":\"" ARN "\",\"key_spec\":\"AES-256\","
                                          "\"proxy_port\":8000,\"region\":\"us-east-2\"}")));
}

static void without_a_region_none_is_sent(void)
{
    CHECK(bytes_equal(PARAMS("--ciphertext-b64", "AQID"),
                      BYTES_LIT("{" CREDENTIALS "\"ciphertext_b64\":\"AQID\",\"proxy_port\":8000}")));
}

static void what_does_not_go_together_is_refused(void)
{
    static const struct {
        const char *words[WORDS_MAX], *said;
    } rows[] = {
        { { "--region", "us-east-2" }, "no key named" },
        { { "--generate", "--ciphertext-b64", "AQID" }, "give one of them" },
        { { "--generate" }, "--kms-key-id" },
        { { "--generate", "--kms-key-id", "a b" }, "no key id" },
        { { "--generate", "--kms-key-id", ARN, "--expected-address", BROKER }, "no meaning" },
        { { "--generate", "--kms-key-id", ARN, "--key-spec", "AES-128" }, "AES-256" },
        { { "--ciphertext-b64", "AQID", "--key-spec", "AES-256" }, "for --generate" },
        { { "--ciphertext-b64", "AQI" }, "base64" },
        { { "--ciphertext-b64", "" }, "base64" },
        { { "--ciphertext-b64", "AQID", "--region", "us-east-2.evil" }, "no AWS region" },
        { { "--ciphertext-b64", "AQID", "--region", "us-west-1", "--kms-key-id", ARN }, "one region" },
        { { "--ciphertext-b64", "AQID", "--policy", "p.json", "--chain-id", "1" }, "--chain-id has no place" },
        { { "--ciphertext-b64", "AQID", "--policy", "/nonexistent/p.json" }, "/nonexistent/p.json" },
        { { "--ciphertext-b64", "@/nonexistent/c" }, "/nonexistent/c" },
        { { "--ciphertext-b64", "AQID", "--messages", "some" }, "tickets, any or none" },
        { { "--ciphertext-b64", "AQID", "--max-face-value-eth", "1e3" }, "--max-face-value-eth" },
        { { "--ciphertext-b64", "AQID", "--chain-id", "0" }, "--chain-id" },
        { { "--ciphertext-b64", "AQID", "--proxy-port", "65536" }, "--proxy-port" },
        { { "--ciphertext-b64", "AQID", "--encryption-context", "novalue" }, "NAME=VALUE" },
        { { "--ciphertext-b64", "AQID", "--encryption-context", "a=1", "--encryption-context", "a=2" },
          "encryption-context" },
        { { "--ciphertext-b64", "AQID", "--encryption-context", "Ensign-policy-sha256=00" }, "encryption-context" },
        { { "--ciphertext-b64", "AQID", "--allowed-recipient", "0x12" }, "no address" },
        { { "--ciphertext-b64", "AQID", "--allowed-recipient", "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266" },
          "checksum" },
        { { "--ciphertext-b64", "AQID", "--expected-address", "0xzz" }, "--expected-address" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_ROW(rows[i].said, params_of(rows[i].words).data == NULL);
        CHECK_ROW(rows[i].said, why.code == FAULT_INPUT);
        if (strstr(why.text, rows[i].said) == NULL)
            fprintf(stderr, "wanted '%s' in: %s\n", rows[i].said, why.text);
        CHECK_ROW(rows[i].said, strstr(why.text, rows[i].said) != NULL);
    }
}

int main(void)
{
    (void)unsetenv("AWS_REGION");
    (void)unsetenv("AWS_DEFAULT_REGION");
    the_runbooks_flags_become_the_originals_params();
    the_rest_of_the_flags_have_their_place();
    without_a_region_none_is_sent();
    what_does_not_go_together_is_refused();
    return failures != 0;
}
