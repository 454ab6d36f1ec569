/* fault: why an operation was not done, in words fit for the caller to read. */
#ifndef CORE_BASE_FAULT_H
#define CORE_BASE_FAULT_H

#include <stdbool.h>

enum fault_code {
    FAULT_NONE,
    FAULT_INPUT,    /* the caller sent something malformed */
    FAULT_STATE,    /* not provisioned, or already provisioned */
    FAULT_POLICY,   /* well formed, and refused */
    FAULT_REMOTE,   /* KMS, NSM, or the TLS channel, said no */
    FAULT_LIMIT,    /* larger than a fixed buffer of ours */
    FAULT_INTERNAL, /* our own bug, or the kernel failed us */
};

struct fault {
    enum fault_code code;
    const char *rule; /* the policy key or rule that refused, a static text; NULL when none did */
    char text[512];   /* printable, NUL-terminated; never key material, credentials or KMS's text */
};

/* Sets *why and returns false, so that a check is one line:
 *
 *     if (!address_equal(&tx->to, &policy->ticket_broker))
 *         return fault_set(why, FAULT_POLICY, "tx.to not allowed");
 */
bool fault_set(struct fault *why, enum fault_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with FAULT_POLICY and the rule's name, which stands in the journal, and at the end of the text as " [rule]"
 * where the text does not name it. */
bool fault_refuse(struct fault *why, const char *rule, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts `prefix` before the text that is already there. Returns false. */
bool fault_prefix(struct fault *why, const char *prefix);

const char *fault_code_name(enum fault_code code); /* as on the wire: input, state, policy, remote, limit, internal */

/* Our own bugs are not errors: an enclave that dies has lost its key, which is the safe side. Always compiled in. */
#define must(cond) ((cond) ? (void)0 : must_fail())
void must_fail(void) __attribute__((noreturn));

#endif
