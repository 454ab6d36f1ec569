/* policy: what may be signed. One document, one canonical form, one digest, and the one gate that every signature
 * passes. Default: deny. docs/policy.md says for each key what it bounds and what not.
 *
 *   document   JSON, every key stated, none unknown. An integer is a JSON integer, or a string of decimal digits
 *              without sign or leading zeros; "unlimited" stands where a limit may be absent. An address is 0x and
 *              40 hex digits of any case.
 *   canonical  keys sorted, no white space, every integer a decimal string, addresses lower-case, recipients sorted
 *              and unique; it is itself a document, and reading it gives the same policy
 *   digest     SHA-256 of the canonical form's bytes
 */
#ifndef CORE_POLICY_POLICY_H
#define CORE_POLICY_POLICY_H

#include "core/base/arena.h"
#include "core/codec/json.h"
#include "core/eth/tx.h"
#include "core/policy/ticket.h"

enum {
    POLICY_RECIPIENTS_MAX = 16384,                            /* canonical form then 740 KB: fits a frame */
    POLICY_CANONICAL_MAX = POLICY_RECIPIENTS_MAX * 45 + 2048, /* bytes of the longest canonical form */
    POLICY_WARNINGS_MAX = 16,
    POLICY_WINDOW_SECONDS_MAX = 31536000, /* a year */
    POLICY_BATCH_MAX = 256, /* tickets in one batch; 20 is what backends send, the block gas limit ends it near 300 */
};

struct limit {
    bool unlimited;
    struct u256 value;
};

enum policy_messages { MESSAGES_TICKETS, MESSAGES_ANY, MESSAGES_NONE };
enum policy_typed_data { TYPED_DATA_NONE, TYPED_DATA_ANY };

/* The document's words for them, and back from a JSON string; false: another value. */
const char *policy_messages_name(enum policy_messages messages) MUST_USE;
const char *policy_typed_data_name(enum policy_typed_data typed_data) MUST_USE;
bool policy_messages_of(struct json word, enum policy_messages *messages) MUST_USE;
bool policy_typed_data_of(struct json word, enum policy_typed_data *typed_data) MUST_USE;

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

/* From a whole document. FAULT_INPUT naming the key, what was found and what is wanted; FAULT_LIMIT over
 * POLICY_RECIPIENTS_MAX entries. On failure *policy is unspecified and must not be used. */
bool policy_read(struct json document, struct policy *policy, struct fault *why) MUST_USE;

/* From provisioning's flat parameters: the original's eight keys (chain_id, ticket_broker, require_allowlist,
 * allowed_recipients, max_face_value_wei, max_total_face_value_wei, allow_fund_deposit, max_fund_deposit_wei), and
 * messages, typed_data and max_tx_fee_wei; other members are not looked at. *given is false when none of them is there
 * and not null: no policy, and *policy is unspecified. Tolerance and error texts are the original's: an int is a JSON
 * integer, a bool, or a string, decimal or 0x, blank for 0; a bool is a bool, an int or a word; recipients are an array
 * or a comma-separated string; white space around is taken off.
 *
 * What is not given is as it was: unlimited, no allow-list, deposits allowed, no withdrawal, no treasury. Except:
 * messages are "tickets", typed data "none"; max_tx_fee_wei is 10^16 (0.01 ETH); and the budget, with a window of a
 * day and a full start, allows ten times max_tx_fee_wei.
 *
 * Refused, other than by the original: no chain id or 0, no broker, digits that are not hex, integers that are negative
 * or over 256 bits, and require_allowlist without recipients (no ticket could ever be signed). FAULT_INPUT, and
 * FAULT_LIMIT as above. */
bool policy_read_flat(struct json params, struct policy *policy, bool *given, struct fault *why) MUST_USE;

/* Whether the keys go together: an allow-list that is required is not empty; withdrawal and deposits exclude each
 * other. Both readers end with it. FAULT_INPUT. */
bool policy_is_consistent(const struct policy *policy, struct fault *why) MUST_USE;

/* Every loose end of a policy, in sentences for the operator; the one that matters most comes first. NULL: no policy
 * at all. */
struct policy_warnings {
    size_t count;
    const char *texts[POLICY_WARNINGS_MAX]; /* static */
};
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

/* Who signs. A signer that has its key at hand may give `made`: true only if its key, given that digest, makes that
 * very signature, the parity with it; `context` is passed back. A ticket's signature is asked of it first, as that is
 * cheaper than to recover who made it; when it is false, or NULL, the signature is recovered. */
struct policy_signer {
    struct address address;
    bool (*made)(const void *context, const struct hash32 *digest, const struct signature *signature);
    const void *context;
};

/* The gate. `policy` NULL is open mode with no policy: everything passes and nothing is charged. A refusal is
 * FAULT_POLICY; its text names what was found and what is allowed and begins as the original's did; why->rule is the
 * policy's key, or one of transaction_type, tx_to, tx_value, calldata, ticket_sender, ticket_signature. FAULT_LIMIT
 * when the arena is too small. *charge is untouched on failure.
 *
 * policy_judge_tx: chain, type (0, 1 and 2), destination, gas and fees, then by destination the broker's functions
 * (core/policy/ticket_broker.h) or a plain transfer to the treasury. Charges the whole fee, the deposit, and every
 * ticket in it. */
bool policy_judge_tx(const struct policy *policy, const struct policy_signer *signer, const struct tx *tx,
                     struct arena *arena, struct charge *charge, struct fault *why) MUST_USE;
/* A ticket to be signed: by its fields, unless messages are "none". */
bool policy_judge_ticket(const struct policy *policy, const struct address *signer, const struct ticket *ticket,
                         struct arena *arena, struct charge *charge, struct fault *why) MUST_USE;
/* A message by EIP-191. `ticket` is the ticket given beside it, or NULL; its hash must then be the message (FAULT_INPUT
 * when not, whatever the policy), and it is judged and charged as a ticket. */
bool policy_judge_message(const struct policy *policy, const struct address *signer, struct bytes message,
                          const struct ticket *ticket, struct arena *arena, struct charge *charge,
                          struct fault *why) MUST_USE;
bool policy_judge_typed_data(const struct policy *policy, struct fault *why) MUST_USE;

#endif
