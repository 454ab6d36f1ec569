"""The whole of it on one machine: ensign-sim's NSM, KMS and IMDS, a KMS key with a policy, a sealed Ethereum key, ensignd,
and `ensign` to provision it. Programs are found in ENSIGN_BUILD (default: build)."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from aws import Kms  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ENSIGN_BUILD") or ROOT / "build")
PCR0 = hashlib.sha384(b"the image under test").hexdigest()
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}


class Refused(Exception):
    """An error answer: code and message, as on the wire."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Signer:
    """A client of one signer's unix socket, one connection a request, as the original's backend does it."""

    def __init__(self, path, address=None, port=None):
        self.path, self.address, self.port = str(path), address, port

    @property
    def endpoint(self):
        return f"vsock+unix:{self.path}:{self.port}" if self.port else f"unix:{self.path}"

    def connect(self, timeout):
        """A connected socket; through a vhost-user vsock device when there is a port."""
        s = socket.socket(socket.AF_UNIX)
        try:
            s.settimeout(timeout)
            s.connect(self.path)
            if self.port:
                s.sendall(b"CONNECT %d\n" % self.port)
                answer = b""
                while not answer.endswith(b"\n"):
                    answer += self._exactly(s, 1)
        except BaseException:
            s.close()
            raise
        return s

    def exchange(self, body, timeout=30):
        with self.connect(timeout) as s:
            s.sendall(struct.pack(">I", len(body)) + body)
            head = self._exactly(s, 4)
            return self._exactly(s, struct.unpack(">I", head)[0])

    @staticmethod
    def _exactly(s, count):
        got = b""
        while len(got) < count:
            part = s.recv(count - len(got))
            if not part:
                raise EOFError(f"closed after {len(got)} of {count} bytes")
            got += part
        return got

    def call(self, method, **params):
        request = json.dumps({"method": method, "params": params}, sort_keys=True, separators=(",", ":")).encode()
        answer = json.loads(self.exchange(request))
        if "error" in answer:
            raise Refused(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def refused(self, method, **params):
        """The refusal of a call that must be refused."""
        try:
            answer = self.call(method, **params)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{method} was not refused: {answer}")


def read_env(path):
    """NAME=value and export NAME=value lines, with the shell's quoting."""
    env = {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = shlex.split(line, comments=True)
        for word in words[1:] if words[:1] == ["export"] else words:
            name, _, value = word.partition("=")
            env[name] = value
    return env


class Stack:
    def __init__(self, mode="strict", policy=None, settings=None, context=None, pcr0=PCR0, sim_pcr0=None,
                 key_condition=None, folder=None, policy_in_settings=True, generate=False):
        self.mode, self.policy_document, self.extra_settings = mode, policy, settings or {}
        self.pcr0, self.sim_pcr0 = pcr0, sim_pcr0 or pcr0
        self.context, self.key_condition, self.generate = context or {}, key_condition, generate
        self.policy_in_settings = policy_in_settings and mode == "strict"
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="ensign-"))
        self.own_folder = folder is None
        self.processes = []

    # -- documents ----------------------------------------------------------------------------------------------------

    @staticmethod
    def policy(**changes):
        document = {
            "version": 1, "chain_id": 42161, "ticket_broker": "0xa8bb618b1520e284046f3dfc448851a1ff26e41b",
            "require_allowlist": True, "allowed_recipients": ["0x" + "c3" * 20],
            "max_face_value_wei": "50000000000000000", "max_total_face_value_wei": "200000000000000000",
            "allow_fund_deposit": True, "max_fund_deposit_wei": "100000000000000000",
            "allow_withdraw": False, "treasury": None, "messages": "tickets", "typed_data": "none",
            "max_gas": "3000000", "max_fee_per_gas_wei": "unlimited", "max_tx_fee_wei": "10000000000000000",
            "budget": {"window_seconds": 86400, "start": "full", "max_face_value_wei": "1000000000000000000",
                       "max_fund_deposit_wei": "unlimited", "max_fee_wei": "100000000000000000"}}
        document.update(changes)
        return document

    def digest(self, document=None):
        """SHA-256 of the canonical form, as `ensign policy digest` says it."""
        path = self.folder / "digest-of.json"
        path.write_text(json.dumps(document if document is not None else self.policy_document))
        out = self.ensign("policy", "digest", str(path)).stdout
        return re.search(r"[0-9a-f]{64}", out).group(0)

    def key_policy(self, role, admin):
        condition = {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:PCR0": self.pcr0}}
        if self.policy_document is not None and self.mode == "strict":
            condition["StringEquals"] = {"kms:EncryptionContext:ensign-policy-sha256": self.digest()}
        return {"Version": "2012-10-17", "Statement": [
            {"Sid": "Administer", "Effect": "Allow", "Principal": {"AWS": admin}, "Action": ["kms:*"], "Resource": "*"},
            {"Sid": "OpenOnlyInTheEnclave", "Effect": "Allow", "Principal": {"AWS": role},
             "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*",
             "Condition": self.key_condition or condition}]}

    # -- processes ----------------------------------------------------------------------------------------------------

    def start(self, name, *arguments, env=None):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=CLEAN if env is None else env, start_new_session=True)
        process.log = self.folder / f"{name}.log"
        self.processes.append(process)
        return process

    def wait_for(self, what, test, process, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            result = test()
            if result:
                return result
            if process.poll() is not None:
                raise AssertionError(f"{what}: exited with {process.returncode}:\n{process.log.read_text()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: nothing after {seconds} s:\n{process.log.read_text()}")
            time.sleep(0.02)

    def ensign(self, *arguments, check=True, stdin=None, env=None, timeout=60):
        done = subprocess.run([BUILD / "ensign", *map(str, arguments)], input=stdin, text=True, capture_output=True,
                              env={**CLEAN, **self.env, **(env or {})} if hasattr(self, "env") else CLEAN,
                              timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"ensign {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
        return done

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _up(self):
        sim = self.start("sim", BUILD / "ensign-sim", "up", self.folder / "sim", "--pcr0", self.sim_pcr0)
        env_file = self.folder / "sim/env"
        self.wait_for("ensign-sim up", env_file.exists, sim)
        self.env = read_env(env_file)
        self.admin_env = {**self.env, **read_env(self.folder / "sim/admin-env")}
        self.admin = Kms(self.admin_env)
        role, admin = self.env["INSTANCE_ROLE_ARN"], self.env["KMS_ADMIN_ROLE_ARN"]
        self.key_arn = self.admin.call("CreateKey", Policy=json.dumps(self.key_policy(role, admin)))["KeyMetadata"]["Arn"]
        self.settings = {"mode": self.mode,
                         "kms_trust_roots": json.loads((self.folder / "sim/settings.json").read_text())["kms_trust_roots"]}
        if self.mode == "strict":
            self.settings["kms_key"] = self.key_arn
            if self.policy_in_settings and self.policy_document is not None:
                self.settings["policy"] = self.policy_document
        self.settings.update(self.extra_settings)
        self.start_signer()

    def start_signer(self, settings=None, name="signer", expect_exit=False):
        path = self.folder / f"{name}.settings.json"
        path.write_text(json.dumps(settings or self.settings))
        self.socket = self.folder / f"{name}.sock"
        arguments = shlex.split(self.env["ENSIGND_ARGS"])
        if "--settings" in arguments:
            at = arguments.index("--settings")
            del arguments[at:at + 2]
        self.ensignd = self.start(name, BUILD / "ensignd", *arguments, "--settings", path, "--listen",
                                  f"unix:{self.socket}", env={})
        if expect_exit:
            return self.ensignd
        signer = Signer(self.socket)

        def ready():
            try:
                return signer.call("status").get("ready_to_provision")
            except (OSError, EOFError):
                return False

        self.wait_for("ensignd", ready, self.ensignd)
        self.signer = signer
        return signer

    def stop_signer(self):
        self.ensignd.send_signal(signal.SIGTERM)
        self.ensignd.wait(10)

    # -- what an operator does ----------------------------------------------------------------------------------------

    def seal(self, key_text=None, context=None, env=None):
        """Encrypts a key (a fresh one when none is given) under the policy's context; the answer of `ensign encrypt`."""
        arguments = ["encrypt", "--kms-key-id", self.key_arn, "--json"]
        if self.policy_document is not None and self.mode == "strict":
            path = self.folder / "policy.json"
            path.write_text(json.dumps(self.policy_document))
            arguments += ["--policy", path]
        for pair in (context if context is not None else self.context).items():
            arguments += ["--encryption-context", "=".join(pair)]
        arguments += ["--key-file", "-"] if key_text else ["--new"]
        return json.loads(self.ensign(*arguments, stdin=key_text, env=env or self.admin_env).stdout)

    def provision_changed_image(self, sealed, policy_file):
        """What provisioning says in an enclave whose image measures differently: same settings, same programs, and a
        security module that attests another PCR0."""
        other = hashlib.sha384(b"another image").hexdigest()
        device = self.folder / "other-nsm.sock"
        nsm = self.start("other-nsm", BUILD / "ensign-sim", "nsm", "--listen", f"unix:{device}", "--pcr", f"0={other}",
                         "--pki", self.folder / "sim")
        self.wait_for("the other NSM", device.exists, nsm)
        kept = self.env["ENSIGND_ARGS"], self.socket, self.ensignd, self.signer
        self.env["ENSIGND_ARGS"] = self.env["ENSIGND_ARGS"].replace(str(self.folder / "sim/nsm.sock"), str(device))
        self.start_signer(name="changed")
        said = self.provision(sealed, "--policy", policy_file, check=False).stderr
        self.stop_signer()
        self.env["ENSIGND_ARGS"], self.socket, self.ensignd, self.signer = kept
        return said

    def anonymous_kib(self):
        """Anonymous memory of ensignd and its children, from the kernel's own books."""
        total, pids = 0, [self.ensignd.pid]
        while pids:
            pid = pids.pop()
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(next(line for line in rollup.splitlines() if line.startswith("Anonymous:")).split()[1])
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                pids += [int(p) for p in (task / "children").read_text().split()]
        return total

    def role_credentials(self):
        """The instance role's temporary credentials, as IMDSv2 hands them to anyone on the parent."""
        base = self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"].rstrip("/")

        def ask(method, path, header):
            made = urllib.request.Request(base + path, method=method, headers=header)
            return urllib.request.urlopen(made, timeout=5).read().decode().strip()

        token = ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        head = {"X-aws-ec2-metadata-token": token}
        folder = "/latest/meta-data/iam/security-credentials/"
        found = json.loads(ask("GET", folder + ask("GET", folder, head).split()[0], head))
        return {"AWS_ACCESS_KEY_ID": found["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
                "AWS_SESSION_TOKEN": found["Token"]}

    def role_params(self):
        """The same as provisioning's parameters."""
        return {name.lower(): value for name, value in self.role_credentials().items()}

    def provision(self, sealed=None, *flags, check=True):
        sealed = sealed or self.seal()
        self.sealed = sealed
        done = self.ensign("provision", "--endpoint", self.signer.endpoint, "--region", self.env["AWS_REGION"],
                           "--ciphertext-b64", sealed["ciphertext_b64"], *flags, check=check)
        if not check:
            return done
        self.signer.address = json.loads(done.stdout)["address"]
        return self.signer

    def __exit__(self, kind, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        if kind is not None:
            for process in self.processes:
                print(f"--- {process.log.name}\n{process.log.read_text()}", file=sys.stderr)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def raw32(text):
    return base64.b64encode(bytes.fromhex(text)).decode()
