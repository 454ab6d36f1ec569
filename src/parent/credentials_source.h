/* credentials_source: the two places that give credentials over HTTP, and what they give. For credentials.c, which
 * wipes what a failure left half written. */
#ifndef PARENT_CREDENTIALS_SOURCE_H
#define PARENT_CREDENTIALS_SOURCE_H

#include "core/base/fault.h"
#include "core/kms/credentials.h"

enum {
    SOURCE_TIMEOUT_MS = 2000,
    SOURCE_ANSWER_MAX = 16384,
};

/* The value of an environment variable, NULL when it is not set or blank. */
const char *environment(const char *name) MUST_USE;

/* FACTS F.2. */
bool container_is_named(void) MUST_USE;
bool container_credentials(struct aws_credentials *credentials, struct fault *why) MUST_USE;
/* False: http may carry a container's credentials from its own machine only. */
bool container_host_ok(bool is_https, const char *host) MUST_USE;

/* FACTS F.1. */
bool imds_is_disabled(void) MUST_USE;
bool imds_credentials(struct aws_credentials *credentials, struct fault *why) MUST_USE;

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", …}, with "Code" other than "Success" an error. `who` begins
 * the fault. */
bool credentials_from_json(struct bytes text, const char *who, struct aws_credentials *credentials,
                           struct fault *why) MUST_USE;
/* The three texts, with their character sets checked; an empty token is allowed. */
bool credentials_set(struct aws_credentials *credentials, struct bytes id, struct bytes secret, struct bytes token,
                     const char *who, struct fault *why) MUST_USE;

#endif
