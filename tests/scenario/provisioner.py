"""ensign provisioner: what it demands before a credential leaves, and how it keeps a signer provisioned. Between it and the
signer stands a middle that keeps every byte, and lies when told to."""

import json
import os
import pathlib
import re
import signal
import socket
import struct
import threading
import time

from cli import FakeHttp
from expect import claim, done
from stack import BUILD, CLEAN, Signer, Stack, hashlib

OTHER = hashlib.sha384(b"another image").hexdigest()
LEASE = 8


class Middle:
    """Listens for the provisioner and asks the signer at `to`. `lie(request, ask)`, when set, gives the answer in place of
    the signer's: an object, or None to fall silent; `ask` asks the signer. Keeps what came: (time, connection, method, bytes)."""

    def __init__(self, path, to):
        self.endpoint, self.to, self.lie, self.came, self.connections = f"unix:{path}", to, None, [], 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            self.connections += 1
            threading.Thread(target=self._one, args=(connection, self.connections), daemon=True).start()

    def _one(self, connection, number):
        with connection:
            try:
                while True:
                    body = Signer._exactly(connection, struct.unpack(">I", Signer._exactly(connection, 4))[0])
                    request = json.loads(body)
                    self.came.append((time.monotonic(), number, request["method"], body))
                    answer = self._answer(request, body)
                    if answer is None:
                        time.sleep(60)
                    connection.sendall(struct.pack(">I", len(answer)) + answer)
            except (OSError, EOFError):
                pass

    def _answer(self, request, body):
        def ask():
            return self.to.exchange(body)

        if self.lie is None:
            return ask()
        answer = self.lie(request, lambda: json.loads(ask()))
        return None if answer is None else json.dumps(answer, sort_keys=True, separators=(",", ":")).encode()

    def forget(self):
        self.came = []

    def times(self, method):
        return [when for when, _, name, _ in self.came if name == method]

    def bytes(self):
        return b"".join(body for *_, body in self.came)


