/* policy_file: a policy document from a file, read by the code that the signer reads it with. */
#ifndef PARENT_POLICY_FILE_H
#define PARENT_POLICY_FILE_H

#include "core/policy/policy.h"

enum { POLICY_FILE_MAX = 1 << 20 };

/* FAULT_INPUT: the file's name, then the place and what was wrong. `policy` is 330 KB: static. */
bool policy_file_read(const char *path, struct policy *policy, struct fault *why) MUST_USE;

struct digest_text {
    char text[65]; /* 64 hex digits, NUL */
};
struct digest_text policy_digest_text(const struct policy *policy) MUST_USE;

#endif
