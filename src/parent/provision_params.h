/* provision_params: from the flags of `ensign provision`, or the configuration of `ensign provisioner`, to the params
 * of the methods provision and generate. */
#ifndef PARENT_PROVISION_PARAMS_H
#define PARENT_PROVISION_PARAMS_H

#include "core/kms/kms_api.h"
#include "core/policy/policy.h"
#include "parent/arguments.h"
#include "parent/context_flags.h"
#include "parent/recipients.h"

enum { PROVISION_SCRATCH = 3 << 20 };

/* What the command line asks for, checked as far as this side can. */
struct provision_order {
    bool generate;
    char region[KMS_REGION_MAX]; /* empty: left to the signer, which may know its key */
    struct bytes ciphertext_b64; /* of provision */
    const char *key_id;          /* NULL: none */
    const char *expected_address;
    uint64_t proxy_port;
    struct json policy;                   /* the document; JSON_NONE: none */
    bool has_flat_policy, has_recipients; /* given by flags, without a document */
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

/* What both have in their tables. Who may make new keys has `generate` and `key-spec` besides. */
/* clang-format off */
#define FLAGS_PROVISION \
    { .name = "region", .value = "REGION", \
      .help = "of the KMS key; else that of the key's ARN, else $AWS_REGION; a strict signer knows it" }, \
    { .name = "ciphertext-b64", .value = "BASE64|@FILE|-", \
      .help = "the sealed key: KMS's CiphertextBlob, or a file or standard input with it, or with what `ensign encrypt` " \
              "printed" }, \
    { .name = "kms-key-id", .value = "ARN", .help = "the KMS key; a key's ARN is best: an alias can be moved" }, \
    { .name = "proxy-port", .value = "PORT", .help = "of the parent's vsock-proxy to KMS (default 8000)" }, \
    { .name = "expected-address", .value = "ADDRESS", .help = "refuse another key than this address's" }, \
    { .name = "policy", .value = "FILE", .help = "the policy document, as `ensign policy new` writes one" }, \
    { .name = "bind-policy", \
      .help = "open the key only under this policy's digest in KMS's encryption context; a strict signer always does" }, \
    FLAG_ENCRYPTION_CONTEXT, \
    { .name = "chain-id", .value = "N", .help = "flat policy: the chain, 42161 for Arbitrum One" }, \
    { .name = "ticket-broker", .value = "ADDRESS", .help = "flat policy: the only contract" }, \
    FLAGS_RECIPIENTS, \
    { .name = "require-allowlist", .help = "flat policy: an empty list of recipients allows none, not all" }, \
    { .name = "max-face-value-eth", .value = "ETH", .help = "flat policy: of one ticket" }, \
    { .name = "max-total-face-value-eth", .value = "ETH", .help = "flat policy: of the tickets of one batch" }, \
    { .name = "max-fund-deposit-eth", .value = "ETH", .help = "flat policy: of one deposit" }, \
    { .name = "no-fund-deposit", .help = "flat policy: no deposit at all" }, \
    { .name = "max-tx-fee-eth", .value = "ETH", \
      .help = "flat policy: of one transaction (the signer's default is 0.01)" }, \
    { .name = "messages", .value = "tickets|any|none", \
      .help = "flat policy: what sign_message_defunct signs. `any` is what an unmodified backend needs, and leaves " \
              "recipients and face values of tickets unbounded" }
/* clang-format on */

#endif
