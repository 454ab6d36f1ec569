/* settings: what is welded into an image. Every refusal is wrong in one way. */
#include "check.h"
#include "core/signer/settings.h"

#include <string.h>

#define ARN    "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
#define STRICT "\"mode\":\"strict\",\"kms_key\":\"" ARN "\""
#define POLICY \
    "{\"version\":1,\"chain_id\":42161,\"ticket_broker\":\"0xa8bb618b1520e284046f3dfc448851a1ff26e41b\"," \
    "\"require_allowlist\":false,\"allowed_recipients\":[],\"max_face_value_wei\":\"1\"," \
    "\"max_total_face_value_wei\":\"1\",\"allow_fund_deposit\":true,\"max_fund_deposit_wei\":\"1\"," \
    "\"allow_withdraw\":false,\"treasury\":null,\"messages\":\"tickets\",\"typed_data\":\"none\"," \
    "\"max_gas\":\"1\",\"max_fee_per_gas_wei\":\"1\",\"max_tx_fee_wei\":\"1\",\"budget\":{\"window_seconds\":60," \
    "\"start\":\"full\",\"max_face_value_wei\":\"1\",\"max_fund_deposit_wei\":\"1\",\"max_fee_wei\":\"1\"}}"

static struct settings settings;

static bool read_text(const char *text, struct fault *why)
{
    *why = (struct fault){ 0 };
    return settings_read(bytes_of_text(text), &settings, why);
}

static void open_mode_has_the_originals_defaults(void)
{
    struct fault why;
    CHECK(read_text("{\"mode\":\"open\"}", &why));
    CHECK(settings.mode == MODE_OPEN && settings.kms_key[0] == '\0' && !settings.has_policy);
    CHECK(settings.lease_seconds == 0 && !settings.allow_reprovision && settings.trust_roots_len == 0);
    CHECK(memcmp(&settings.limits, &SERVER_LIMITS_DEFAULT, sizeof settings.limits) == 0);
}

static void strict_mode_has_a_lease(void)
{
    struct fault why;
    CHECK(read_text("{" STRICT "}", &why));
    CHECK(settings.mode == MODE_STRICT && strcmp(settings.kms_key, ARN) == 0 && settings.lease_seconds == 86400);
    CHECK(read_text("{\"lease_seconds\":0," STRICT "}", &why) && settings.lease_seconds == 0);
    CHECK(read_text("{\"lease_seconds\":600," STRICT "}", &why) && settings.lease_seconds == 600);
}

static void every_key_is_read(void)
{
    struct fault why;
    CHECK(read_text("{" STRICT ",\"policy\":" POLICY ",\"allow_reprovision\":true,"
                    "\"kms_trust_roots\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n\",\"limits\":{\"frame_bytes\":65536,"
                    "\"connections\":9,\"buffered_bytes\":131072,\"first_byte_ms\":1,\"request_ms\":2,\"idle_ms\":3}}",
                    &why));
    CHECK(settings.has_policy && settings.allow_reprovision);
    CHECK(settings.trust_roots_len == 33 && memcmp(settings.trust_roots + 27, "\nAAAA\n", 6) == 0);
    const struct server_limits expected = { .frame_bytes = 65536,
                                            .connections = 9,
                                            .buffered_bytes = 131072,
                                            .first_byte_ms = 1,
                                            .request_ms = 2,
                                            .idle_ms = 3 };
    CHECK(memcmp(&settings.limits, &expected, sizeof expected) == 0);
    CHECK(read_text("{\"mode\":\"open\",\"limits\":{\"frame_bytes\":131072,\"buffered_bytes\":131072}}", &why));
    CHECK(read_text("{\"mode\":\"open\",\"limits\":{\"idle_ms\":7}}", &why) && settings.limits.idle_ms == 7 &&
          settings.limits.connections == SERVER_LIMITS_DEFAULT.connections);
}

