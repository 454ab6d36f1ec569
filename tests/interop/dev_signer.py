"""ensignd of the development build with a key from a file, on a unix socket, and one connection to it."""

import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ENSIGN_DEV_BUILD") or ROOT / "build-dev")


class DevSigner:
    def __init__(self, key):
        self.key = key

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ensign-")
        folder = pathlib.Path(self.folder.name)
        (folder / "key").write_text(self.key)
        self.path = str(folder / "signer.sock")
        self.process = subprocess.Popen(
            [BUILD / "ensignd", "--insecure-key-file", folder / "key", "--listen", f"unix:{self.path}"],
            env={}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(30)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connection.connect(self.path)
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()

    def _exactly(self, count):
        got = b""
        while len(got) < count:
            part = self.connection.recv(count - len(got))
            if not part:
                raise EOFError(f"closed after {len(got)} of {count} bytes")
            got += part
        return got

    def call(self, method, **params):
        """The answer as it is: {"result": …} or {"error": …}."""
        body = json.dumps({"method": method, "params": params}, separators=(",", ":")).encode()
        self.connection.sendall(struct.pack(">I", len(body)) + body)
        return json.loads(self._exactly(struct.unpack(">I", self._exactly(4))[0]))
