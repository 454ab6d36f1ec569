"""make bench: what ensign costs beside what is physically needed, on this machine, in this run. One table, and
bench.json in the build folder. Every figure but three times and two sizes is a ratio of things measured in turns.

    ENSIGN_BUILD=build python3 tests/bench/bench.py [--strict | --requests FOLDER]

Missed aims are told, and end the run with exit code 1 only under --strict. --requests writes what instructions.py counts.
"""

import base64
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
import ethereum as eth  # noqa: E402
from stack import BUILD, Stack  # noqa: E402

KEY = "0x" + "11" * 32
AT_LEAST, AT_MOST = "at least", "at most"
AIMS = [  # key, what it is, the aim
    ("sign_raw_us", "libsecp256k1 signs, µs", None),
    ("recover_raw_us", "libsecp256k1 recovers, µs", None),
    ("verify_raw_us", "libsecp256k1 verifies, µs", None),
    ("core_ratio", "raw sign + recover + verify ÷ a redeem in process", (AT_LEAST, 0.85)),
    ("core_transfer_ratio", "raw sign + recover ÷ a transfer in process, no policy", (AT_LEAST, 0.90)),
    ("rpc_pipelined_ratio", "redeems over one connection, one worker ÷ in process", (AT_LEAST, 0.90)),
    ("rpc_connect_ratio", "a connection a redeem ÷ in process", (AT_LEAST, 0.65)),
    ("wake_us", "a waiting thread wakes, processors kept from halting, µs", None),
    ("rpc_pipelined_ratio_halting", "rpc_pipelined_ratio as the machine is", None),
    ("rpc_connect_ratio_halting", "rpc_connect_ratio as the machine is", None),
    ("p99_ratio_half_load_halting", "p99_ratio_half_load as the machine is", None),
    ("wake_halting_us", "a waiting thread wakes, as the machine is, µs", None),
    ("workers_ratio", "signatures per CPU second of two workers ÷ of one", (AT_LEAST, 0.95)),
    ("p99_ratio_half_load", "p99 at half of saturation ÷ a redeem in process", (AT_MOST, 3)),
    ("p99_ratio_hostile", "the same beside 1,000 idle and 50 stalling clients ÷ without", (AT_MOST, 1.25)),
    ("anon_kib_idle", "anonymous memory of all processes, provisioned, KiB", (AT_MOST, 3072)),
    ("anon_kib_1000_connections", "the same with 1,000 connections, KiB", (AT_MOST, 8192)),
    ("provision_overhead_ms", "provisioning less KMS's round trip, RSA key ready, ms", (AT_MOST, 15)),
    ("batch_20_ratio", "a batch of 20 tickets ÷ raw 20 verify + sign + recover", (AT_MOST, 1.2)),
    ("allowlist_ratio", "a ticket under 10,000 recipients ÷ under 10", (AT_MOST, 1.05)),
    ("verify_document_ratio", "an attestation document judged ÷ five P-384 verifications", (AT_MOST, 1.25)),
]


def policy(recipients):
    endless = {name: "unlimited" for name in ("max_face_value_wei", "max_fund_deposit_wei", "max_fee_wei")}
    return Stack.policy(allowed_recipients=recipients, max_total_face_value_wei="unlimited",
                        budget={"window_seconds": 86400, "start": "full", **endless})


def recipients(count):
    return ["0x" + "c3" * 20] + ["0x%040x" % (1 << 100 | i * 0x9E3779B97F4A7C15) for i in range(1, count)]


class Relay:
    """Between ensignd and KMS: how long KMS's side of an exchange took, TLS and all."""

    def __init__(self, path, upstream):
        self.upstream, self.spans = upstream, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            began = self.last = time.monotonic()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.upstream)
            back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
            back.start()
            self.pump(client, server)
            back.join()
            self.spans.append(self.last - began)
            client.close()
            server.close()

    def pump(self, source, target):
        try:
            while part := source.recv(65536):
                target.sendall(part)
                self.last = time.monotonic()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def provision_overheads(stack, relay, params):
    """Milliseconds, of some renewals: each is a whole provisioning. KMS's part is from connecting to its last byte."""
    found = []
    for _ in range(7):
        while not stack.signer.call("status")["ready_to_provision"]:
            time.sleep(0.05)
        seen, began = len(relay.spans), time.monotonic()
        stack.signer.call("provision", **params)
        took = time.monotonic() - began
        while len(relay.spans) == seen:
            time.sleep(0.001)
        found.append((took - relay.spans[-1]) * 1000)
    return found