static const struct {
    const char *text, *why;
} REFUSED[] = {
    { "", "settings: Expecting value" },
    { "[]", "settings: must be an object (got an array)" },
    { "{}", "settings: \"mode\" is missing" },
    { "{\"mode\":null}", "settings: \"mode\" must be \"open\" or \"strict\" (got null" },
    { "{\"mode\":\"Strict\"}", "settings: \"mode\" must be \"open\" or \"strict\" (got 'Strict')" },
    { "{\"mode\":\"open\",\"mode\":\"open\"}", "settings: " },
    { "{\"mode\":\"open\",\"kms_keys\":\"x\"}", "settings: unknown key \"kms_keys\"" },
    { "{\"mode\":\"open\"} ;", "settings: Extra data" },
    { "{\"mode\":\"strict\"}", "settings: \"kms_key\" is missing" },
    { "{\"mode\":\"open\",\"kms_key\":5}",
      "settings: \"kms_key\" must be a string that is a KMS key ARN (got a number)" },
    { "{\"mode\":\"open\",\"kms_key\":null}",
      "settings: \"kms_key\" must be a string that is a KMS key ARN (got null" },
    { "{\"mode\":\"strict\",\"kms_key\":\"alias/x\"}", "settings: \"kms_key\" must be a key ARN" },
    { "{\"mode\":\"strict\",\"kms_key\":\"arn:aws:kms:us-east-2:111122223333:alias/x\"}",
      "settings: \"kms_key\" must be a key ARN" },
    { "{\"mode\":\"strict\",\"kms_key\":\"arn:aws:kms:us-east-2:111122223333:key/"
      "mrk-0123456789abcdef0123456789abcdef\"}",
      "settings: \"kms_key\" must be a single-Region key" },
    { "{\"mode\":\"open\",\"lease_seconds\":-1}", "settings: \"lease_seconds\" must be an integer from 0 to 31536000" },
    { "{\"mode\":\"open\",\"lease_seconds\":1.0}",
      "settings: \"lease_seconds\" must be an integer from 0 to 31536000" },
    { "{\"mode\":\"open\",\"lease_seconds\":31536001}", "settings: \"lease_seconds\" must be an integer" },
    { "{\"mode\":\"open\",\"lease_seconds\":\"1\"}", "settings: \"lease_seconds\" must be a number (got a string)" },
    { "{\"mode\":\"open\",\"allow_reprovision\":1}", "settings: \"allow_reprovision\" must be true or false" },
    { "{\"mode\":\"open\",\"policy\":{}}", "settings: policy: " },
    { "{\"mode\":\"open\",\"kms_trust_roots\":\"/etc/ssl\"}", "settings: \"kms_trust_roots\" must begin with" },
    { "{\"mode\":\"open\",\"kms_trust_roots\":\"\"}", "settings: \"kms_trust_roots\" must begin with" },
    { "{\"mode\":\"open\",\"kms_trust_roots\":[]}", "settings: \"kms_trust_roots\" must be a string" },
    { "{\"mode\":\"open\",\"limits\":[]}", "settings: \"limits\" must be an object" },
    { "{\"mode\":\"open\",\"limits\":{\"frames\":1}}", "settings: unknown key in \"limits\"" },
    { "{\"mode\":\"open\",\"limits\":{\"frame_bytes\":1048577}}", "settings: \"frame_bytes\" must be an integer from" },
    { "{\"mode\":\"open\",\"limits\":{\"frame_bytes\":4095}}", "settings: \"frame_bytes\" must be an integer from" },
    { "{\"mode\":\"open\",\"limits\":{\"connections\":0}}", "settings: \"connections\" must be an integer from 1" },
    { "{\"mode\":\"open\",\"limits\":{\"buffered_bytes\":65536}}",
      "settings: \"buffered_bytes\" (65536) must be at least" },
};

static void everything_else_is_refused(void)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        struct fault why;
        CHECK_ROW(REFUSED[i].text, !read_text(REFUSED[i].text, &why));
        CHECK_ROW(REFUSED[i].text, why.code == FAULT_INPUT);
        CHECK_ROW(why.text, strncmp(why.text, REFUSED[i].why, strlen(REFUSED[i].why)) == 0);
    }
}

static void a_document_of_the_maximum_is_read_and_a_byte_more_is_not(void)
{
    static char text[SETTINGS_MAX + 1] = "{\"mode\":\"open\"}";
    struct fault why;
    const size_t len = strlen(text);
    memset(text + len, ' ', sizeof text - len);
    CHECK(settings_read((struct bytes){ (const uint8_t *)text, SETTINGS_MAX }, &settings, &why));
    CHECK(!settings_read((struct bytes){ (const uint8_t *)text, SETTINGS_MAX + 1 }, &settings, &why));
}

/* A long one does not fill the message. */
static void an_unknown_key_is_shown_up_to_its_64th_byte(void)
{
    struct fault why;
    char text[256];
    for (int len = 62; len <= 100; len++) {
        snprintf(
            text, sizeof text, "{\"mode\":\"open\",\"%.*s\":1}", len,
            "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
        CHECK(!read_text(text, &why));
        const char *shown = strchr(why.text, '"');
        CHECK_ROW(text, shown != NULL && strcspn(shown, " ") == (size_t)(len + 2 < 64 ? len + 2 : 64));
    }
}

static void trust_roots_over_their_maximum_are_refused(void)
{
    static char text[SETTINGS_TRUST_ROOTS_MAX + 256];
    struct fault why;
    static const char head[] = "{\"mode\":\"open\",\"kms_trust_roots\":\"-----BEGIN CERTIFICATE-----";
    for (int over = 0; over <= 1; over++) {
        const size_t fill = (size_t)(SETTINGS_TRUST_ROOTS_MAX - 27 + over);
        memcpy(text, head, sizeof head - 1);
        memset(text + sizeof head - 1, 'A', fill);
        strcpy(text + sizeof head - 1 + fill, "\"}");
        CHECK(read_text(text, &why) == !over);
    }
}

int main(void)
{
    open_mode_has_the_originals_defaults();
    strict_mode_has_a_lease();
    every_key_is_read();
    everything_else_is_refused();
    a_document_of_the_maximum_is_read_and_a_byte_more_is_not();
    an_unknown_key_is_shown_up_to_its_64th_byte();
    trust_roots_over_their_maximum_are_refused();
    return failures != 0;
}
