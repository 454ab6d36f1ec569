/* The stand-in's check of Signature Version 4: a request that was signed once passes as it is; changed anywhere, it
 * passes only if everything that was signed is still what it was: method, body, and each signed header's value, runs of
 * spaces aside. The input edits the bytes of the whole HTTP request (edits.h).
 */
#include "edits.h"

#include "core/kms/sigv4.h"
#include "dev/kms_sim.h"

#include <stdio.h>
#include <strings.h>

enum { BODY_MAX = 4096 };

static const char *const SIGNED[] = { "content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target" };
static const char SECRET[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ID[] = "ASIAFUZZFUZZFUZZFUZZ";
enum { SIGNED_COUNT = sizeof SIGNED / sizeof *SIGNED };

static struct edits_good good;
static struct sim_state *state;
static struct kms_sim sim = { .region_count = 1, .regions = { "us-east-2" } };
static const uint64_t UTC_MS = UINT64_C(1795359600000);

static void load(void)
{
    static char request[BODY_MAX];
    static const char body[] = "{\"CiphertextBlob\":\"AAAA\",\"KeyId\":\"alias/a\"}";
    const char *const values[] = { "application/x-amz-json-1.1", "kms.us-east-2.amazonaws.com", "20261122T150000Z",
                                   "a session  token", "TrentService.Decrypt" };
    struct http_header headers[SIGNED_COUNT];
    struct secret_text secret = { 0 };
    char signature[65];
    for (size_t i = 0; i < SIGNED_COUNT; i++)
        headers[i] = (struct http_header){ bytes_of_text(SIGNED[i]), bytes_of_text(values[i]) };
    const struct sigv4_request order = { .method = BYTES_LIT("POST"),
                                         .path = BYTES_LIT("/"),
                                         .headers = headers,
                                         .header_count = SIGNED_COUNT,
                                         .body = bytes_of_text(body),
                                         .date = BYTES_LIT("20261122T150000Z"),
                                         .region = BYTES_LIT("us-east-2"),
                                         .service = BYTES_LIT("kms") };
    must(secret_text_set(&secret, bytes_of_text(SECRET)) && sigv4_sign(&order, &secret, signature));
    const int len =
        snprintf(request, sizeof request,
                 "POST / HTTP/1.1\r\nContent-Type: %s\r\nHost: %s\r\nX-Amz-Date: %s\r\nX-Amz-Security-Token: "
                 "%s\r\nX-Amz-Target: %s\r\nContent-Length: %zu\r\nAuthorization: AWS4-HMAC-SHA256 "
                 "Credential=%s/20261122/us-east-2/kms/aws4_request, SignedHeaders=content-type;host;"
                 "x-amz-date;x-amz-security-token;x-amz-target, Signature=%s\r\nAccept: */*\r\n\r\n%s",
                 values[0], values[1], values[2], values[3], values[4], sizeof body - 1, ID, signature, body);
    must(len > 0 && (size_t)len < sizeof request);
    good.messages[good.count++] = (struct bytes){ (const uint8_t *)request, (size_t)len };

    state = calloc(1, sizeof *state);
    must(state != NULL);
    strcpy(state->account, "111122223333");
    strcpy(state->partition, "aws");
    struct sim_credentials *const known = &state->credentials[state->credentials_count++];
    strcpy(known->access_key_id, ID);
    strcpy(known->secret, SECRET);
    strcpy(known->token, values[3]);
    strcpy(known->role, "Instance");
    strcpy(known->session, "i-0123456789abcdef0");
    known->expires_s = UTC_MS / 1000 + 3600;
}

/* Equal but for runs of spaces, which the standard makes one. */
static bool same_value(struct bytes a, struct bytes b)
{
    size_t i = 0, j = 0;
    for (; i < a.len && j < b.len && a.data[i] == b.data[j]; i++, j++)
        if (a.data[i] == ' ') {
            while (i + 1 < a.len && a.data[i + 1] == ' ')
                i++;
            while (j + 1 < b.len && b.data[j + 1] == ' ')
                j++;
        }
    return i == a.len && j == b.len;
}

static bool authenticates(uint8_t *arrived, size_t len, uint64_t utc_ms, struct http_head *head, struct bytes *body)
{
    size_t used;
    if (http_read_request(arrived, len, BODY_MAX, head, body, &used) != HTTP_WHOLE)
        return false;
    struct kms_exchange exchange = { .sim = &sim, .state = state, .utc_ms = utc_ms };
    const bool ok = kms_authenticate(&exchange, head, *body);
    must(ok == (exchange.error == NULL));
    must(!ok || strcmp(exchange.caller.session_arn,
                       "arn:aws:sts::111122223333:assumed-role/Instance/i-0123456789abcdef0") == 0);
    must(strstr(exchange.text, SECRET) == NULL);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    struct http_head head, wanted;
    struct bytes body, wanted_body, value, wanted_value;
    if (good.count == 0)
        load();
    uint8_t *const first = exact_copy(good.messages[0].data, good.messages[0].len);
    must(authenticates(first, good.messages[0].len, UTC_MS, &wanted, &wanted_body));
    const struct bytes request = edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const arrived = exact_copy(request.data, request.len);
    if (authenticates(arrived, request.len, UTC_MS, &head, &body)) {
        must(bytes_equal(head.method, wanted.method) && bytes_equal(body, wanted_body));
        for (size_t i = 0; i < SIGNED_COUNT; i++)
            must(http_header(&head, bytes_of_text(SIGNED[i]), &value) &&
                 http_header(&wanted, bytes_of_text(SIGNED[i]), &wanted_value) && same_value(value, wanted_value));
        for (size_t i = 0; i < head.header_count; i++) {
            bool was_signed =
                head.headers[i].name.len < 6 || strncasecmp((const char *)head.headers[i].name.data, "x-amz-", 6) != 0;
            for (size_t j = 0; j < SIGNED_COUNT; j++)
                was_signed = was_signed || (strlen(SIGNED[j]) == head.headers[i].name.len &&
                                            strncasecmp(SIGNED[j], (const char *)head.headers[i].name.data,
                                                        head.headers[i].name.len) == 0);
            must(was_signed);
        }
        memcpy(arrived, request.data, request.len);
        must(!authenticates(arrived, request.len, UTC_MS + 301000, &head, &body));
        memcpy(arrived, request.data, request.len);
        must(!authenticates(arrived, request.len, UTC_MS - 301000, &head, &body));
    }
    free(arrived);
    free(first);
    return 0;
}