class Manager:
    """The service manager's side of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path, self.said = path, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.said.append(self.socket.recv(4096).decode())


def write_config(s, name="provision.conf", **changes):
    """The configuration for the stack; a change of None leaves a line out."""
    lines = {"endpoint": s.middle.endpoint, "ciphertext-b64": f"@{s.folder}/sealed.json",
             "expected-address": s.sealed["address"], "pcr0": s.pcr0, "policy-sha256": s.policy_document and s.digest(),
             "root": s.env["ENSIGN_SIM_NSM_ROOT"], "custom-roots": "yes", "interval": "1", "retry-most": "4",
             **{key.replace("_", "-"): value for key, value in changes.items()}}
    path = s.folder / name
    path.write_text("# a configuration\n\n" + "".join(f"{k} = {v}\n" for k, v in lines.items() if v is not None))
    path.chmod(0o600)
    return path


def provisioner(s, *flags, imds=None):
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": imds or s.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]}
    return s.ensign("provisioner", *flags, check=False, env={**CLEAN, **env})


def until(sentence, test, seconds=20):
    end = time.monotonic() + seconds
    while not test() and time.monotonic() < end:
        time.sleep(0.05)
    return claim(sentence, test())


def secrets(s):
    found = s.role_credentials()
    return [found["AWS_SECRET_ACCESS_KEY"].encode(), found["AWS_SESSION_TOKEN"].encode()]


def files(s):
    """What a configuration must be before anything is done by it."""
    path = write_config(s)
    run = provisioner(s, "--config", path, "--check")
    claim("--check reads the configuration and does nothing", run.returncode == 0 and s.middle.connections == 0
          and s.sealed["address"].lower() in run.stdout, run.stdout + run.stderr)

    def refused(sentence, *fragments, path=path):
        run = provisioner(s, "--config", path, "--check")
        claim(f"{sentence} is refused", run.returncode == 4 and run.stdout == ""
              and all(fragment in run.stderr for fragment in fragments), f"{run.returncode}: {run.stderr}")

    for mode in (0o640, 0o604, 0o620, 0o660):
        path.chmod(mode)
        refused(f"mode {mode:04o}", f"mode {mode:04o}", "chmod 600")
    path.chmod(0o400)
    claim("mode 0400 is not", provisioner(s, "--config", path, "--check").returncode == 0)
    path.chmod(0o600)
    (s.folder / "link.conf").symlink_to(path)
    refused("a link", "is a link", path=s.folder / "link.conf")
    os.mkfifo(s.folder / "pipe.conf", 0o600)
    refused("a pipe", "no regular file", path=s.folder / "pipe.conf")
    refused("a folder", "no regular file", path=s.folder)
    refused("no file", "No such file", path=s.folder / "nothing.conf")
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        refused("another user's file", "belongs to user 12345")
        os.chown(path, 0, -1)
    whole = path.read_text()
    for sentence, text, *fragments in [
            ("an unknown name", whole + "pcr = 1\n", "line 12", "'pcr' is not known", "expected-address", "retry-most"),
            ("a name given twice", whole + "pcr0 = 00\n", "line 12", "pcr0 is given twice"),
            ("a name without a value", whole + "region =\n", "region has no value"),
            ("a line without =", whole + "bind-policy\n", "line 12", "name = value"),
            ("a switch that is neither yes nor no", whole + "bind-policy = maybe\n", "yes or no", "maybe"),
            ("a NUL byte", whole + "\0", "NUL"),
            ("to make a new key", whole + "generate = yes\n", "'generate' is not known"),
            ("neither image nor PCR0", re.sub("pcr0 = .*\n", "", whole), "none of image and pcr0"),
            ("a PCR0 too short", re.sub("pcr0 = .*\n", "pcr0 = 00\n", whole), "96 hex"),
            ("no address", re.sub("expected-address = .*\n", "", whole), "expected-address is missing"),
            ("no sealed key", re.sub("ciphertext-b64 = .*\n", "", whole), "--ciphertext-b64"),
            ("a sealed key from standard input", re.sub("ciphertext-b64 = .*\n", "ciphertext-b64 = -\n", whole),
             "standard input"),
            ("a sealed key that is not there", re.sub("ciphertext-b64 = .*\n", "ciphertext-b64 = @/nowhere\n", whole),
             "/nowhere"),
            ("a mode of another name", whole + "mode = lax\n", "strict or open"),
            ("a policy and its digest", whole + f"policy = {s.folder}/policy.json\n", "policy-sha256"),
            ("least over most", whole + "retry-least = 60\n", "retry-least (60) is more"),
            ("no address to go to", re.sub("endpoint = .*\n", "", whole), "no signer named"),
            ("more than 64 KiB", whole + "# \n" * 30000, "longer than")]:
        path.write_text(text)
        refused(sentence, str(path), *fragments)
    run = provisioner(s, "--check", "--once")
    claim("--check beside --once is a mistake of the command line", run.returncode == 2, run.stderr)


def before_credentials(s, other):
    """Whatever is wrong with what answers: not one byte of a credential, and none is even asked for."""
    imds = FakeHttp(lambda *_: (500, b""))
    stored = {}

    def wrong(sentence, check, lie=None, to=None, **changes):
        s.middle.forget()
        s.middle.to, s.middle.lie = to or s.signer, lie
        run = provisioner(s, "--config", write_config(s, "wrong.conf", **changes), "--once", imds=imds.url)
        methods = [method for _, _, method, _ in s.middle.came]
        claim(f"{sentence}: refused for its {check}, and no credential leaves",
              run.returncode == 1 and f"gets no credentials: {check}:" in run.stderr and "attestation" in methods
              and "provision" not in methods and b"aws_" not in s.middle.bytes(), f"{run.returncode}: {run.stderr} {methods}")

    def keeps(request, ask):
        answer = ask()
        if request["method"] == "attestation":
            stored["answer"] = answer
        return answer

    def replays(request, ask):
        return stored["answer"] if request["method"] == "attestation" else ask()

    def flips(request, ask):
        answer = ask()
        if request["method"] == "attestation":
            text = answer["result"]["document_b64"]
            answer["result"]["document_b64"] = text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]
        return answer

    def own_nonce(request, ask):
        if request["method"] == "attestation":
            return {"result": s.signer.call("attestation", nonce="0x" + "5a" * 32)}
        return ask()

    wrong("another PCR0 than the configuration's", "pcr0", lie=keeps, pcr0=OTHER)
    wrong("an enclave of another image, put in its place", "pcr0", to=other)
    wrong("a document replayed", "nonce", lie=replays)
    wrong("a document of the signer's, with another nonce", "nonce", lie=own_nonce)
    wrong("a document that was changed", "signature", lie=flips)
    wrong("AWS's root where the document has another", "root", root=None)
    wrong("an open signer wanted", "mode", mode="open")
    wrong("another policy wanted", "policy", policy_sha256="11" * 32)
    wrong("Amazon's roots for KMS wanted", "kms-roots", custom_roots="no")
    claim("none of them had the metadata service asked", imds.asked == [], str(imds.asked))
    s.middle.lie, s.middle.to = None, s.signer
    run = provisioner(s, "--config", write_config(s), "--once", imds=imds.url)
    claim("no credentials to be had is exit code 4", run.returncode == 4 and imds.asked, run.stderr)


def once(s):
    run = provisioner(s, "--config", write_config(s, endpoint=f"unix:{s.folder}/nobody.sock"), "--once")
    claim("--once: nobody there is exit code 3", run.returncode == 3, run.stderr)
    token = secrets(s)[1].decode()
    s.middle.lie = lambda request, ask: ask() if request["method"] != "provision" else {
        "error": {"code": "policy", "message": "no, " + request["params"]["aws_session_token"][5:205]}}
    run = provisioner(s, "--config", write_config(s), "--once")
    claim("--once: a refusal is exit code 1, and a credential in its text is not repeated",
          run.returncode == 1 and "not repeated" in run.stderr and token[5:30] not in run.stderr, run.stderr)
    refusals = []

    def limits(request, ask):
        if request["method"] != "provision" or len(refusals) == 2:
            return ask()
        refusals.append(time.monotonic())
        return {"error": {"code": "limit", "message": "busy"}}

    s.middle.lie = limits
    s.middle.forget()
    run = provisioner(s, "--config", write_config(s), "--once")
    claim("--once: a signer that answers `limit` is asked again, and provisioned",
          run.returncode == 0 and run.stdout.startswith("provisioned: address " + s.sealed["address"].lower())
          and len(s.middle.times("provision")) == 3 and s.signer.call("status")["provisioned"], run.stdout + run.stderr)
    s.middle.lie = None
    s.middle.forget()
    run = provisioner(s, "--config", write_config(s), "--once")
    claim("--once again renews the lease", run.returncode == 0 and run.stdout.startswith("lease renewed: "), run.stderr)
    imds = FakeHttp(lambda *_: (500, b""))
    other = "0x" + "11" * 20
    run = provisioner(s, "--config", write_config(s, expected_address=other), "--once", imds=imds.url)
    claim("a signer that holds another key is not touched", run.returncode == 1 and "credentials: address:" in run.stderr
          and imds.asked == [], run.stderr)


class Measured(Stack):
    """The stack with a security module that measures an image file, in whose settings the policy stands."""

    def start(self, name, *arguments, **more):
        if name == "sim":
            arguments = (*arguments[:3], "--measure", self.image)
        return super().start(name, *arguments, **more)

    def build_image(self):
        for name in ("kernel", "init", "ensignd"):
            (self.folder / name).write_bytes(name.encode() * 200)
        (self.folder / "image-settings.json").write_text(json.dumps({"mode": "strict", "policy": self.policy_document}))
        self.image = self.folder / "image.eif"
        built = self.ensign("image", "build", "--kernel", self.folder / "kernel", "--init", self.folder / "init", "--ensignd",
                            self.folder / "ensignd", "--settings", self.folder / "image-settings.json", "--arch", "aarch64",
                            "--out", self.image)
        self.pcr0 = json.loads(built.stdout)["Measurements"]["PCR0"]


def by_its_image():
    """The image file in place of its PCR0; its settings tell the policy too."""
    s = Measured(policy=Stack.policy())
    s.build_image()
    with s:
        prepare(s)
        wants = {"pcr0": None, "policy_sha256": None}
        other = s.folder / "other.eif"
        (s.folder / "kernel").write_bytes(b"another kernel")
        s.ensign("image", "build", "--kernel", s.folder / "kernel", "--init", s.folder / "init", "--ensignd",
                 s.folder / "ensignd", "--settings", s.folder / "image-settings.json", "--arch", "aarch64", "--out", other)
        config = write_config(s, image=other, **wants)
        run = provisioner(s, "--config", config, "--once")
        claim("another image's signer is refused", run.returncode == 1 and "credentials: pcr0:" in run.stderr
              and not s.signer.call("status")["provisioned"], run.stderr)
        run = provisioner(s, "--config", write_config(s, image=s.image, **wants), "--once")
        claim("a signer of this image, and of the policy in it, is provisioned", run.returncode == 0
              and f"policy {s.digest()}" in run.stdout, run.stdout + run.stderr)
        brought = write_config(s, image=s.image, policy=s.folder / "policy.json", **wants)
        run = provisioner(s, "--config", brought, "--check")
        claim("a policy beside the image's own is refused", run.returncode == 4 and "leave policy out" in run.stderr, run.stderr)


def a_policy_that_is_brought():
    with Stack(policy=Stack.policy(), policy_in_settings=False) as s:
        prepare(s)
        config = write_config(s, policy=s.folder / "policy.json", policy_sha256=None)
        for word in ("provisioned", "lease renewed"):
            run = provisioner(s, "--config", config, "--once")
            claim(f"strict, the policy brought: {word}", run.returncode == 0 and run.stdout.startswith(word)
                  and f"policy {s.digest()}" in run.stdout, run.stdout + run.stderr)
        (s.folder / "loose.json").write_text(json.dumps(Stack.policy(messages="any")))
        run = provisioner(s, "--config", write_config(s, policy=s.folder / "loose.json", policy_sha256=None), "--once")
        claim("a signer under another policy than the one to bring is not touched", run.returncode == 1
              and "credentials: policy:" in run.stderr, run.stderr)
    with Stack(mode="open", policy=None) as s:
        prepare(s)
        flat = write_config(s, policy_sha256=None, mode="open", region=s.env["AWS_REGION"], kms_key_id=s.key_arn,
                            chain_id="42161", ticket_broker="0xa8bb618b1520e284046f3dfc448851a1ff26e41b",
                            allowed_recipient="0x" + "c3" * 20, max_face_value_eth="0.05")
        for word in ("provisioned", "the signer holds its key already"):
            run = provisioner(s, "--config", flat, "--once")
            claim(f"open, under a flat policy: {word}, and no lease", run.returncode == 0 and run.stdout.startswith(word)
                  and ", policy " in run.stdout and "no lease" in run.stdout, run.stdout + run.stderr)
        other = s.key_arn[:-12] + "000000000000"
        flat.write_text(flat.read_text().replace(s.key_arn, other))
        run = provisioner(s, "--config", flat, "--once")
        claim("of another KMS key than it names, it is not the one that is meant", run.returncode == 1
              and "credentials: kms-key:" in run.stderr, run.stderr)


def prepare(s):
    s.sealed = s.seal()
    (s.folder / "sealed.json").write_text(json.dumps(s.sealed))
    s.middle = Middle(s.folder / "middle.sock", s.signer)


def restart(s):
    s.stop_signer()
    s.start_signer()
    s.middle.to = s.signer


def daemon(s, kms):
    manager = Manager(s.folder / "notify.sock")
    config = write_config(s)
    restart(s)
    s.middle.forget()
    process = s.start("provisioner", BUILD / "ensign", "provisioner", "--config", config, env={
        **CLEAN, "AWS_EC2_METADATA_SERVICE_ENDPOINT": s.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"],
        "NOTIFY_SOCKET": str(manager.path)})

    def said():
        return process.log.read_text()

    def count(text):
        return said().count(text)

    def status():
        try:
            return s.signer.call("status")
        except (OSError, EOFError):
            return {"provisioned": False}

    until("an empty signer is provisioned", lambda: status()["provisioned"])
    until("which is one line", lambda: count(": provisioned: address ") == 1)
    address = s.sealed["address"].lower()
    claim("that says the address, the policy and the lease", re.search(
        rf"ensign provisioner: provisioned: address {address}, policy {s.digest()}, lease until 20\S+Z", said()),
        said())
    claim("the document and the credentials went over one connection",
          [method for _, number, method, _ in s.middle.came if number == s.middle.came[-1][1]][:3]
          in (["status", "attestation", "provision"], ["status"]) and len({
              tuple(number for _, number, method, _ in s.middle.came if method == wanted)
              for wanted in ("attestation", "provision")}) == 1)
    claim("systemd was told that it is ready, before anything", manager.said and manager.said[0].startswith("READY=1\nSTATUS="),
          str(manager.said[:2]))
    until("and how the signer stands", lambda: any(f"STATUS=provisioned: address {address}" in text for text in manager.said))

    began = time.monotonic()
    until("the lease is renewed, again and again", lambda: count("lease renewed: ") >= 2, 2 * LEASE)
    times = s.middle.times("provision")
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    claim("at half its time", all(LEASE / 2 - 0.5 <= gap <= LEASE / 2 + 2.5 for gap in gaps), str(gaps))
    time.sleep(max(0, LEASE + 0.5 - (time.monotonic() - began)))
    claim("past the first lease's end the signer holds its key", status()["provisioned"] and s.ensignd.poll() is None)

    s.stop_signer()
    until("an enclave that dies is told", lambda: "cannot" in said() or "closed" in said())
    s.start_signer()
    s.middle.to = s.signer
    until("one that comes back is provisioned, without a restart of anything", lambda: status()["provisioned"])
    until("by the same process", lambda: process.poll() is None and count(": provisioned: ") == 2)

    kms.stop()
    s.middle.forget()
    restart(s)
    until("KMS away is told, with the signer's own sentence", lambda: "the signer refused: " in said())
    until("and tried again", lambda: len(s.middle.times("provision")) >= 4, 40)
    told = [(int(number) - 1, float(delay)) for text in manager.said
            for number, delay in re.findall("the signer refused.* try ([0-9]+) follows in ([0-9.]+) s", text)]
    claim("less and less often, up to the bound, and by chance", len(told) >= 3 and len({delay for _, delay in told}) > 1 and all(
        min(4, 2**(failures - 1)) / 2 <= delay <= min(4, 2**(failures - 1)) for failures, delay in told), str(told))
    times = s.middle.times("provision")
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    claim("and it waits as it says", all(gap >= delay - 0.1 for gap, (_, delay) in zip(gaps, told)), f"{gaps} {told}")
    claim("the same failure is one line, and every try a status", count("the signer refused: ") == 1 and sum(
        "the signer refused" in text for text in manager.said) >= 3, said())
    kms.start()
    until("KMS back: provisioned, without a restart of anything", lambda: status()["provisioned"])

    reloads(s, process, config, manager, said, count)
    nothing_secret(s, process, manager, said)
    ends(s, process, config)


def reloads(s, process, config, manager, said, count):
    good = config.read_text()
    config.write_text(good.replace(s.pcr0, OTHER))
    process.send_signal(signal.SIGHUP)
    until("SIGHUP: the configuration is read again", lambda: f"{config} is read again" in said())
    until("and holds: this is no longer the image that is meant", lambda: "gets no credentials: pcr0" in said())
    config.write_text("nonsense\n")
    process.send_signal(signal.SIGHUP)
    until("one that cannot be read changes nothing, and is told", lambda: "stays in force" in said())
    config.write_text(good)
    before = count("lease renewed: ")
    process.send_signal(signal.SIGHUP)
    until("the right one again, and the lease is renewed", lambda: count("lease renewed: ") > before)
    claim("systemd heard of each", sum(text == "RELOADING=1" for text in manager.said) == 3
          and sum(text.startswith("READY=1") for text in manager.said) == 4, str(manager.said[-6:]))


def nothing_secret(s, process, manager, said):
    proc = pathlib.Path(f"/proc/{process.pid}")
    places = {"log": said().encode(), "status lines": "".join(manager.said).encode()}
    try:
        places.update({name: (proc / name).read_bytes() for name in ("cmdline", "environ")})
    except PermissionError:
        print("      cmdline and environ are root's alone to read here")
    for name, content in places.items():
        claim(f"nothing secret in its {name}", not any(secret[i:i + 12] in content for secret in secrets(s)
                                                       for i in range(len(secret) - 11)))
    claim("which did pass through it", secrets(s)[1] in s.middle.bytes())


def ends(s, process, config):
    s.middle.lie = lambda request, ask: None
    s.middle.forget()
    until("it asks a signer that has fallen silent", lambda: s.middle.came)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    claim("and SIGTERM ends it at once even then, with 0", process.wait(10) == 0 and time.monotonic() - began < 2)
    s.middle.lie = None


class KmsDoor:
    """The way to KMS, as a process of its own: a bridge that carries whatever comes."""

    def __init__(self, s):
        self.stack, self.path = s, s.folder / "kms-door.sock"
        self.to = re.search(r"--kms-stream (\S+)", s.env["ENSIGND_ARGS"]).group(1)
        s.env["ENSIGND_ARGS"] = s.env["ENSIGND_ARGS"].replace(self.to, f"unix:{self.path}")
        self.start()

    def start(self):
        self.process = self.stack.start("kms-door", BUILD / "ensign", "bridge", "--raw", "--listen", f"unix:{self.path}",
                                        "--connect", self.to)
        self.stack.wait_for("the way to KMS", self.path.exists, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def other_signer(s):
    """A signer of another image, with the same settings and the same root."""
    device, kept = s.folder / "other-nsm.sock", (s.env["ENSIGND_ARGS"], s.signer, s.socket, s.ensignd)
    nsm = s.start("other-nsm", BUILD / "ensign-sim", "nsm", "--listen", f"unix:{device}", "--pcr", f"0={OTHER}", "--pki",
                  s.folder / "sim")
    s.wait_for("the other NSM", device.exists, nsm)
    s.env["ENSIGND_ARGS"] = s.env["ENSIGND_ARGS"].replace(str(s.folder / "sim/nsm.sock"), str(device))
    other = s.start_signer(name="other")
    s.env["ENSIGND_ARGS"], s.signer, s.socket, s.ensignd = kept
    return other


with Stack(policy=Stack.policy(), settings={"lease_seconds": LEASE}) as stack:
    door = KmsDoor(stack)
    stack.stop_signer()
    stack.start_signer()
    prepare(stack)
    files(stack)
    before_credentials(stack, other_signer(stack))
    once(stack)
    daemon(stack, door)
by_its_image()
a_policy_that_is_brought()
done()
