"""ensign doctor: all well against the stack, then one fault planted at a time, each giving exactly its line, its remedy and
its exit code. nitro-cli, which runs on the parent alone, is a script that prints what AWS's documentation shows."""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import eif_file
import relays
from cli import ensign_on_a_terminal, make_certificate
from expect import claim, done
from scene import SANITIZED
from stack import BUILD, CLEAN, Stack, read_env

ACCOUNT = "111122223333"
ROLE, ADMIN = f"arn:aws:iam::{ACCOUNT}:role/EnsignInstance", f"arn:aws:iam::{ACCOUNT}:role/KmsAdmin"
OTHER = "ab" * 48
ORDER = ["vsock", "enclave", "debug", "cid", "memory", "signer", "document", "image", "roots", "provisioned", "policy", "lease",
         "proxy", "kms", "clock", "credentials", "key", "regions", "origin", "grants", "key-policy", "key-image"]
HERE = "not checkable here"
LEASE = 7200


class Measured(Stack):
    """The stack with a security module that measures an image file."""

    def start(self, name, *arguments, **more):
        if name == "sim":
            arguments = (*arguments[:3], "--measure", self.image)
        return super().start(name, *arguments, **more)


class Parent:
    """What `ensign doctor` finds on a healthy parent; `run` plants something and gives the lines."""

    def __init__(self, stack):
        self.s, self.folder = stack, stack.folder / "parent"
        (self.folder / "bin").mkdir(parents=True)
        self.enclave = {"EnclaveName": "ensign", "EnclaveID": "i-0e5160000000051e0-enc0190e51651e51e51", "ProcessID": 12345,
                        "EnclaveCID": 16, "NumberOfCPUs": 2, "CPUIDs": [1, 3], "MemoryMiB": 512, "State": "RUNNING",
                        "Flags": "NONE"}
        self.nitro_cli([self.enclave])
        self.allocator("memory_mib: 512\ncpu_count: 2\n")
        self.pages({"1048576": 0, "2048": 256})
        kms = stack.env["AWS_ENDPOINT_URL_KMS"].rsplit(":", 1)[1].strip("/")
        (self.folder / "allowed.yaml").write_text(f"allowlist:\n- {{address: 127.0.0.1, port: {kms}}}\n")
        self.socket = self.folder / "proxy.sock"
        self.proxy = relays.Relay("proxy", f"unix:{self.socket}", "127.0.0.1", kms, "--config", self.folder / "allowed.yaml",
                                  socket_path=self.socket)
        self.flags = {"endpoint": stack.signer.endpoint, "cid": 16, "image": stack.image, "policy": stack.folder / "policy.json",
                      "allocator": self.folder / "allocator.yaml", "hugepages": self.folder / "hugepages",
                      "proxy": f"unix:{self.socket}", "root": stack.folder / "sim/nsm-root.pem", "admin": ADMIN,
                      "custom-roots": True}
        self.env = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    def nitro_cli(self, printed, code=0):
        """A script in its place; `printed` is JSON, text, or None for a program that does not end."""
        text = printed if isinstance(printed, str) else json.dumps(printed, indent=2)
        path = self.folder / "bin/nitro-cli"
        path.write_text("#!/bin/sh\n" + ("exec sleep 60\n" if printed is None else
                        f'[ "$*" = describe-enclaves ] || exit 9\ncat <<"EOF"\n{text}\nEOF\nexit {code}\n'))
        path.chmod(0o755)

    def allocator(self, text):
        (self.folder / "allocator.yaml").write_text(text)

    def pages(self, counts):
        for kib, count in counts.items():
            size = self.folder / f"hugepages/hugepages-{kib}kB"
            size.mkdir(parents=True, exist_ok=True)
            (size / "nr_hugepages").write_text(f"{count}\n")

    def arguments(self, **changed):
        words = []
        for name, value in {**self.flags, **{k.replace("_", "-"): v for k, v in changed.items()}}.items():
            words += [] if value is None else [f"--{name}"] if value is True else [f"--{name}", value]
        return ["doctor", *words]

    def run(self, env=None, before=(), **changed):
        command = [*map(str, before), BUILD / "ensign", *map(str, self.arguments(**changed))]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60,
                             env={**CLEAN, **self.s.env, **self.env, **(env or {})})
        lines = {x["check"]: x for x in json.loads(run.stdout)["checks"]} if run.stdout else {}
        return run, lines


