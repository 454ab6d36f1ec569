"""A Nitro machine, emulated: QEMU boots an EIF with a security module and a vsock device, and this process is its parent:
the boot heartbeat on port 9000, the way to KMS on port 8000."""

import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
HEARTBEAT = b"\xb7"


class Relay(threading.Thread):
    """One port of the parent: every connection goes to `target` (a unix socket's path), or is answered by `answer`."""

    def __init__(self, path, target=None, answer=None):
        super().__init__(daemon=True)
        self.path, self.target, self.answer, self.first_at = str(path), target, answer, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            if self.first_at is None:
                self.first_at = time.monotonic()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer:
            if self.answer is not None:
                self.answer(peer)
                return
            with socket.socket(socket.AF_UNIX) as there:
                try:
                    there.connect(str(self.target))
                    self.carry(peer, there)
                except OSError:
                    pass

    @staticmethod
    def carry(one, two):
        other = {one: two, two: one}
        while True:
            for ready in select.select([one, two], [], [], 60)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        pathlib.Path(self.path).unlink(missing_ok=True)


def answer_heartbeat(peer):
    if peer.recv(1) == HEARTBEAT:
        peer.sendall(HEARTBEAT)


class Machine:
    def __init__(self, prefix, folder, eif, kms=None, chain=None, memory=64, cpus=1, heartbeat=True):
        self.prefix, self.folder, self.eif = pathlib.Path(prefix), pathlib.Path(folder), eif
        self.kms, self.chain, self.memory, self.cpus, self.heartbeat = kms, chain, memory, cpus, heartbeat
        self.vsock = self.folder / "vm.vsock"
        self.console = self.folder / "console.log"
        self.processes, self.relays = [], []

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("vm.vsock*"):
            path.unlink()
        vhost = self.folder / "vhost.sock"
        vhost.unlink(missing_ok=True)
        # Kernels write larger packets than the device's default buffer takes, and then stall: 32768 is enough for them.
        self.spawn("vhost", self.prefix / "bin/vhost-device-vsock", "--vm",
                   f"guest-cid=16,socket={vhost},uds-path={self.vsock},tx-buffer-size=32768")
        self.wait(vhost.exists, "the vsock device")
        if self.heartbeat:
            self.beat = Relay(f"{self.vsock}_9000", answer=answer_heartbeat)
            self.relays.append(self.beat)
        if self.kms:
            self.relays.append(Relay(f"{self.vsock}_8000", target=self.kms))
        env = dict(os.environ)
        if self.chain:
            env.update(NSM_TEST_KEY=f"{self.chain}/leaf.key.pem", NSM_TEST_CERT=f"{self.chain}/leaf.der",
                       NSM_TEST_CABUNDLE=":".join(f"{self.chain}/{n}.der" for n in ("root", "regional", "zonal", "instance")))
        self.power_on = time.monotonic()
        self.qemu = self.spawn(
            "console", self.prefix / "bin/qemu-system-x86_64", "-L", self.prefix / "share", "-M",
            "nitro-enclave,vsock=c,id=i-0123456789abcdef0-enc0123456789abcdef,parent-role=arn:aws:iam::111122223333:role/parent,"
            "parent-id=i-0123456789abcdef0", "-kernel", self.eif, "-nographic", "-no-reboot", "-m", self.memory, "-smp",
            self.cpus, "-accel", "tcg,thread=multi", "-cpu", "max", "-chardev", f"socket,id=c,path={vhost}", "-append",
            # reboot=t: AWS's reboot=k waits for a keyboard controller that this machine lacks, for minutes under load
            "ensign.parent_cid=2 reboot=t", env=env)
        return self

    def spawn(self, name, *arguments, env=None):
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                   start_new_session=True)
        self.processes.append(process)
        return process

    @staticmethod
    def wait(test, what, seconds=10):
        deadline = time.monotonic() + seconds
        while not test():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: nothing after {seconds} s")
            time.sleep(0.01)

    def alive(self):
        return self.qemu.poll() is None

    def connect(self, port=5000, timeout=10):
        """A connected socket to a port of the enclave, or None when nobody listens there yet."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)
        try:
            s.connect(str(self.vsock))
            s.sendall(b"CONNECT %d\n" % port)
            answer = b""
            while not answer.endswith(b"\n"):
                part = s.recv(1)
                if not part:
                    raise OSError("nobody listens")
                answer += part
            return s
        except OSError:
            s.close()
            return None

    def wait_serving(self, seconds=60):
        """Seconds from power-on until somebody listens on port 5000. Nobody knocks before the heartbeat: a guest that has
        no driver yet answers nothing, and the device jams when many connections wait for it."""
        deadline = time.monotonic() + seconds
        while True:
            while self.heartbeat and self.beat.first_at is None and self.alive() and time.monotonic() < deadline:
                time.sleep(0.005)
            s = self.connect()
            if s:
                s.close()
                self.served_after = time.monotonic() - self.power_on
                return self.served_after
            if not self.alive() or time.monotonic() > deadline:
                raise AssertionError(f"the enclave does not serve; its console:\n{self.console_text()[-3000:]}")
            time.sleep(0.01)

    def console_text(self):
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        for relay in self.relays:
            try:
                relay.stop()
            except OSError:
                pass
        self.processes, self.relays = [], []

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def clean(folder):
    shutil.rmtree(folder, ignore_errors=True)
