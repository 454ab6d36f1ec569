"""anvil, as a node for the tests beside this file."""

import json
import socket
import subprocess
import time
import urllib.request

from eth_abi import encode
from eth_utils import keccak

CHAIN = 31337
ETHER = 10**18


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Anvil:
    def __init__(self, binary):
        self.port = free_port()
        self.process = subprocess.Popen(
            [binary, "--port", str(self.port), "--chain-id", str(CHAIN), "--hardfork", "prague", "--silent"])
        deadline = time.monotonic() + 30
        while True:
            try:
                assert int(self.rpc("eth_chainId"), 16) == CHAIN
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}", body, {"Content-Type": "application/json"})
        answer = json.loads(urllib.request.urlopen(request, timeout=20).read())
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def receipt(self, transaction_hash):
        deadline = time.monotonic() + 20
        while (receipt := self.rpc("eth_getTransactionReceipt", transaction_hash)) is None:
            assert time.monotonic() < deadline, f"{transaction_hash} is not mined"
            time.sleep(0.02)  # mined a moment after it is taken
        return receipt

    def mine(self, raw):
        """Sends a raw transaction; its receipt, which must say success."""
        receipt = self.receipt(self.rpc("eth_sendRawTransaction", raw))
        assert int(receipt["status"], 16) == 1, f"not mined well: {receipt}"
        return receipt

    def nonce(self, address):
        return int(self.rpc("eth_getTransactionCount", address, "latest"), 16)

    def fund(self, address):
        self.rpc("anvil_setBalance", address, hex(100 * ETHER))

    def word(self, to, signature, *arguments):
        types = signature[signature.index("(") + 1:-1]
        data = keccak(text=signature)[:4] + (encode(types.split(","), arguments) if types else b"")
        return int(self.rpc("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")[:66], 16)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
