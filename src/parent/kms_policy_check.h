/* kms_policy_check: `ensign kms-policy --check FILE`. */
#ifndef PARENT_KMS_POLICY_CHECK_H
#define PARENT_KMS_POLICY_CHECK_H

#include "parent/arguments.h"
#include "parent/exit_code.h"

/* EXIT_CODE_DONE: nothing to say; EXIT_CODE_REFUSED: the findings were printed; else said. */
enum exit_code kms_policy_check(const struct arguments *arguments) MUST_USE;

#endif
