#include "core/base/text.h"
#include "core/kms/sigv4.h"
#include "dev/kms_sim.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SKEW_S = 300, SIGNED_HEADERS_MAX = 32 };

/* The Authorization header, taken apart:
 *     AWS4-HMAC-SHA256 Credential=<id>/<date>/<region>/<service>/aws4_request, SignedHeaders=a;b, Signature=<hex> */
struct authorization {
    struct bytes access_key_id, date, region, service, terminator;
    struct bytes signed_headers, signature;
};

static struct bytes take_until(struct bytes *rest, uint8_t stop)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != stop)
        len++;
    const struct bytes taken = { rest->data, len };
    const size_t skip = len < rest->len ? len + 1 : len;
    *rest = (struct bytes){ rest->data + skip, rest->len - skip };
    return taken;
}

static bool take_prefix(struct bytes *text, struct bytes prefix)
{
    if (!text_starts_with(*text, prefix))
        return false;
    *text = (struct bytes){ text->data + prefix.len, text->len - prefix.len };
    return true;
}

static bool authorization_read(struct bytes header, struct authorization *read)
{
    if (!take_prefix(&header, BYTES_LIT("AWS4-HMAC-SHA256 ")))
        return false;
    struct bytes credential = text_trim(take_until(&header, ',')), names = text_trim(take_until(&header, ','));
    struct bytes signature = text_trim(header);
    if (!take_prefix(&credential, BYTES_LIT("Credential=")) || !take_prefix(&names, BYTES_LIT("SignedHeaders=")) ||
        !take_prefix(&signature, BYTES_LIT("Signature=")))
        return false;
    *read = (struct authorization){ .signed_headers = names, .signature = signature };
    read->access_key_id = take_until(&credential, '/');
    read->date = take_until(&credential, '/');
    read->region = take_until(&credential, '/');
    read->service = take_until(&credential, '/');
    read->terminator = credential;
    return read->access_key_id.len > 0 && read->date.len == 8 && read->region.len > 0 && signature.len == 64 &&
           bytes_equal(read->service, BYTES_LIT("kms")) && bytes_equal(read->terminator, BYTES_LIT("aws4_request"));
}

static bool date_read(struct bytes text, uint64_t *utc_s)
{
    char date[SIGV4_DATE + 1] = { 0 };
    struct tm parts = { 0 };
    if (text.len != SIGV4_DATE)
        return false;
    memcpy(date, text.data, SIGV4_DATE);
    const char *end = strptime(date, "%Y%m%dT%H%M%SZ", &parts);
    const time_t seconds = timegm(&parts);
    if (end == NULL || *end != '\0' || seconds < 0)
        return false;
    *utc_s = (uint64_t)seconds;
    return true;
}

/* The named headers must all be there, and host and every x-amz-… among them must be named. */
static bool signed_headers_read(const struct http_head *head, struct bytes names, struct http_header *headers,
                                size_t *count)
{
    bool host = false;
    *count = 0;
    while (names.len > 0) {
        const struct bytes name = take_until(&names, ';');
        if (*count == SIGNED_HEADERS_MAX || !http_header(head, name, &headers[*count].value))
            return false;
        headers[(*count)++].name = name;
        host = host || bytes_equal(name, BYTES_LIT("host"));
    }
    for (size_t i = 0; i < head->header_count; i++) {
        bool named = !text_starts_with_nocase(head->headers[i].name, BYTES_LIT("x-amz-"));
        for (size_t j = 0; j < *count; j++)
            named = named || text_equal_nocase(headers[j].name, head->headers[i].name);
        if (!named)
            return false;
    }
    return host;
}

static bool skew_ok(struct kms_exchange *exchange, struct bytes date, uint64_t at_s)
{
    const uint64_t now_s = exchange->utc_ms / 1000;
    char now[SIGV4_DATE + 1], limit[SIGV4_DATE + 1];
    sigv4_date(exchange->utc_ms, now);
    if (at_s + SKEW_S < now_s) {
        sigv4_date(exchange->utc_ms - SKEW_S * 1000, limit);
        return kms_refuse(exchange, "InvalidSignatureException", /* unverified */
                          "Signature expired: %.*s is now earlier than %s (%s - 5 min.)", (int)date.len,
                          (const char *)date.data, limit, now);
    }
    if (at_s > now_s + SKEW_S) {
        sigv4_date(exchange->utc_ms + SKEW_S * 1000, limit);
        return kms_refuse(exchange, "InvalidSignatureException", /* unverified */
                          "Signature not yet current: %.*s is still later than %s (%s + 5 min.)", (int)date.len,
                          (const char *)date.data, limit, now);
    }
    return true;
}

