#include "parent/credentials_source.h"

#include "core/base/text.h"
#include "parent/http_client.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX = 1024, ROLE_MAX = 256 };

static const char who[] = "instance metadata";
static const char roles_path[] = "/latest/meta-data/iam/security-credentials/";

bool imds_is_disabled(void)
{
    const char *value = environment("AWS_EC2_METADATA_DISABLED");
    return value != NULL && text_equal_nocase(text_trim(bytes_of_text(value)), BYTES_LIT("true"));
}

static const char *base_url(void)
{
    const char *endpoint = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    if (endpoint != NULL)
        return endpoint;
    return mode != NULL && text_equal_nocase(bytes_of_text(mode), BYTES_LIT("ipv6")) ? "http://[fd00:ec2::254]"
                                                                                     : "http://169.254.169.254";
}

/* The metadata service at `path`, with one header. The answer's bytes are the caller's to wipe. */
static bool ask(const char *method, const char *path, const char *header, struct writer *body, unsigned *status,
                struct fault *why)
{
    char url[URL_MAX];
    const char *base = base_url();
    const size_t base_len = strlen(base) - (base[strlen(base) - 1] == '/' ? 1 : 0);
    const int len = snprintf(url, sizeof url, "%.*s%s", (int)base_len, base, path);
    if (len < 0 || (size_t)len >= sizeof url)
        return fault_set(why, FAULT_INPUT, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
    const struct http_call call = {
        .method = method,
        .url = url,
        .headers = { header },
        .header_count = 1,
        .direct = true,
        .timeout_ms = SOURCE_TIMEOUT_MS,
    };
    body->len = 0;
    return http_exchange(&call, status, body, why) || fault_prefix(why, "instance metadata: ");
}

/* "X-aws-ec2-metadata-token: …" for the calls that follow. */
static bool get_token(struct secret_text *header, struct writer *body, struct fault *why)
{
    unsigned status;
    if (!ask("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 300", body, &status, why)) {
        char text[sizeof why->text];
        (void)snprintf(text, sizeof text, "%s", why->text);
        return fault_set(why, FAULT_REMOTE,
                         "no AWS credentials: none in the environment, no container endpoint, and %s. "
                         "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or run "
                         "this on an instance with a role (from a container its metadata hop limit "
                         "must be 2)",
                         text);
    }
    const struct bytes token = text_trim((struct bytes){ body->data, body->len });
    if (status != 200)
        return fault_set(why, FAULT_REMOTE, "%s: asked for a token, got HTTP %u, wanted 200%s", who, status,
                         status == 403 ? "; the service is switched off for this instance" : "");
    if (token.len == 0 || !text_is_printable(token))
        return fault_set(why, FAULT_REMOTE, "%s: the token is empty or has characters that no header holds", who);
    struct writer out = writer_of(header->bytes, sizeof header->bytes);
    writer_text(&out, "X-aws-ec2-metadata-token: ");
    writer_put(&out, token);
    writer_u8(&out, '\0');
    return !out.failed || fault_set(why, FAULT_REMOTE, "%s: the token is too long", who);
}

/* Letters, digits and what IAM allows besides, so that the name cannot change the path. */
static bool role_ok(struct bytes role)
{
    for (size_t i = 0; i < role.len; i++) {
        const uint8_t c = role.data[i];
        const bool alphanumeric = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!alphanumeric && (c == '\0' || strchr("+=,.@_-", c) == NULL))
            return false;
    }
    /* "." and ".." are of those characters, and would be taken off the path before it is asked for */
    return role.len > 0 && role.len < ROLE_MAX && !bytes_equal(role, BYTES_LIT(".")) &&
           !bytes_equal(role, BYTES_LIT(".."));
}

static bool get_role(const char *header, struct writer *body, char path[static URL_MAX], struct fault *why)
{
    unsigned status;
    if (!ask("GET", roles_path, header, body, &status, why))
        return false;
    struct bytes role = text_trim((struct bytes){ body->data, body->len });
    const uint8_t *line_end = role.len > 0 ? memchr(role.data, '\n', role.len) : NULL;
    if (line_end != NULL)
        role = text_trim((struct bytes){ role.data, (size_t)(line_end - role.data) });
    if (status == 404 || (status == 200 && role.len == 0))
        return fault_set(why, FAULT_REMOTE, "%s: this instance has no role; attach one that may use the KMS key", who);
    if (status != 200 || !role_ok(role))
        return fault_set(why, FAULT_REMOTE, "%s: asked for the role's name, got HTTP %u%s", who, status,
                         status == 200 ? " and no such name" : "");
    (void)snprintf(path, URL_MAX, "%s%.*s", roles_path, (int)role.len, (const char *)role.data);
    return true;
}

static bool get_credentials(struct writer *body, struct aws_credentials *credentials, struct fault *why)
{
    char path[URL_MAX];
    unsigned status;
    struct secret_text header WIPED_TEXT = { .len = 0 };
    if (!get_token(&header, body, why) || !get_role((const char *)header.bytes, body, path, why) ||
        !ask("GET", path, (const char *)header.bytes, body, &status, why))
        return false;
    if (status != 200)
        return fault_set(why, FAULT_REMOTE, "%s: asked for the role's credentials, got HTTP %u, wanted 200", who,
                         status);
    return credentials_from_json((struct bytes){ body->data, body->len }, who, credentials, why);
}

bool imds_credentials(struct aws_credentials *credentials, struct fault *why)
{
    static uint8_t answer[SOURCE_ANSWER_MAX];
    struct writer body = writer_of(answer, sizeof answer);
    const bool ok = get_credentials(&body, credentials, why);
    wipe(answer, sizeof answer);
    return ok;
}
