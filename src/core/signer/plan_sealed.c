/* The parameters of the original: what to open, where, with whose credentials. */
#include "core/base/text.h"
#include "core/signer/params.h"
#include "core/signer/provisioning.h"

#include <stdio.h>
#include <string.h>

enum { CIPHERTEXT_TEXT_MAX = KMS_CIPHERTEXT_MAX / 3 * 4 };
_Static_assert(KMS_CIPHERTEXT_MAX % 3 == 0, "the longest ciphertext's base64 has no padding");

static bool is_pinned(const struct call *call)
{
    return call->signer->settings->kms_key[0] != '\0';
}

struct required {
    const char *name;
    struct bytes *text;
    bool may_be_pinned; /* the image's kms_key says it */
};

/* All that are missing are named at once, in the original's order. */
static bool read_required(struct call *call, const struct required rows[], size_t count)
{
    char missing[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (!params_text(call, rows[i].name, rows[i].text))
            return false;
        if (rows[i].text->len == 0 && !(rows[i].may_be_pinned && is_pinned(call)))
            len += (size_t)snprintf(missing + len, sizeof missing - len, "%s%s", len > 0 ? "," : "", rows[i].name);
    }
    return len == 0 || fault_set(call->why, FAULT_INPUT, "missing params: %s", missing);
}

static bool read_credentials(struct call *call, struct bytes id, struct bytes secret, struct bytes token,
                             struct aws_credentials *credentials)
{
    if (!kms_access_key_id_ok(id))
        return fault_set(call->why, FAULT_INPUT, "aws_access_key_id must be letters, digits and _, at most 128");
    if (!kms_secret_access_key_ok(secret) || !secret_text_set(&credentials->secret_access_key, secret))
        return fault_set(call->why, FAULT_INPUT,
                         "aws_secret_access_key has characters or a length that AWS never gives");
    if (!kms_session_token_ok(token) || !secret_text_set(&credentials->session_token, token))
        return fault_set(call->why, FAULT_INPUT, "aws_session_token has characters or a length that AWS never gives");
    memcpy(credentials->access_key_id, id.data, id.len);
    credentials->access_key_id[id.len] = '\0';
    return true;
}

static bool read_proxy_port(struct call *call, uint16_t *port)
{
    const struct json value = params_get(call, "proxy_port");
    struct bytes text;
    struct u256 wide;
    uint64_t number = PROVISIONING_PORT;
    if (!params_text(call, "proxy_port", &text))
        return false;
    if (text.len > 0) {
        if (json_kind(value) != JSON_STRING && json_kind(value) != JSON_NUMBER)
            return fault_set(call->why, FAULT_INPUT, "proxy_port must be an int (got %s)",
                             json_kind_name(json_kind(value)));
        if (json_kind(value) == JSON_NUMBER && json_integer(value, &wide) == JSON_INTEGER_NOT)
            return fault_set(call->why, FAULT_INPUT, "proxy_port must be an int (got %s)",
                             params_show_value(text).text);
        if (!u256_read_decimal(text, &wide))
            return fault_set(call->why, FAULT_INPUT, "invalid literal for int() with base 10: %s (proxy_port)",
                             params_show_value(text).text);
        if (!u256_fits_u64(&wide, &number) || number == 0 || number > UINT16_MAX)
            return fault_set(call->why, FAULT_INPUT, "proxy_port must be from 1 to 65535 (got %s)",
                             params_show_value(text).text);
    }
    *port = (uint16_t)number;
    return true;
}

static bool read_ciphertext(struct call *call, struct bytes base64, struct plan *plan)
{
    if (base64.len > CIPHERTEXT_TEXT_MAX)
        return fault_set(call->why, FAULT_INPUT,
                         "ciphertext_b64 must hold at most %d bytes (got %zu characters of base64)", KMS_CIPHERTEXT_MAX,
                         base64.len);
    size_t len;
    uint8_t *buffer = arena_take(call->arena, base64.len);
    if (buffer == NULL)
        return fault_set(call->why, FAULT_LIMIT, "parameters are too long");
    if (!text_read_base64(base64, buffer, base64.len, &len))
        return fault_set(call->why, FAULT_INPUT,
                         "ciphertext_b64 must be base64 (the CiphertextBlob that KMS Encrypt printed, unbroken)");
    plan->ciphertext = (struct bytes){ buffer, len };
    plan->ciphertext_sha256 = sha256(plan->ciphertext);
    return true;
}

