#include "parent/kms_client.h"

#include "core/kms/sigv4.h"
#include "parent/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEADER_MAX = SECRET_TEXT_MAX + 1024, LINE_MAX_BYTES = 512, URL_MAX = 1024 };

static const char *environment_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? otherwise : value;
}

bool kms_choose_region(const char *given, const char *key, char region[static KMS_REGION_MAX], struct fault *why)
{
    struct kms_key_arn arn;
    const bool has_arn = key != NULL && kms_key_arn_read(bytes_of_text(key), &arn);
    const char *from_environment = environment_or("AWS_REGION", environment_or("AWS_DEFAULT_REGION", NULL));
    struct bytes chosen = { 0 };
    region[0] = '\0';
    if (given != NULL)
        chosen = bytes_of_text(given);
    else if (has_arn)
        chosen = arn.region;
    else if (from_environment != NULL)
        chosen = bytes_of_text(from_environment);
    else
        return true;
    if (chosen.len >= KMS_REGION_MAX || !kms_region_ok(chosen))
        return fault_set(why, FAULT_INPUT, "'%.*s' is no AWS region; one like us-east-2 is wanted",
                         (int)(chosen.len < 64 ? chosen.len : 64), (const char *)chosen.data);
    if (has_arn && !bytes_equal(chosen, arn.region))
        return fault_set(why, FAULT_INPUT, "--region says %.*s, the key's ARN %.*s; a key is in one region",
                         (int)chosen.len, (const char *)chosen.data, (int)arn.region.len,
                         (const char *)arn.region.data);
    memcpy(region, chosen.data, chosen.len);
    region[chosen.len] = '\0';
    return true;
}

static bool choose_url(const struct kms_client *client, char url[static URL_MAX], struct http_url *parts,
                       struct fault *why)
{
    char host[KMS_HOST_MAX];
    const char *override = environment_or("AWS_ENDPOINT_URL_KMS", environment_or("AWS_ENDPOINT_URL", NULL));
    kms_host(bytes_of_text(client->region), host);
    const int len =
        override != NULL ? snprintf(url, URL_MAX, "%s", override) : snprintf(url, URL_MAX, "https://%s/", host);
    if (len < 0 || len >= URL_MAX)
        return fault_set(why, FAULT_INPUT, "AWS_ENDPOINT_URL_KMS is over %d characters", URL_MAX);
    if (!http_url_read(url, parts, why))
        return fault_prefix(why, "AWS_ENDPOINT_URL_KMS: ");
    if (!parts->is_https)
        return fault_set(why, FAULT_INPUT, "AWS_ENDPOINT_URL_KMS is plain http; a key is sent over https only");
    return true;
}

/* The lines of one request. Two of them hold what must not stay in memory. */
struct request_lines {
    char target[LINE_MAX_BYTES], host[LINE_MAX_BYTES], date[LINE_MAX_BYTES];
    struct secret_text token; /* "X-Amz-Security-Token: …", NUL-terminated */
    char authorization[HEADER_MAX];
};

static bool sign(const struct kms_client *client, const char *operation, const struct http_url *url, struct bytes body,
                 struct request_lines *lines, struct fault *why)
{
    char date[SIGV4_DATE + 1], target[LINE_MAX_BYTES];
    struct timespec now;
    must(clock_gettime(CLOCK_REALTIME, &now) == 0);
    sigv4_date((uint64_t)now.tv_sec * 1000, date);
    (void)snprintf(target, sizeof target, "TrentService.%s", operation);
    const struct bytes token = secret_text_view(&client->credentials->session_token);
    const struct http_header headers[] = {
        { BYTES_LIT("content-type"), BYTES_LIT("application/x-amz-json-1.1") },
        { BYTES_LIT("host"), bytes_of_text(url->authority) },
        { BYTES_LIT("x-amz-date"), bytes_of_text(date) },
        { BYTES_LIT("x-amz-target"), bytes_of_text(target) },
        { BYTES_LIT("x-amz-security-token"), token },
    };
    const struct sigv4_request request = {
        .method = BYTES_LIT("POST"),
        .path = BYTES_LIT("/"),
        .headers = headers,
        .header_count = token.len > 0 ? 5 : 4,
        .body = body,
        .date = bytes_of_text(date),
        .region = bytes_of_text(client->region),
        .service = BYTES_LIT("kms"),
    };
    struct writer out = writer_of((uint8_t *)lines->authorization, sizeof lines->authorization);
    writer_text(&out, "Authorization: ");
    bool ok = sigv4_put_authorization(&out, &request, client->credentials);
    writer_u8(&out, '\0');
    ok = ok && !out.failed;
    if (token.len > 0) {
        out = writer_of(lines->token.bytes, sizeof lines->token.bytes);
        writer_text(&out, "X-Amz-Security-Token: ");
        writer_put(&out, token);
        writer_u8(&out, '\0');
        lines->token.len = out.len;
        ok = ok && !out.failed;
    }
    (void)snprintf(lines->target, sizeof lines->target, "X-Amz-Target: TrentService.%s", operation);
    (void)snprintf(lines->host, sizeof lines->host, "Host: %s", url->authority);
    (void)snprintf(lines->date, sizeof lines->date, "X-Amz-Date: %s", date);
    return ok || fault_set(why, FAULT_LIMIT, "the request to KMS does not fit its buffers");
}

static enum exit_code read_answer(struct kms_client *client, unsigned status, struct bytes text, const char *operation,
                                  struct json *answer, struct fault *why)
{
    if (status != 200) {
        const struct kms_error error = kms_error_read(status, text);
        client->error = error.name;
        (void)fault_set(why, FAULT_REMOTE, "KMS refused %s: %s: %s", operation, error.name, error.hint);
        return EXIT_CODE_REFUSED;
    }
    if (!json_read(text, answer, why) || json_kind(*answer) != JSON_OBJECT) {
        (void)fault_set(why, FAULT_REMOTE, "the answer to %s is no JSON object; is AWS_ENDPOINT_URL_KMS a KMS?",
                        operation);
        return EXIT_CODE_UNREACHED;
    }
    return EXIT_CODE_DONE;
}

enum exit_code kms_call(struct kms_client *client, const char *operation, struct bytes body, struct json *answer,
                        struct fault *why)
{
    static struct request_lines lines;
    char url[URL_MAX];
    struct http_url parts;
    unsigned status = 0;
    struct writer out = writer_of(client->answer, sizeof client->answer);
    client->error = NULL;
    if (!choose_url(client, url, &parts, why) || !sign(client, operation, &parts, body, &lines, why))
        return EXIT_CODE_INPUT;
    struct http_call call = {
        .method = "POST",
        .url = url,
        .headers = { "Content-Type: application/x-amz-json-1.1", "Expect:", lines.target, lines.host, lines.date,
                     lines.authorization, (const char *)lines.token.bytes },
        .header_count = lines.token.len > 0 ? 7 : 6,
        .body = body,
        .ca_file = environment_or("AWS_CA_BUNDLE", NULL),
        .timeout_ms = client->timeout_ms,
    };
    const bool answered = http_exchange(&call, &status, &out, why);
    wipe(&lines, sizeof lines);
    if (!answered)
        return EXIT_CODE_UNREACHED;
    return read_answer(client, status, (struct bytes){ client->answer, out.len }, operation, answer, why);
}
