#include "parent/gateway_http.h"

#include "core/base/text.h"

static bool refuse(struct gateway *gateway, struct http_answer *answer, unsigned status, const char *sentence)
{
    if (answer == NULL)
        return false;
    (void)atomic_fetch_add(&gateway->http_refusals, 1);
    answer->status = status;
    writer_text(&answer->body, sentence);
    writer_text(&answer->body, "\n");
    return false;
}

static bool is_among(struct bytes text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_nocase(text, bytes_of_text(names[i])))
            return true;
    return false;
}

/* How often the header stands there, at most 2, and the last of them. */
static size_t count_header(const struct http_head *head, struct bytes name, struct bytes *value)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count && count < 2; i++)
        if (text_equal_nocase(head->headers[i].name, name)) {
            *value = head->headers[i].value;
            count++;
        }
    return count;
}

/* Without the port: "localhost:9000", "[::1]:9000". */
static struct bytes host_name(struct bytes host)
{
    size_t len = host.len;
    while (len > 0 && host.data[len - 1] >= '0' && host.data[len - 1] <= '9')
        len--;
    return len > 0 && host.data[len - 1] == ':' ? (struct bytes){ host.data, len - 1 } : host;
}

static bool host_is_allowed(const struct gateway *gateway, struct bytes host)
{
    static const char *const loopback[] = { "localhost", "127.0.0.1", "[::1]" };
    return is_among(host_name(host), loopback, sizeof loopback / sizeof *loopback) ||
           is_among(host_name(host), gateway->hosts, gateway->host_count) ||
           is_among(host, gateway->hosts, gateway->host_count);
}

static bool token_is_right(const struct gateway *gateway, const struct http_head *head)
{
    struct bytes value;
    const struct bytes scheme = BYTES_LIT("Bearer ");
    if (count_header(head, BYTES_LIT("authorization"), &value) != 1 || !text_starts_with_nocase(value, scheme))
        return false;
    const struct bytes found = { value.data + scheme.len, value.len - scheme.len };
    return secret_equal(found, (struct bytes){ (const uint8_t *)gateway->token, gateway->token_len });
}

/* application/json, with or without parameters. */
static bool is_json(struct bytes type)
{
    const struct bytes wanted = BYTES_LIT("application/json");
    return text_starts_with_nocase(type, wanted) &&
           (type.len == wanted.len || type.data[wanted.len] == ';' || type.data[wanted.len] == ' ');
}

bool gateway_guard(struct gateway *gateway, const struct http_head *head, struct http_answer *answer)
{
    struct bytes value;
    const size_t origins = count_header(head, BYTES_LIT("origin"), &value);
    if (origins > 1 || (origins == 1 && !is_among(value, gateway->origins, gateway->origin_count)))
        return refuse(gateway, answer, 403, "this Origin is not allowed here");
    if (answer != NULL)
        answer->origin = origins == 1 ? value : (struct bytes){ NULL, 0 };
    if (count_header(head, BYTES_LIT("host"), &value) != 1 || !host_is_allowed(gateway, value))
        return refuse(gateway, answer, 403, "this Host is not allowed here");
    /* What a browser asks before it lets a page send JSON: it brings no token. */
    if (origins == 1 && bytes_equal(head->method, BYTES_LIT("OPTIONS")))
        return true;
    if (gateway->token_len > 0 && !bytes_equal(head->target, BYTES_LIT("/upcheck")) && !token_is_right(gateway, head)) {
        if (answer != NULL)
            answer->asks_for_token = true;
        return refuse(gateway, answer, 401, "a bearer token is needed");
    }
    if (bytes_equal(head->method, BYTES_LIT("POST")) &&
        (count_header(head, BYTES_LIT("content-type"), &value) != 1 || !is_json(value)))
        return refuse(gateway, answer, 415, "the content type must be application/json");
    return true;
}
