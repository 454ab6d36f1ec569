"""The units of deploy/systemd under systemd itself, in namespaces of their own: started in their order, shut in as they are,
with a stand-in for nitro-cli that runs ensignd in place of an enclave. The enclave dies, and everything is served again.

Wants root, and what a container may be denied: namespaces and a cgroup of its own. Skipped by name without."""

import json
import os
import pathlib
import shlex
import subprocess
import time
import urllib.request

from expect import claim, done, skip
from gateway import free_port
from scene import SANITIZED
from stack import BUILD, CLEAN, ROOT, Stack

UNITS = ["bridge", "enclave", "gateway", "journal", "provisioner", "proxy"]

# The world of the units: this machine's files with a layer of its own over them, and an own cgroup to be cleared away.
OUTSIDE = """set -e
mount --make-rprivate /
mkdir -p "$STAGE"; mount -t tmpfs tmpfs "$STAGE"; mkdir "$STAGE/up" "$STAGE/work" "$STAGE/root" "$STAGE/cgroup"
mount -t cgroup2 cgroup2 "$STAGE/cgroup"; mkdir "$STAGE/cgroup/$GROUP"; echo 0 > "$STAGE/cgroup/$GROUP/cgroup.procs"
exec unshare --pid --fork --kill-child --mount --uts --ipc --cgroup sh -c "$INSIDE"
"""
INSIDE = """set -e
cd "$STAGE"
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
mount -t proc proc root/proc; mount --bind root/proc/sys root/proc/sys; mount -o remount,ro,bind root/proc/sys
mount -t sysfs -o ro sysfs root/sys; mount -t cgroup2 cgroup2 root/sys/fs/cgroup
mount -t tmpfs tmpfs root/dev; mkdir root/dev/shm root/dev/pts root/dev/mqueue root/dev/hugepages
for node in null zero full random urandom tty ptmx; do touch root/dev/$node; mount --bind /dev/$node root/dev/$node; done
mount -t tmpfs tmpfs root/run; mount -t tmpfs tmpfs root/tmp; chmod 755 root
mkdir -p root/srv/stack root/old root/run/nitro_enclaves; mount --bind "$FOLDER" root/srv/stack
rm -rf root/etc/systemd/system root/etc/ensign; cp -a "$FOLDER/layer/." root/
cd root; pivot_root . old; umount -l old
export container=other; exec /lib/systemd/systemd --system --unit=ensign.target
"""
# The words of nitro-cli that the unit uses. The enclave is one process that lives on when the command has ended.
NITRO_CLI = """#!/bin/sh
echo "$@" >> /run/nitro_enclaves/asked
case $1 in
run-enclave)
    umask 0
    setsid /srv/stack/ensignd %s --listen unix:/run/nitro_enclaves/signer.sock </dev/null &
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -S /run/nitro_enclaves/signer.sock ] && exit 0; sleep 0.5; done; exit 1 ;;
terminate-enclave) kill $(cat /run/nitro_enclaves/pid 2>/dev/null) 2>/dev/null || true ;;
esac
"""


def may():
    if SANITIZED:
        skip("a sanitizer needs what the units forbid")
    if os.geteuid() != 0:
        skip("systemd is started in a namespace by root alone")
    if not pathlib.Path("/lib/systemd/systemd").exists():
        skip("no systemd here (tools/setup test installs it)")
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--cgroup", "sh", "-c", "mount --make-rprivate / && "
                            "d=$(mktemp -d) && mount -t cgroup2 c $d && mkdir $d/ensign-may && rmdir $d/ensign-may && "
                            "umount $d && mount -t tmpfs t $d && mkdir $d/u $d/w $d/r && "
                            "mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/r && umount $d/r $d && rmdir $d"],
                           capture_output=True, text=True)
    if tried.returncode != 0:
        skip(f"no namespaces, overlay or cgroup to be had here ({tried.stderr.strip().splitlines()[-1:]})")


