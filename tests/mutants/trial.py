"""Runs tests with a mutant switched on, each worker in a folder of its own."""

import collections
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time

Test = collections.namedtuple("Test", "name suite command env")
Outcome = collections.namedtuple("Outcome", "how said seconds cpu")  # how: passed, failed, crashed, timed out, out of CPU time, skipped
SKIPPED = 77
MAP_BYTES = 16384  # MUTANTS_MAX of switch.h


def tests_of(out, introspect):
    """The unit and scenario tests; their programs, by the path that they have in the build."""
    programs = {path: pathlib.Path(path).name for target in introspect(out, "targets") if target["type"] == "executable"
                for path in target["filename"] if os.path.exists(path)}
    tests = [Test(t["name"], t["suite"][0].split(":")[-1], t["cmd"], t["env"]) for t in introspect(out, "tests")]
    return [t for t in tests if t.suite in ("unit", "scenario")], programs


class Worker:
    """A folder with every program in it, a hard link each; it is renamed to m7 to switch mutant 7 on."""

    def __init__(self, folder, out, programs):
        self.home, self.out, self.programs = folder, out, programs
        shutil.rmtree(folder, ignore_errors=True)
        self.folder = folder / "m0"
        self.folder.mkdir(parents=True)
        for path, name in programs.items():
            os.link(path, self.folder / name)
        self.log = folder / "log"

    def become(self, name):
        renamed = self.home / name
        os.rename(self.folder, renamed)
        self.folder = renamed

    def placed(self, word):
        if word in self.programs:
            return str(self.folder / self.programs[word])
        return str(self.folder) if word == str(self.out) else word

    def run(self, test, seconds, cpu_seconds):
        env = {**os.environ, "ENSIGN_VECTORS": "/nonexistent", **{k: self.placed(v) for k, v in test.env.items()}}
        begun = time.monotonic()
        with open(self.log, "wb") as log:
            process = subprocess.Popen([self.placed(word) for word in test.command], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env=env, start_new_session=True, cwd=self.home)
        # soft alone: ensignd gives its children a limit of their own
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (cpu_seconds, resource.RLIM_INFINITY))
        spent = self.wait(process, begun + seconds)
        taken = time.monotonic() - begun
        self.end_leftovers(process.pid)
        said = self.log.read_bytes().decode(errors="replace").strip().splitlines()
        return Outcome(self.judged(process.returncode), said, taken, spent)

    @staticmethod
    def judged(code):
        if code in (None, -signal.SIGXCPU, -signal.SIGKILL):
            return "timed out" if code is None else "out of CPU time"
        return "passed" if code == 0 else "skipped" if code == SKIPPED else "crashed" if code < 0 else "failed"

    @staticmethod
    def wait(process, deadline):
        """CPU seconds of it and its waited-for children; the return code is None when the time is over."""
        pause = 0.001
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime
            if time.monotonic() > deadline:
                os.killpg(process.pid, signal.SIGKILL)
                _, _, usage = os.wait4(process.pid, 0)
                process.returncode = None
                return usage.ru_utime + usage.ru_stime
            time.sleep(pause)
            pause = min(2 * pause, 0.02)

    def end_leftovers(self, session):
        """What a killed test has started runs from this worker's folder, in whatever session."""
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    mine = os.readlink(entry.path + "/exe").startswith(str(self.home) + "/") or os.getsid(int(entry.name)) == session
                    if mine:
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    continue

    def reached(self, test, seconds, cpu_seconds):
        """The numbers of the mutants whose places the test comes by."""
        self.become("reached")
        try:
            (self.folder / "map").write_bytes(bytes(MAP_BYTES))
            outcome = self.run(test, seconds, cpu_seconds)
            seen = (self.folder / "map").read_bytes()
        finally:
            self.become("m0")
        return outcome, {number for number, byte in enumerate(seen) if byte}
