/* sigv4: AWS Signature Version 4 (FACTS E), for requests that fit in memory. Used to sign here, to check in the
 * stand-in.
 */
#ifndef CORE_KMS_SIGV4_H
#define CORE_KMS_SIGV4_H

#include "core/base/secret.h"
#include "core/codec/http1.h"
#include "core/kms/credentials.h"

enum { SIGV4_DATE = 16, SIGV4_SCOPE_MAX = 128 };

struct sigv4_request {
    struct bytes method, path, query;  /* path and query already in canonical form */
    const struct http_header *headers; /* those to be signed; any order and case */
    size_t header_count;
    struct bytes body;
    struct bytes date; /* YYYYMMDDTHHMMSSZ */
    struct bytes region, service;
};

/* 20261122T150000Z from milliseconds since the epoch. */
void sigv4_date(uint64_t utc_ms, char date[static SIGV4_DATE + 1]);

/* Lines of FACTS E 1 and 2. Fails the writer when a header value holds control characters. */
void sigv4_put_canonical_request(struct writer *out, const struct sigv4_request *request);
bool sigv4_put_string_to_sign(struct writer *out, const struct sigv4_request *request) MUST_USE;

/* The signature as 64 hex digits. False: the request does not fit the buffers. */
bool sigv4_sign(const struct sigv4_request *request, const struct secret_text *secret_access_key,
                char signature[static 65]) MUST_USE;
/* Writes the whole value of the Authorization header. */
bool sigv4_put_authorization(struct writer *out, const struct sigv4_request *request,
                             const struct aws_credentials *credentials) MUST_USE;

#endif
