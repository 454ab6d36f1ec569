#include "parent/credentials.h"

#include "core/base/text.h"
#include "core/codec/json.h"
#include "core/kms/kms_api.h"
#include "parent/credentials_source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || text_trim(bytes_of_text(value)).len == 0 ? NULL : value;
}

bool credentials_set(struct aws_credentials *credentials, struct bytes id, struct bytes secret, struct bytes token,
                     const char *who, struct fault *why)
{
    if (!kms_access_key_id_ok(id) || id.len >= sizeof credentials->access_key_id)
        return fault_set(why, FAULT_INPUT,
                         "%s: the access key id has %zu characters or some that none has; 16 to 128 of "
                         "letters, digits and _ are wanted",
                         who, id.len);
    if (!kms_secret_access_key_ok(secret) || !secret_text_set(&credentials->secret_access_key, secret))
        return fault_set(why, FAULT_INPUT, "%s: the secret access key has characters that none has, or too many", who);
    if ((token.len > 0 && !kms_session_token_ok(token)) || !secret_text_set(&credentials->session_token, token))
        return fault_set(why, FAULT_INPUT, "%s: the session token has characters that none has, or too many", who);
    memcpy(credentials->access_key_id, id.data, id.len);
    credentials->access_key_id[id.len] = '\0';
    return true;
}

static struct bytes string_member(struct json object, const char *name)
{
    struct bytes text = { 0 };
    (void)!json_plain_string(json_member(object, bytes_of_text(name)), &text);
    return text;
}

/* YYYY-MM-DDThh:mm:ssZ in the past; what is no such date is left to KMS. */
static bool is_past(struct bytes expiration)
{
    char text[24] = "";
    struct tm utc = { 0 };
    if (expiration.len != 20)
        return false;
    memcpy(text, expiration.data, expiration.len);
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end != NULL && *end == '\0' && timegm(&utc) <= time(NULL);
}

/* A value may have its slashes escaped (as some JSON libraries do), so strings are resolved, into wiped room. */
bool credentials_from_json(struct bytes text, const char *who, struct aws_credentials *credentials, struct fault *why)
{
    static const char *const names[] = { "AccessKeyId", "SecretAccessKey", "Token" };
    struct secret_text id WIPED_TEXT, secret WIPED_TEXT, token WIPED_TEXT;
    struct secret_text *const room[] = { &id, &secret, &token };
    struct json document;
    struct fault ignored; /* may quote nothing of a secret, but is not needed either */
    if (!json_read(text, &document, &ignored) || json_kind(document) != JSON_OBJECT)
        return fault_set(why, FAULT_REMOTE, "%s: the answer is no JSON object", who);
    const struct json code = json_member(document, BYTES_LIT("Code"));
    if (json_kind(code) != JSON_NONE && !json_string_is(code, BYTES_LIT("Success")))
        return fault_set(why, FAULT_REMOTE,
                         "%s: the answer's Code is not Success; see that the role exists and may be "
                         "assumed",
                         who);
    for (size_t i = 0; i < 3; i++) {
        struct writer out = writer_of(room[i]->bytes, sizeof room[i]->bytes);
        if (!json_string(json_member(document, bytes_of_text(names[i])), &out) || out.len == 0)
            return fault_set(why, FAULT_REMOTE, "%s: the answer has no %s", who, names[i]);
        room[i]->len = out.len;
    }
    if (is_past(string_member(document, "Expiration")))
        return fault_set(why, FAULT_REMOTE, "%s: the credentials have expired; see that this machine's clock is right",
                         who);
    return credentials_set(credentials, secret_text_view(&id), secret_text_view(&secret), secret_text_view(&token), who,
                           why);
}

static bool from_environment(enum credentials_need need, struct aws_credentials *credentials, bool *found,
                             struct fault *why)
{
    const char *id = environment("AWS_ACCESS_KEY_ID"), *secret = environment("AWS_SECRET_ACCESS_KEY");
    const char *token = environment("AWS_SESSION_TOKEN");
    *found = id != NULL && secret != NULL && (token != NULL || need == CREDENTIALS_ANY);
    return *found &&
           credentials_set(credentials, text_trim(bytes_of_text(id)), text_trim(bytes_of_text(secret)),
                           token == NULL ? (struct bytes){ 0 } : text_trim(bytes_of_text(token)), "environment", why);
}

static bool find(enum credentials_need need, struct aws_credentials *credentials, const char **source,
                 struct fault *why)
{
    bool found;
    *source = "the environment";
    const bool ok = from_environment(need, credentials, &found, why);
    if (found)
        return ok;
    if (container_is_named()) {
        *source = "the container's credentials endpoint";
        return container_credentials(credentials, why);
    }
    if (imds_is_disabled())
        return fault_set(
            why, FAULT_INPUT,
            "no AWS credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are not all "
            "set, no container endpoint is named, and AWS_EC2_METADATA_DISABLED is true");
    *source = "the instance's metadata service";
    return imds_credentials(credentials, why);
}

bool credentials_find(enum credentials_need need, struct aws_credentials *credentials, const char **source,
                      struct fault *why)
{
    const bool ok = find(need, credentials, source, why);
    if (!ok)
        aws_credentials_wipe(credentials);
    return ok;
}
