"""Writes calls.txt: calldata for the TicketBroker by eth-abi and eth-account, and each way to get it wrong, one at a
time. The verdict is "ok" or how the refusal's text begins, with a tab for a space; the policies that judge, "plain" and
"withdraw", are in test_ticket_broker.c.

    python3 make_calls.py > calls.txt
"""
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from make_tickets import SENDER, sign, ticket_of, word

TICKET = "(address,address,uint256,uint256,uint256,bytes32,bytes)"
REDEEM = keccak(f"redeemWinningTicket({TICKET},bytes,uint256)".encode())[:4]
BATCH = keccak(f"batchRedeemWinningTickets({TICKET}[],bytes[],uint256[])".encode())[:4]
ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
STRANGER = Account.from_key("0x" + "33" * 32)
MAX_FACE, MAX_TOTAL = 5 * 10**16, 2 * 10**17
ONE = "failed to decode redeemWinningTicket calldata: "
MANY = "failed to decode batchRedeemWinningTickets calldata: "
CANONICAL = "not the canonical ABI encoding"
SELECTOR = "tx.data selector not allowed by policy "


def call(function):
    return keccak(function.encode())[:4]


def redeem(ticket, sig=None, rand=456):
    return REDEEM + encode([TICKET, "bytes", "uint256"], [ticket, sign(ticket) if sig is None else sig, rand])


def batch(tickets, sigs=None, rands=None):
    sigs = [sign(t) for t in tickets] if sigs is None else sigs
    rands = list(range(len(tickets))) if rands is None else rands
    return BATCH + encode([TICKET + "[]", "bytes[]", "uint256[]"], [tickets, sigs, rands])


def patched(data, at, replacement):
    """`at` counts from the arguments."""
    assert data[4 + at:4 + at + len(replacement)] != replacement
    return data[:4 + at] + replacement + data[4 + at + len(replacement):]


def with_aux(aux):
    return ticket_of(1, 1)[:6] + (aux,)


def with_s_in_the_upper_half(sig):
    return sig[:32] + word(ORDER - int.from_bytes(sig[32:64], "big")) + bytes([55 - sig[64]])


