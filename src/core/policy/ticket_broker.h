/* ticket_broker: what may be called on Livepeer's TicketBroker, one row a function.
 *
 * Arguments are read canonically into structs (core/policy/redeem_call.h); rules look at the structs. To permit
 * another call: write its judge, give it a row, vectors, and a section in docs/policy.md.
 */
#ifndef CORE_POLICY_TICKET_BROKER_H
#define CORE_POLICY_TICKET_BROKER_H

#include "core/policy/policy.h"

/* Judges a transaction whose `to` is the broker: by its selector, then by the row's rules. FAULT_POLICY, FAULT_LIMIT.
 * What it takes is added to *charge, which is unspecified on failure. */
bool ticket_broker_judge(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                         struct arena *arena, struct charge *charge, struct fault *why) MUST_USE;

/* The rows, for tests and for `ensign policy explain`. */
struct broker_function {
    uint8_t selector[4];   /* first 4 bytes of Keccak-256 of the signature */
    const char *signature; /* a unit test checks that the two agree */
    bool (*judge)(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                  struct reader arguments, struct arena *arena, struct charge *charge, struct fault *why);
};
extern const struct broker_function broker_functions[];
extern const size_t broker_function_count;

#endif
