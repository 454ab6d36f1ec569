#include "parent/http_client.h"

#include "core/base/secret.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct writer *body = context;
    writer_put(body, (struct bytes){ (const uint8_t *)data, size * count });
    return body->failed ? 0 : size * count;
}

static void wipe_list(struct curl_slist *list)
{
    for (struct curl_slist *item = list; item != NULL; item = item->next)
        wipe(item->data, strlen(item->data));
    curl_slist_free_all(list);
}

static bool set_options(CURL *curl, const struct http_call *call, struct curl_slist *headers, struct writer *body)
{
    bool ok = curl_easy_setopt(curl, CURLOPT_URL, call->url) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call->timeout_ms) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
    ok &= curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, call->once ? 1L : 0L) == CURLE_OK;
    if (call->direct)
        ok &= curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    if (call->ca_file != NULL)
        ok &= curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca_file) == CURLE_OK;
    if (call->body.len > 0 || strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0) {
        ok &= curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)call->body.len) == CURLE_OK;
        ok &= curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len > 0 ? (const char *)call->body.data : "") ==
              CURLE_OK;
    }
    return ok;
}

static bool perform(CURL *curl, const struct http_call *call, struct curl_slist *headers, unsigned *status,
                    struct writer *body, struct fault *why)
{
    struct http_url url;
    long code = 0;
    if (!http_url_read(call->url, &url, why))
        return false;
    if (!set_options(curl, call, headers, body))
        return fault_set(why, FAULT_INTERNAL, "libcurl does not take an option that 7.88 has");
    const CURLcode result = curl_easy_perform(curl);
    if (body->failed)
        return fault_set(why, FAULT_REMOTE, "the answer of %s is over %zu bytes", url.authority, body->cap);
    if (result != CURLE_OK)
        return fault_set(why, FAULT_REMOTE, "no answer from %s: %s", url.authority, curl_easy_strerror(result));
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK || code < 100 || code > 999)
        return fault_set(why, FAULT_REMOTE, "%s gave no HTTP status", url.authority);
    *status = (unsigned)code;
    return true;
}

static bool exchange(CURL *curl, const struct http_call *call, unsigned *status, struct writer *body, struct fault *why)
{
    struct curl_slist *headers = NULL;
    bool ok = curl != NULL;
    for (size_t i = 0; i < call->header_count && ok; i++) {
        struct curl_slist *longer = curl_slist_append(headers, call->headers[i]);
        ok = longer != NULL;
        headers = ok ? longer : headers;
    }
    if (ok)
        ok = perform(curl, call, headers, status, body, why);
    else
        (void)fault_set(why, FAULT_INTERNAL, "no memory for an HTTP request");
    wipe_list(headers);
    return ok;
}

bool http_exchange(const struct http_call *call, unsigned *status, struct writer *body, struct fault *why)
{
    CURL *const curl = curl_easy_init();
    const bool ok = exchange(curl, call, status, body, why);
    curl_easy_cleanup(curl);
    return ok;
}

/* A curl handle by another name: it keeps its connections, and forgets everything else, when it is reset. */
struct http_line *http_line_open(void)
{
    return (struct http_line *)curl_easy_init();
}

bool http_line_exchange(struct http_line *line, const struct http_call *call, unsigned *status, struct writer *body,
                        struct fault *why)
{
    CURL *const curl = (CURL *)line;
    const bool ok = exchange(curl, call, status, body, why);
    curl_easy_reset(curl); /* what it points to is the caller's, and goes */
    return ok;
}

void http_line_close(struct http_line *line)
{
    curl_easy_cleanup((CURL *)line);
}

static bool copy_part(CURLU *url, CURLUPart part, char *out, size_t cap, unsigned flags)
{
    char *text = NULL;
    out[0] = '\0';
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
        return false;
    const int len = snprintf(out, cap, "%s", text);
    curl_free(text);
    return len >= 0 && (size_t)len < cap;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    const bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static bool take_apart(CURLU *handle, const char *url, struct http_url *parts)
{
    char scheme[8], host[258], port[8];
    if (curl_url_set(handle, CURLUPART_URL, url, 0) != CURLUE_OK ||
        !copy_part(handle, CURLUPART_SCHEME, scheme, sizeof scheme, 0) ||
        !copy_part(handle, CURLUPART_HOST, host, sizeof host, 0) || host[0] == '\0')
        return false;
    if (has_part(handle, CURLUPART_USER) || has_part(handle, CURLUPART_PASSWORD))
        return false;
    const bool is_https = strcasecmp(scheme, "https") == 0;
    if (!is_https && strcasecmp(scheme, "http") != 0)
        return false;
    const bool has_port = copy_part(handle, CURLUPART_PORT, port, sizeof port, CURLU_NO_DEFAULT_PORT);
    for (char *c = host; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    const size_t len = strlen(host);
    const bool bracketed = host[0] == '[' && host[len - 1] == ']';
    *parts = (struct http_url){ .is_https = is_https };
    (void)snprintf(parts->authority, sizeof parts->authority, "%s%s%s", host, has_port ? ":" : "", port);
    (void)snprintf(parts->host, sizeof parts->host, "%.*s", (int)(bracketed ? len - 2 : len), host + bracketed);
    return true;
}

bool http_url_read(const char *url, struct http_url *parts, struct fault *why)
{
    CURLU *handle = curl_url();
    if (handle == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory for a URL");
    const bool ok = take_apart(handle, url, parts);
    curl_url_cleanup(handle);
    return ok || fault_set(why, FAULT_INPUT, "not a URL of the form http://HOST or https://HOST");
}
