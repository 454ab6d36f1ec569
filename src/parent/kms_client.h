/* kms_client: one call to AWS KMS over HTTPS by libcurl, signed with Signature Version 4. For what runs outside the
 * enclave; the enclave's own is core/kms/unseal.
 *
 * AWS_ENDPOINT_URL_KMS, else AWS_ENDPOINT_URL, replaces the host made from the region; AWS_CA_BUNDLE the system's
 * roots.
 */
#ifndef PARENT_KMS_CLIENT_H
#define PARENT_KMS_CLIENT_H

#include "core/kms/kms_api.h"
#include "parent/exit_code.h"

enum { KMS_CLIENT_TIMEOUT_S = 30, KMS_REQUEST_MAX = 65536 };

struct kms_client {
    char region[KMS_REGION_MAX];
    const struct aws_credentials *credentials; /* a session token is sent when there is one */
    long timeout_ms;
    const char *error; /* of the last call: KMS's error name, a static text; NULL when it did not refuse */
    uint8_t answer[KMS_RESPONSE_MAX];
};

/* `operation` as in X-Amz-Target, "Encrypt". `body` is a JSON object; the caller wipes it. *answer is a view into the
 * client, an object. A refusal gives KMS's error name and our hint, never KMS's text. */
enum exit_code kms_call(struct kms_client *client, const char *operation, struct bytes body, struct json *answer,
                        struct fault *why) MUST_USE;

/* The region to use: the one given; else the key ARN's; else AWS_REGION, AWS_DEFAULT_REGION; empty when none of them
 * says. `given` and `key` may be NULL. FAULT_INPUT: one that is no region, or a key in another. */
bool kms_choose_region(const char *given, const char *key, char region[static KMS_REGION_MAX],
                       struct fault *why) MUST_USE;

#endif
