"""The stack with every relay in its path: the enclave reaches KMS through `ensign proxy`, as on an instance, and clients
reach the enclave through `ensign bridge`."""

import re
import select
import socket
import urllib.parse

from relays import Names, Service, reset
from stack import BUILD, CLEAN, Signer, Stack

KMS_HOST = "kms.us-east-2.amazonaws.com"


class FailingKms:
    """What stands where KMS's name leads: KMS itself, whose connections are reset after `cut` bytes of answers (None:
    never)."""

    def __init__(self, port):
        self.kms_port, self.cut, self.answered = port, None, 0
        self.port = Service(self._serve).port

    def _serve(self, client):
        with socket.create_connection(("127.0.0.1", self.kms_port), 5) as kms:
            self.answered = 0
            while True:  # in one thread: a descriptor that another waits on is not closed, and nothing is reset
                for ready in select.select([client, kms], [], [])[0]:
                    part = ready.recv(65536)
                    if not part:
                        return
                    if ready is client:
                        kms.sendall(part)
                        continue
                    left = len(part) if self.cut is None else min(len(part), self.cut - self.answered)
                    client.sendall(part[:left])
                    self.answered += left
                    if left < len(part):
                        reset(client)
                        return


class Relayed(Stack):
    """`signer` is the operator's way to the enclave, which may provision; `bridged` is everybody else's."""

    def start_signer(self, *arguments, **more):
        if not hasattr(self, "proxy"):
            self.names = Names({KMS_HOST: ["127.0.0.1"]})
            self.kms = FailingKms(urllib.parse.urlsplit(self.env["AWS_ENDPOINT_URL_KMS"]).port)
            through = self.folder / "proxy.sock"
            self.env["ENSIGND_ARGS"] = re.sub(r"--kms-stream \S+", f"--kms-stream unix:{through}", self.env["ENSIGND_ARGS"])
            self.start_proxy()
        return super().start_signer(*arguments, **more)

    def start_proxy(self):
        allowed = self.folder / "allowed.yaml"
        allowed.write_text(f"allowlist:\n- {{address: {KMS_HOST}, port: {self.kms.port}}}\n")
        self.proxy = self.relay("proxy", "--config", allowed, "--resolver", self.names.at,
                                f"unix:{self.folder / 'proxy.sock'}", KMS_HOST, self.kms.port)

    def start_bridge(self):
        where = self.folder / "bridge.sock"
        self.bridge = self.relay("bridge", "--listen", f"unix:{where}", "--connect", f"unix:{self.socket}")
        self.bridged = Signer(where, getattr(self.signer, "address", None))
        return self.bridged

    def relay(self, kind, *arguments):
        """A relay that listens; its log holds what it said before, too, when it is started again."""
        path = self.folder / f"{kind}.log"
        said = path.stat().st_size if path.exists() else 0
        process = self.start(kind, BUILD / "ensign", kind, *arguments, env=CLEAN)
        self.wait_for(kind, lambda: b"listening on" in path.read_bytes()[said:], process)
        return process

    def end(self, process, kill=False):
        """Ends one of the programs, as an operator does or as a crash."""
        (process.kill if kill else process.terminate)()
        process.wait(10)
