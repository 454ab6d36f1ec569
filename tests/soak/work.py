"""What honest clients ask, each with a check of its answer that owes nothing to the code under test: what should have been
signed is hashed here, and the signature must recover to the signer's address. The signer is deterministic, so the same
request has the same answer every time; each of them is checked all the same."""

import json
import struct

import ethereum as eth
import recover

ETHER = 10**18
CHAIN = 42161
RECIPIENT = "0x" + "c3" * 20


class Wrong(Exception):
    """An answer that is not what it must be."""


class Ask:
    """A request as a frame, and the check of its result; `code`: it must be refused, with that."""

    def __init__(self, kind, method, params, check=None, code=None):
        self.kind, self.method, self.params, self.check, self.code = kind, method, params, check, code
        body = json.dumps({"method": method, "params": params}, sort_keys=True, separators=(",", ":")).encode()
        self.frame = struct.pack(">I", len(body)) + body

    def judge(self, body):
        """Raises Wrong. True: it was refused, as it must be."""
        answer = json.loads(body)
        if self.code is not None:
            if answer.get("error", {}).get("code") != self.code:
                raise Wrong(f"{self.kind}: wanted the refusal {self.code}, got {body[:300]!r}")
            return True
        if list(answer) != ["result"]:
            raise Wrong(f"{self.kind}: {body[:300]!r}")
        self.check(answer["result"])
        return False


class Key:
    """The signer's public key: learnt from one signature, and tied to its address by Keccak-256."""

    def __init__(self, address):
        self.address, self.point = address, None

    def check(self, kind, digest, r, s, parity):
        point = recover.public_key(digest, r, s, parity)
        if point is not None and self.point is None and recover.address_of(point) == self.address:
            self.point = point
        if point is None or point != self.point:
            raise Wrong(f"{kind}: the signature of {digest.hex()} is not by {self.address}")

    def check_text(self, kind, digest, signature):
        raw = bytes.fromhex(signature[2:])
        if len(raw) != 65 or raw[64] not in (27, 28):
            raise Wrong(f"{kind}: {signature} is no signature")
        self.check(kind, digest, raw[:32], raw[32:64], raw[64] - 27)


def minimal(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def of_message(key, kind, digest):
    return lambda result: key.check_text(kind, digest, result["signature"])


def of_transaction(key, kind, fields, prefix=b""):
    """The raw transaction must be these fields with a signature, byte for byte."""
    if prefix:
        digest = eth.keccak(prefix + eth.rlp_encode(fields))
    else:
        digest = eth.keccak(eth.rlp_encode([*fields, minimal(CHAIN), b"", b""]))

    def check(raw_hex):
        raw = bytes.fromhex(raw_hex["raw_tx"][2:] if isinstance(raw_hex, dict) else raw_hex[2:])
        v, r, s = eth.rlp_decode(raw[len(prefix):])[-3:]
        if raw != prefix + eth.rlp_encode([*fields, v, r, s]):
            raise Wrong(f"{kind}: another transaction than the one asked for: {raw.hex()[:200]}")
        parity = int.from_bytes(v, "big") - (0 if prefix else 35 + 2 * CHAIN)
        if parity not in (0, 1):
            raise Wrong(f"{kind}: v is {int.from_bytes(v, 'big')}")
        key.check(kind, digest, r.rjust(32, b"\0"), s.rjust(32, b"\0"), parity)

    return check


def legacy(tx):
    return [minimal(tx["nonce"]), minimal(tx["gasPrice"]), minimal(tx["gas"]), eth.unhex(tx["to"]), minimal(tx["value"]),
            eth.unhex(tx["data"])]


def typed(key, number):
    """EIP-712 of {count: number} by hand."""
    domain = eth.keccak(eth.keccak(b"EIP712Domain(string name)") + eth.keccak(b"post"))
    struct_ = eth.keccak(eth.keccak(b"Mail(uint256 count)") + eth.word(number))
    document = {"types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Mail": [{"name": "count", "type": "uint256"}]},
                "primaryType": "Mail", "domain": {"name": "post"}, "message": {"count": number}}
    return Ask("typed data", "sign_typed_data", {"typed_data": document},
               of_message(key, "typed data", eth.keccak(b"\x19\x01" + domain + struct_)))