good = ticket_of(1, 1)
two = [ticket_of(1, 1), ticket_of(2, 2)]
twenty = [ticket_of(i, MAX_TOTAL // 20) for i in range(20)]
plain, plain_two = redeem(good), batch(two)
sig = sign(good)
head, ticket_bytes, sig_bytes = 0x60, 0x140, 0x80

# name, policy, the transaction's value, verdict, calldata
PLAIN_CALLS = [
    ("fund-deposit", "plain", 1, "ok", call("fundDeposit()")),
    ("fund-deposit-largest", "plain", 10**17, "ok", call("fundDeposit()")),
    ("fund-deposit-one-over", "plain", 10**17 + 1, "fundDeposit tx.value exceeds policy max (got 100000000000000001, "
     "allowed 100000000000000000)", call("fundDeposit()")),
    ("fund-deposit-of-nothing", "plain", 0, "fundDeposit tx.value must be > 0", call("fundDeposit()")),
    ("fund-deposit-a-byte-over", "plain", 1, "fundDeposit calldata must be its selector alone (got 1 bytes more)",
     call("fundDeposit()") + bytes(1)),
    ("fund-deposit-not-allowed", "withdraw", 1, "fundDeposit not allowed by policy", call("fundDeposit()")),
    ("unlock", "withdraw", 0, "ok", call("unlock()")),
    ("unlock-with-value", "withdraw", 1, "unlock tx.value must be 0 (got 1)", call("unlock()")),
    ("unlock-a-byte-over", "withdraw", 0, "unlock calldata must be its selector alone", call("unlock()") + bytes(1)),
    ("unlock-not-allowed", "plain", 0, SELECTOR + "(got unlock(), and allow_withdraw is false)", call("unlock()")),
    ("withdraw", "withdraw", 0, "ok", call("withdraw()")),
    ("withdraw-with-value", "withdraw", 1, "withdraw tx.value must be 0 (got 1)", call("withdraw()")),
    ("withdraw-a-word-over", "withdraw", 0, "withdraw calldata must be its selector alone",
     call("withdraw()") + bytes(32)),
    ("withdraw-not-allowed", "plain", 0, SELECTOR + "(got withdraw(), and allow_withdraw is false)", call("withdraw()")),
    ("fund-reserve", "plain", 1, SELECTOR + "(got 0x6f9c3c8f, allowed fundDeposit", call("fundReserve()")),
    ("fund-deposit-and-reserve", "plain", 1, SELECTOR, call("fundDepositAndReserve(uint256,uint256)")),
    ("cancel-unlock", "withdraw", 0, SELECTOR, call("cancelUnlock()")),
    ("no-such-function", "plain", 0, SELECTOR + "(got 0xdeadbeef", bytes.fromhex("deadbeef")),
    ("three-bytes", "plain", 1, "tx.data missing selector (got 3 bytes", call("fundDeposit()")[:3]),
    ("no-data", "plain", 1, "tx.data missing selector (got 0 bytes", b""),
]

# name, verdict, calldata; under "plain", with value 0
REDEEM_CALLS = [
    ("redeem", "ok", plain),
    ("redeem-largest-face-value", "ok", redeem(ticket_of(1, MAX_FACE))),
    ("redeem-recipient-rand-largest", "ok", redeem(good, rand=2**256 - 1)),
    ("redeem-face-value-one-over", "ticket.faceValue exceeds policy max (got 50000000000000001, allowed "
     "50000000000000000)", redeem(ticket_of(1, MAX_FACE + 1))),
    ("redeem-other-recipient", "ticket.recipient not in allowlist (got 0x" + "23" * 20,
     redeem(ticket_of(1, 1, recipient="0x" + "23" * 20))),
    ("redeem-other-sender", "ticket.sender mismatch (got " + STRANGER.address.lower(),
     redeem(ticket_of(1, 1, sender=STRANGER.address))),
    ("redeem-signed-by-another", "ticket signature mismatch (got one by " + STRANGER.address.lower(),
     redeem(good, sign(good, STRANGER))),
    ("redeem-signature-of-another-ticket", "ticket signature mismatch", redeem(good, sign(ticket_of(2, 1)))),
    ("redeem-s-in-the-upper-half", "ticket signature is none", redeem(good, with_s_in_the_upper_half(sig))),
    ("redeem-v-0", "ticket signature is none", redeem(good, sig[:64] + bytes([sig[64] - 27]))),
    ("redeem-v-29", "ticket signature is none", redeem(good, sig[:64] + bytes([29]))),
    ("redeem-face-value-one-over-and-signed-with-noise", "ticket.faceValue exceeds policy max",
     redeem(ticket_of(1, MAX_FACE + 1), b"U" * 65)),
    ("redeem-other-v", "ticket signature ", redeem(good, sig[:64] + bytes([55 - sig[64]]))),
    ("redeem-signature-64-bytes", ONE + "a ticket's signature must be 65 bytes (got 64)", redeem(good, sig[:64])),
    ("redeem-signature-66-bytes", ONE + "a ticket's signature must be 65 bytes (got 66)", redeem(good, sig + b"\0")),
    ("redeem-no-signature", ONE + "a ticket's signature must be 65 bytes (got 0)", redeem(good, b"")),
    ("redeem-aux-63-bytes", ONE + "ticket.auxData must be 64 bytes (got 63)", redeem(with_aux(good[6][:63]))),
    ("redeem-aux-65-bytes", ONE + "ticket.auxData must be 64 bytes (got 65)", redeem(with_aux(good[6] + b"\0"))),
    ("redeem-no-aux", ONE + "ticket.auxData must be 64 bytes (got 0)", redeem(with_aux(b""))),
    ("redeem-a-word-over", ONE + CANONICAL, plain + bytes(32)),
    ("redeem-a-byte-over", ONE + CANONICAL, plain + bytes(1)),
    ("redeem-a-byte-short", ONE + CANONICAL, plain[:-1]),
    ("redeem-a-word-short", ONE + CANONICAL, plain[:-32]),
    ("redeem-no-arguments", ONE + CANONICAL, REDEEM),
    ("redeem-ticket-offset-into-itself", ONE + CANONICAL, patched(plain, 0x00, word(0x40))),
    ("redeem-ticket-offset-of-256-bits", ONE + CANONICAL, patched(plain, 0x00, word(2**256 - 1))),
    ("redeem-signature-offset-one-word-early", ONE + CANONICAL, patched(plain, 0x20, word(head + ticket_bytes - 32))),
    ("redeem-aux-offset-elsewhere", ONE + CANONICAL, patched(plain, head + 0xc0, word(0x100))),
    ("redeem-signature-before-ticket", ONE + CANONICAL,
     REDEEM + word(head + sig_bytes) + word(head) + word(456) + plain[4 + head + ticket_bytes:] +
     plain[4 + head:4 + head + ticket_bytes]),
    ("redeem-gap-before-ticket", ONE + CANONICAL,
     REDEEM + word(head + 32) + word(head + 32 + ticket_bytes) + word(456) + bytes(32) + plain[4 + head:]),
    ("redeem-aux-length-near-2-to-the-256", ONE + CANONICAL, patched(plain, head + 0xe0, word(2**256 - 1))),
    ("redeem-dirty-recipient", ONE + CANONICAL, patched(plain, head, b"\1")),
    ("redeem-dirty-sender", ONE + CANONICAL, patched(plain, head + 0x20 + 11, b"\1")),
    ("redeem-dirty-signature-padding", ONE + CANONICAL, plain[:-1] + b"\1"),
    ("batch-of-1", "ok", batch([good])),
    ("batch-of-20-at-the-largest-sum", "ok", batch(twenty)),
    ("batch-same-ticket-twice", "ok", batch([good, good])),
    ("batch-sum-one-over", "batch faceValue sum exceeds policy max (got 200000000000000001, allowed "
     "200000000000000000)", batch(twenty[:19] + [ticket_of(19, MAX_TOTAL // 20 + 1)])),
    ("batch-sum-over-256-bits", "ticket.faceValue exceeds policy max",
     batch([good, ticket_of(2, 2**256 - 1), ticket_of(3, 0)])),
    ("batch-second-recipient-unlisted", "ticket.recipient not in allowlist (got 0x" + "23" * 20 +
     ", allowed 1 in allowed_recipients) in ticket 2 of 2", batch([good, ticket_of(2, 2, recipient="0x" + "23" * 20)])),
    ("batch-second-face-value-over", "ticket.faceValue exceeds policy max",
     batch([good, ticket_of(2, MAX_FACE + 1)])),
    ("batch-second-sender-another", "ticket.sender mismatch",
     batch([good, ticket_of(2, 2, sender=STRANGER.address)])),
    ("batch-second-signed-by-another", "ticket signature mismatch",
     batch(two, [sign(two[0]), sign(two[1], STRANGER)])),
    ("batch-signatures-exchanged", "ticket signature mismatch", batch(two, [sign(two[1]), sign(two[0])])),
    ("batch-second-aux-63-bytes", MANY + "ticket.auxData must be 64 bytes (got 63)",
     batch([good, ticket_of(2, 2)[:6] + (bytes(63),)])),
    ("batch-second-signature-64-bytes", MANY + "a ticket's signature must be 65 bytes (got 64)",
     batch(two, [sign(two[0]), sign(two[1])[:64]])),
    ("batch-of-0", MANY + "a batch of 0 tickets", batch([])),
    ("batch-one-signature-less", MANY + "arrays of unequal length (2 tickets, 1 signatures)", batch(two, [sign(two[0])])),
    ("batch-one-signature-more", MANY + "arrays of unequal length (1 tickets, 2 signatures)",
     batch([good], [sig, sig])),
    ("batch-one-rand-less", MANY + "arrays of unequal length (2 tickets, 1 recipientRands)", batch(two, rands=[1])),
    ("batch-one-rand-more", MANY + "arrays of unequal length (1 tickets, 2 recipientRands)", batch([good], rands=[1, 2])),
    ("batch-a-word-over", MANY + CANONICAL, plain_two + bytes(32)),
    ("batch-a-byte-short", MANY + CANONICAL, plain_two[:-1]),
    ("batch-no-arguments", MANY + CANONICAL, BATCH),
    ("batch-tickets-offset-elsewhere", MANY + CANONICAL, patched(plain_two, 0x00, word(0x80))),
    ("batch-signatures-offset-elsewhere", MANY + CANONICAL, patched(plain_two, 0x20, word(0x60))),
    ("batch-rands-offset-elsewhere", MANY + CANONICAL, patched(plain_two, 0x40, word(0x60))),
    ("batch-both-offsets-to-the-first-ticket", MANY + CANONICAL, patched(plain_two, 0xa0, word(0x40))),
    ("batch-count-near-2-to-the-256", MANY + CANONICAL, patched(plain_two, 0x60, word(2**256 - 1))),
    ("batch-count-of-2-to-the-40", MANY + CANONICAL, patched(plain_two, 0x60, word(2**40))),
]

if __name__ == "__main__":
    print("# name, policy, value of the transaction, verdict, calldata; by make_calls.py")
    for name, verdict, data in REDEEM_CALLS:
        print(name, "plain", 0, verdict.replace(" ", "\t"), data.hex())
    for name, policy, value, verdict, data in PLAIN_CALLS:
        print(name, policy, value, verdict.replace(" ", "\t"), data.hex() or "-")
