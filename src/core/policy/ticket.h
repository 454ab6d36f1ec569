/* ticket: a Livepeer probabilistic-payment ticket, its hash and its signature (MixinTicketBrokerCore).
 *
 *   hash       keccak256(recipient 20 | sender 20 | faceValue 32 | winProb 32 | senderNonce 32 |
 *                        recipientRandHash 32 | auxData), packed: 232 bytes with 64 bytes of auxData
 *   auxData    creationRound 32 | creationRoundBlockHash 32; the contract takes no other length
 *   signature  EIP-191 over the 32 bytes of the hash, 65 bytes, v 27 or 28
 */
#ifndef CORE_POLICY_TICKET_H
#define CORE_POLICY_TICKET_H

#include "core/base/fault.h"
#include "core/base/u256.h"
#include "core/codec/json.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/keccak.h"
#include "core/eth/address.h"

enum { TICKET_AUX_DATA = 64 };

struct ticket {
    struct address recipient, sender;
    struct u256 face_value, win_prob, sender_nonce;
    struct hash32 recipient_rand_hash;
    uint8_t aux_data[TICKET_AUX_DATA];
};

/* From the RPC's object: recipient, sender (optional: ours), faceValue, winProb, senderNonce, recipientRandHash,
 * auxData; no other key. Integers as JSON integers or 0x strings or decimal strings. FAULT_INPUT naming the key. */
bool ticket_from_json(struct json object, const struct address *signer, struct ticket *ticket,
                      struct fault *why) MUST_USE;
/* What the contract calls the ticket's hash. What is signed is message_hash (EIP-191) of its bytes. */
struct hash32 ticket_hash(const struct ticket *ticket) MUST_USE;

#endif