def ticket(key, number, fresh=False):
    made = eth.ticket(key.address, number=number, face_value=ETHER // 1000)
    hash_ = eth.ticket_hash(made)
    digest = eth.eip191(hash_)

    def check(result):
        if result["ticket_hash"] != "0x" + hash_.hex():
            raise Wrong(f"ticket: its hash is {result['ticket_hash']}")
        if fresh and eth.recover_message(hash_, result["signature"]) != key.address:
            raise Wrong("ticket: by another signer")
        key.check_text("ticket", digest, result["signature"])

    ask = Ask("new ticket" if fresh else "ticket", "sign_ticket", {"ticket": made}, check)
    ask.ticket, ask.hash, ask.digest = made, hash_, digest
    return ask


def message(key, of):
    return Ask("message", "sign_message_defunct", {"message_hash": "0x" + of.hash.hex(), "ticket": of.ticket},
               of_message(key, "message", of.digest))


def redeem(key, of, signature, nonce):
    tx = eth.broker_tx(eth.redeem_data(of.ticket, signature), nonce=nonce)
    return Ask("redeem", "sign_transaction", {"tx": tx}, of_transaction(key, "redeem", legacy(tx)))


def batch(key, tickets, signatures, nonce):
    data = eth.batch_data([t.ticket for t in tickets], signatures, list(range(len(tickets))))
    tx = eth.broker_tx(data, nonce=nonce, gas=2000000)
    return Ask("batch", "sign_transaction", {"tx": tx}, of_transaction(key, "batch", legacy(tx)))


def deposit(key, nonce):
    """EIP-1559: fundDeposit()."""
    tx = {"type": 2, "chainId": CHAIN, "nonce": nonce, "to": eth.BROKER, "value": 10**15, "gas": 90000,
          "data": "0x" + eth.FUND_DEPOSIT, "maxFeePerGas": 10**9, "maxPriorityFeePerGas": 10**6, "accessList": []}
    fields = [minimal(CHAIN), minimal(nonce), minimal(10**6), minimal(10**9), minimal(90000), eth.unhex(eth.BROKER),
              minimal(10**15), eth.unhex(tx["data"]), []]
    return Ask("deposit", "sign_transaction", {"tx": tx}, of_transaction(key, "deposit", fields, b"\x02"))


def refusals(key, of, signature):
    """One of each kind, which must be refused with its code, and leave nothing."""
    stranger = eth.ticket(key.address, number=1, face_value=1, recipient="0x" + "dd" * 20)
    dear = eth.ticket(key.address, number=2, face_value=ETHER)
    good = eth.broker_tx(eth.redeem_data(of.ticket, signature))
    other = {**good, "to": eth.checksum(bytes.fromhex("dd" * 20))}
    return [Ask("refused: recipient", "sign_ticket", {"ticket": stranger}, code="policy"),
            Ask("refused: face value", "sign_ticket", {"ticket": dear}, code="policy"),
            Ask("refused: blind message", "sign_message_defunct", {"message_hash": "0x" + "5a" * 32}, code="policy"),
            Ask("refused: contract", "sign_transaction", {"tx": other}, code="policy"),
            Ask("refused: fee", "sign_transaction", {"tx": {**good, "gasPrice": 10**12}}, code="policy"),
            Ask("refused: a field of no transaction", "sign_transaction", {"tx": {**good, "gasPlease": 1}}, code="input"),
            Ask("refused: no such method", "sign_digest", {"digest": "0x" + "5a" * 32}, code="input")]


class Work:
    """All of it for one signer. `call` asks once and gives the result."""

    def __init__(self, call, size):
        self.key = Key(call("address")["address"])
        key = self.key
        self.tickets = [ticket(key, 1000 + i) for i in range(size)]
        signatures = []
        for one in self.tickets:
            result = call("sign_ticket", ticket=one.ticket)
            one.check(result)
            signatures.append(result["signature"])
        self.redeems = [redeem(key, t, s, i) for i, (t, s) in enumerate(zip(self.tickets, signatures))]
        self.batches = [batch(key, self.tickets[:4], signatures[:4], 100 + i) for i in range(max(1, size // 8))]
        self.messages = [message(key, t) for t in self.tickets]
        self.typed = [typed(key, i) for i in range(max(2, size // 4))]
        self.deposits = [deposit(key, 200 + i) for i in range(max(2, size // 4))]
        self.refusals = refusals(key, self.tickets[0], signatures[0])
        self.signed = [*self.redeems, *self.tickets, *self.batches, *self.typed, *self.messages, *self.deposits]
