/* key_policy_statement: one statement of a KMS key policy as a critic reads it: whom and what it covers, and what must
 * hold of a request for it to pass. Nothing is refused: what is not understood is remembered as such, and never counts
 * as a barrier.
 */
#ifndef VERIFY_KEY_POLICY_STATEMENT_H
#define VERIFY_KEY_POLICY_STATEMENT_H

#include "core/codec/json.h"

struct key_statement {
    char where[100]; /* statement 2 ("AllowDecrypt") */
    bool allows;
    bool odd; /* NotPrincipal, NotAction, NotResource, or no proper statement */
    struct json principal, action, resource, condition;
};
struct key_statement key_statement_of(struct json value, size_t index) MUST_USE;

/* Whether one of its actions, * and ? resolved, is that one ("kms:Decrypt"). */
bool key_statement_covers(const struct key_statement *statement, const char *action) MUST_USE;

/* Everyone: "*" or {"AWS": "*"}. */
bool key_statement_is_for_everyone(const struct key_statement *statement) MUST_USE;

/* The principals under "AWS" one after another; *at begins as 0. "*" for everyone. False: no more. Services and
 * federated ones are passed over. */
bool key_statement_principal(const struct key_statement *statement, size_t *at, struct bytes *principal) MUST_USE;

/* What must hold of a request. */
enum { GATE_VALUES_MAX = 8 };
struct gate_values {
    bool set;
    size_t count; /* may be more than is kept: then only the first are looked at one by one */
    struct bytes kept[GATE_VALUES_MAX];
};
struct gate {
    bool shut;                  /* nothing passes */
    bool attested;              /* some document is needed */
    struct gate_values image;   /* PCR0 or ImageSha384 is one of these */
    struct gate_values digests; /* kms:EncryptionContext:ensign-policy-sha256 is one of these */
    uint32_t other_pcrs;        /* bit n: PCRn, n > 0, is fixed */
    struct bytes only;          /* one principal alone; empty: any */
    const char *not_judged;     /* why a condition does not count as a barrier; NULL: all were judged */
};

/* What an Allow asks for. */
void gate_of_allow(const struct key_statement *statement, struct gate *gate);
/* What a Deny of the action for everyone adds to that. */
void gate_add_deny(const struct key_statement *statement, const char *action, struct gate *gate);

#endif
