"""make soak: mixed clients at full load for SOAK_MINUTES, with faults beside them, every answer verified. At the end the
signer's anonymous memory is within 5 % of what it was after the first minute, and no descriptor is left over.

    ENSIGN_BUILD=build python3 tests/soak/soak.py [--minutes N | --seconds N]

A run of two minutes or less is for `make test`: all the same, but growth of memory is told and not judged.
Says how far it is every few seconds, ends with a table, and with exit code 1 and the reason when a claim fails.
"""

import argparse
import multiprocessing
import pathlib
import queue
import signal
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scenario")]
import clients  # noqa: E402
import ethereum  # noqa: E402
import faults  # noqa: E402
import keccak  # noqa: E402
from crew import Client, Place, Renewals, descriptors, settled  # noqa: E402
from gateway import Gateway  # noqa: E402
from scene import anonymous_kib  # noqa: E402
from stack import BUILD, Stack  # noqa: E402
from work import Work  # noqa: E402
from work import ticket as new_ticket  # noqa: E402

ethereum.keccak = keccak.keccak

MEMORY_PERCENT = 5
MEMORY_MOST_KIB = 8192  # of a run of seconds: the journal and other tables that have a bound are still being filled
REMEMBERED = 16384  # tickets that a signer remembers as charged (CHARGED_TICKETS_MAX)
SAMPLE_S, SAY_S = 0.5, 5
SAMPLES = 10
LATE_S = 20


