/* provision_params: from the flags of `ensign provision` to the params of the methods provision and generate. */
#ifndef PARENT_PROVISION_PARAMS_H
#define PARENT_PROVISION_PARAMS_H

#include "core/kms/kms_api.h"
#include "core/policy/policy.h"
#include "parent/arguments.h"

enum { PROVISION_SCRATCH = 3 << 20 };

/* What the command line asks for, checked as far as this side can. */
struct provision_order {
    bool generate;
    char region[KMS_REGION_MAX]; /* empty: left to the signer, which may know its key */
    struct bytes ciphertext_b64; /* of provision */
    const char *key_id;          /* NULL: none */
    const char *expected_address;
    uint64_t proxy_port;
    struct json policy; /* the document; JSON_NONE: none */
    bool has_flat_policy, has_recipients;
    size_t recipient_count;
    struct address recipients[POLICY_RECIPIENTS_MAX];
    bool bind_policy;
    struct kms_context context;
};

/* FAULT_INPUT. Strings live in the arena, which needs PROVISION_SCRATCH. *is_usage: the command line itself is wrong,
 * not what it names. */
bool provision_order_read(const struct arguments *arguments, struct arena *arena, struct provision_order *order,
                          bool *is_usage, struct fault *why) MUST_USE;

/* Writes the members, sorted. FAULT_INPUT: an amount is none. */
bool provision_params_put(struct json_writer *params, const struct arguments *arguments,
                          const struct provision_order *order, const struct aws_credentials *credentials,
                          struct fault *why) MUST_USE;

#endif
