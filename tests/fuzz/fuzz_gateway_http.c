/* Whatever HTTP says to the gateway: what goes past the guard had one Host that is ours, no Origin but an allowed one,
 * the token wherever one is wanted, and JSON in a POST, each looked for anew in the bytes that arrived; everything else
 * was refused with its status and signs nothing.
 *
 *   u8: bit 0 a token is wanted; bit 1 read for a page's question (OPTIONS) | the request
 */
#include "fuzz.h"

#include "parent/gateway_http.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

enum { OUT_MAX = 1 << 20, BODY_MAX = 1 << 14, LINE_MAX_HERE = 1024 };

static const char HOST[] = "gateway.example:9000", ORIGIN[] = "https://wallet.example", TOKEN[] = "s3cret-T0ken";

static struct gateway gateway;
static struct gateway_call *call;

static void start(void)
{
    struct fault why;
    gateway.signers = (struct gateway_signers){ .endpoint_count = 1, .timeout_ms = 1000, .has_address = true };
    must(endpoint_read("unix:/nonexistent/signer.sock", &gateway.signers.endpoints[0].endpoint, &why));
    signers_start(&gateway.signers);
    nonces_start(&gateway.nonces);
    must(pthread_mutex_init(&gateway.key_lock, NULL) == 0);
    gateway.host_count = gateway.origin_count = 1;
    gateway.hosts[0] = HOST;
    gateway.origins[0] = ORIGIN;
    memcpy(gateway.token, TOKEN, sizeof TOKEN);
    call = gateway_http_make_worker(&gateway);
    must(call != NULL);
}

/* The value of the one line of that name in the head; false: none, or several. */
static bool line_of(const uint8_t *arrived, size_t head_len, const char *name, char value[static LINE_MAX_HERE])
{
    size_t found = 0;
    for (size_t at = 0; at < head_len;) {
        const uint8_t *const end = memmem(arrived + at, head_len - at, "\r\n", 2);
        const size_t len = end != NULL ? (size_t)(end - arrived) - at : head_len - at, name_len = strlen(name);
        if (at > 0 && len > name_len && strncasecmp((const char *)arrived + at, name, name_len) == 0 &&
            arrived[at + name_len] == ':') {
            size_t from = at + name_len + 1, to = at + len;
            while (from < to && (arrived[from] == ' ' || arrived[from] == '\t'))
                from++;
            while (to > from && (arrived[to - 1] == ' ' || arrived[to - 1] == '\t'))
                to--;
            if (to - from < LINE_MAX_HERE) {
                memcpy(value, arrived + from, to - from);
                value[to - from] = '\0';
            } else {
                strcpy(value, "too long for anything that is allowed");
            }
            found++;
        }
        at += len + 2;
    }
    return found == 1;
}

static bool is_absent(const uint8_t *arrived, size_t head_len, const char *name)
{
    char line[64];
    const int len = snprintf(line, sizeof line, "\r\n%s:", name);
    for (size_t at = 0; at + (size_t)len <= head_len; at++)
        if (strncasecmp((const char *)arrived + at, line, (size_t)len) == 0)
            return false;
    return true;
}

static bool host_is_ours(const char *host)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]", "gateway.example:9000" };
    for (size_t i = 0; i < 4; i++) {
        const size_t len = strlen(names[i]);
        if (strncasecmp(host, names[i], len) == 0 &&
            (host[len] == '\0' || (host[len] == ':' && strspn(host + len + 1, "0123456789") == strlen(host + len + 1))))
            return true;
    }
    return false;
}

static void check_passed(const uint8_t *arrived, size_t head_len, const struct http_head *head, bool wants_token)
{
    char value[LINE_MAX_HERE];
    must(line_of(arrived, head_len, "host", value) && host_is_ours(value));
    const bool has_origin = !is_absent(arrived, head_len, "origin");
    must(!has_origin || (line_of(arrived, head_len, "origin", value) && strcasecmp(value, ORIGIN) == 0));
    if (has_origin && bytes_equal(head->method, BYTES_LIT("OPTIONS")))
        return;
    if (wants_token && !bytes_equal(head->target, BYTES_LIT("/upcheck")))
        must(line_of(arrived, head_len, "authorization", value) && strncasecmp(value, "bearer ", 7) == 0 &&
             strcmp(value + 7, TOKEN) == 0);
    if (bytes_equal(head->method, BYTES_LIT("POST")))
        must(line_of(arrived, head_len, "content-type", value) && strncasecmp(value, "application/json", 16) == 0 &&
             !isalnum((unsigned char)value[16]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t room[OUT_MAX];
    struct http_head head;
    struct bytes body;
    size_t used;
    if (call == NULL)
        start();
    if (len == 0)
        return 0;
    gateway.token_len = data[0] & 1 ? sizeof TOKEN - 1 : 0;
    uint8_t *const arrived = exact_copy(data + 1, len - 1);
    if (http_read_request(arrived, len - 1, BODY_MAX, &head, &body, &used) == HTTP_WHOLE) {
        const uint8_t *const end = memmem(data + 1, len - 1, "\r\n\r\n", 4);
        must(end != NULL);
        const size_t head_len = (size_t)(end - data) - 1;
        struct http_answer answer = { .status = 200, .content_type = "text/plain", .body = writer_of(room, OUT_MAX) };
        const unsigned long long refusals = gateway.http_refusals;
        gateway_http_answer(call, &head, body, &answer);
        const bool refused = gateway.http_refusals > refusals;
        must(!refused || answer.status == 401 || answer.status == 403 || answer.status == 415);
        must(answer.asks_for_token == (answer.status == 401) && !answer.body.failed);
        if (!refused)
            check_passed(data + 1, head_len, &head, data[0] & 1);
        must(memmem(room, answer.body.len, TOKEN, sizeof TOKEN - 1) == NULL ||
             memmem(body.data, body.len, TOKEN, sizeof TOKEN - 1) != NULL);
    }
    free(arrived);
    return 0;
}
