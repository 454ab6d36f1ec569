#include "core/signer/settings.h"

#include "core/base/text.h"
#include "core/codec/frame.h"
#include "core/signer/params.h"

#include <string.h>

const struct server_limits SERVER_LIMITS_DEFAULT = {
    .frame_bytes = FRAME_MAX,
    .connections = 1024,
    .buffered_bytes = 8388608,
    .first_byte_ms = 5000,
    .request_ms = 5000,
    .idle_ms = 60000,
};

static bool wants(const char *key, struct json found, const char *wanted, struct fault *why)
{
    return fault_set(why, FAULT_INPUT, "settings: \"%s\" must be %s (got %s)", key, wanted,
                     json_kind_name(json_kind(found)));
}

static bool read_mode(struct json value, struct settings *settings, struct fault *why)
{
    if (json_kind(value) == JSON_NONE)
        return fault_set(why, FAULT_INPUT,
                         "settings: \"mode\" is missing: it must be \"open\" or \"strict\" (there is no default)");
    if (json_string_is(value, BYTES_LIT("open")))
        settings->mode = MODE_OPEN;
    else if (json_string_is(value, BYTES_LIT("strict")))
        settings->mode = MODE_STRICT;
    else
        return fault_set(why, FAULT_INPUT, "settings: \"mode\" must be \"open\" or \"strict\" (got %s)",
                         json_kind(value) == JSON_STRING
                             ? params_show((struct bytes){ value.text.data + 1, value.text.len - 2 }).text
                             : json_kind_name(json_kind(value)));
    settings->lease_seconds = settings->mode == MODE_STRICT ? SETTINGS_LEASE_SECONDS : 0;
    return true;
}

static bool read_kms_key(struct json value, struct settings *settings, struct fault *why)
{
    struct bytes text;
    struct kms_key_arn arn;
    if (!json_plain_string(value, &text))
        return wants("kms_key", value, "a string that is a KMS key ARN", why);
    if (!kms_key_arn_read(text, &arn))
        return fault_set(why, FAULT_INPUT,
                         "settings: \"kms_key\" must be a key ARN, arn:aws:kms:REGION:ACCOUNT:key/ID (an alias can be "
                         "pointed elsewhere, and is refused)");
    if (arn.multi_region)
        return fault_set(
            why, FAULT_INPUT,
            "settings: \"kms_key\" must be a single-Region key (got a multi-Region one: its copies in other "
            "Regions have key policies of their own)");
    if (text.len > SETTINGS_KMS_KEY_MAX)
        return fault_set(why, FAULT_INPUT, "settings: \"kms_key\" must be at most %d characters (got %zu)",
                         SETTINGS_KMS_KEY_MAX, text.len);
    memcpy(settings->kms_key, text.data, text.len);
    settings->kms_key[text.len] = '\0';
    return true;
}

static bool read_number(const char *key, struct json value, uint64_t least, uint64_t most, uint64_t *number,
                        struct fault *why)
{
    uint64_t found = 0;
    if (json_kind(value) != JSON_NUMBER)
        return wants(key, value, "a number", why);
    if (!json_u64(value, &found) || found < least || found > most)
        return fault_set(why, FAULT_INPUT, "settings: \"%s\" must be an integer from %llu to %llu (got another number)",
                         key, (unsigned long long)least, (unsigned long long)most);
    *number = found;
    return true;
}

static bool read_lease(struct json value, struct settings *settings, struct fault *why)
{
    return read_number("lease_seconds", value, 0, SETTINGS_LEASE_MAX, &settings->lease_seconds, why);
}

static bool read_allow_reprovision(struct json value, struct settings *settings, struct fault *why)
{
    return json_bool(value, &settings->allow_reprovision) || wants("allow_reprovision", value, "true or false", why);
}

static bool read_policy(struct json value, struct settings *settings, struct fault *why)
{
    settings->has_policy = true;
    return policy_read(value, &settings->policy, why) || fault_prefix(why, "settings: policy: ");
}

static bool read_trust_roots(struct json value, struct settings *settings, struct fault *why)
{
    struct writer out = writer_of((uint8_t *)settings->trust_roots, sizeof settings->trust_roots);
    struct bytes pem;
    if (json_kind(value) != JSON_STRING)
        return wants("kms_trust_roots", value, "a string of PEM certificates", why);
    if (!json_string(value, &out) || !writer_done(&out, &pem))
        return fault_set(why, FAULT_INPUT, "settings: \"kms_trust_roots\" must be at most %d bytes of PEM",
                         SETTINGS_TRUST_ROOTS_MAX);
    if (!text_starts_with(pem, BYTES_LIT("-----BEGIN CERTIFICATE-----")))
        return fault_set(why, FAULT_INPUT,
                         "settings: \"kms_trust_roots\" must begin with -----BEGIN CERTIFICATE----- (leave the key out "
                         "for Amazon's roots)");
    settings->trust_roots_len = pem.len;
    return true;
}

