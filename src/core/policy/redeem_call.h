/* redeem_call: the arguments of redeemWinningTicket and batchRedeemWinningTickets, read canonically into tickets.
 *
 *   Ticket                                redeemWinningTicket         batchRedeemWinningTickets
 *     0x00  recipient                       0x00  0x60 (ticket)         0x00  0x60 (tickets)
 *     0x20  sender                          0x20  0x1a0 (sig)           0x20  offset of sigs
 *     0x40  faceValue                       0x40  recipientRand         0x40  offset of recipientRands
 *     0x60  winProb                         0x60  ticket                then  n, n offsets, n tickets
 *     0x80  senderNonce                    0x1a0  sig                         n, n offsets, n sigs
 *     0xa0  recipientRandHash                                                 n, n recipientRands
 *     0xc0  0xe0 (auxData)
 *     0xe0  64, auxData                   offsets count from the start of the arguments, of the ticket, or from
 *    0x140                                the word after an array's n; sig: 65, r, s, v, 31 zero bytes
 *
 * 64 bytes of auxData and 65 of signature are all that the contract accepts, so every offset is known in advance.
 */
#ifndef CORE_POLICY_REDEEM_CALL_H
#define CORE_POLICY_REDEEM_CALL_H

#include "core/base/arena.h"
#include "core/policy/ticket.h"

enum { TICKET_SIGNATURE = 65 };

struct ticket_signature {
    uint8_t bytes[TICKET_SIGNATURE]; /* r, s, v, not looked at: of what form and by whom is a later question */
};

struct redeem_call {
    size_t count;                        /* 1 to POLICY_BATCH_MAX */
    struct ticket *tickets;              /* in the arena, as the signatures */
    struct ticket_signature *signatures; /* one a ticket */
};

/* FAULT_POLICY with rule "calldata" for whatever is not canonical: lengths, offsets, padding, anything left over,
 * arrays of unequal length, no ticket, auxData or a signature of another length. FAULT_LIMIT when the arena is full.
 * The texts begin with "failed to decode redeemWinningTicket calldata: ", or with the batch's name. */
bool redeem_call_read(struct reader arguments, struct arena *arena, struct redeem_call *call,
                      struct fault *why) MUST_USE;
bool redeem_call_read_batch(struct reader arguments, struct arena *arena, struct redeem_call *call,
                            struct fault *why) MUST_USE;

#endif
