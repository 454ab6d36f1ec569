"""What the units of deploy/systemd forbid, nobody needs: each program is run at its work under strace, and every system call,
address family and mapping of it is one that its unit allows."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import ethereum as eth
from expect import claim, done, skip
from gateway import free_port
from relays import Names, clean_up
from scene import SANITIZED
from stack import BUILD, CLEAN, ROOT, Stack

# Asked for at the start, and done without: LimitCORE=0 and LimitNOFILE= of the units say it already.
MAY_FAIL = {"prlimit64", "setrlimit"}


def can_run():
    if SANITIZED:
        skip("a sanitizer makes system calls of its own")
    if not shutil.which("strace") or not shutil.which("systemd-analyze"):
        skip("no strace or no systemd-analyze (tools/setup test installs both)")
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        skip("strace may not trace here")


def expand(name):
    """The system calls of a set of systemd's, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
    words = [line.strip() for line in told.stdout.splitlines()[1:]]
    return set().union(*(expand(word) for word in words if word and not word.startswith("#")))


def allowed_by(unit):
    calls, families = expand("@default"), set()
    for line in (ROOT / f"deploy/systemd/{unit}.service").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "RestrictAddressFamilies":
            families = set(value.split())
        elif key == "SystemCallFilter":
            for word in value.lstrip("~").split():
                calls = calls - expand(word) if value.startswith("~") else calls | expand(word)
    return calls, families


class Traced:
    def __init__(self, s, unit, *arguments, env=None):
        self.unit, self.file = unit, s.folder / f"{unit}.strace"
        self.process = s.start(unit, "strace", "-f", "-qq", "-s", "64", "-o", self.file, BUILD / "ensign", *arguments,
                               env={**CLEAN, **(env or {})})

    def log(self):
        return self.process.log.read_text()

    def judge(self):
        """Ended as its unit ends it; what it did is what its unit allows."""
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        self.process.wait(10)
        calls, families = allowed_by(self.unit)
        lines = self.file.read_text().splitlines()
        made = {match.group(1) for match in (re.match(r"\d+\s+(\w+)\(", line) for line in lines) if match}
        claim(f"{self.unit}: {len(made)} system calls, and none that its unit forbids", len(made) > 20
              and made - {"execve"} <= calls | MAY_FAIL, sorted(made - calls - MAY_FAIL))
        spoken = set(re.findall(r"\bsocket\((?:AF|PF)_(\w+)", "\n".join(lines)))
        claim(f"{self.unit}: no address family that its unit forbids", {f"AF_{name}" for name in spoken} <= families,
              spoken)
        claim(f"{self.unit}: no memory that is both written and run, and no namespace",
              not any(re.search(r"PROT_WRITE\|PROT_EXEC|CLONE_NEW", line) for line in lines))


def until(test, what):
    end = time.monotonic() + 30
    while not test():
        assert time.monotonic() < end, what
        time.sleep(0.05)


can_run()
with Stack(policy=Stack.policy()) as s:
    s.sealed = s.seal()
    (s.folder / "sealed.json").write_text(json.dumps(s.sealed))
    config = s.folder / "provision.conf"
    config.write_text(f"endpoint = {s.signer.endpoint}\npcr0 = {s.pcr0}\npolicy-sha256 = {s.digest()}\n"
                      f"ciphertext-b64 = @{s.folder}/sealed.json\nexpected-address = {s.sealed['address']}\n"
                      f"root = {s.env['ENSIGN_SIM_NSM_ROOT']}\ncustom-roots = yes\n")
    config.chmod(0o600)
    kept = Traced(s, "ensign-provisioner", "provisioner", "--config", config, env={
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": s.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"],
        "NOTIFY_SOCKET": str(s.folder / "nobody.sock")})
    until(lambda: ": provisioned: " in kept.log(), kept.log)
    kept.judge()
    address = s.sealed["address"]

    journal = Traced(s, "ensign-journal", "journal", "--endpoint", s.signer.endpoint, "--follow", "--wait", "--interval", "1",
                     "--cursor", s.folder / "cursor", "--json")
    s.signer.call("sign_ticket", ticket=eth.ticket(address, 1, face_value=1))
    until(lambda: '"seq":1' in journal.log(), journal.log)
    journal.judge()

    door = s.folder / "door.sock"
    bridge = Traced(s, "ensign-bridge", "bridge", "--listen", f"unix:{door}", "--connect", s.signer.endpoint)
    until(door.exists, bridge.log)
    s.ensign("status", "--endpoint", f"unix:{door}")
    bridge.judge()

    port = free_port()
    gateway = Traced(s, "ensign-gateway", "gateway", "--endpoint", s.signer.endpoint, "--listen", f"127.0.0.1:{port}")
    until(lambda: "serving" in gateway.log(), gateway.log)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []})
    with socket.create_connection(("127.0.0.1", port), 10) as made:
        made.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                     f"Connection: close\r\n\r\n{body}".encode())
        assert address.lower() in made.makefile().read()
    gateway.judge()

    way, names = s.folder / "way.sock", Names({"kms.us-east-2.amazonaws.com": ["127.0.0.1"]})
    proxy = Traced(s, "ensign-proxy", "proxy", f"unix:{way}", "kms.us-east-2.amazonaws.com", "443", "--connect-timeout", "1",
                   "--resolver", names.at)
    until(way.exists, proxy.log)
    with socket.socket(socket.AF_UNIX) as made:
        made.connect(str(way))
        made.settimeout(15)
        made.recv(1)
    proxy.judge()
clean_up()
done()
