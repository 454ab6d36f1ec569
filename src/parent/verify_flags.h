/* verify_flags: which flags of `ensign verify` go together, and which must be there. FAULT_INPUT. */
#ifndef PARENT_VERIFY_FLAGS_H
#define PARENT_VERIFY_FLAGS_H

#include "parent/arguments.h"

bool verify_flags_go_together(const struct arguments *arguments, struct fault *why) MUST_USE;

/* Every fact that a signer states is given, once; without --chain-only. */
bool verify_flags_name_a_signer(const struct arguments *arguments, struct fault *why) MUST_USE;

#endif
