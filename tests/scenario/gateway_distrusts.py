"""The gateway before a signer that lies: signatures of another key or over something else, another transaction than was
asked, another public key. None of it is passed on, each is counted, and the honest answer after it is."""

import json
import socket
import struct
import threading

import ethereum as eth
from expect import claim, done
from gateway import Gateway
from stack import Signer, Stack

OTHER = b"\x11" * 32  # another key than the signer's
PAY = {"to": "0x" + "c3" * 20, "value": "0x1", "nonce": "0x0", "gas": "0x5208", "maxFeePerGas": "0x77359400",
       "maxPriorityFeePerGas": "0x1", "chainId": "0xa4b1"}


class Liar:
    """Stands before the signer. `lies[method](params, result)` is answered for the result."""

    def __init__(self, path, to):
        self.to, self.lies = to, {}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while True:
                    body = Signer._exactly(connection, struct.unpack(">I", Signer._exactly(connection, 4))[0])
                    answer, lie = json.loads(self.to.exchange(body)), self.lies.get(json.loads(body)["method"])
                    if lie is not None and "result" in answer:
                        answer["result"] = lie(json.loads(body)["params"], answer["result"])
                    answer = json.dumps(answer, separators=(",", ":"), sort_keys=True).encode()
                    connection.sendall(struct.pack(">I", len(answer)) + answer)
            except (OSError, EOFError):
                pass


def signed_by_another(raw):
    fields = eth.rlp_decode(bytes.fromhex(raw[4:]))[:9]
    signature = bytes.fromhex(eth.sign(OTHER, eth.keccak(b"\x02" + eth.rlp_encode(fields)))[2:])
    minimal = lambda part: part.lstrip(b"\0")
    return "0x02" + eth.rlp_encode([*fields, minimal(bytes([signature[64] - 27])), minimal(signature[:32]), minimal(signature[32:64])]).hex()


def of(name, change):
    return lambda params, result: {**result, name: change(params, result[name])}


def wrong(gateway):
    lines = gateway.http("GET", "/metrics")[1].splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith("ensign_gateway_wrong_signatures_total "))


def asked(stack, method, **params):
    """Of the signer itself."""
    return json.loads(stack.signer.exchange(eth.request(method, **params)))["result"]


with Stack(policy=Stack.policy(messages="any", treasury=PAY["to"])) as stack:
    me = stack.provision().address
    path = stack.folder / "liar.sock"
    liar = Liar(path, stack.signer)
    gateway = Gateway(stack, endpoints=[f"unix:{path}"])

    liar.lies["status"] = of("public_key", lambda *_: "0x" + "22" * 64)
    claim("a public key that is not that of the address", gateway.http("GET", "/api/v1/eth1/publicKeys")[0] == 503)
    liar.lies = {}

    tx = {**PAY, "from": me}
    plain = {name: text if name == "to" else int(text, 16) for name, text in PAY.items()}
    other_tx = asked(stack, "sign_transaction", tx={**plain, "to": eth.checksum(bytes.fromhex(PAY["to"][2:])), "value": 2})["raw_tx"]
    hello = "0x68656c6c6f"
    flipped = lambda _, text: text[:-2] + {"1b": "1c", "1c": "1b"}[text[-2:]]
    for sentence, method, name, change, call in (
            ("a message's signature by another key", "sign_message_defunct", "signature",
             lambda *_: eth.sign(OTHER, eth.eip191(b"hello")), ("eth_sign", me, hello)),
            ("a signature with the other parity", "sign_message_defunct", "signature", flipped, ("personal_sign", hello, me)),
            ("our key's, over another message", "sign_message_defunct", "signature",
             lambda *_: asked(stack, "sign_message_defunct", message_hash="0x" + "77" * 32)["signature"], ("eth_sign", me, "0x" + "88" * 32)),
            ("a transaction signed by another key", "sign_transaction", "raw_tx", lambda _, raw: signed_by_another(raw),
             ("eth_signTransaction", tx)),
            ("our key's signature of another transaction", "sign_transaction", "raw_tx", lambda *_: other_tx,
             ("eth_signTransaction", tx))):
        before = wrong(gateway)
        liar.lies[method] = of(name, change)
        refused = gateway.failed(*call)
        liar.lies = {}
        claim(f"not passed on: {sentence}", refused.code == -32002 and "0x" not in refused.message, str(refused))
        claim("and counted", wrong(gateway) == before + 1)
        claim("the honest answer is passed on", gateway.call(*call).startswith("0x"))
    key = json.loads(gateway.http("GET", "/api/v1/eth1/publicKeys")[1])[0]
    claim("the public key is ours in the end", eth.checksum(eth.keccak(bytes.fromhex(key[2:]))[12:]) == me)
done()
