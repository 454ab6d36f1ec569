/* kms_policy_order: the command line of `ensign kms-policy`, read into what the policies are made from. */
#ifndef PARENT_KMS_POLICY_ORDER_H
#define PARENT_KMS_POLICY_ORDER_H

#include "parent/arguments.h"
#include "parent/exit_code.h"
#include "parent/key_policy_put.h"

struct pcr_text {
    char text[97]; /* 96 lower-case hex digits, NUL; empty: none */
};

/* What the order's texts point at. */
struct kms_policy_texts {
    struct pcr_text images[KEY_POLICY_ROLLOVER], pcr3, pcr4, pcr8;
    char digests[KEY_POLICY_ROLLOVER][65];
    size_t image_count, digest_count;
};

/* --image, --pcr0, --policy and --policy-sha256 alone, at most `most` of each kind. *code is EXIT_CODE_USAGE or _INPUT.
 */
bool kms_policy_texts_read(const struct arguments *arguments, size_t most, struct kms_policy_texts *texts,
                           enum exit_code *code, struct fault *why) MUST_USE;

/* All of it; PCR3 may be asked of a signer. Anything but EXIT_CODE_DONE: said. */
struct command;
enum exit_code kms_policy_order_read(const struct command *command, const struct arguments *arguments,
                                     struct kms_policy_texts *texts, struct key_policy_order *order) MUST_USE;

#endif
