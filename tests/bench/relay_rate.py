"""How fast the relays move bytes, beside socat in the same run: one connection, from a sender through the relay to a
receiver, over TCP on loopback (the far side) and a unix socket (the near). Rounds alternate, so that what else the machine
does falls on all alike; the median of the rounds counts. Exit 1 when a relay is more than 20 % behind. Then the bridge that
judges, in what it is for: requests of one ticket, one after another on one connection, to a signer that answers at once,
through socat, through a plain pipe, and judged. Needs socat; SIZE_MIB and ROUNDS in the environment."""

import json
import os
import pathlib
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from relays import CLEAN, FOLDER, Relay, clean_up  # noqa: E402

SIZE = int(os.environ.get("SIZE_MIB", "512")) << 20
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CHUNK = bytes(1 << 20)
ENOUGH = 0.8
ANSWER = struct.pack(">I", 12) + b'{"result":1}'
TICKET = {"recipient": "0x" + "c3" * 20, "faceValue": 10**16, "winProb": 2**256 - 1, "senderNonce": 1,
          "recipientRandHash": "0x" + "11" * 32, "auxData": "0x" + "22" * 64}
LARGE = {"text": ["a sentence of typed data"] * 37000}  # 1 MB


def drain(listener):
    """Takes one connection to its end and answers one byte."""
    into = bytearray(1 << 20)
    while True:
        connection, _ = listener.accept()
        with connection:
            while connection.recv_into(into):
                pass
            connection.sendall(b".")


def rate(path):
    """MiB a second, from the first byte sent to the far side's word that it has the last."""
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(str(path))
        start = time.monotonic()
        for _ in range(SIZE // len(CHUNK)):
            c.sendall(CHUNK)
        c.shutdown(socket.SHUT_WR)
        if c.recv(1) != b".":
            raise AssertionError(f"{path}: not everything arrived")
        return (SIZE >> 20) / (time.monotonic() - start)


def exactly(connection, into):
    got = 0
    while got < len(into):
        part = connection.recv_into(into[got:])
        if part == 0:
            return False
        got += part
    return True


def answer_frames(listener):
    """A signer as far as a relay sees one: takes frames and answers each at once, on one connection after another."""
    room, head = memoryview(bytearray(1 << 20)), memoryview(bytearray(4))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while exactly(connection, head) and exactly(connection, room[:struct.unpack(">I", head)[0]]):
                connection.sendall(ANSWER)


def requests(path, method, params, seconds):
    """Requests a second over one connection, the next when the one before is answered; and MiB of requests a second."""
    body = json.dumps({"method": method, "params": params}, separators=(",", ":")).encode()
    frame, answer, count = struct.pack(">I", len(body)) + body, memoryview(bytearray(len(ANSWER))), 0
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(str(path))
        start = time.monotonic()
        while (spent := time.monotonic() - start) < seconds:
            c.sendall(frame)
            if not exactly(c, answer) or answer != ANSWER:
                raise AssertionError(f"{path}: another answer than the signer's")
            count += 1
    return count / spent, count * len(frame) / (1 << 20) / spent


def main():
    socat_program = shutil.which("socat")
    if socat_program is None:
        print("skipped: socat is not here")
        return 77
    ports = []
    for serve in (drain, answer_frames):
        listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        ports.append(listener.getsockname()[1])
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    port, signer = ports
    config = FOLDER / "list.yaml"
    config.write_text(f"allowlist:\n- {{address: 127.0.0.1, port: {port}}}\n")
    paths = {name: FOLDER / f"{name}.sock" for name in ("socat", "proxy", "bridge", "socat-framed", "raw", "judged")}
    socats = [subprocess.Popen([socat_program, f"UNIX-LISTEN:{paths[name]},fork", f"TCP:127.0.0.1:{to}"], env=CLEAN)
              for name, to in (("socat", port), ("socat-framed", signer))]

    def bridge(name, to, *flags):
        return Relay("bridge", *flags, "--listen", f"unix:{paths[name]}", "--connect", f"tcp://127.0.0.1:{to}")

    try:
        while not (paths["socat"].exists() and paths["socat-framed"].exists()):
            time.sleep(0.01)
        with Relay("proxy", "--config", config, f"unix:{paths['proxy']}", "127.0.0.1", port), \
                bridge("bridge", port, "--raw"), bridge("raw", signer, "--raw"), bridge("judged", signer):
            rates = {name: [] for name in paths}
            for _ in range(ROUNDS):
                for name in ("socat", "proxy", "bridge"):
                    rates[name].append(rate(paths[name]))
                for name in ("socat-framed", "raw", "judged"):
                    rates[name].append((*requests(paths[name], "sign_ticket", {"ticket": TICKET}, 0.5),
                                        *requests(paths[name], "sign_typed_data", {"typed_data": LARGE}, 0.5)))
    finally:
        for socat in socats:
            socat.terminate()
            socat.wait()
        clean_up()
    middle = {name: statistics.median(rates[name]) for name in ("socat", "proxy", "bridge")}
    for name, found in middle.items():
        print(f"{name:20} {found:8.0f} MiB/s   {found / middle['socat']:.2f} of socat's rate")
    for name, label in (("socat-framed", "requests by socat"), ("raw", "by bridge --raw"), ("judged", "by bridge, judged")):
        tickets, _, _, large = (statistics.median(values) for values in zip(*rates[name]))
        print(f"{label:20} {tickets:8.0f} tickets a second one by one; {large:6.0f} MiB/s in requests of 1 MB")
    return 0 if all(found >= ENOUGH * middle["socat"] for found in middle.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
