"""Ethereum as far as a test needs it, in plain Python and independent of the C code: Keccak-256, recovery of a signer,
reading a signed transaction, tickets and their calldata. Slow and not constant time: for checking only."""

import hashlib
import hmac
import json

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def _rotate(lane, by):
    return ((lane << by) | (lane >> (64 - by))) & (2**64 - 1) if by else lane


def keccak(data):
    rate, state = 136, [[0] * 5 for _ in range(5)]
    padded = bytearray(data) + b"\x01" + bytes(rate - 1 - len(data) % rate)
    padded[-1] |= 0x80
    for block in range(0, len(padded), rate):
        for i in range(rate // 8):
            state[i % 5][i // 5] ^= int.from_bytes(padded[block + 8 * i:block + 8 * i + 8], "little")
        register = 1
        for _ in range(24):
            column = [state[x][0] ^ state[x][1] ^ state[x][2] ^ state[x][3] ^ state[x][4] for x in range(5)]
            for x in range(5):
                mix = column[(x + 4) % 5] ^ _rotate(column[(x + 1) % 5], 1)
                for y in range(5):
                    state[x][y] ^= mix
            x, y, lane = 1, 0, state[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                lane, state[x][y] = state[x][y], _rotate(lane, (t + 1) * (t + 2) // 2 % 64)
            for y in range(5):
                row = [state[x][y] for x in range(5)]
                for x in range(5):
                    state[x][y] = row[x] ^ (~row[(x + 1) % 5] & (2**64 - 1) & row[(x + 2) % 5])
            for j in range(7):
                register = (register << 1 ^ (register >> 7) * 0x71) % 256
                if register & 2:
                    state[0][0] ^= 1 << ((1 << j) - 1)
    return b"".join(state[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def _add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _times(k, point):
    total = None
    while k:
        if k & 1:
            total = _add(total, point)
        point, k = _add(point, point), k >> 1
    return total


def checksum(address20):
    digits = address20.hex()
    nibbles = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(n, 16) >= 8 else c for c, n in zip(digits, nibbles))


def address_of(point):
    return checksum(keccak(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:])


def address_of_key(key32):
    return address_of(_times(int.from_bytes(key32, "big"), G))


def recover(digest, r, s, parity):
    assert 0 < r < N and 0 < s <= N // 2, "r or s out of range, or s in the upper half"
    y = pow(r**3 + 7, (P + 1) // 4, P)
    assert y * y % P == (r**3 + 7) % P, "r is no point's x"
    point = (r, y if y % 2 == parity else P - y)
    inverse = pow(r, -1, N)
    return address_of(_add(_times(-int.from_bytes(digest, "big") * inverse % N, G), _times(s * inverse % N, point)))


def sign(key32, digest):
    """r, s, v (27 or 28) as hex: the nonce by RFC 6979 with SHA-256, s in the lower half."""
    seed, k, v = key32 + digest, bytes(32), b"\x01" * 32
    mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()
    for step in (b"\x00", b"\x01"):
        k = mac(k, v + step + seed)
        v = mac(k, v)
    v = mac(k, v)  # the first try is in range but once in 2^127
    nonce = int.from_bytes(v, "big")
    x, y = _times(nonce, G)
    r = x % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * int.from_bytes(key32, "big")) % N
    parity, s = (y % 2, s) if s <= N // 2 else (1 - y % 2, N - s)
    return "0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])).hex()


def eip191(message):
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message)


def recover_message(message, signature_hex):
    signature = bytes.fromhex(signature_hex[2:])
    assert len(signature) == 65 and signature[64] in (27, 28)
    return recover(eip191(message), int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"),
                   signature[64] - 27)


def rlp_decode(data):
    item, rest = _rlp_item(data)
    assert not rest, "bytes after the item"
    return item


def _rlp_item(data):
    head = data[0]
    if head < 0x80:
        return data[:1], data[1:]
    base = 0x80 if head < 0xC0 else 0xC0
    length, start = head - base, 1
    if length > 55:
        start, length = 1 + length - 55, int.from_bytes(data[1:1 + length - 55], "big")
    payload, rest = data[start:start + length], data[start + length:]
    assert len(payload) == length, "truncated"
    if base == 0x80:
        return payload, rest
    items = []
    while payload:
        item, payload = _rlp_item(payload)
        items.append(item)
    return items, rest


def rlp_encode(item):
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        payload, base = item, 0x80
    else:
        payload, base = b"".join(map(rlp_encode, item)), 0xC0
    if len(payload) <= 55:
        return bytes([base + len(payload)]) + payload
    size = len(payload).to_bytes((len(payload).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + payload


def sender_of(raw_hex):
    """Who signed a raw transaction, of any type."""
    raw = bytes.fromhex(raw_hex[2:])
    prefix, fields = (raw[:1], rlp_decode(raw[1:])) if raw[0] < 0x80 else (b"", rlp_decode(raw))
    body, (v, r, s) = fields[:-3], (int.from_bytes(f, "big") for f in fields[-3:])
    if prefix:
        parity = v
    elif v >= 35:
        parity, chain = (v - 35) % 2, (v - 35) // 2
        body = body + [chain.to_bytes((chain.bit_length() + 7) // 8, "big"), b"", b""]
    else:
        parity = v - 27
    return recover(keccak(prefix + rlp_encode(body)), r, s, parity)


# -- tickets -----------------------------------------------------------------------------------------------------------

BROKER = "0xa8bB618B1520E284046F3dFc448851A1Ff26e41B"
FUND_DEPOSIT, REDEEM, BATCH_REDEEM = "6caa736b", "ec8b3cb6", "d01b808e"


def word(value):
    return value.to_bytes(32, "big")


def unhex(text):
    return bytes.fromhex(text[2:])


def ticket(sender, number=1, rand=7, face_value=10**16, recipient="0x" + "c3" * 20, **changes):
    made = {"recipient": recipient, "sender": sender, "faceValue": face_value, "winProb": 2**256 - 1,
            "senderNonce": number, "recipientRandHash": "0x" + keccak(word(rand)).hex(),
            "auxData": "0x" + word(7).hex() + keccak(b"round 7").hex()}
    made.update(changes)
    return made


def ticket_hash(t):
    return keccak(unhex(t["recipient"]) + unhex(t["sender"]) + word(t["faceValue"]) + word(t["winProb"])
                  + word(t["senderNonce"]) + unhex(t["recipientRandHash"]) + unhex(t["auxData"]))


def _bytes_tail(data):
    return word(len(data)) + data + bytes(-len(data) % 32)


def _ticket_tail(t):
    return (bytes(12) + unhex(t["recipient"]) + bytes(12) + unhex(t["sender"]) + word(t["faceValue"])
            + word(t["winProb"]) + word(t["senderNonce"]) + unhex(t["recipientRandHash"]) + word(7 * 32)
            + _bytes_tail(unhex(t["auxData"])))


def redeem_data(t, signature_hex, rand=7):
    body, signature = _ticket_tail(t), _bytes_tail(unhex(signature_hex))
    return "0x" + REDEEM + (word(96) + word(96 + len(body)) + word(rand) + body + signature).hex()


def _array_of_tails(tails):
    offsets, at = b"", 32 * len(tails)
    for tail in tails:
        offsets, at = offsets + word(at), at + len(tail)
    return word(len(tails)) + offsets + b"".join(tails)


def batch_data(tickets, signatures, rands):
    one = _array_of_tails([_ticket_tail(t) for t in tickets])
    two = _array_of_tails([_bytes_tail(unhex(s)) for s in signatures])
    three = word(len(rands)) + b"".join(map(word, rands))
    return "0x" + BATCH_REDEEM + (word(96) + word(96 + len(one)) + word(96 + len(one) + len(two)) + one + two + three).hex()


def broker_tx(data, value=0, **changes):
    """The dictionary that the Payments backend sends: legacy, gasPrice."""
    tx = {"chainId": 42161, "nonce": 7, "to": BROKER, "value": value, "gas": 250000, "gasPrice": 100000000, "data": data}
    tx.update(changes)
    return tx


def request(method, **params):
    """Exactly the bytes that the original's client sends."""
    return json.dumps({"method": method, "params": params}, sort_keys=True, separators=(",", ":")).encode()