def expect(parent, sentence, code, wrong, also_not_here=(), env=None, before=(), **changed):
    """`wrong`: {line: (state, what is found, what the remedy says)}; every other line is as when all is well, but those
    that hang on what is broken."""
    run, lines = parent.run(env=env, before=before, **changed)
    claim(f"{sentence}: exit {code}", run.returncode == code and list(lines) == ORDER,
          run.stderr + " ".join(f"{x['check']}: {x['found']}" for x in lines.values() if x["state"] in ("fault", "warning"))
          if run.returncode != code else "")
    for name, line in lines.items():
        state, found, remedy = wrong.get(name, (HERE if name in (*also_not_here, *parent.never) else "ok", "", ""))
        ok = line["state"] == state and found in line["found"] and remedy in (line["remedy"] or "") and \
            (line["remedy"] is None) == (state == "ok")
        if name in wrong or not ok:
            claim(f"  {name}: {state}", ok, f"{line['state']}: {line['found']} -> {line['remedy']}")
    return lines


def the_machine(parent):
    expect(parent, "all is well", 0, {})
    shown, code = ensign_on_a_terminal(*parent.arguments(), env={**parent.s.env, **parent.env})
    claim("for people: a line a check, its remedy below, and a count", code == 0 and "ok                  enclave      i-0e51" in
          shown and "-> give --endpoint vsock://CID:5000" in shown and "21 ok, 0 warnings, 0 faults, 1 not checkable" in shown,
          shown)
    one = parent.enclave
    for sentence, printed, code, wrong, hang in [
            ("debug mode", [{**one, "Flags": "DEBUG_MODE"}], 1,
             {"debug": ("fault", "root on the parent reads its memory", "without --debug-mode")}, ()),
            ("another CID", [{**one, "EnclaveCID": 17}], 1, {"cid": ("fault", "it is 17, wanted 16", "--enclave-cid")}, ()),
            ("an enclave on its way out", [{**one, "State": "TERMINATING"}], 1,
             {"enclave": ("fault", "TERMINATING", "start it again")}, ()),
            ("no enclave", [], 1, {"enclave": ("fault", "no enclave runs", "run-enclave")}, ("debug", "cid")),
            ("two others", [{**one, "EnclaveCID": 17}, {**one, "EnclaveCID": 18}], 0,
             {"enclave": (HERE, "2 enclaves run", "--cid")}, ("debug", "cid")),
            ("the right one of two", [{**one, "EnclaveCID": 17, "Flags": "DEBUG_MODE"}, one], 0, {}, ()),
            ("nitro-cli talks nonsense", "oops", 0, {"enclave": (HERE, "no JSON", "yourself")}, ("debug", "cid")),
            ("nitro-cli talks without end", "[" + " " * 300000 + "]", 1,
             {"enclave": ("fault", "more than", "yourself")}, ("debug", "cid"))]:
        parent.nitro_cli(printed)
        expect(parent, sentence, code, wrong, hang)
    parent.nitro_cli([one], code=5)
    expect(parent, "nitro-cli fails", 1, {"enclave": ("fault", "exit code 5", "group `ne`")}, ("debug", "cid"))
    parent.nitro_cli(None)
    began = time.monotonic()
    expect(parent, "nitro-cli hangs", 1, {"enclave": ("fault", "in time", "yourself")}, ("debug", "cid"), timeout=2)
    claim("and doctor does not", time.monotonic() - began < 10, f"{time.monotonic() - began:.1f} s")
    (parent.folder / "bin/nitro-cli").unlink()
    expect(parent, "nitro-cli is not here", 0, {"enclave": (HERE, "not here", "on the parent")}, ("debug", "cid"))
    parent.nitro_cli([one])


