"""What scenarios share: a program started and ended, its socket waited for, frames sent and received, folders that go
away. Standard library only. Programs are found through the environment: ENSIGND, and what a scenario names besides."""

import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
SANITIZED = os.environ.get("ENSIGN_SANITIZED") == "true"  # whose memory and speed say nothing
LATEST = 30 if SANITIZED else 10  # seconds that anything here may take before it counts as hanging


def program(name):
    """The path that the environment gives for a program, or the scenario is skipped, by name."""
    path = os.environ.get(name)
    if not path:
        skip(f"{name} is not set: wanted is the path of that program")
    return path


def within_reach(path, folder):
    """A copy in a folder that anybody may enter: the build may stand where only its owner can, such as /root."""
    pathlib.Path(folder).chmod(0o755)
    return shutil.copy(path, pathlib.Path(folder) / pathlib.Path(path).name)


def skip(reason):
    print(f"skipped: {pathlib.Path(sys.argv[0]).name}: {reason}")
    sys.exit(SKIPPED)


def frame(body):
    return struct.pack(">I", len(body)) + body


def request(method, **params):
    return frame(json.dumps({"method": method, "params": params}, sort_keys=True, separators=(",", ":")).encode())


def exactly(stream, count):
    """So many bytes of a socket; None when the other side has closed before the first."""
    got = bytearray()
    while len(got) < count:
        try:
            part = stream.recv(count - len(got))
        except ConnectionResetError:
            part = b""
        if not part:
            if not got:
                return None
            raise EOFError(f"closed after {len(got)} of {count} bytes")
        got += part
    return bytes(got)


class Client:
    """One connection. `host` is a unix socket's path or (address, port)."""

    def __init__(self, host, timeout=LATEST):
        self.socket = socket.socket(socket.AF_INET if isinstance(host, tuple) else socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(host if isinstance(host, tuple) else str(host))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The body of one frame; None when the other side has closed before its first byte."""
        head = self._exactly(4)
        return None if head is None else self._exactly(struct.unpack(">I", head)[0])

    def _exactly(self, count):
        return exactly(self.socket, count)

    def ask(self, method, **params):
        self.send(request(method, **params))
        return json.loads(self.receive())

    def is_closed(self):
        """True once the other side has closed, having said nothing more."""
        return self.receive() is None


class Scene:
    """A folder and the processes started in it; both end with the scene."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scene-"))
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(LATEST)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if kind not in (None, SystemExit):
                print(f"--- what {process.args[0]} said\n{process.log.read_text(errors='replace')}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def start(self, *arguments, env=None, **more):
        log = self.folder / f"{len(self.processes)}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                       env=env or {}, **more)
        process.log = log
        self.processes.append(process)
        return process

    def wait_for(self, what, test, process):
        end = time.monotonic() + LATEST
        while not test():
            if process.poll() is not None:
                raise AssertionError(f"{what}: exited with {process.returncode}:\n{process.log.read_text()}")
            if time.monotonic() > end:
                raise AssertionError(f"{what}: nothing after {LATEST} s:\n{process.log.read_text()}")
            time.sleep(0.01)

    def ensignd(self, *arguments, settings=None, name="signer", user=None, build="ENSIGND"):
        """ensignd on a unix socket; the process, with `socket` the path that answers. `user` gives root up first; `build`
        names another build of it."""
        path = self.write(f"{name}.json", json.dumps(settings or {"mode": "open"}))
        where = self.folder / f"{name}.sock"
        binary = within_reach(program(build), self.folder) if user else program(build)
        if user:
            self.folder.chmod(0o777)  # where its socket will stand
        process = self.start(binary, "--settings", path, "--listen", f"unix:{where}", *arguments, preexec_fn=user)
        process.socket = where
        self.wait_for("ensignd", lambda: "listening on" in process.log.read_text(), process)
        return process

    def stop(self, process, by=signal.SIGTERM):
        process.send_signal(by)
        return process.wait(LATEST)


def run(*arguments, **more):
    """A program to its end: (exit code, standard output, standard error)."""
    done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=LATEST, **{"env": {}, **more})
    return done.returncode, done.stdout, done.stderr


def descendants(pid):
    """The process and all that it has started."""
    found = [pid]
    for one in found:
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def anonymous_kib(pid):
    """Anonymous memory of a process and all that it has started, from the kernel's own books; None, with the reason
    said once, when they are closed to us or say nothing."""
    total = 0
    if SANITIZED:
        return say_once("memory is not measured: a sanitizer has its own")
    try:
        for one in descendants(pid):
            for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Anonymous:"):
                    total += int(line.split()[1])
    except PermissionError:
        return say_once("memory is not measured: only root may read the books of a process that is not dumpable")
    return total


_said = set()


def say_once(text):
    if text not in _said:
        _said.add(text)
        print(f"      {text}")


def cases(table):
    """Runs every function, says its name, and ends the program: 0 when all went well."""
    failed = 0
    for case in table:
        try:
            case()
            print(f"ok    {case.__name__}")
        except Exception as why:  # noqa: BLE001 - whatever it was, the other cases are run too
            failed += 1
            print(f"FAIL  {case.__name__}: {type(why).__name__}: {why}")
    sys.exit(1 if failed else 0)
