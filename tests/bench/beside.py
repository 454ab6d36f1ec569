"""make bench: ensign beside what a user would otherwise run on this machine, the same requests in the same run: anvil's
eth_signTransaction, and a Python signer on eth-account. One table, and beside.json in the build folder.

All have the same key and must give the same bytes. Each has its turn for a slice, round after round, and its best counts.
The client is one Python program for all, and its own time is in every figure.

    ENSIGN_BUILD=build python3 tests/bench/beside.py
"""

import json
import os
import pathlib
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
import ethereum as eth  # noqa: E402
from gateway import Gateway, free_port  # noqa: E402
from stack import BUILD, Stack  # noqa: E402

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first account
CHAIN, TREASURY = 42161, "0x" + "77" * 20
ROUNDS, ASKED, CONNECTIONS = 5, 60, 4
INTEROP = BUILD.resolve() / "interop"


class Framed:
    """ensign's RPC: a length of 4 bytes, then JSON."""

    def __init__(self, name, path):
        self.name, self.path = name, str(path)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(30)
        s.connect(self.path)
        return s

    def request(self, tx):
        body = json.dumps({"method": "sign_transaction", "params": {"tx": tx}}).encode()
        return struct.pack(">I", len(body)) + body

    def answer(self, connection):
        got = connection.recv(65536)
        while len(got) < 4 or len(got) < 4 + struct.unpack(">I", got[:4])[0]:
            got += connection.recv(65536)
        return got[4:]

    def raw(self, body):
        return json.loads(body)["result"]["raw_tx"]


