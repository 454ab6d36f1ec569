"""Who takes part in a soak: each client in a process of its own, the renewals of the lease in a thread, and what they share;
and what the kernel's books say of the programs under it."""

import multiprocessing
import os
import signal
import threading
import time

from scene import descendants, say_once
from stack import Refused

TELL_S = 0.5


def descriptors(pid):
    """How many a process and its children hold open; None, with the reason said once, when only root may look."""
    try:
        return sum(len(os.listdir(f"/proc/{one}/fd")) for one in descendants(pid))
    except PermissionError:
        return say_once("descriptors are not counted: only root may look at a process that is not dumpable")


def settled(pid):
    """The least of some counts: what was just closed may still be there."""
    counts = []
    for _ in range(6):
        counts.append(descriptors(pid))
        time.sleep(0.05)
    return None if None in counts else min(counts)


class Place:
    """What a client's process knows."""

    def __init__(self, stack, work, gateway, bridge, renew_s):
        self.renew_s = renew_s
        self.socket, self.digest, self.work = str(stack.socket), stack.digest(), work
        self.gateway, self.bridge = gateway, bridge
        self.calm, self.stop, self.told = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()

    def stopping(self):
        return self.stop.is_set()


class Client:
    """One client in a process of its own, which tells its counts from time to time, and what was wrong."""

    def __init__(self, place, run):
        self.place, self.run = place, run
        self.process = multiprocessing.Process(target=self.work, daemon=True)
        self.process.start()

    def work(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        counts, told = {}, time.monotonic()

        def count(ask, refused, kind=None):
            nonlocal told
            name = kind or ("refused as must be" if refused else ask.kind)
            counts[name] = counts.get(name, 0) + 1
            if time.monotonic() - told > TELL_S:
                self.place.told.put(dict(counts))
                counts.clear()
                told = time.monotonic()

        try:
            self.run(self.place, count)
            self.place.told.put(counts)
        except Exception as why:  # noqa: BLE001 - whatever it was, it is told
            self.place.told.put(f"{self.run.__name__}: {type(why).__name__}: {why}")


class Renewals(threading.Thread):
    """The lease is renewed all the while. Those for which KMS or the NSM is spoiled fail as remote; the next is tried."""

    def __init__(self, stack, params, place):
        super().__init__(daemon=True)
        self.stack, self.params, self.place = stack, params, place
        self.done, self.failed, self.busy = 0, 0, threading.Lock()

    def run(self):
        while not self.place.stop.wait(self.place.renew_s):
            try:
                with self.busy:
                    self.stack.signer.call("provision", **self.params)
                self.done += 1
            except Refused as refusal:
                self.failed += 1
                if refusal.code != "remote":
                    self.place.told.put(f"a renewal was refused as {refusal.code}: {refusal.message}")
            except (OSError, EOFError) as why:
                self.place.told.put(f"a renewal: {type(why).__name__}: {why}")
