"""clients/python against ensignd and the stand-ins: the backend's protocol, the dialects of libraries, and a connection that
is kept, checked, lost and made again. What it signs is checked by tests/scenario/ethereum.py, which shares no code with it."""

import dataclasses
import json
import os
import pathlib
import socket
import struct
import sys
import threading
import time

import ethereum as eth
from expect import claim, done
from relays import FOLDER, Relay, clean_up, exactly, free_port
from stack import ROOT, Stack

sys.path.insert(0, str(ROOT / "clients/python"))
from ensign_signer import EnclaveSigner, SignerError  # noqa: E402
from ensign_signer import dialect  # noqa: E402


def refused(act):
    try:
        return f"not refused: {act()}"
    except SignerError as error:
        return error


@dataclasses.dataclass(frozen=True)
class LivepeerTicket:
    """The names that the Payments backend has for a ticket's fields."""

    recipient: str
    sender: str
    face_value_wei: int
    win_prob: int
    sender_nonce: int
    recipient_rand_hash: bytes
    aux_data: bytes


def backend_ticket(t):
    return LivepeerTicket(t["recipient"], t["sender"], t["faceValue"], int(str(t["winProb"]), 0), int(str(t["senderNonce"]), 0),
                          eth.unhex(t["recipientRandHash"]), eth.unhex(t["auxData"]))


for text in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
             "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"):
    claim(f"EIP-55's example {text}", dialect.checksum(text.lower()) == text == dialect.checksum("0x" + text[2:].upper()))
