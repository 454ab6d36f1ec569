"""Rule 14 on the parent: recognisable secrets go through every command and daemon of `ensign` that touches them, and
through ensign-kmstool; then they are looked for in whatever was printed and logged, in the metrics, in every command line
and environment while it ran, in the files left behind, and in core dumps.

Two things are not the programs' doing, and are named where they are looked for: the variables that an operator sets for a
program (AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ENSIGN_UPSTREAM), in that program's own environment; and the standard
output of `ensign-kmstool decrypt`, which is the plaintext because that is what it is asked for."""

import base64
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import ethereum as eth
from expect import claim, done
from gateway import Gateway, certificate
from relayed import Relayed
from relays import clean_up
from scene import request
from stack import BUILD, CLEAN

KEY = "1f2e3d4c5b6a" + "5e" * 25 + "07"
TOKEN = "bearer-token-of-the-gateway-that-nobody-prints"
PROVIDER = "providers-key-in-the-nodes-url"
OLD, NEW = Relayed.policy(), Relayed.policy(max_face_value_wei="10000000000000000")
GIVEN = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ENSIGN_UPSTREAM")
tool, kmstool = BUILD.resolve() / "ensign", BUILD.resolve() / "ensign-kmstool"


class Watch:
    """Looks at the command line and the environment of every process that this one has started, over and over."""

    def __init__(self, secrets):
        self.secrets, self.seen, self.rounds, self.stop = secrets, set(), 0, threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self):
        while not self.stop.is_set():
            todo = [os.getpid()]
            while todo:
                pid = todo.pop()
                try:
                    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                        todo += (task / "children").read_text().split()
                    if pid != os.getpid():
                        self._process(pid)
                except OSError:
                    pass  # it has ended
            self.rounds += 1
            time.sleep(0.002)

    def _process(self, pid):
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        name = b" ".join(words.split(b"\0")[:2]).decode(errors="replace")
        self._note(words, "command line of " + name)
        for variable in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if variable.split(b"=")[0].decode(errors="replace") not in GIVEN:
                self._note(variable, "environment of " + name)

    def _note(self, data, where):
        for name, texts in self.secrets.items():
            if any(text.encode() in data for text in texts):
                self.seen.add((name, where))


class Silent:
    """A listener that takes connections and says nothing."""

    def __init__(self, where):
        self.listener = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        self.listener.bind(where)
        self.listener.listen(16)
        self.kept, self.port = [], None if isinstance(where, str) else self.listener.getsockname()[1]

    def wait(self):
        self.listener.settimeout(20)
        self.kept.append(self.listener.accept()[0])
        self.kept[-1].settimeout(20)
        self.kept[-1].recv(1)  # it has begun to speak
        return True


def pem_body(path):
    return "".join(path.read_text().splitlines()[1:-1])


class Parent:
    def __init__(self, stack):
        self.stack, self.said = stack, {}
        role, admin = stack.role_credentials(), stack.admin_env
        self.role = role
        stack.folder.joinpath("token").write_text(TOKEN + "\n")
        self.tls = certificate(stack.folder, "server")
        plain = ("0x" + KEY).encode()
        tls_key = pem_body(self.tls.with_suffix(".key"))
        self.secrets = {
            "the private key": [KEY, KEY.upper(), base64.b64encode(plain).decode(),
                                base64.b64encode(bytes.fromhex(KEY)).decode()],
            "the role's secret key": [role["AWS_SECRET_ACCESS_KEY"]],
            "the role's session token": [role["AWS_SESSION_TOKEN"]],
            "the administrator's secret key": [admin["AWS_SECRET_ACCESS_KEY"]],
            "the gateway's token": [TOKEN],
            "the TLS key": [tls_key[20:60], tls_key[60:100]],
            "the provider's key": [PROVIDER],
        }
        self.planted = {"token", "server.key", "key.txt"}

    def run(self, name, *arguments, env=None, stdin=None, program=tool, expect=(0,)):
        ended = subprocess.run([str(program), *map(str, arguments)], input=stdin, text=True, capture_output=True, timeout=60,
                               stdin=None if stdin is not None else subprocess.DEVNULL,
                               env={**CLEAN, **self.stack.env, **(env or {})})
        self.said[name] = (ended.stdout, ended.stderr)
        if ended.returncode not in expect:
            claim(f"{name} ends with {expect}", False, f"{ended.returncode} {ended.stderr.strip()[:200]}")
        return ended


