/* Settings that read are what the text says, looked up anew: strict has its pin and its lease, every number is the one
 * that stands there or docs/settings.md's default, and in its range. Settings that are refused say why in printable
 * words. */
#include "edits.h"

#include "core/signer/settings.h"

#include <inttypes.h>
#include <stdio.h>

#define ARN "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
#define POLICY \
    "{\"version\":1,\"chain_id\":42161,\"ticket_broker\":\"0xa8bb618b1520e284046f3dfc448851a1ff26e41b\"," \
    "\"require_allowlist\":false,\"allowed_recipients\":[],\"max_face_value_wei\":\"1\"," \
    "\"max_total_face_value_wei\":\"unlimited\",\"allow_fund_deposit\":true,\"max_fund_deposit_wei\":\"1\"," \
    "\"allow_withdraw\":false,\"treasury\":null,\"messages\":\"tickets\",\"typed_data\":\"none\",\"max_gas\":\"1\"," \
    "\"max_fee_per_gas_wei\":\"1\",\"max_tx_fee_wei\":\"1\",\"budget\":{\"window_seconds\":86400,\"start\":\"empty\"," \
    "\"max_face_value_wei\":\"1\",\"max_fund_deposit_wei\":\"1\",\"max_fee_wei\":\"1\"}}"

static const char *const GOOD[] = {
    "{\"mode\":\"open\"}",
    "{\"mode\":\"strict\",\"kms_key\":\"" ARN "\"}",
    "{\"mode\":\"strict\",\"kms_key\":\"" ARN "\",\"lease_seconds\":0,\"allow_reprovision\":true}",
    "{\"mode\":\"strict\",\"kms_key\":\"" ARN "\",\"policy\":" POLICY ",\"lease_seconds\":31536000}",
    "{\"mode\":\"open\",\"kms_trust_roots\":\"-----BEGIN CERTIFICATE-----\\nAA==\\n-----END CERTIFICATE-----\\n\"}",
    ("{\"mode\":\"open\",\"limits\":{\"frame_bytes\":4096,\"connections\":65536,\"buffered_bytes\":1073741824,"
     "\"first_byte_ms\":1,\"request_ms\":3600000,\"idle_ms\":60000}}"),
    "{\"mode\":\"open\",\"limits\":{\"frame_bytes\":1048576,\"buffered_bytes\":1048576}}",
};

struct number {
    const char *name;
    uint64_t found, least, most, otherwise;
};

/* The number that stands in the text, or its default. */
static void check_number(struct json object, const struct number *number)
{
    char digits[24];
    const struct json value = json_member(object, bytes_of_text(number->name));
    must(number->found >= number->least && number->found <= number->most);
    if (json_kind(value) == JSON_NONE) {
        must(number->found == number->otherwise);
        return;
    }
    snprintf(digits, sizeof digits, "%" PRIu64, number->found);
    must(bytes_equal(value.text, bytes_of_text(digits)) ||
         (number->found == 0 && bytes_equal(value.text, BYTES_LIT("-0"))));
}

/* arn:aws…:kms:REGION:12 digits:key/UUID, by its colons. */
static bool is_single_region_key(const char *text)
{
    char copy[KMS_KEY_ID_MAX + 1], *rest = copy, *parts[6];
    snprintf(copy, sizeof copy, "%s", text);
    for (size_t i = 0; i < 6; i++)
        if ((parts[i] = strsep(&rest, ":")) == NULL)
            return false;
    return rest == NULL && strcmp(parts[0], "arn") == 0 && strncmp(parts[1], "aws", 3) == 0 &&
           strcmp(parts[2], "kms") == 0 && strspn(parts[3], "abcdefghijklmnopqrstuvwxyz-0123456789") > 0 &&
           strlen(parts[4]) == 12 && strspn(parts[4], "0123456789") == 12 && strncmp(parts[5], "key/", 4) == 0 &&
           strlen(parts[5]) == 40 && strspn(parts[5] + 4, "0123456789abcdef-") == 36;
}

static void check_read(struct bytes text, const struct settings *settings)
{
    struct json document, key, value;
    struct fault why;
    size_t known = 0;
    must(json_read(text, &document, &why));
    static const char *const names[] = { "mode",   "kms_key",        "policy", "lease_seconds", "allow_reprovision",
                                         "limits", "kms_trust_roots" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known += json_kind(json_member(document, bytes_of_text(names[i]))) != JSON_NONE;
    must(known == json_count(document));
    for (struct json_cursor members = json_items(document); json_next(&members, &key, &value);)
        must(json_kind(value) != JSON_NULL);

    const bool strict = settings->mode == MODE_STRICT;
    const struct json mode = json_member(document, BYTES_LIT("mode"));
    must(json_string_is(mode, strict ? BYTES_LIT("strict") : BYTES_LIT("open")));
    must(json_string_is(json_member(document, BYTES_LIT("kms_key")), bytes_of_text(settings->kms_key)) ==
         (settings->kms_key[0] != '\0'));
    must(settings->kms_key[0] != '\0' ? is_single_region_key(settings->kms_key) : !strict);
    must(settings->has_policy == (json_kind(json_member(document, BYTES_LIT("policy"))) == JSON_OBJECT));
    must(settings->allow_reprovision ==
         bytes_equal(json_member(document, BYTES_LIT("allow_reprovision")).text, BYTES_LIT("true")));
    must((settings->trust_roots_len > 0) ==
         (json_kind(json_member(document, BYTES_LIT("kms_trust_roots"))) == JSON_STRING));
    check_number(document,
                 &(struct number){ "lease_seconds", settings->lease_seconds, 0, 31536000, strict ? 86400 : 0 });

    const struct json limits = json_member(document, BYTES_LIT("limits"));
    const struct server_limits *got = &settings->limits;
    const struct number rows[] = {
        { "frame_bytes", got->frame_bytes, 4096, 1048576, 1048576 },
        { "connections", got->connections, 1, 65536, 1024 },
        { "buffered_bytes", got->buffered_bytes, got->frame_bytes, 1 << 30, 8388608 },
        { "first_byte_ms", got->first_byte_ms, 1, 3600000, 5000 },
        { "request_ms", got->request_ms, 1, 3600000, 5000 },
        { "idle_ms", got->idle_ms, 1, 3600000, 60000 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_number(limits, &rows[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct edits_good good;
    static uint8_t changed[EDITS_MESSAGE_MAX];
    static struct settings settings;
    struct fault why = { 0 };
    for (size_t i = 0; good.count < sizeof GOOD / sizeof *GOOD; i++)
        good.messages[good.count++] = bytes_of_text(GOOD[i]);
    const struct bytes text = len > 0 && data[0] == 0xff ? (struct bytes){ data + 1, len - 1 }
                                                         : edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(text.data, text.len);
    if (settings_read((struct bytes){ input, text.len }, &settings, &why))
        check_read((struct bytes){ input, text.len }, &settings);
    else
        must((why.code == FAULT_INPUT || why.code == FAULT_LIMIT) && why.text[0] != '\0');
    free(input);
    return 0;
}