claim("a mixed case is left for the signer to judge", dialect.checksum("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
      == "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
for wrong in ("", "5000", "http://127.0.0.1:1", "tcp://127.0.0.1", "vsock://any:5000", "unix:", "vsock+unix:/a", "tcp://h:70000",
              "tcp://h:1/path"):
    try:
        EnclaveSigner(wrong)
        claim(f"{wrong!r} is no endpoint", False)
    except ValueError as error:
        claim(f"{wrong!r} is no endpoint", "is no endpoint" in str(error))

settings = {"limits": {"frame_bytes": 1048576, "connections": 64, "buffered_bytes": 8388608, "first_byte_ms": 5000,
                       "request_ms": 5000, "idle_ms": 1000}}
with Stack(mode="strict", policy=Stack.policy(), settings=settings) as stack:
    endpoint = f"unix:{stack.socket}"
    early = EnclaveSigner(endpoint)
    error = refused(lambda: early.address)
    claim("before it has a key, the signer's refusal is told with its code", getattr(error, "code", None) == "state", str(error))
    sealed = stack.seal()
    stack.provision(sealed)
    me = stack.signer.address
    signer = EnclaveSigner(endpoint, expected_address=me.lower())
    claim("the address, with its checksum, whatever the case of the expected one", signer.address == me == early.address)

    t = eth.ticket(me)
    t_hash = eth.ticket_hash(t)
    signature = signer.sign_ticket(backend_ticket(t))
    claim("a ticket with the backend's names is signed by the key over its hash", len(signature) == 65 and
          eth.recover_message(t_hash, "0x" + signature.hex()).lower() == me.lower())
    claim("the same as a mapping, and beside its hash", signature == signer.sign_ticket(t) ==
          signer.sign_message_defunct(t_hash, ticket=backend_ticket(t)))
    error = refused(lambda: signer.sign_message_defunct(t_hash))
    claim("a blind hash is refused with the policy's code", getattr(error, "code", None) == "policy", str(error))
    error = refused(lambda: signer.sign_ticket(eth.ticket(me, recipient="0x" + "dd" * 20)))
    claim("so is a ticket to somebody else", getattr(error, "code", None) == "policy", str(error))

    added = [line[1:] for line in (ROOT / "docs/backend.md").read_text().split("```diff")[1].split("```")[0].splitlines()
             if line.startswith("+") and not line.startswith("+++")]
    backend = {}
    exec("\n".join([added[0], "class Client:", "    def _build_ticket(self, ticket):", added[1], "        return sig"]), backend)
    client = backend["Client"]()
    client.signer = backend["RemoteSocketSigner"](endpoint=endpoint, timeout_seconds=5.0, expected_address=me)
    claim("the lines of docs/backend.md have a ticket signed as the backend builds it", len(added) == 2 and
          client._build_ticket(backend_ticket(t)) == signature and backend["SignerError"] is SignerError)

    tx = eth.broker_tx(eth.redeem_data(t, "0x" + signature.hex()))
    raw = signer.sign_transaction(tx)
    claim("a transaction is signed by the key", eth.sender_of("0x" + raw.hex()).lower() == me.lower())
    spelled = {("gasLimit" if k == "gas" else "input" if k == "data" else k): v for k, v in tx.items()}
    spelled.update(to=tx["to"].lower(), input=bytes.fromhex(tx["data"][2:]), data=None, type=0, accessList=None, maxFeePerGas=None,
                   **{"from": me.lower()})
    claim("and in the spelling of other libraries it is the same transaction", signer.sign_transaction(spelled) == raw)
    for sentence, change in (("input that differs from data", {"input": "0x00"}), ("gasLimit that differs from gas", {"gasLimit": 1}),
                             ("another chain", {"chainId": 1}), ("an unknown field", {"blobs": "0x"}), ("no nonce", {"nonce": None})):
        error = refused(lambda: signer.sign_transaction({**tx, **change}))
        claim(f"refused, not altered: {sentence}", isinstance(error, SignerError) and error.code in ("input", "policy"), str(error)[:90])

    nonce = os.urandom(32)
    document = signer.attestation_document(nonce)
    claim("the attestation document is bytes, and holds the nonce and the address",
          isinstance(document, bytes) and nonce in document and me.lower().encode() in document)

    results = []

    def many(number):
        for i in range(10):
            one = eth.ticket(me, 1000 + number * 10 + i, face_value=1)
            results.append(eth.recover_message(eth.ticket_hash(one), "0x" + signer.sign_ticket(one).hex()).lower() == me.lower())

    threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claim("four threads share one signer, and each gets its own answers", results == [True] * 40)
    child = os.fork()
    if child == 0:
        os._exit(0 if signer.address == me else 1)
    mine = signer.address
    claim("after a fork parent and child do not share a connection", os.waitpid(child, 0)[1] == 0 and mine == me)

    time.sleep(1.5)
    claim("a connection that the signer closed for being idle is made again", signer.address == me)
    stack.stop_signer()
    error = refused(lambda: signer.address)
    claim("a signer that has gone is told as such", "not reached" in str(error) and error.code is None, str(error))
    stack.start_signer()
    error = refused(lambda: signer.sign_ticket(t))
    claim("one that came back without its key refuses", "not provisioned" in str(error), str(error))
    stack.provision(sealed)
    claim("and when it has its key again it serves, without a restart here", signer.sign_ticket(t) == signature)
    port = free_port()
    with Relay("bridge", "--listen", f"tcp://127.0.0.1:{port}", "--connect", endpoint):
        with EnclaveSigner(f"tcp://127.0.0.1:{port}", expected_address=me) as through:
            claim("through `ensign bridge` by tcp, as a container has it", through.sign_ticket(t) == signature)
            error = refused(lambda: through.call("provision", {}))
            claim("which does not let it provision", getattr(error, "code", None) == "policy", str(error)[:80])
    error = refused(lambda: EnclaveSigner(endpoint, expected_address="0x" + "11" * 20).sign_ticket(t))
    claim("a signer of another address is told, with both", "address mismatch" in str(error) and me in str(error), str(error))


class Scripted:
    """A server that answers `address` as told and other requests by a function, and keeps what it was asked."""

    def __init__(self):
        self.path = FOLDER / "scripted.sock"
        self.address, self.connections, self.asked, self.act = "0x" + "aa" * 20, 0, [], lambda c: self.send(c, {"result": {}})
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def send(connection, answer):
        body = json.dumps(answer).encode()
        connection.sendall(struct.pack(">I", len(body)) + body)

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            while len(head := exactly(connection, 4)) == 4:
                request = json.loads(exactly(connection, struct.unpack(">I", head)[0]))
                self.asked.append(request["method"])
                if request["method"] == "address":
                    self.send(connection, {"result": {"address": self.address}})
                elif self.act(connection) is False:
                    return


server = Scripted()
signer = EnclaveSigner(f"unix:{server.path}", timeout_seconds=1)
for _ in range(5):
    signer.call("status")
claim("five requests are one connection, and its address is asked once", server.connections == 1 and
      server.asked == ["address"] + ["status"] * 5, str(server.asked))
server.act = lambda c: False if server.connections == 1 else Scripted.send(c, {"result": {}})
claim("a kept connection that is closed on a request is made again, and the request sent again, once",
      signer.call("status") == {} and server.connections == 2 and server.asked[-3:] == ["status", "address", "status"])
server.act = lambda c: False
error = refused(lambda: signer.call("status"))
claim("when that fails too, it is told", "lost" in str(error) and server.connections == 3, str(error))
server.act = lambda c: Scripted.send(c, {"result": {}})
server.address = "0x" + "bb" * 20
error = refused(lambda: signer.call("status"))
claim("a new connection that shows another address gets no request", "address mismatch" in str(error) and
      server.asked[-1] == "address", str(error))
server.address = "0x" + "aa" * 20
for sentence, answer in (("no JSON", b"hello"), ("a list", b"[]"), ("a null result", b'{"result":null}'), ("a number", b"1"),
                         ("bad UTF-8", b'{"result":{"a":"\xff"}}')):
    server.act = lambda c: c.sendall(struct.pack(">I", len(answer)) + answer)
    error = refused(lambda: signer.call("status"))
    claim(f"an answer that is {sentence} is no answer", "no signer" in str(error), str(error))
for sentence, signature in (("no 0x", "aa" * 65), ("no hex", "0xzz"), ("nothing", None), ("empty", "0x")):
    server.act = lambda c: Scripted.send(c, {"result": {"signature": signature}})
    error = refused(lambda: signer.sign_message_defunct(b"\0" * 32))
    claim(f"a signature that is {sentence} is none", "signature is missing" in str(error), str(error))
server.act = lambda c: Scripted.send(c, {"error": {"message": "no"}})
claim("the original signer's refusals, which have no code, are told", str(refused(lambda: signer.call("status"))) == "no")
server.act = lambda c: Scripted.send(c, {"result": {}})
claim("no document is None", signer.attestation_document() is None)
server.act = lambda c: c.sendall(struct.pack(">I", 1 << 30))
claim("an answer that is announced as a gigabyte is not waited for", "announces" in str(refused(lambda: signer.call("status"))))
server.act = lambda c: time.sleep(3)
start = time.monotonic()
error = refused(lambda: signer.call("status"))
claim("silence ends at the time-out, and the request is not sent again", "within 1.0 s" in str(error) and
      0.9 < time.monotonic() - start < 2, str(error))
server.act = lambda c: [c.sendall(b"\0\0\0\x20"), [(c.sendall(b" "), time.sleep(0.4)) for _ in range(8)]] and None
start = time.monotonic()
error = refused(lambda: signer.call("status"))
claim("and so does an answer that trickles", "within 1.0 s" in str(error) and time.monotonic() - start < 2, str(error))

imported = {line.split()[1].split(".")[0] for path in pathlib.Path(ROOT / "clients/python/ensign_signer").glob("*.py")
            for line in path.read_text().splitlines() if line.startswith(("import ", "from ")) and not line.startswith("from .")}
claim("it needs the standard library alone", imported <= set(sys.stdlib_module_names), str(imported))

clean_up()
done()
