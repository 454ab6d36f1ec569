/* sigv4: AWS Signature Version 4, for requests that fit in memory. Used to sign here, to check in the stand-in.
 *
 *   canonical request = METHOD \n path \n query \n (name:value \n)* \n signed names \n hex(SHA-256(body))
 *   string to sign    = "AWS4-HMAC-SHA256" \n date \n YYYYMMDD/region/service/aws4_request \n hex(SHA-256(canonical))
 *   key               = "AWS4" secret -> YYYYMMDD -> region -> service -> "aws4_request", each by HMAC-SHA-256
 */
#ifndef CORE_KMS_SIGV4_H
#define CORE_KMS_SIGV4_H

#include "core/base/secret.h"
#include "core/codec/http1.h"
#include "core/kms/credentials.h"

enum {
    SIGV4_DATE = 16,
    SIGV4_SCOPE_MAX = 128,
    SIGV4_STRING_TO_SIGN_MAX = 256, /* 17 + 17 + SIGV4_SCOPE_MAX + 1 + 64 */
};

struct sigv4_request {
    struct bytes method, path, query;  /* path and query already in canonical form */
    const struct http_header *headers; /* those to be signed, at most HTTP_HEADERS_MAX; any order and case */
    size_t header_count;
    struct bytes body;
    struct bytes date; /* YYYYMMDDTHHMMSSZ; the same bytes as in the X-Amz-Date header */
    struct bytes region, service;
};

/* 20261122T150000Z from milliseconds since the epoch. Years of four digits: later ones give the last such second. */
void sigv4_date(uint64_t utc_ms, char date[static SIGV4_DATE + 1]);

/* Names in lower case and sorted, values trimmed with inner runs of spaces made one, values of equal names joined by
 * commas in order of arrival. Fails the writer when a value holds control characters, when the method, path, query or a
 * name holds anything but 0x21..0x7e, and for too many headers. */
void sigv4_put_canonical_request(struct writer *out, const struct sigv4_request *request);

/* At most SIGV4_STRING_TO_SIGN_MAX. False: the canonical request fails, the date is not of that form, or the scope is
 * longer than SIGV4_SCOPE_MAX or holds anything but letters, digits and dashes. */
bool sigv4_put_string_to_sign(struct writer *out, const struct sigv4_request *request) MUST_USE;

/* The signature as 64 hex digits, and a NUL. False: there is no string to sign. */
bool sigv4_sign(const struct sigv4_request *request, const struct secret_text *secret_access_key,
                char signature[static 65]) MUST_USE;

/* Writes the whole value of the Authorization header. */
bool sigv4_put_authorization(struct writer *out, const struct sigv4_request *request,
                             const struct aws_credentials *credentials) MUST_USE;

#endif