class Soak:
    def __init__(self, seconds):
        self.long = seconds > 120
        self.seconds, self.warm = seconds, 60 if self.long else seconds / 3
        self.span = min(5, seconds / 5)  # of weighing
        self.counts, self.wrong = {}, []

    def take(self, place):
        while True:
            try:
                said = place.told.get_nowait()
            except queue.Empty:
                return
            if isinstance(said, str):
                self.wrong.append(said)
            else:
                for name, count in said.items():
                    self.counts[name] = self.counts.get(name, 0) + count

    def verified(self):
        return sum(n for name, n in self.counts.items() if not name.startswith(("hostile", clients.NO_DOCUMENT)))

    def watch(self, stack, place, until):
        """Goes on until then, says how far it is, and stops at what is wrong."""
        while time.monotonic() < until and not self.wrong:
            time.sleep(min(SAMPLE_S, max(0, until - time.monotonic())))
            self.take(place)
            if stack.ensignd.poll() is not None:
                self.wrong.append(f"ensignd ended with {stack.ensignd.poll()}")
            elif time.monotonic() - self.said >= SAY_S:
                rate = (self.verified() - self.at_last_line) / (time.monotonic() - self.said)
                self.at_last_line, self.said = self.verified(), time.monotonic()
                print(f"{self.said - self.began:6.0f} s  {self.at_last_line:>12,} answers verified, {rate:>7,.0f}/s; renewed "
                      f"{self.renewals.done}, failed as planted {self.renewals.failed}; "
                      f"{anonymous_kib(stack.ensignd.pid)} KiB, {descriptors(stack.ensignd.pid)} descriptors", flush=True)

    def weigh(self, stack, place):
        """Anonymous memory under the honest clients' load, with the hostile ones and renewals held back, since what those
        take for a moment is no leak: the median of some samples."""
        place.calm.set()
        with self.renewals.busy:
            found = []
            for _ in range(SAMPLES):
                self.watch(stack, place, time.monotonic() + self.span / SAMPLES)
                found.append(None if self.wrong else anonymous_kib(stack.ensignd.pid))
        place.calm.clear()
        return None if None in found else statistics.median(found[SAMPLES // 2:])

    def load(self, stack, place, renewals):
        self.renewals, self.began, self.said, self.at_last_line = renewals, time.monotonic(), time.monotonic(), 0
        self.watch(stack, place, self.began + self.warm)
        before = self.weigh(stack, place)
        self.watch(stack, place, self.began + self.seconds - self.span)
        return self.judge_memory(before, self.weigh(stack, place))

    def judge_memory(self, before, after):
        if before is None or after is None:
            return "not measured"
        if not self.long:
            if after > MEMORY_MOST_KIB:
                self.wrong.append(f"anonymous memory is {after:,.0f} KiB, more than {MEMORY_MOST_KIB:,}")
            return f"{after:,.0f} KiB at the end; too short a run to tell what grows (at most {MEMORY_MOST_KIB:,})"
        grown = 100 * (after - before) / before
        if abs(grown) > MEMORY_PERCENT:
            self.wrong.append(f"anonymous memory went from {before:,.0f} KiB after {self.warm:.0f} s to {after:,.0f} at the end")
        return f"{before:,.0f} KiB after {self.warm:.0f} s, {after:,.0f} at the end: {grown:+.1f} % (at most {MEMORY_PERCENT})"

    def judge_descriptors(self, names, before):
        """After its clients have gone a program is back at what it held before they came."""
        deadline = time.monotonic() + 10
        now = {}
        while time.monotonic() < deadline:
            now = {name: descriptors(pid) for name, pid in names.items()}
            if None in (*now.values(), *before.values()):
                return "not counted"
            if all(now[name] <= before[name] for name in names):
                break
            time.sleep(0.1)
        for name in names:
            if now[name] > before[name]:
                self.wrong.append(f"{name} holds {now[name]} descriptors, {before[name]} before the clients came")
        return ", ".join(f"{name} {before[name]} before, {now[name]} after" for name in names)


def relayed(stack):
    """ensignd started again, with a relay before KMS and one before its security module."""
    arguments = stack.env["ENSIGND_ARGS"]
    made = []
    for flag, kind in (("--kms-stream ", faults.Kms), ("--nsm ", faults.Nsm)):
        upstream = arguments.split(flag)[1].split()[0]
        path = stack.folder / f"{kind.__name__.lower()}-relay.sock"
        made.append(kind(path, upstream.removeprefix("unix:")))
        arguments = arguments.replace(upstream, f"unix:{path}")
    stack.env["ENSIGND_ARGS"] = arguments
    stack.stop_signer()
    stack.start_signer(name="soaked")
    return made


def policy():
    endless = {name: "unlimited" for name in ("max_face_value_wei", "max_fund_deposit_wei", "max_fee_wei")}
    return Stack.policy(max_total_face_value_wei="unlimited", typed_data="any", max_tx_fee_wei="10000000000000000",
                        budget={"window_seconds": 86400, "start": "full", **endless})


def start_helpers(stack):
    gateway = Gateway(stack)
    path = stack.folder / "bridge.sock"
    bridge = stack.start("bridge", BUILD / "ensign", "bridge", "--listen", f"unix:{path}", "--connect", stack.signer.endpoint)
    stack.wait_for("bridge", path.exists, bridge)
    return gateway, bridge, path


def fill(place, first):
    """Every second ticket from that number on, until as many are signed as a signer remembers."""
    connection = clients.Connection(place.socket)
    for number in range(first, REMEMBERED, 2):
        ask = new_ticket(place.work.key, (1 << 40) + number)
        ask.judge(connection.ask(ask))
    connection.close()


def fill_what_is_bounded(place):
    """The table of charged tickets grows to its bound and stays there: it is filled first, so that it is no leak to the
    claim about memory."""
    print(f"       signing {REMEMBERED:,} tickets, as many as the signer remembers", flush=True)
    both = [multiprocessing.Process(target=fill, args=(place, first), daemon=True) for first in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join()
        if one.exitcode != 0:
            sys.exit("the tickets could not be signed first")


def run(soak, stack):
    kms, nsm = relayed(stack)
    stack.provision(stack.seal())
    params = {"ciphertext_b64": stack.sealed["ciphertext_b64"], "region": stack.env["AWS_REGION"], **stack.role_params()}
    work = Work(stack.signer.call, 32 if soak.long else 4)
    signer = {"ensignd": stack.ensignd.pid}
    alone = {"ensignd": settled(stack.ensignd.pid)}
    gateway, bridge, path = start_helpers(stack)
    place = Place(stack, work, gateway.port, path, renew_s=3 if soak.long else 0.3)
    helpers = {"gateway": gateway.process.pid, "bridge": bridge.pid}
    clients.touch(place)
    before = {name: settled(pid) for name, pid in helpers.items()}
    if soak.long:
        fill_what_is_bounded(place)
    kms.spoiling = nsm.spoiling = True
    renewals = Renewals(stack, params, place)
    running = [Client(place, one) for one in (clients.pipelined, clients.pipelined, clients.a_connection_each,
                                              clients.through_the_bridge, clients.through_the_gateway, clients.never_seen,
                                              clients.readers, faults.hostile)]
    renewals.start()
    rows = [("memory", soak.load(stack, place, renewals))]

    def tried():
        return renewals.done and kms.spoiled and nsm.spoiled

    late = time.monotonic() + LATE_S  # a run of seconds on a machine busy with other things
    while not tried() and not soak.wrong and time.monotonic() < late:
        soak.watch(stack, place, time.monotonic() + 0.2)
    place.stop.set()
    deadline = time.monotonic() + 30
    while any(one.process.is_alive() for one in running) and time.monotonic() < deadline:
        soak.take(place)
        time.sleep(0.02)
    for one in running:
        if one.process.is_alive():
            soak.wrong.append(f"{one.run.__name__} hangs")
            one.process.kill()
    renewals.join(30)
    soak.take(place)
    if not tried():
        soak.wrong.append(f"nothing was tried: {renewals.done} renewals, {kms.spoiled} spoiled of KMS, {nsm.spoiled} of the NSM")
    for ask in work.signed:
        ask.judge(stack.signer.exchange(ask.frame[4:]))
    said = soak.judge_descriptors(helpers, before)
    for process in (gateway.process, bridge):
        process.terminate()
        process.wait(10)
    rows.append(("descriptors", f"{soak.judge_descriptors(signer, alone)}, {said}"))
    rows.append(("renewals", f"{renewals.done} done, {renewals.failed} failed as planted; KMS spoiled {kms.spoiled} times, the "
                             f"NSM {nsm.spoiled}"))
    return rows


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--minutes", type=float, default=10)
    words.add_argument("--seconds", type=float)
    given = words.parse_args()
    soak = Soak(given.seconds or given.minutes * 60)
    lease = 60 if soak.long else 20
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    with Stack(policy=policy(), settings={"lease_seconds": lease}) as stack:
        rows = run(soak, stack)
    print()
    for name, count in sorted(soak.counts.items()):
        print(f"{name:<24} {count:>12,}")
    print(f"{'answers verified':<24} {soak.verified():>12,}  ({soak.verified() / soak.seconds:,.0f} a second)")
    for name, text in rows:
        print(f"{name:<24} {text}")
    for sentence in soak.wrong:
        print(f"WRONG: {sentence}")
    print(f"{'soak failed' if soak.wrong else 'soak: all of it holds'}, {time.monotonic() - began:.0f} s")
    sys.exit(bool(soak.wrong))


if __name__ == "__main__":
    main()
