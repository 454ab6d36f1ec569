/* credentials: the AWS credentials that this machine has, from the first of
 *
 *   1. the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, only if none of them is blank;
 *   2. a container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, else AWS_CONTAINER_CREDENTIALS_FULL_URI;
 *   3. the instance's metadata service, version 2 only: AWS_EC2_METADATA_SERVICE_ENDPOINT honoured, not asked when
 *      AWS_EC2_METADATA_DISABLED is true.
 *
 * A source that is named and fails is the end: the next is not tried, so that nobody acts under an identity he did not
 * mean. Configuration files, SSO and assumed roles are the AWS CLI's: `aws configure export-credentials --format env`
 * puts what it finds into the environment.
 *
 * Nothing of a secret is in a fault. Proxies of the environment are not used for 2 and 3.
 */
#ifndef PARENT_CREDENTIALS_H
#define PARENT_CREDENTIALS_H

#include "core/base/fault.h"
#include "core/kms/credentials.h"

enum credentials_need {
    CREDENTIALS_TEMPORARY, /* with a session token: what a signer takes */
    CREDENTIALS_ANY,       /* long-lived keys in the environment will do: for calling KMS from here */
};

/* `source` says for people where they came from, a static text. FAULT_INPUT, FAULT_REMOTE; *credentials is then
 * empty. */
bool credentials_find(enum credentials_need need, struct aws_credentials *credentials, const char **source,
                      struct fault *why) MUST_USE;

#endif
