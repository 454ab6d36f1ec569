/* credentials: temporary AWS credentials, as they pass through the core. */
#ifndef CORE_KMS_CREDENTIALS_H
#define CORE_KMS_CREDENTIALS_H

#include "core/base/secret.h"

struct aws_credentials {
    char access_key_id[129]; /* 16 to 128 of A-Z a-z 0-9 _; not secret; NUL-terminated */
    struct secret_text secret_access_key, session_token;
};

void aws_credentials_wipe(struct aws_credentials *credentials);
#define WIPED_CREDENTIALS __attribute__((cleanup(aws_credentials_wipe)))

#endif