def write_requests(folder, signer, few):
    me = signer.call("address")["address"]
    tickets = [eth.ticket(me, number=n, face_value=10**15) for n in range(1, 22)]
    signatures = [signer.call("sign_ticket", ticket=t)["signature"] for t in tickets]
    redeem = eth.broker_tx(eth.redeem_data(tickets[0], signatures[0]))
    batch = eth.broker_tx(eth.batch_data(tickets[1:], signatures[1:], list(range(20))))
    transfer = {"type": 2, "chainId": 42161, "nonce": 1, "to": me, "value": 10**15, "gas": 21000, "data": "0x",
                "maxFeePerGas": 10**9, "maxPriorityFeePerGas": 10**6, "accessList": []}
    for name, method, params in (("redeem", "sign_transaction", {"tx": redeem}), ("batch", "sign_transaction", {"tx": batch}),
                                 ("transfer", "sign_transaction", {"tx": transfer}), ("ticket", "sign_ticket", {"ticket": tickets[0]})):
        text = json.dumps({"method": method, "params": params}, sort_keys=True, separators=(",", ":"))
        (folder / f"{name}.json").write_text(text)
    (folder / "policy.json").write_text(json.dumps(few))
    document = base64.b64decode(signer.call("attestation", nonce="0x" + "22" * 32)["document_b64"])
    (folder / "document.bin").write_bytes(document)


def with_connections(stack, count):
    """Anonymous memory with so many connections that have each asked something and stay."""
    signer, held = stack.signer, []
    for _ in range(count):
        connection = signer.connect(10)
        held.append(connection)
    request = b'{"method":"address","params":{}}'
    for connection in held:
        connection.sendall(len(request).to_bytes(4, "big") + request)
        connection.recv(4096)
    kib = stack.anonymous_kib()
    for connection in held:
        connection.close()
    return kib


def start_signers(stack, few):
    """Two ensignd with the same key, "one" and "two" by their workers. Gives how the last was provisioned, and the processes' ids."""
    sealed = stack.seal(KEY)
    params = {"region": stack.env["AWS_REGION"], "ciphertext_b64": sealed["ciphertext_b64"], "policy": few, **stack.role_params()}
    processes = {}
    for name, workers in (("two", 2), ("one", 1)):
        arguments = stack.env["ENSIGND_ARGS"]
        stack.env["ENSIGND_ARGS"] += f" --workers {workers}"
        stack.start_signer(name=name, settings={**stack.settings, "lease_seconds": 86400, "limits": {"connections": 1200}})
        stack.env["ENSIGND_ARGS"] = arguments
        stack.signer.call("provision", **params)
        processes[name] = stack.ensignd.pid
    return params, processes


def only_requests(folder):
    few = policy(recipients(10))
    with Stack(mode="open", policy=few) as stack:
        stack.stop_signer()
        start_signers(stack, few)
        write_requests(folder, stack.signer, few)


def measure():
    few, figures = policy(recipients(10)), {}
    with Stack(mode="open", policy=few) as stack:
        stack.stop_signer()
        upstream = stack.env["ENSIGND_ARGS"].split("--kms-stream ")[1].split()[0]
        relay = Relay(stack.folder / "relay.sock", upstream.removeprefix("unix:"))
        stack.env["ENSIGND_ARGS"] = stack.env["ENSIGND_ARGS"].replace(upstream, f"unix:{stack.folder}/relay.sock")
        params, processes = start_signers(stack, few)
        figures["provision_overhead_ms"] = statistics.median(provision_overheads(stack, relay, params))
        write_requests(stack.folder, stack.signer, few)
        (stack.folder / "policy-10000.json").write_text(json.dumps(policy(recipients(10000))))
        figures["anon_kib_idle"] = stack.anonymous_kib()
        figures["anon_kib_1000_connections"] = with_connections(stack, 1000)
        program = [BUILD / "tests/bench/bench", stack.folder, str(processes["one"]), str(processes["two"])]
        said = subprocess.run(program, capture_output=True, text=True, timeout=600)
        sys.stderr.write(said.stderr)
        if said.returncode != 0:
            sys.exit(said.returncode)
        figures.update((line.split()[0], float(line.split()[1])) for line in said.stdout.splitlines())
    return figures


def main():
    before = os.getloadavg()[0]
    figures = measure()
    table, rows = [], []
    for key, what, aim in AIMS:
        value = figures[key]
        met = aim is None or (value >= aim[1] if aim[0] == AT_LEAST else value <= aim[1])
        table.append({"key": key, "value": value, "aim": aim and {"kind": aim[0], "value": aim[1]}, "met": met})
        rows.append((key, f"{value:,.3g}" if value < 100 else f"{value:,.0f}", f"{aim[0]} {aim[1]:,g}" if aim else "",
                     "" if aim is None else "ok" if met else "MISSED", what))
    for row in rows:
        print("%-26s %9s  %-14s %-7s %s" % row)
    cores, load = len(os.sched_getaffinity(0)), [before, os.getloadavg()[0]]
    missed = [row["key"] for row in table if not row["met"]]
    print(f"\n{cores} cores; load {load[0]:.1f} when it began, {load[1]:.1f} when it ended. "
          "What else runs here shows in the figures over sockets first.")
    print(f"missed: {', '.join(missed)}" if missed else "all aims are met")
    (BUILD / "bench.json").write_text(json.dumps({"cores": cores, "load": load, "figures": table, "missed": missed}, indent=2) + "\n")
    return 1 if missed and "--strict" in sys.argv else 0


if sys.argv[1:2] == ["--requests"]:
    only_requests(pathlib.Path(sys.argv[2]))
else:
    sys.exit(main())