static bool check_pin(struct call *call, struct plan *plan)
{
    const struct bytes pinned = bytes_of_text(call->signer->settings->kms_key);
    struct kms_key_arn arn;
    must(kms_key_arn_read(pinned, &arn)); /* settings_read checked it */
    if (plan->key_id.len > 0 && !bytes_equal(plan->key_id, pinned))
        return fault_refuse(call->why, "kms_key", "key_id is not the image's kms_key (got %s, allowed %s)",
                            params_show_value(plan->key_id).text, call->signer->settings->kms_key);
    if (plan->region.len > 0 && !bytes_equal(plan->region, arn.region))
        return fault_refuse(call->why, "kms_key", "region is not that of the image's kms_key (got %s, allowed %s)",
                            params_show_value(plan->region).text, params_show(arn.region).text);
    plan->key_id = pinned;
    plan->region = arn.region;
    return true;
}

static bool check_place(struct call *call, struct plan *plan)
{
    if (plan->region.len > 0 && !kms_region_ok(plan->region))
        return fault_set(call->why, FAULT_INPUT, "region must be a region's name like us-east-2 (got %s)",
                         params_show_value(plan->region).text);
    if (is_pinned(call))
        return check_pin(call, plan);
    if (plan->key_id.len > 0 && !kms_key_id_ok(plan->key_id))
        return fault_set(call->why, FAULT_INPUT, "key_id must be a KMS key id, ARN or alias (got %s)",
                         params_show_value(plan->key_id).text);
    return true;
}

static bool read_algorithm(struct call *call, enum kms_algorithm *algorithm)
{
    struct bytes name;
    *algorithm = KMS_SYMMETRIC_DEFAULT;
    if (!params_text(call, "encryption_algorithm", &name))
        return false;
    return name.len == 0 || kms_algorithm_read(name, algorithm) ||
           fault_set(call->why, FAULT_INPUT, "encryption_algorithm must be one that KMS has (got %s)",
                     params_show_value(name).text);
}

static bool read_key_spec(struct call *call)
{
    struct bytes spec;
    if (!params_text(call, "key_spec", &spec))
        return false;
    if (spec.len == 0 || bytes_equal(spec, BYTES_LIT("AES-256")))
        return true;
    if (bytes_equal(spec, BYTES_LIT("AES-128")))
        return fault_set(call->why, FAULT_INPUT, "key_spec must be AES-256 for ethereum keys");
    return fault_set(call->why, FAULT_INPUT, "key_spec must be AES-256 or AES-128 (got %s)",
                     params_show_value(spec).text);
}

bool plan_read_sealed(struct call *call, struct plan *plan)
{
    struct bytes ciphertext = { 0 }, id = { 0 }, secret = { 0 }, token = { 0 };
    const struct required rows[] = {
        { "region", &plan->region, true },
        plan->generates ? (struct required){ "key_id", &plan->key_id, true }
                        : (struct required){ "ciphertext_b64", &ciphertext, false },
        { "aws_access_key_id", &id, false },
        { "aws_secret_access_key", &secret, false },
        { "aws_session_token", &token, false },
    };
    if (!read_required(call, rows, sizeof rows / sizeof rows[0]))
        return false;
    if (plan->generates) {
        if (!read_key_spec(call))
            return false;
    } else if (!params_text(call, "key_id", &plan->key_id) || !read_algorithm(call, &plan->algorithm) ||
               !params_text(call, "expected_address", &plan->expected_address) ||
               !read_ciphertext(call, ciphertext, plan)) {
        return false;
    }
    return read_proxy_port(call, &plan->proxy_port) && check_place(call, plan) &&
           read_credentials(call, id, secret, token, &plan->credentials);
}
