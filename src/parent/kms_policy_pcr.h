/* kms_policy_pcr: PCRs as a key policy has them, and where PCR3 comes from. */
#ifndef PARENT_KMS_POLICY_PCR_H
#define PARENT_KMS_POLICY_PCR_H

#include "parent/kms_policy_order.h"

struct pcr_text pcr_text_of(const uint8_t pcr[static 48]) MUST_USE;
bool pcr_text_is_zero(const struct pcr_text *pcr) MUST_USE;

/* PCR3 and PCR4: SHA-384(48 zero bytes | text), the text the role's ARN or the instance's id; at most 640 bytes. */
struct pcr_text pcr_text_of_name(const char *name) MUST_USE;

/* Into texts->pcr3: left out, as given, computed from --role, or from a verified document; says which. Anything but
 * EXIT_CODE_DONE: said. */
enum exit_code kms_policy_find_pcr3(const struct command *command, const struct arguments *arguments,
                                    struct kms_policy_texts *texts) MUST_USE;

#endif
