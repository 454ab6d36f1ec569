#include "parent/credentials_source.h"

#include "core/base/text.h"
#include "parent/http_client.h"
#include "parent/input_file.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 3, URL_MAX = 2048 };

static const char relative_name[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
static const char full_name[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
static const char who[] = "container credentials";

bool container_is_named(void)
{
    return environment(relative_name) != NULL || environment(full_name) != NULL;
}

bool container_host_ok(bool is_https, const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (is_https || strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        const uint32_t address = ntohl(v4.s_addr);
        return address >> 24 == 127 || address == 0xa9feaa02 || address == 0xa9feaa17; /* 169.254.170.2 and .23 */
    }
    static const uint8_t eks[16] = { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x23 };
    return inet_pton(AF_INET6, host, &v6) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&v6) || memcmp(v6.s6_addr, eks, sizeof eks) == 0);
}

static bool read_url(char url[static URL_MAX], struct fault *why)
{
    struct http_url parts;
    const char *relative = environment(relative_name), *full = environment(full_name);
    if (relative != NULL && relative[0] != '/')
        return fault_set(why, FAULT_INPUT, "%s does not begin with a slash", relative_name);
    const int len = relative != NULL ? snprintf(url, URL_MAX, "http://169.254.170.2%s", relative)
                                     : snprintf(url, URL_MAX, "%s", full);
    if (len < 0 || len >= URL_MAX)
        return fault_set(why, FAULT_INPUT, "%s is over %d characters", relative != NULL ? relative_name : full_name,
                         URL_MAX);
    if (!http_url_read(url, &parts, why))
        return fault_prefix(why, "AWS_CONTAINER_CREDENTIALS: ");
    if (!container_host_ok(parts.is_https, parts.host))
        return fault_set(why, FAULT_INPUT,
                         "%s names %s over plain http; only this machine, 169.254.170.2, "
                         "169.254.170.23 and fd00:ec2::23 may be asked so, others by https",
                         full_name, parts.host);
    return true;
}

/* The header's value, from the file that is read again each time, or from the environment. */
static bool read_token(struct secret_text *token, struct fault *why)
{
    const char *path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *value = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct bytes contents = { 0 };
    if (path != NULL) {
        if (!input_file_read(path, token->bytes, sizeof token->bytes, &contents, why))
            return fault_prefix(why, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ");
        token->len = contents.len;
    } else if (value != NULL && !secret_text_set(token, bytes_of_text(value))) {
        return fault_set(why, FAULT_INPUT, "AWS_CONTAINER_AUTHORIZATION_TOKEN is over %d characters", SECRET_TEXT_MAX);
    }
    if (!text_is_printable(secret_text_view(token)))
        return fault_set(why, FAULT_INPUT,
                         "the container's authorization token has a line end or another character that "
                         "no header holds");
    return true;
}

static bool ask_once(const struct http_call *call, uint8_t *answer, struct aws_credentials *credentials, bool *again,
                     struct fault *why)
{
    unsigned status;
    struct writer body = writer_of(answer, SOURCE_ANSWER_MAX);
    const bool answered = http_exchange(call, &status, &body, why);
    *again = !answered || status >= 500;
    const bool ok =
        answered && status == 200 && credentials_from_json((struct bytes){ answer, body.len }, who, credentials, why);
    if (answered && status != 200)
        (void)fault_set(why, FAULT_REMOTE, "%s: the endpoint answered HTTP %u", who, status);
    wipe(answer, SOURCE_ANSWER_MAX);
    return ok;
}

bool container_credentials(struct aws_credentials *credentials, struct fault *why)
{
    char url[URL_MAX];
    struct secret_text token WIPED_TEXT = { .len = 0 };
    struct secret_text header WIPED_TEXT = { .len = 0 };
    static uint8_t answer[SOURCE_ANSWER_MAX];
    bool again = true, ok = false;
    if (!read_url(url, why) || !read_token(&token, why))
        return false;
    struct http_call call = {
        .method = "GET",
        .url = url,
        .headers = { "Accept: application/json" },
        .header_count = 1,
        .direct = true,
        .timeout_ms = SOURCE_TIMEOUT_MS,
    };
    if (token.len > 0) {
        struct writer out = writer_of(header.bytes, sizeof header.bytes);
        writer_text(&out, "Authorization: ");
        writer_put(&out, secret_text_view(&token));
        writer_u8(&out, '\0');
        if (out.failed)
            return fault_set(why, FAULT_INPUT, "the container's authorization token is too long");
        call.headers[call.header_count++] = (const char *)header.bytes;
    }
    for (int i = 0; i < TRIES && again && !ok; i++) {
        if (i > 0)
            (void)sleep(1);
        ok = ask_once(&call, answer, credentials, &again, why);
    }
    return ok;
}
