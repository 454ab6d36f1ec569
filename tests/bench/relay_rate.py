"""How fast the relays move bytes, beside socat in the same run: one connection, from a sender through the relay to a
receiver, over TCP on loopback (the far side) and a unix socket (the near). Rounds alternate, so that what else the machine
does falls on all alike; the median of the rounds counts. Exit 1 when a relay is more than 20 % behind. Needs socat;
SIZE_MIB and ROUNDS in the environment."""

import os
import pathlib
import shutil
import socket
import statistics
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


def main():
    socat_program = shutil.which("socat")
    if socat_program is None:
        print("skipped: socat is not here")
        return 77
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    port = listener.getsockname()[1]
    threading.Thread(target=drain, args=(listener,), daemon=True).start()
    config = FOLDER / "list.yaml"
    config.write_text(f"allowlist:\n- {{address: 127.0.0.1, port: {port}}}\n")
    paths = {name: FOLDER / f"{name}.sock" for name in ("socat", "proxy", "bridge")}
    socat = subprocess.Popen([socat_program, f"UNIX-LISTEN:{paths['socat']},fork", f"TCP:127.0.0.1:{port}"], env=CLEAN)
    try:
        while not paths["socat"].exists():
            time.sleep(0.01)
        with Relay("proxy", "--config", config, f"unix:{paths['proxy']}", "127.0.0.1", port), \
                Relay("bridge", "--raw", "--listen", f"unix:{paths['bridge']}", "--connect", f"tcp://127.0.0.1:{port}"):
            rates = {name: [] for name in paths}
            for _ in range(ROUNDS):
                for name, path in paths.items():
                    rates[name].append(rate(path))
    finally:
        socat.terminate()
        socat.wait()
        clean_up()
    middle = {name: statistics.median(found) for name, found in rates.items()}
    for name, found in middle.items():
        print(f"{name:8} {found:8.0f} MiB/s   {found / middle['socat']:.2f} of socat's rate")
    return 0 if all(found >= ENOUGH * middle["socat"] for found in middle.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
