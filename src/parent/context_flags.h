/* context_flags: --encryption-context NAME=VALUE, for provisioning and sealing. */
#ifndef PARENT_CONTEXT_FLAGS_H
#define PARENT_CONTEXT_FLAGS_H

#include "core/kms/kms_api.h"
#include "parent/arguments.h"

/* clang-format off */
#define FLAG_ENCRYPTION_CONTEXT \
    { .name = "encryption-context", .value = "NAME=VALUE", .repeats = true, \
      .help = "a pair of KMS's encryption context, besides the policy's digest, which is not yours to give" }
/* clang-format on */

/* Checks them as a signer would; the strings live in the arena. *count 0: none given. FAULT_INPUT. */
bool context_flags_read(const struct arguments *arguments, struct arena *arena, struct kms_context *context,
                        struct fault *why) MUST_USE;

/* {"name":"value",…} */
void context_put(struct json_writer *json, const struct kms_context *context);

#endif
