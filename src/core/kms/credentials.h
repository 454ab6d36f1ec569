/* credentials: temporary AWS credentials, as they pass through the core. */
#ifndef CORE_KMS_CREDENTIALS_H
#define CORE_KMS_CREDENTIALS_H

#include "core/base/secret.h"

enum { AWS_ACCESS_KEY_ID_MAX = 128 }; /* of IAM's model */

/* Each text has passed its check in kms_api. An empty session token: long-lived credentials, and none is sent. */
struct aws_credentials {
    char access_key_id[AWS_ACCESS_KEY_ID_MAX + 1]; /* not secret; NUL-terminated */
    struct secret_text secret_access_key, session_token;
};

void aws_credentials_wipe(struct aws_credentials *credentials);
#define WIPED_CREDENTIALS __attribute__((cleanup(aws_credentials_wipe)))

#endif