static bool signature_ok(const struct sim_credentials *credentials, const struct sigv4_request *request,
                         struct bytes signature)
{
    char wanted[65];
    struct secret_text secret WIPED_TEXT = { 0 };
    return secret_text_set(&secret, bytes_of_text(credentials->secret)) && sigv4_sign(request, &secret, wanted) &&
           secret_equal(bytes_of_text(wanted), signature);
}

static const char *region_of(const struct kms_sim *sim, struct bytes region)
{
    for (size_t i = 0; i < sim->region_count; i++) {
        if (bytes_equal(bytes_of_text(sim->regions[i]), region))
            return sim->regions[i];
    }
    return NULL;
}

/* Fills in who it is, once that is known; the session's name stands in the log even of a refused request. */
static void name_caller(struct kms_exchange *exchange, const struct sim_credentials *credentials)
{
    struct kms_caller *caller = &exchange->caller;
    caller->credentials = credentials;
    sim_role_arn(exchange->state, credentials->role, caller->principal_arn);
    sim_session_arn(exchange->state, credentials->role, credentials->session, caller->session_arn);
}

bool kms_authenticate(struct kms_exchange *exchange, const struct http_head *head, struct bytes body)
{
    struct authorization authorization;
    struct bytes header, date, token;
    struct http_header headers[SIGNED_HEADERS_MAX];
    size_t header_count = 0;
    uint64_t at_s = 0;
    /* The names are known; texts and the HTTP code 400 are unverified. */
    if (!http_header(head, BYTES_LIT("authorization"), &header))
        return kms_refuse(exchange, "MissingAuthenticationTokenException", "Missing Authentication Token");
    if (!authorization_read(header, &authorization))
        return kms_refuse(exchange, "IncompleteSignatureException",
                          "Authorization header does not have the form of AWS4-HMAC-SHA256 for the service kms.");
    if (!http_header(head, BYTES_LIT("x-amz-date"), &date) || !date_read(date, &at_s) ||
        !bytes_equal((struct bytes){ date.data, 8 }, authorization.date))
        return kms_refuse(exchange, "IncompleteSignatureException",
                          "X-Amz-Date is missing, malformed, or of another day than the credential scope.");
    if (!signed_headers_read(head, authorization.signed_headers, headers, &header_count))
        return kms_refuse(exchange, "InvalidSignatureException",
                          "SignedHeaders must name headers that are there, among them host and every x-amz-*.");

    const struct sim_credentials *credentials = sim_credentials_find(exchange->state, authorization.access_key_id);
    if (!http_header(head, BYTES_LIT("x-amz-security-token"), &token) || credentials == NULL ||
        !secret_equal(bytes_of_text(credentials->token), token))
        return kms_refuse(exchange, "UnrecognizedClientException",
                          "The security token included in the request is invalid.");
    name_caller(exchange, credentials);
    exchange->caller.region = region_of(exchange->sim, authorization.region);
    if (exchange->caller.region == NULL)
        return kms_refuse(exchange, "InvalidSignatureException", "Credential should be scoped to a valid region.");
    const struct sigv4_request request = { .method = head->method,
                                           .path = BYTES_LIT("/"),
                                           .query = BYTES_LIT(""),
                                           .headers = headers,
                                           .header_count = header_count,
                                           .body = body,
                                           .date = date,
                                           .region = authorization.region,
                                           .service = authorization.service };
    if (!signature_ok(credentials, &request, authorization.signature))
        return kms_refuse(exchange, "InvalidSignatureException",
                          "The request signature we calculated does not match the signature you provided. Check your "
                          "AWS Secret Access Key and signing method. Consult the service documentation for details.");
    if (!skew_ok(exchange, date, at_s))
        return false;
    return credentials->expires_s > exchange->utc_ms / 1000 ||
           kms_refuse(exchange, "ExpiredTokenException", "The security token included in the request is expired");
}