class Http:
    """JSON-RPC over HTTP, with connections that stay."""

    def __init__(self, name, port, sender):
        self.name, self.port, self.sender = name, port, sender

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def request(self, tx):
        fields = {key: hex(value) if isinstance(value, int) else value for key, value in tx.items()}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_signTransaction",
                           "params": [{"from": self.sender, **fields}]}).encode()
        return (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def answer(self, connection):
        got = connection.recv(65536)
        while True:
            head, end, body = got.partition(b"\r\n\r\n")
            if end and len(body) >= int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
                return body
            got += connection.recv(65536)

    def raw(self, body):
        return json.loads(body)["result"]


def median_us(peer, request):
    """One connection, one request after the other."""
    with peer.connect() as connection:
        took = []
        for _ in range(ASKED):
            began = time.perf_counter()
            connection.sendall(request)
            peer.answer(connection)
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e6


def per_second(peer, request):
    """Some connections, each asking again as soon as it has its answer."""
    with selectors.DefaultSelector() as ready:
        connections = [peer.connect() for _ in range(CONNECTIONS)]
        for connection in connections:
            ready.register(connection, selectors.EVENT_READ)
        began, left = time.perf_counter(), ASKED * CONNECTIONS
        for connection in connections:
            connection.sendall(request)
        while left > 0:
            for key, _ in ready.select(30):
                peer.answer(key.fileobj)
                left -= 1
                if left >= CONNECTIONS:
                    key.fileobj.sendall(request)
        took = time.perf_counter() - began
        for connection in connections:
            connection.close()
    return ASKED * CONNECTIONS / took


def waited_for(peer, process):
    deadline = time.monotonic() + 30
    while True:
        try:
            peer.connect().close()
            return peer
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{peer.name} does not come up")
            time.sleep(0.05)


def others(stack, sender):
    """What is not ours and can be had; says by name what cannot."""
    installed = subprocess.run([HERE.parent / "interop/install", BUILD], stdout=sys.stderr)
    if installed.returncode != 0:
        print("skipped: anvil and eth-account could not be installed (above)")
        return
    anvil = INTEROP / "node_modules/.bin/anvil"
    if shutil.which(anvil):
        port = free_port()
        process = stack.start("anvil", anvil, "--port", port, "--chain-id", CHAIN, "--silent", env=dict(os.environ))
        yield waited_for(Http("anvil (HTTP)", port, sender), process)
    else:
        print("skipped: anvil is not among the installed")
    for name, library in (("Python, eth-account", None), ("Python, eth-account with coincurve", INTEROP / "coincurve")):
        path = stack.folder / f"{'coincurve' if library else 'eth-account'}.sock"
        if library and not coincurve_is_in(library):
            print(f"skipped: {name}: coincurve could not be installed")
            continue
        environment = {"PYTHONPATH": str(library)} if library else {}
        process = stack.start(path.stem, INTEROP / "venv/bin/python", HERE / "eth_account_signer.py", path, KEY, env=environment)
        yield waited_for(Framed(name, path), process)


def coincurve_is_in(folder):
    """libsecp256k1 for eth-account, apart from the venv, in which the tests want eth-account's own arithmetic."""
    if not folder.exists():
        subprocess.run([INTEROP / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder,
                        "coincurve==21.0.0"], stdout=sys.stderr)
    return folder.exists()


def requests(signer):
    common = {"type": 2, "chainId": CHAIN, "nonce": 1, "maxFeePerGas": 10**9, "maxPriorityFeePerGas": 10**6, "accessList": []}
    ticket = eth.ticket(signer.address, face_value=10**15)
    data = eth.redeem_data(ticket, signer.call("sign_ticket", ticket=ticket)["signature"])
    return {"transfer": {**common, "to": TREASURY, "value": 10**15, "gas": 21000, "data": "0x"},
            "redeem": {**common, "to": eth.BROKER, "value": 0, "gas": 400000, "data": data}}


def measure(peers, transactions):
    """{peer: {kind: (requests per second, median in µs)}}; the same bytes from all, or the run ends."""
    best = {peer.name: {} for peer in peers}
    for kind, tx in transactions.items():
        signed = {}
        for peer in peers:
            with peer.connect() as connection:
                connection.sendall(peer.request(tx))
                signed[peer.name] = peer.raw(peer.answer(connection))
        if len(set(signed.values())) != 1:
            sys.exit(f"not all sign the same {kind}: {json.dumps(signed, indent=1)}")
        for _ in range(ROUNDS):
            for peer in peers:
                rate, median = per_second(peer, peer.request(tx)), median_us(peer, peer.request(tx))
                before = best[peer.name].get(kind, (0, float("inf")))
                best[peer.name][kind] = max(rate, before[0]), min(median, before[1])
    return best


def main():
    endless = {name: "unlimited" for name in ("max_face_value_wei", "max_fund_deposit_wei", "max_fee_wei")}
    policy = Stack.policy(chain_id=CHAIN, treasury=TREASURY,
                          budget={"window_seconds": 86400, "start": "full", **endless})
    with Stack(mode="strict", policy=policy) as stack:
        signer = stack.provision(stack.seal(KEY))
        gateway = Gateway(stack)
        peers = [Framed("ensign (unix socket)", signer.path), Http("ensign gateway (HTTP)", gateway.port, signer.address)]
        peers += others(stack, signer.address)
        found = measure(peers, requests(signer))
    ours = {"unix": found["ensign (unix socket)"], "http": found["ensign gateway (HTTP)"]}
    print("%-36s %s" % ("", "".join("%34s" % kind for kind in found[peers[0].name])))
    print("%-36s %s" % ("", "   per second  median µs  (×) " * 2))
    for peer in peers:
        beside = ours["http" if isinstance(peer, Http) else "unix"]
        cells = ["%10.0f %10.0f  (%.2f)" % (rate, median, rate / beside[kind][0]) for kind, (rate, median) in found[peer.name].items()]
        print("%-36s %s" % (peer.name, "   ".join(cells)))
    print("(×): the rate beside that of ensign through the same kind of door. ensign judges each redeem by its policy, the others sign.")
    (BUILD / "beside.json").write_text(json.dumps({"load": os.getloadavg()[0], "signers": {
        name: {kind: {"per_second": rate, "median_us": median} for kind, (rate, median) in kinds.items()}
        for name, kinds in found.items()}}, indent=2) + "\n")


main()