def configuration(stack, sealed):
    """provision.conf, as the provisioner's unit has it."""
    path = stack.folder / "provision.conf"
    path.write_text("".join(f"{name} = {value}\n" for name, value in {
        "endpoint": stack.signer.endpoint, "ciphertext-b64": f"@{stack.folder}/sealed.json",
        "expected-address": json.loads(sealed)["address"], "pcr0": stack.pcr0, "policy-sha256": stack.digest(),
        "root": stack.env["ENSIGN_SIM_NSM_ROOT"], "custom-roots": "yes"}.items()))
    path.chmod(0o600)
    return path


def work(parent):
    """What an operator does, and what clients do, with all of it running."""
    stack = parent.stack
    old, new = stack.folder / "policy.json", stack.folder / "new.json"
    old.write_text(json.dumps(OLD))
    new.write_text(json.dumps(NEW))
    admin, at = stack.admin_env, ["--endpoint", stack.signer.endpoint]
    sealed = parent.run("encrypt", "encrypt", "--kms-key-id", stack.key_arn, "--policy", old, "--key-file", "-", env=admin,
                        stdin="0x" + KEY)
    (stack.folder / "key.txt").write_text(KEY + "\n")
    (stack.folder / "key.txt").chmod(0o600)
    parent.run("encrypt from a file", "encrypt", "--kms-key-id", stack.key_arn, "--policy", old, "--key-file",
               stack.folder / "key.txt", env=admin)
    (stack.folder / "sealed.json").write_text(sealed.stdout)
    words = ["provision", *at, "--ciphertext-b64", "@" + str(stack.folder / "sealed.json"), "--region", "us-east-2"]
    parent.run("provision for another address", *words, "--expected-address", "0x" + "11" * 20, expect=(1,))
    parent.run("provision with a wrong secret", *words, env={**parent.role, "AWS_SECRET_ACCESS_KEY":
                                                            parent.role["AWS_SECRET_ACCESS_KEY"][::-1]}, expect=(1,))
    parent.run("provision by IMDS", *words)
    for name, arguments, env in (("provisioner", ["provisioner", "--config", configuration(stack, sealed.stdout), "--once"], {}),
                                 ("provision by the environment", words, parent.role)):
        stack.stop_signer()
        stack.start_signer()
        parent.run(name, *arguments, env=env)
    parent.run("doctor", "doctor", *at, "--json", env=parent.role, expect=(0, 1, 6))
    for name in ("status", "address", "sealed", "attest", "journal"):
        parent.run(name, name, *at, "--json")
    stack.start("follow", tool, "journal", *at, "--follow", env=CLEAN)
    parent.run("rebind", "rebind", "--from", old, "--to", new, stack.folder / "sealed.json", env=admin)
    bridge = stack.start_bridge()
    gateway = Gateway(stack, "--token-file", stack.folder / "token", "--tls-certificate", f"{parent.tls}.pem", "--tls-key",
                      f"{parent.tls}.key", endpoints=[bridge.endpoint],
                      env={**CLEAN, "ENSIGN_UPSTREAM": f"http://127.0.0.1:1/v2/{PROVIDER}"})
    answers = []
    me = eth.address_of_key(bytes.fromhex(KEY))
    ticket = eth.ticket(me)
    for token, method, path, body in ((TOKEN, "POST", "/", ["eth_accounts"]),
                                      (TOKEN, "POST", "/", ["eth_sign", me, "0x" + eth.ticket_hash(ticket).hex(), {"ticket": ticket}]),
                                      (TOKEN, "POST", "/", ["eth_sign", me, "0x00"]), (TOKEN, "POST", "/", ["eth_blockNumber"]),
                                      (TOKEN, "POST", "/", ["eth_sendTransaction", {"from": me, "to": me}]),
                                      (TOKEN + "x", "POST", "/", ["eth_accounts"]), (TOKEN, "GET", "/healthcheck", None),
                                      (TOKEN, "GET", "/metrics", None), (TOKEN, "GET", "/api/v1/eth1/publicKeys", None)):
        connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=20, context=ssl.create_default_context(
            cafile=f"{parent.tls}.pem"))
        made = body and json.dumps({"jsonrpc": "2.0", "id": 1, "method": body[0], "params": body[1:]})
        connection.request(method, path, made, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answers.append((answer.status, answer.read().decode() + str(answer.headers)))
    parent.said["gateway"] = tuple(text for _, text in answers)
    claim("the gateway did its work", [status for status, _ in answers] == [200, 200, 200, 200, 200, 401, 200, 200, 200]
          and '"result":"0x' in answers[1][1] and "ensign_gateway_requests_total" in answers[7][1])
    arguments = stack.env["ENSIGND_ARGS"].split()
    (stack.folder / "roots.pem").write_text(stack.settings["kms_trust_roots"])
    other = stack.admin.call("Encrypt", KeyId=stack.key_arn, Plaintext=base64.b64encode(("0x" + KEY).encode()).decode())
    run = parent.run("kmstool", "decrypt", "--region", "us-east-2", "--ciphertext", other["CiphertextBlob"], "--nsm",
                     arguments[arguments.index("--nsm") + 1], "--kms-stream", arguments[arguments.index("--kms-stream") + 1],
                     "--trust-roots", stack.folder / "roots.pem", env=parent.role, program=kmstool, expect=(0, 255))
    parent.said["kmstool"] = ("", run.stderr)  # standard output is the plaintext, or nothing: the key's policy says


def mistakes(parent):
    """Secrets where something else belongs are not repeated."""
    stack, sealing = parent.stack, ["encrypt", "--kms-key-id", parent.stack.key_arn]
    admin = stack.admin_env
    for name, arguments, code, stdin in (
            ("the key as an operand", [*sealing, "0x" + KEY], 2, None),
            ("the key as the key file's name", [*sealing, "--key-file", "0x" + KEY], 4, None),
            ("the key with a letter too many", [*sealing, "--key-file", "-"], 4, KEY + "f"),
            ("the key as a command", ["0x" + KEY], 2, None),
            ("the key as the KMS key's name", ["encrypt", "--new", "--kms-key-id", "!" + KEY], 2, None),
            ("the key as a flag", [*sealing, "--" + KEY], 2, None),
            ("the key as a ciphertext", ["provision", "--endpoint", stack.signer.endpoint, "--ciphertext-b64", "0x" + KEY], 4, None),
            ("the key as a ciphertext's file", ["provision", "--endpoint", stack.signer.endpoint, "--ciphertext-b64", "@" + KEY], 4, None),
            ("the token as the token file's name", ["gateway", "--endpoint", "unix:/x", "--token-file", TOKEN], 2, None),
            ("a node's URL with a password", ["gateway", "--endpoint", "unix:/x", "--upstream", f"http://u:{PROVIDER}@h"], 2, None),
            ("a node's URL that is none", ["gateway", "--endpoint", "unix:/x", "--upstream", f"h/{PROVIDER}"], 2, None),
            ("the TLS key for a certificate", ["gateway", "--endpoint", "unix:/x", "--tls-certificate", f"{parent.tls}.key",
                                               "--tls-key", f"{parent.tls}.key"], 2, None),
            ("the key as a transaction", ["sign-tx", "--endpoint", stack.signer.endpoint, "-"], 4, KEY),
            ("the key as a policy", ["policy", "check", "-"], 4, "0x" + KEY)):
        run = parent.run(name, *arguments, env=admin, stdin=stdin, expect=(code,))
        repeated = [secret for secret, texts in parent.secrets.items() if any(text in run.stderr for text in texts)]
        claim(f"{name} is refused in a sentence that does not repeat it", not repeated and len(run.stderr.split()) > 4 and
              run.stdout == "", str(repeated) if repeated else run.stderr.strip().splitlines()[0][:140])


def cores(parent, folder):
    """Each program aborts while it holds its secrets, allowed a core of any size, where cores are written."""
    stack = parent.stack
    there = lambda: sorted(p.name for p in folder.iterdir())
    subprocess.run([sys.executable, "-c", "import os; os.abort()"], stderr=subprocess.DEVNULL, check=False)
    if not there():
        print("skipped: core dumps, since this machine writes none into the folder of a program that aborts")
        return
    for core in folder.iterdir():
        core.unlink()
    silent_kms, silent = Silent(("127.0.0.1", 0)), Silent(str(stack.folder / "silent.sock"))
    hanging = {**stack.admin_env, "AWS_ENDPOINT_URL_KMS": f"https://127.0.0.1:{silent_kms.port}"}
    sealed = stack.folder / "sealed.json"
    seal = ["encrypt", "--kms-key-id", stack.key_arn, "--key-file"]
    bridge = stack.folder / "abort-bridge.sock"

    def through_bridge():
        while not bridge.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(bridge))
        client.sendall(request("provision", ciphertext_b64="AA==", **stack.role_params()))
        silent.kept.append(client)
        return silent.wait()

    held = lambda: time.sleep(0.4) is None
    for name, program, arguments, env, stdin, holds in (
            ("encrypt, with the key half read", tool, [*seal, "-"], stack.admin_env, "0x" + KEY, held),
            ("encrypt, at KMS", tool, [*seal, stack.folder / "key.txt"], hanging, None, silent_kms.wait),
            ("rebind, at KMS", tool, ["rebind", "--from", stack.folder / "policy.json", "--to", stack.folder / "new.json", sealed],
             hanging, None, silent_kms.wait),
            ("provision, at the signer", tool, ["provision", "--endpoint", f"unix:{stack.folder}/silent.sock", "--region",
                                                "us-east-2", "--ciphertext-b64", f"@{sealed}"], parent.role, None, silent.wait),
            ("bridge, with a provisioning in it", tool, ["bridge", "--listen", f"unix:{bridge}", "--connect",
                                                         f"unix:{stack.folder}/silent.sock", "--methods", "provision"], {}, None,
             through_bridge),
            ("gateway, with token and TLS key", tool, ["gateway", "--endpoint", stack.signer.endpoint, "--listen",
                                                       f"unix:{stack.folder}/g.sock", "--token-file", stack.folder / "token",
                                                       "--tls-certificate", f"{parent.tls}.pem", "--tls-key", f"{parent.tls}.key"],
             {}, None, held),
            ("journal --follow", tool, ["journal", "--endpoint", stack.signer.endpoint, "--follow"], {}, None, held),
            ("kmstool, at the NSM", kmstool, ["decrypt", "--region", "us-east-2", "--ciphertext", "AQIDBA==", "--nsm",
                                              f"unix:{stack.folder}/silent.sock"], parent.role, None, silent.wait)):
        process = subprocess.Popen([str(program), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env={**CLEAN, **stack.env, **env}, text=True)
        if stdin:
            process.stdin.write(stdin)
            process.stdin.flush()
        held_them = holds() and process.poll() is None
        process.send_signal(signal.SIGABRT)
        parent.said["aborted " + name] = process.communicate(timeout=20)
        claim(f"no core of {name}", held_them and process.returncode == -signal.SIGABRT and there() == [],
              f"{process.returncode} {there()} {parent.said['aborted ' + name][1].strip()[:100]}")
    for name in ("proxy", "bridge"):
        process = getattr(stack, name)
        process.send_signal(signal.SIGABRT)
        claim(f"no core of the {name} that did the work", process.wait(10) == -signal.SIGABRT and there() == [], str(there()))


def search(parent, watch):
    stack = parent.stack
    watch.stop.set()
    watch.thread.join(10)
    claim("command lines and environments were looked at all the time", watch.rounds > 100, f"{watch.rounds} times")
    claim("a secret on a command line would have been seen", ("the gateway's token", "command line of control -c") in watch.seen)
    found = {(name, where) for name, where in watch.seen if "control" not in where}
    if os.geteuid() != 0:
        print("skipped: environments, which only root may read of a process that is not dumpable")
    claim("no secret in any command line or environment", not found, str(found))
    places = {f"what {name} said": "".join(texts) for name, texts in parent.said.items()}
    for path in stack.folder.rglob("*"):
        if path.is_file() and path.name not in parent.planted and "sim" not in path.relative_to(stack.folder).parts[:1]:
            places[path.name] = path.read_text(errors="replace")
    claim("there is something to look through", len(places) > 30 and "gateway.log" in places and "proxy.log" in places, str(len(places)))
    for name, texts in parent.secrets.items():
        found = [place for place, said in places.items() if any(text in said for text in texts)]
        claim(f"{name} is in none of {len(places)} outputs, logs and files", not found, str(found))


hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
with Relayed(policy=OLD) as stack:
    folder = stack.folder / "cores"
    folder.mkdir()
    os.chdir(folder)
    parent = Parent(stack)
    watch = Watch(parent.secrets)
    subprocess.run(["control", "-c", "sleep 0.3; true", TOKEN], executable="/bin/sh", check=True)
    work(parent)
    cores(parent, folder)
    search(parent, watch)
    mistakes(parent)
    os.chdir("/")

clean_up()
done()