def memory(parent):
    size = parent.s.image.stat().st_size
    wanted = -(-4 * size // 2**20)
    parent.allocator(f"memory_mib: {wanted}\ncpu_count: 2\n")
    expect(parent, "memory of exactly four images", 0, {})
    for sentence, text, found in [
            ("too little memory", f"---\nmemory_mib: {wanted - 1}\ncpu_count: 2\n", f"wants 4 times its size, {wanted} MiB"),
            ("too little in two pools", f"- memory_mib: {wanted - 2}\n  cpu_count: 2\n- memory_mib: 1\n  cpu_pool: 2,3\n",
             f"{wanted - 1} MiB are set aside"),
            ("no memory_mib", "cpu_count: 2\n", "no memory_mib"), ("no YAML", "memory_mib: [\n", "no YAML"),
            ("memory in words", "memory_mib: much\n", "no number"), ("memory twice", "memory_mib: 512\nmemory_mib: 512\n", "twice")]:
        parent.allocator(text)
        expect(parent, sentence, 1, {"memory": ("fault", found, "memory_mib")})
    parent.allocator("memory_mib: 512\ncpu_count: 2\n")
    parent.pages({"2048": 255})
    expect(parent, "fewer hugepages than the allocator is told", 1, {"memory": ("fault", "510 MiB", "right after a reboot")})
    parent.pages({"2048": 256})
    expect(parent, "no allocator here", 0, {"memory": (HERE, "is not here", "--allocator")}, allocator="/nonexistent")


def the_signer(parent):
    everything = ("document", "image", "roots", "provisioned", "policy", "lease", "key-image")
    key = parent.s.key_arn
    of_the_key = ("credentials", "key", "regions", "origin", "grants", "key-policy")
    expect(parent, "the endpoint is dead", 1, {"signer": ("fault", "nobody.sock", "the signer's port, 5000")},
           everything, endpoint=f"unix:{parent.folder}/nobody.sock", kms_key=key)
    expect(parent, "and without its key's name", 1, {"signer": ("fault", "nobody.sock", "")}, (*everything, *of_the_key),
           endpoint=f"unix:{parent.folder}/nobody.sock")
    expect(parent, "another root than the document's", 1, {"document": ("fault", "root", "not be your enclave")},
           everything[1:], root=None, kms_key=key)
    expect(parent, "another image", 1, {"image": ("fault", "another image", "start the image that you mean")},
           ("memory",), image=None, pcr0=OTHER)
    expect(parent, "roots of its own", 1, {"roots": ("fault", "other roots", "without kms_trust_roots")}, custom_roots=None)
    expect(parent, "another policy", 1, {"policy": ("fault", "another policy is in force", "ensign rebind")},
           policy=None, policy_sha256="11" * 32)
    expect(parent, "another mode", 1, {"policy": ("fault", "its mode is strict, wanted open", "--mode")}, mode="open")
    expect(parent, "the lease nearly over", 6, {"lease": ("warning", "it ends in", "systemctl status")}, lease_least=LEASE)


def the_way_to_kms(parent):
    expect(parent, "the proxy is dead", 1, {"proxy": ("fault", "nobody.sock", "ensign-proxy")}, ("kms",),
           proxy=f"unix:{parent.folder}/nobody.sock")
    dead = relays.free_port()
    (parent.folder / "dead.yaml").write_text(f"allowlist:\n- {{address: 127.0.0.1, port: {dead}}}\n")
    path = parent.folder / "dead.sock"
    with relays.Relay("proxy", f"unix:{path}", "127.0.0.1", dead, "--config", parent.folder / "dead.yaml", socket_path=path):
        expect(parent, "the proxy is up and KMS is dead", 1, {"kms": ("fault", "kms.us-east-2.amazonaws.com is not reached", "port 443")},
               proxy=f"unix:{path}")
    with Impostor(parent.folder) as impostor:
        bundle = parent.folder / "both.pem"
        bundle.write_text((parent.s.folder / "sim/kms-ca.pem").read_text() + impostor.certificate.read_text())
        expect(parent, "somebody else answers in KMS's place", 1,
               {"kms": ("fault", "TLS: hostname mismatch", "leads to that host")},
               proxy=impostor.endpoint, env={"AWS_CA_BUNDLE": str(bundle)})


class Impostor:
    """A TLS server with a certificate that is believed and bears another name."""

    def __init__(self, folder):
        self.path = folder / "impostor.sock"
        self.endpoint = f"unix:{self.path}"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate = make_certificate()
        self.context.load_cert_chain(self.certificate)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(4)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(4096)
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def the_clock(parent):
    """The tool under another clock: the stand-ins keep the right one."""
    if SANITIZED or parent.faketime is None:
        print("      the clock is not moved: " + ("under a sanitizer nothing can be preloaded" if SANITIZED else "no faketime"))
        return
    behind = "behind the security module's"
    hang = ("credentials", "key", "regions", "origin", "grants", "key-policy", "key-image")
    expect(parent, "the clock ten minutes behind", 1, {"clock": ("fault", behind, "chronyd")}, hang,
           before=[parent.faketime, "-f", "-600s"])
    expect(parent, "the clock a minute behind", 6, {"clock": ("warning", behind, "chronyd")},
           before=[parent.faketime, "-f", "-60s"])
    expect(parent, "the clock ten minutes ahead", 1, {"clock": ("fault", "ahead of", "chronyd")}, hang,
           before=[parent.faketime, "-f", "+600s"])


def the_key(parent):
    s = parent.s
    hang = ("key", "regions", "origin", "grants", "key-policy", "key-image")
    out = s.folder / "expired.env"
    out.write_text(subprocess.run([BUILD / "ensign-sim", "credentials", "--dir", s.folder / "sim", "--role", "EnsignInstance",
                                   "--seconds", "1"], capture_output=True, text=True, env=CLEAN, check=True).stdout)
    time.sleep(1.1)
    expect(parent, "expired credentials", 1, {"credentials": ("fault", "ExpiredTokenException", "out of the environment")},
           hang, env=read_env(out))
    expect(parent, "no credentials", 1, {"credentials": ("fault", "no AWS credentials", "attach the role")}, hang,
           env={"AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": ""})
    state = s.folder / "sim/state.json"

    def edit(**members):
        document = json.loads(state.read_text())
        for key in document["keys"]:
            key.update(members)
        state.write_text(json.dumps(document))

    edit(multi_region=True)
    expect(parent, "a multi-Region key", 1, {"regions": ("fault", "key policies of their own", "single-Region")})
    edit(multi_region=False, origin="EXTERNAL")
    expect(parent, "a key with imported material", 1, {"origin": ("fault", "EXTERNAL", "origin AWS_KMS")})
    edit(origin="AWS_KMS", state="Disabled")
    expect(parent, "a key that is disabled", 1, {"key": ("fault", "is Disabled", "kms:EnableKey")})
    edit(state="Enabled")
    grant = {"KeyId": s.key_arn, "GrantId": "1ea8e6c7d4d1f5", "CreationDate": 1795359600, "GranteePrincipal": ROLE,
             "IssuingAccount": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["DescribeKey"]}
    edit(grants=[grant])
    expect(parent, "a grant that reads", 6, {"grants": ("warning", f"1 on this key, which its policy does not show; {ROLE}",
                                                       "kms:RevokeGrant")})
    edit(grants=[grant, {**grant, "GrantId": "2ea8e6", "Operations": ["Encrypt", "Decrypt"]}])
    expect(parent, "a grant that opens", 1, {"grants": ("fault", "opens or moves ciphertexts (2ea8e6)", "kms:RevokeGrant")})
    edit(grants=[])


def the_key_policy(parent):
    s, good = parent.s, parent.key_policy

    def put(policy):
        s.admin.call("PutKeyPolicy", KeyId=s.key_arn, PolicyName="default", Policy=json.dumps(policy),
                     BypassPolicyLockoutSafetyCheck=True)

    def without(*sids):
        return {**good, "Statement": [x for x in good["Statement"] if x["Sid"] not in sids]}

    unmeasured = without("DenyOtherPrograms", "DenyOtherPolicies")
    unmeasured["Statement"] = [{k: v for k, v in x.items() if k != "Condition" or x["Sid"] != "OpenInTheEnclave"}
                               for x in unmeasured["Statement"]]
    put(unmeasured)
    expect(parent, "a key policy without a measurement", 1,
           {"key-policy": ("fault", "no-measurement", "ensign kms-policy")}, ("key-image",))
    put(json.loads(json.dumps(good).replace(s.pcr0, OTHER)))
    expect(parent, "a key policy for another image", 1, {"key-image": ("fault", "at its next start it will not", "--rollover")})
    put(json.loads(json.dumps(good).replace(s.digest(), "11" * 32)))
    expect(parent, "a key policy for another signing policy", 1, {"key-policy": ("fault", "other-policy", "ensign kms-policy")})
    put(without("Read"))
    hidden = {"key": (HERE, "AccessDenied", "which read"), "grants": (HERE, "AccessDenied", "which reads"),
              "key-policy": (HERE, "AccessDenied", "--key-policy FILE")}
    expect(parent, "a role that may not read the key", 0, hidden, ("regions", "origin", "key-image"))
    path = s.folder / "key-policy.json"
    path.write_text(json.dumps(good))
    expect(parent, "and the policy from a file", 0, {k: v for k, v in hidden.items() if k != "key-policy"},
           ("regions", "origin"), key_policy=path)
    put(good)
    expect(parent, "all is well again", 0, {})


def the_command_line(parent):
    for sentence, changed, code, fragment in [
            ("no endpoint", {"endpoint": None}, 2, "--endpoint"), ("a mode of its own", {"mode": "loose"}, 2, "strict or open"),
            ("the image twice", {"pcr0": OTHER}, 2, "not both"), ("a short PCR0", {"image": None, "pcr0": "ab"}, 2, "96 hex"),
            ("a proxy that is no endpoint", {"proxy": "8000"}, 2, "8000"), ("a CID of the parent's", {"cid": 3}, 2, "--cid"),
            ("a policy that is none", {"policy": parent.s.image}, 4, "image.eif"),
            ("an image that is none", {"image": parent.s.folder / "policy.json"}, 4, "policy.json")]:
        run, _ = parent.run(**changed)
        claim(f"{sentence} is exit {code}", run.returncode == code and fragment in run.stderr and run.stdout == "", run.stderr)


def main():
    document = Stack.policy()
    with_image = Measured(policy=document, settings={"lease_seconds": LEASE})
    with_image.image = with_image.folder / "image.eif"
    with_image.image.write_bytes(eif_file.write([(eif_file.KERNEL, os.urandom(9 << 20)), (eif_file.CMDLINE, b"quiet"),
                                                 (eif_file.METADATA, b"{}"), (eif_file.RAMDISK, b"init"),
                                                 (eif_file.RAMDISK, b"ensignd")]))
    measured = subprocess.run([BUILD / "ensign", "image", "measure", "--json", with_image.image], capture_output=True, text=True,
                              env=CLEAN, check=True)
    with_image.pcr0 = json.loads(measured.stdout)["Measurements"]["PCR0"]
    with with_image as s:
        (s.folder / "policy.json").write_text(json.dumps(document))
        sealed = s.seal()
        parent = Parent(s)
        parent.never = ("vsock",)  # the stack's unix socket is none
        parent.faketime = shutil.which("faketime")
        printed = s.ensign("kms-policy", "--image", s.image, "--policy", s.folder / "policy.json", "--role", ROLE, "--admin",
                           ADMIN, "--generate")
        parent.key_policy = json.loads(printed.stdout)["key_policy"]
        parent.key_policy["Statement"].append({
            "Sid": "Read", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Resource": "*",
            "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"]})
        s.admin.call("PutKeyPolicy", KeyId=s.key_arn, PolicyName="default", Policy=json.dumps(parent.key_policy))
        expect(parent, "unprovisioned", 1, {"provisioned": ("fault", "it holds no key", "ensign provision")}, ("lease",))
        s.provision(sealed)
        for part in (the_machine, memory, the_signer, the_way_to_kms, the_clock, the_key, the_key_policy, the_command_line):
            part(parent)
        parent.proxy.end()
    done()


if __name__ == "__main__":
    sys.exit(main())
