"""Peers for the relays: a name server that answers, refuses or keeps silent as it is told; TCP services; and the relay
itself as a process. Standard library only; the tool is found in ENSIGN_BUILD."""

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENSIGN = pathlib.Path(os.environ.get("ENSIGN_BUILD") or ROOT / "build") / "ensign"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="ensign-relay-"))
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}


class Names:
    """A name server over UDP. `table` names A records' addresses, `table6` AAAA's; `mode` is answer, servfail, nxdomain or
    silent."""

    def __init__(self, table, ttl=1):
        self.table, self.table6, self.ttl, self.mode, self.asked = table, {}, ttl, "answer", []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(2048)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            question, kind = query[12:at + 5], struct.unpack(">H", query[at + 1:at + 3])[0]
            name = ".".join(labels).lower()
            self.asked.append((name, kind))
            if self.mode == "silent":
                continue
            records = {1: self.table, 28: self.table6}.get(kind, {}) if self.mode == "answer" else {}
            found = [socket.inet_pton(socket.AF_INET if kind == 1 else socket.AF_INET6, a) for a in records.get(name, [])]
            code = {"answer": 0, "servfail": 2, "nxdomain": 3}[self.mode]
            head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(found), 0, 0)
            tail = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, self.ttl, len(a)) + a for a in found)
            self.socket.sendto(head + question + tail, client)


class Service:
    """A TCP server; `serve(connection)` has a thread for each connection."""

    def __init__(self, serve, address="127.0.0.1", port=0, family=socket.AF_INET):
        self.serve, self.accepted = serve, 0
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        with connection, contextlib.suppress(OSError):
            self.serve(connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def exactly(connection, count):
    got = bytearray()
    while len(got) < count:
        part = connection.recv(min(65536, count - len(got)))
        if not part:
            break
        got += part
    return bytes(got)


def to_the_end(connection):
    return exactly(connection, 1 << 40)


def reset(connection):
    """Ends a TCP connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Relay:
    """`ensign proxy` or `ensign bridge` as a process that listens on a unix socket (or wherever it is told)."""

    def __init__(self, *arguments, socket_path=None, program=None, descriptors=None):
        self.path = socket_path
        limit = descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
        self.log = FOLDER / f"relay-{time.monotonic_ns()}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(program or ENSIGN), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=CLEAN, preexec_fn=limit)
        self.said("listening on")

    def said(self, text, seconds=10):
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"never said {text!r}:\n{self.log.read_text()}")
            time.sleep(0.01)
        return True

    def connect(self, timeout=10):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(timeout)
        made.connect(str(self.path))
        return made

    def kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])

    def cpu_ticks(self):
        return sum(map(int, pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind is not None:
            print(self.log.read_text())


def run(*arguments, program=None):
    return subprocess.run([str(program or ENSIGN), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, env=CLEAN, timeout=20)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def clean_up():
    shutil.rmtree(FOLDER, ignore_errors=True)
