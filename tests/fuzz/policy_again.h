/* policy_again: what docs/policy.md says, a second time. It judges what has left the signer (the signed bytes, the
 * fields of a ticket), not what was asked for; reads RLP and ABI as Ethereum does, which is wider than the core; and
 * reckons in other integers (wei.h). From src it takes the JSON walker, Keccak-256 and the recovery of a signer.
 */
#ifndef TESTS_FUZZ_POLICY_AGAIN_H
#define TESTS_FUZZ_POLICY_AGAIN_H

#include "wei.h"

#include "core/codec/json.h"
#include "core/crypto/ecdsa.h"

enum { AGAIN_TICKETS_MAX = 256, AGAIN_TICKET_BYTES = 232 };

struct again_limit {
    bool unlimited;
    struct wei value;
};

struct policy_again {
    struct json document; /* borrowed */
    struct wei chain_id;
    uint8_t broker[20], treasury[20];
    bool has_treasury, allow_fund_deposit, allow_withdraw;
    struct again_limit face_value, total_face_value, fund_deposit, gas, fee_per_gas, tx_fee;
    struct json messages, typed_data;
    uint64_t window_ms;
    bool starts_empty;
    struct again_limit budget_face_value, budget_fund_deposit, budget_fee;
};

/* What one signature takes from the budget. */
struct again_charge {
    struct wei fee, fund_deposit;
    size_t ticket_count;
    struct {
        struct hash32 hash;
        struct wei face_value;
    } tickets[AGAIN_TICKETS_MAX];
};

/* A document that the core has taken; aborts on another. */
void policy_again_read(struct json document, struct policy_again *policy);

/* Each: may the key of that address have signed this? What was allowed is charged to *charge. */
bool policy_again_allows_raw(const struct policy_again *policy, const uint8_t signer[static 20], struct bytes raw,
                             struct again_charge *charge);
/* The 232 bytes that a ticket's hash is made of: recipient, sender, faceValue, winProb, senderNonce, recipientRandHash,
 * auxData. */
bool policy_again_allows_ticket(const struct policy_again *policy, const uint8_t signer[static 20],
                                const uint8_t packed[static AGAIN_TICKET_BYTES], struct again_charge *charge);
bool policy_again_allows_blind_message(const struct policy_again *policy);
bool policy_again_allows_typed_data(const struct policy_again *policy);

/* Whose signature (65 bytes, r s v) this is, over the EIP-191 message of `len` bytes. False: nobody's. */
bool again_message_signer(struct bytes signature, struct bytes message, uint8_t signer[static 20]);

#endif
