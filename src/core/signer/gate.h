/* gate: the only way to a signature. What is to be signed goes in as the struct that was read; the policy judges it,
 * the budget is charged, the journal told, and then the key slot signs the hash of that same struct.
 *
 * Order: judge, charge, journal, sign. A charge is not given back when the signature then fails.
 */
#ifndef CORE_SIGNER_GATE_H
#define CORE_SIGNER_GATE_H

#include "core/signer/methods.h"

enum wish_kind { WISH_TX, WISH_TICKET, WISH_MESSAGE, WISH_TYPED_DATA };

struct wish {
    enum wish_kind kind;
    const char *method; /* for the journal; static */
    const struct tx *tx;
    const struct ticket *ticket; /* WISH_TICKET, and WISH_MESSAGE when one came beside it, else NULL: the policy sees to
                                  * it that the message is its hash */
    struct bytes message;        /* WISH_MESSAGE */
    struct hash32 typed_data;    /* WISH_TYPED_DATA: the EIP-712 hash */
};

/* Called with the signer's read lock held and a key in the slot (methods with NEEDS_KEY are). A refusal by the policy
 * is told to the journal. FAULT_POLICY, FAULT_LIMIT, FAULT_INTERNAL. */
bool gate_sign(struct call *call, const struct wish *wish, struct signature *signature) MUST_USE;

#endif