class Machine:
    """systemd as the first process of namespaces of its own."""

    def __init__(self, s, layer):
        self.s, self.group = s, f"ensign-units-{os.getpid()}"
        env = {**CLEAN, "STAGE": str(s.folder / "stage"), "FOLDER": str(s.folder), "GROUP": self.group, "INSIDE": INSIDE}
        self.process = s.start("machine", "unshare", "--mount", "sh", "-c", OUTSIDE, env=env)
        s.wait_for("systemd", self.first, self.process)
        s.wait_for("systemd's own door", lambda: self.run("systemctl", "show-environment").returncode == 0, self.process)

    def first(self):
        """The process that is number one in there."""
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            if "systemd" in pathlib.Path(f"/proc/{child}/comm").read_text():
                return int(child)
        return None

    def run(self, *command):
        return subprocess.run(["nsenter", "-t", str(self.first()), "-m", "-p", "-C", *map(str, command)], env=CLEAN,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def show(self, unit, name):
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def end(self):
        first = self.first()
        if first:
            os.kill(first, 9)
        self.process.wait(10)
        # What systemd made of cgroups stays behind empty.
        subprocess.run(["unshare", "--mount", "sh", "-c", f"mount --make-rprivate /; mkdir -p {self.s.folder}/cg; mount -t cgroup2 "
                        f"c {self.s.folder}/cg && find {self.s.folder}/cg/{self.group} -depth -type d -exec rmdir {{}} +"],
                       check=False)


def lay(s, gateway_port):
    """What is laid over this machine's files: the program, nitro-cli, units and configuration as an operator has them."""
    layer = s.folder / "layer"
    system, etc = layer / "etc/systemd/system", layer / "etc/ensign"
    for folder in (system, etc, layer / "usr/bin"):
        folder.mkdir(parents=True)
    for program, text in [("ensign", (BUILD / "ensign").read_bytes()), ("nitro-cli", NITRO_CLI.encode() %
                                                                         s.signer_arguments.encode())]:
        (layer / "usr/bin" / program).write_bytes(text)
        (layer / "usr/bin" / program).chmod(0o755)
    (s.folder / "ensignd").write_bytes((BUILD / "ensignd").read_bytes())
    (s.folder / "ensignd").chmod(0o755)
    (layer / "etc/group").write_text(pathlib.Path("/etc/group").read_text() + "ne:x:65100:\n")  # as AWS's package makes it
    endpoint = "unix:/run/nitro_enclaves/signer.sock"
    for path in (ROOT / "deploy/etc").glob("*.conf"):
        text = path.read_text().replace("vsock://16:5000", endpoint).replace("127.0.0.1:9000", f"127.0.0.1:{gateway_port}")
        text = text.replace("ENSIGN_PROXY_PORT=8000", f"ENSIGN_PROXY_PORT=tcp://127.0.0.1:{free_port()}")
        (etc / path.name).write_text(text)
    (etc / "provision.conf").write_text(
        f"endpoint = {endpoint}\npcr0 = {s.pcr0}\npolicy-sha256 = {s.digest()}\nciphertext-b64 = @/etc/ensign/sealed.json\n"
        f"expected-address = {s.sealed['address']}\nroot = /srv/stack/sim/nsm-root.pem\ncustom-roots = yes\ninterval = 1\n")
    (etc / "sealed.json").write_text(json.dumps(s.sealed))
    for path in etc.iterdir():
        path.chmod(0o600)
    for name in UNITS:
        unit = f"ensign-{name}.service"
        (system / unit).write_text((ROOT / "deploy/systemd" / unit).read_text())
        (system / f"{unit}.d").mkdir()
        # A machine that is not booted; what is logged, where it can be read. The rest is the unit's own.
        more = f"[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=append:/srv/stack/{name}.out\nStandardError=inherit\n"
        if name == "provisioner":
            more += ("Environment=AWS_EC2_METADATA_SERVICE_ENDPOINT=" + s.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] +
                     "\nIPAddressAllow=127.0.0.1\n")
        if name == "enclave":
            # ensignd shuts itself in, for which it needs more than nitro-cli does.
            more = more.replace("[Service]", "ConditionPathExists=\n[Service]") + "SystemCallFilter=\n"
        (system / f"{unit}.d/here.conf").write_text(more)
    (system / "nitro-enclaves-allocator.service").write_text(
        "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
    (system / "ensign.target").write_text(
        "[Unit]\nDescription=all of it\nWants=" + " ".join(f"ensign-{name}.service" for name in UNITS) + "\n")
    return layer


def until(sentence, test, found=lambda: "", seconds=30):
    end = time.monotonic() + seconds
    while not test() and time.monotonic() < end:
        time.sleep(0.1)
    return claim(sentence, test(), str(found()))


may()
with Stack(policy=Stack.policy()) as s:
    s.stop_signer()
    s.sealed = s.seal()
    s.folder.chmod(0o755)
    words = shlex.split(s.env["ENSIGND_ARGS"])
    del words[words.index("--settings"):words.index("--settings") + 2]
    s.signer_arguments = " ".join(words + ["--settings", str(s.folder / "signer.settings.json")]).replace(
        str(s.folder), "/srv/stack")
    port = free_port()
    machine = Machine(s, lay(s, port))
    try:
        def said(name):
            path = s.folder / f"{name}.out"
            return path.read_text() if path.exists() else ""

        def account():
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []}).encode()
            try:
                with urllib.request.urlopen(urllib.request.Request(
                        f"http://127.0.0.1:{port}/", body, {"Content-Type": "application/json"}), timeout=5) as answer:
                    return json.loads(answer.read()).get("result")
            except OSError:
                return None

        address = [s.sealed["address"].lower()]
        until("started together, the units serve the key", lambda: account() == address,
              lambda: {name: said(name) for name in UNITS})
        for name in UNITS:
            state = machine.show(f"ensign-{name}", "ActiveState")
            claim(f"ensign-{name} is active", state == "active", f"{state}: {said(name)}")
        claim("systemd shows how the signer stands", "provisioned: address" in machine.show("ensign-provisioner", "StatusText"),
              machine.show("ensign-provisioner", "StatusText"))
        users = {name: int(machine.show(f"ensign-{name}", "UID")) for name in UNITS}
        claim("each but enclave and provisioner is a user of its own", len(set(users.values())) == 5
              and [name for name, user in users.items() if user == 0] == ["enclave", "provisioner"], users)
        run = machine.run("/usr/bin/ensign", "address", "--json", "--endpoint", "unix:/run/ensign/signer.sock")
        claim("the bridge's socket leads to the signer", s.sealed["address"] in run.stdout, run.stderr)

        before = int(machine.show("ensign-enclave", "MainPID"))
        assert before > 1, said("enclave")
        claim("the enclave's one process is the one that systemd watches", before > 1 and "ensignd" in machine.run(
            "cat", f"/proc/{before}/comm").stdout)
        machine.run("sh", "-c", f"kill -KILL {before}")
        until("it dies, and is started again", lambda: machine.show("ensign-enclave", "MainPID") not in ("0", str(before)))
        until("provisioned again, by the provisioner that never stopped", lambda: said("provisioner").count(": provisioned: ") == 2,
              lambda: said("provisioner"))
        until("and served again", lambda: account() == address)
        claim("nothing else was restarted", all(machine.show(f"ensign-{name}", "NRestarts") == "0" for name in UNITS
                                                if name != "enclave"))
        until("the journal's follower has seen it go and come", lambda: "reached again" in said("journal"), lambda: said("journal"))

        machine.run("systemctl", "reload", "ensign-provisioner")
        until("reload is heard", lambda: "is read again" in said("provisioner"), lambda: said("provisioner"))
        machine.run("systemctl", "stop", *(f"ensign-{name}" for name in UNITS))
        asked = machine.run("cat", "/run/nitro_enclaves/asked").stdout.splitlines()
        claim("nitro-cli was asked for a pinned CID, by name, and for no debug mode", asked[0].startswith(
            "run-enclave --enclave-name ensign --enclave-cid 16 ") and "debug" not in " ".join(asked), asked)
        claim("and to end what it runs", asked[-1] == "terminate-enclave --enclave-name ensign", asked)
        for name in UNITS:
            result = machine.show(f"ensign-{name}", "Result")
            claim(f"ensign-{name} ends well", machine.show(f"ensign-{name}", "ActiveState") == "inactive"
                  and result == "success", f"{result}: {said(name)}")
    finally:
        machine.end()
done()
