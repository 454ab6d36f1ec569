/* policy: what may be signed. One document, one canonical form, one digest, and the one gate that every signature
 * passes. Default: deny.
 *
 * The document is ARCHITECTURE 4.2's: every key stated, none unknown, integers as decimal strings or JSON integers,
 * "unlimited" where it is meant. Canonical form: sorted keys, no white space, integers as decimal strings, addresses
 * lower-case, recipients sorted and unique. Digest: SHA-256 of those bytes.
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include "core/base/arena.h"
#include "core/codec/json.h"
#include "core/eth/tx.h"
#include "core/policy/ticket.h"

enum {
    POLICY_RECIPIENTS_MAX = 16384, /* canonical form then 740 KB: fits a frame */
    POLICY_WARNINGS_MAX = 16,
    POLICY_BATCH_MAX = 256, /* tickets in one batch; 20 is what backends send, the block gas limit ends it near 300 */
};

struct limit {
    bool unlimited;
    struct u256 value;
};

enum policy_messages { MESSAGES_TICKETS, MESSAGES_ANY, MESSAGES_NONE };
enum policy_typed_data { TYPED_DATA_NONE, TYPED_DATA_ANY };

struct policy {
    struct u256 chain_id; /* not 0 */
    struct address ticket_broker;
    bool require_allowlist;
    struct limit max_face_value, max_total_face_value;
    bool allow_fund_deposit;
    struct limit max_fund_deposit;
    bool allow_withdraw;
    bool has_treasury;
    struct address treasury;
    enum policy_messages messages;
    enum policy_typed_data typed_data;
    struct limit max_gas, max_fee_per_gas, max_tx_fee;
    struct {
        uint64_t window_seconds;
        bool starts_empty;
        struct limit max_face_value, max_fund_deposit, max_fee;
    } budget;
    size_t recipient_count;
    struct address recipients[POLICY_RECIPIENTS_MAX]; /* sorted, unique: looked up by bisection */
};

/* From a whole document. FAULT_INPUT naming the key, what was found and what is wanted; *policy
 * its contents are then unspecified and must not be used. */
bool policy_read(struct json document, struct policy *policy, struct fault *why) MUST_USE;

/* From provisioning's flat parameters: the original's eight keys, and messages and max_tx_fee_wei. *given is false when
 * none of them is there (no policy; *policy then unspecified). What is not given takes the original's old behaviour
 * (ARCHITECTURE 4.2). Each loose end adds a sentence to warnings. Parsing tolerance and error texts: FACTS J.3.
 * A flat policy without chain id or broker is refused. */
struct policy_warnings {
    size_t count;
    const char *texts[POLICY_WARNINGS_MAX]; /* static */
};
bool policy_read_flat(struct json params, struct policy *policy, bool *given, struct fault *why) MUST_USE;

/* Every loose end of a policy, in sentences; the first that matters most. NULL: no policy at all. */
void policy_warnings(const struct policy *policy, struct policy_warnings *warnings);

/* The canonical form. */
void policy_put(struct writer *out, const struct policy *policy);
struct hash32 policy_digest(const struct policy *policy) MUST_USE;

/* What a signature, once allowed, takes from the budget. */
struct ticket_charge {
    struct hash32 ticket_hash;
    struct u256 face_value;
};
struct charge {
    struct u256 fee;          /* wei, the most that the transaction can cost beside its value */
    struct u256 fund_deposit; /* wei */
    size_t ticket_count;
    const struct ticket_charge *tickets; /* in the arena */
};

/* The gate. `policy` NULL is open mode with no policy: everything passes and nothing is charged. A refusal's text names
 * what was found and what is allowed, begins as the original's did, and why->rule is the policy's key. */
bool policy_judge_tx(const struct policy *policy, const struct address *signer, const struct tx *tx,
                     struct arena *arena, struct charge *charge, struct fault *why) MUST_USE;
bool policy_judge_ticket(const struct policy *policy, const struct address *signer, const struct ticket *ticket,
                         struct arena *arena, struct charge *charge, struct fault *why) MUST_USE;
/* A message by EIP-191. `ticket` is the ticket given beside it, or NULL; its hash must then be the message. */
bool policy_judge_message(const struct policy *policy, const struct address *signer, struct bytes message,
                          const struct ticket *ticket, struct arena *arena, struct charge *charge,
                          struct fault *why) MUST_USE;
bool policy_judge_typed_data(const struct policy *policy, struct fault *why) MUST_USE;

#endif
