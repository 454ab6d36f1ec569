"""Writes tickets.txt: tickets of one sender, their hash, and the sender's signature, by eth-account.

    python3 make_tickets.py > tickets.txt
"""
import hashlib

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_defunct
from eth_utils import keccak

SENDER = Account.from_key("0x" + "11" * 32)
LARGEST = 2**256 - 1


def word(value):
    return value.to_bytes(32, "big")


def packed(ticket):
    recipient, sender, face_value, win_prob, nonce, rand_hash, aux_data = ticket
    return (bytes.fromhex(recipient[2:]) + bytes.fromhex(sender[2:]) + word(face_value) + word(win_prob) +
            word(nonce) + rand_hash + aux_data)


def ticket_of(seed, face_value, win_prob=LARGEST, nonce=None, recipient="0x" + "22" * 20, sender=SENDER.address):
    rand = hashlib.sha256(b"rand %d" % seed).digest()
    block = hashlib.sha256(b"block %d" % seed).digest()
    return (recipient, sender, face_value, win_prob, seed if nonce is None else nonce, keccak(rand), word(seed) + block)


def sign(ticket, account=SENDER):
    return bytes(account.sign_message(encode_defunct(primitive=keccak(packed(ticket)))).signature)


if __name__ == "__main__":
    print("# recipient, faceValue, winProb, senderNonce, recipientRandHash, auxData, hash, signature by the key of "
          "32 bytes 0x11; by make_tickets.py")
    for ticket in [ticket_of(0, 0, 0, 0), ticket_of(1, 10**15), ticket_of(2, 2**64), ticket_of(3, LARGEST, LARGEST, LARGEST),
                   ticket_of(4, 10**20, 1, recipient="0x" + "ab" * 20), ticket_of(5, 255, 256)]:
        recipient, _, face_value, win_prob, nonce, rand_hash, aux_data = ticket
        print(recipient, face_value, win_prob, nonce, rand_hash.hex(), aux_data.hex(), keccak(packed(ticket)).hex(),
              sign(ticket).hex())
