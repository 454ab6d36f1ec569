/* iam_pattern: how AWS's policies match names of actions and resources. */
#ifndef VERIFY_IAM_PATTERN_H
#define VERIFY_IAM_PATTERN_H

#include "core/base/bytes.h"

/* * stands for any number of bytes, ? for one. Actions are compared without case (ASCII), resources with it. */
bool iam_pattern_matches(struct bytes pattern, struct bytes text, bool ignore_case) MUST_USE;

#endif