/* clang-format off */
static const struct limit_row {
    const char *name;
    size_t offset;
    uint32_t least, most;
} limit_rows[] = {
    { "frame_bytes",    offsetof(struct server_limits, frame_bytes),    SETTINGS_FRAME_MIN, FRAME_MAX                },
    { "connections",    offsetof(struct server_limits, connections),    1,                  SETTINGS_CONNECTIONS_MAX },
    { "buffered_bytes", offsetof(struct server_limits, buffered_bytes), SETTINGS_FRAME_MIN, SETTINGS_BUFFERED_MAX    },
    { "first_byte_ms",  offsetof(struct server_limits, first_byte_ms),  1,                  SETTINGS_TIMEOUT_MAX_MS  },
    { "request_ms",     offsetof(struct server_limits, request_ms),     1,                  SETTINGS_TIMEOUT_MAX_MS  },
    { "idle_ms",        offsetof(struct server_limits, idle_ms),        1,                  SETTINGS_TIMEOUT_MAX_MS  },
};
/* clang-format on */

static bool read_limit(struct json key, struct json value, struct server_limits *limits, struct fault *why)
{
    for (size_t i = 0; i < sizeof limit_rows / sizeof limit_rows[0]; i++) {
        const struct limit_row *row = &limit_rows[i];
        uint64_t number = 0;
        if (!json_string_is(key, bytes_of_text(row->name)))
            continue;
        if (!read_number(row->name, value, row->least, row->most, &number, why))
            return false;
        const uint32_t narrow = (uint32_t)number;
        memcpy((uint8_t *)limits + row->offset, &narrow, sizeof narrow);
        return true;
    }
    return fault_set(why, FAULT_INPUT,
                     "settings: unknown key in \"limits\" (allowed: frame_bytes, connections, buffered_bytes, "
                     "first_byte_ms, request_ms, idle_ms)");
}

static bool read_limits(struct json value, struct settings *settings, struct fault *why)
{
    struct json_cursor members = json_items(value);
    struct json key, item;
    if (json_kind(value) != JSON_OBJECT)
        return wants("limits", value, "an object", why);
    while (json_next(&members, &key, &item))
        if (!read_limit(key, item, &settings->limits, why))
            return false;
    if (settings->limits.buffered_bytes < settings->limits.frame_bytes)
        return fault_set(
            why, FAULT_INPUT,
            "settings: \"buffered_bytes\" (%u) must be at least \"frame_bytes\" (%u), or no request of that "
            "length could ever be taken",
            settings->limits.buffered_bytes, settings->limits.frame_bytes);
    return true;
}

/* "mode" comes first: defaults depend on it. */
static const struct {
    const char *name;
    bool (*read)(struct json value, struct settings *settings, struct fault *why);
} rows[] = {
    { "mode", read_mode },
    { "kms_key", read_kms_key },
    { "policy", read_policy },
    { "lease_seconds", read_lease },
    { "allow_reprovision", read_allow_reprovision },
    { "kms_trust_roots", read_trust_roots },
    { "limits", read_limits },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static bool check_names(struct json document, struct fault *why)
{
    struct json_cursor members = json_items(document);
    struct json key, value;
    while (json_next(&members, &key, &value)) {
        bool known = false;
        for (size_t i = 0; i < ROWS; i++)
            known = known || json_string_is(key, bytes_of_text(rows[i].name));
        if (!known)
            return fault_set(why, FAULT_INPUT,
                             "settings: unknown key %.*s (allowed: mode, kms_key, policy, lease_seconds, "
                             "allow_reprovision, kms_trust_roots, limits)",
                             (int)(key.text.len < 64 ? key.text.len : 64), key.text.data);
    }
    return true;
}

bool settings_read(struct bytes text, struct settings *settings, struct fault *why)
{
    struct json document;
    if (text.len > SETTINGS_MAX)
        return fault_set(why, FAULT_INPUT, "settings: at most %d bytes are read (got %zu)", SETTINGS_MAX, text.len);
    if (!json_read(text, &document, why))
        return fault_prefix(why, "settings: ");
    if (json_kind(document) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "settings: must be an object (got %s)", json_kind_name(json_kind(document)));
    if (!check_names(document, why))
        return false;

    memset(settings, 0, sizeof *settings);
    settings->limits = SERVER_LIMITS_DEFAULT;
    for (size_t i = 0; i < ROWS; i++) {
        struct json value = json_member(document, bytes_of_text(rows[i].name));
        if (i > 0 && json_kind(value) == JSON_NONE)
            continue;
        if (!rows[i].read(value, settings, why))
            return false;
    }
    if (settings->mode == MODE_STRICT && settings->kms_key[0] == '\0')
        return fault_set(why, FAULT_INPUT,
                         "settings: \"kms_key\" is missing: in strict mode the KMS key's ARN is part of the image");
    return true;
}
