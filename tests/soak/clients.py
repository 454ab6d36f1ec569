"""The honest clients, a process each, in an endless loop until told to stop. Whatever is not answered as it must be ends the
soak: an honest client is never cut off, however others behave beside it."""

import base64
import hashlib
import http.client
import itertools
import json
import os
import random
import socket
import struct

import ethereum as eth
import work
from work import Wrong

WINDOW = 32    # requests on their way of a pipelining client
TIMEOUT = 60   # seconds: an answer that takes so long hangs
NONCE = 32
NO_DOCUMENT = "no document: NSM"


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb", buffering=1 << 17)

    def answer(self):
        head = self.stream.read(4)
        if len(head) < 4:
            raise Wrong(f"the connection of an honest client was closed after {len(head)} bytes of an answer")
        size = struct.unpack(">I", head)[0]
        body = self.stream.read(size)
        if len(body) < size:
            raise Wrong(f"the connection of an honest client was closed within an answer, {len(body)} of {size} bytes")
        return body

    def close(self):
        self.stream.close()
        self.socket.close()

    def ask(self, ask):
        self.socket.sendall(ask.frame)
        return self.answer()


def shuffled(asks, seed):
    chance = random.Random(seed)
    while True:
        yield from chance.sample(asks, len(asks))


def pipelined(place, count):
    """One connection, WINDOW requests sent at once; a new connection every thousand windows."""
    stream = shuffled([*place.work.signed, *place.work.refusals], os.getpid())
    while True:
        connection = Connection(place.socket)
        for _ in range(1000):
            asks = list(itertools.islice(stream, WINDOW))
            connection.socket.sendall(b"".join(ask.frame for ask in asks))
            for ask in asks:
                count(ask, ask.judge(connection.answer()))
            if place.stopping():
                connection.close()
                return
        connection.close()


def a_connection_each(place, count):
    """As the Payments backend does it."""
    for ask in shuffled([*place.work.signed, *place.work.refusals], os.getpid()):
        connection = Connection(place.socket)
        count(ask, ask.judge(connection.ask(ask)))
        connection.close()
        if place.stopping():
            return


def through_the_bridge(place, count):
    """One connection through `ensign bridge`, one request after the other. The bridge itself refuses a method it does not
    know, as one that does not pass."""
    connection = Connection(place.bridge)
    barred = work.Ask("refused: does not pass", "provision", {}, code="policy")
    for ask in shuffled([*place.work.signed, *(r for r in place.work.refusals if r.method != "sign_digest"), barred], os.getpid()):
        count(ask, ask.judge(connection.ask(ask)))
        if place.stopping():
            connection.close()
            return


def through_the_gateway(place, count):
    """JSON-RPC over HTTP, one connection that stays."""
    connection = http.client.HTTPConnection("127.0.0.1", place.gateway, timeout=TIMEOUT)
    key, numbers = place.work.key, itertools.count()

    def post(kind, method, *params):
        body = {"jsonrpc": "2.0", "id": next(numbers), "method": method, "params": params}
        connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        if answer["id"] != body["id"]:
            raise Wrong(f"{kind}: the answer to another request: {answer}")
        return answer

    while not place.stopping():
        for ask in place.work.messages:
            answer = post("gateway: message", "eth_sign", key.address, "0x" + eth.ticket_hash(ask.params["ticket"]).hex(),
                          {"ticket": ask.params["ticket"]})
            if "result" not in answer:
                raise Wrong(f"gateway: message: {answer}")
            ask.check({"signature": answer["result"]})
            count(ask, False, "gateway")
        for ask in place.work.redeems:
            tx = {k: hex(v) if isinstance(v, int) else v for k, v in ask.params["tx"].items()}
            answer = post("gateway: redeem", "eth_signTransaction", {**tx, "from": key.address})
            if "result" not in answer:
                raise Wrong(f"gateway: redeem: {answer}")
            ask.check(answer["result"])
            count(ask, False, "gateway")
        blind = post("gateway: blind message", "eth_sign", key.address, "0x" + "5a" * 32)
        if "policy" not in json.dumps(blind.get("error", {})):
            raise Wrong(f"gateway: a blind message was not refused by the policy: {blind}")
        count(None, True, "gateway")
    connection.close()


def never_seen(place, count):
    """Tickets that were never signed before, recovered by plain Python."""
    for number in itertools.count(1 << 32):
        ask = work.ticket(place.work.key, number, fresh=True)
        connection = Connection(place.socket)
        count(ask, ask.judge(connection.ask(ask)))
        connection.close()
        if place.stopping():
            return


def journal_page(connection, after):
    result = json.loads(connection.ask(work.Ask("journal", "journal", {"after": after, "limit": 256})))["result"]
    head = bytes.fromhex(result["head_before"])
    for entry in result["entries"]:
        head = hashlib.sha256(head + json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).digest()
    return result, head.hex()


def readers(place, count):
    """status, policy, journal with its chain, attestation; where an NSM error is planted there is no document."""
    digest, address = place.digest, place.work.key.address
    connection, after, expected = Connection(place.socket), 0, None
    asked = {kind: work.Ask(kind, kind, {}) for kind in ("status", "policy")}
    while not place.stopping():
        status = json.loads(connection.ask(asked["status"]))["result"]
        if (status["address"], status["policy_sha256"], status["provisioned"]) != (address, digest, True):
            raise Wrong(f"status: {status}")
        count(asked["status"], False)
        policy = json.loads(connection.ask(asked["policy"]))["result"]
        if policy["policy_sha256"] != digest:
            raise Wrong(f"policy: {policy['policy_sha256']}")
        count(asked["policy"], False)
        page, head = journal_page(connection, after)
        first = page["entries"][0]["seq"] if page["entries"] else None
        if first == after + 1 and expected not in (None, page["head_before"]):
            raise Wrong(f"journal: the chain breaks before entry {first}")
        if page["entries"]:
            after, expected = page["entries"][-1]["seq"], head
            if after < page["last"] - 2048:  # too far behind to be followed: from the newest again
                after, expected = page["last"], None
        count(work.Ask("journal", "journal", {}), False)
        nonce = os.urandom(NONCE)
        ask = work.Ask("attestation", "attestation", {"nonce": "0x" + nonce.hex()})
        answer = json.loads(connection.ask(ask))
        if answer == {"result": {}}:
            count(None, True, NO_DOCUMENT)
        elif nonce not in base64.b64decode(answer["result"]["document_b64"], validate=True):
            raise Wrong("attestation: without the nonce")
        else:
            count(ask, False)
    connection.close()


def touch(place):
    """A call by each helper, so that what it opens once and keeps is open before its descriptors are counted."""
    connection = Connection(place.bridge)
    place.work.messages[0].judge(connection.ask(place.work.messages[0]))
    connection.close()
    client = http.client.HTTPConnection("127.0.0.1", place.gateway, timeout=TIMEOUT)
    client.request("POST", "/", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []}),
                   {"Content-Type": "application/json"})
    if json.loads(client.getresponse().read()).get("result") != [place.work.key.address.lower()]:
        raise Wrong("gateway: another address than the signer's")
    client.close()
