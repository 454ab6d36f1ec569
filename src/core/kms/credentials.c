#include "core/kms/credentials.h"

void aws_credentials_wipe(struct aws_credentials *credentials)
{
    wipe(credentials, sizeof *credentials);
}
