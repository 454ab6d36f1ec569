/* recipients: the addresses of --allowed-recipient and --allowed-recipients-file, for provisioning and policies. */
#ifndef PARENT_RECIPIENTS_H
#define PARENT_RECIPIENTS_H

#include "core/eth/address.h"
#include "parent/arguments.h"

/* clang-format off */
#define FLAGS_RECIPIENTS \
    { .name = "allowed-recipient", .value = "ADDRESS", .repeats = true, \
      .help = "a recipient whose tickets may be signed and redeemed" }, \
    { .name = "allowed-recipients-file", .value = "FILE", \
      .help = "the same from a file: addresses with white space or commas between them, # begins a comment" }
/* clang-format on */

/* Puts all of them into `recipients`, which has room for POLICY_RECIPIENTS_MAX. FAULT_INPUT, with the file's line.
 * Letters of mixed case must be EIP-55's: such an address was checksummed, and does not fit its checksum. */
bool recipients_read(const struct arguments *arguments, struct address *recipients, size_t *count,
                     struct fault *why) MUST_USE;

/* One address from the command line; `what` is the flag's name. */
bool address_flag_read(const char *text, const char *what, struct address *address, struct fault *why) MUST_USE;

#endif
