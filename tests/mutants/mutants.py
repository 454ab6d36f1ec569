#!/usr/bin/python3
"""make mutants: does a test notice when the code that decides is wrong? Mutants are compiled in all at once and switched
on one at a time (find.py, schemata.py, switch.h). Each is tried on the unit tests that come by it, fastest first, until
one fails; what survives them, on the scenarios.

    MUTANTS=400     how many, spread over the zones; all: every one there is
    MUTANT_SEED=1   which
    MUTANT_ONLY=cms just this zone, or this file; survivors: what the last run did not kill

What no input can tell from the original is listed in `equivalents`, each with its reason, and is tried all the same. Ends
with 1 when less than 90 in 100 are killed, when a survivor is not listed, and when a listed one is killed after all or is
no longer there. The last run is in build/mutants.json."""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import queue
import resource
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import build  # noqa: E402
import trial  # noqa: E402
from find import find, identity  # noqa: E402
from zones import ZONES  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build-mutants"
REPORT = ROOT / (os.environ.get("ENSIGN_BUILD") or "build") / "mutants.json"
KILLED_AT_LEAST = 0.90
JOBS = os.cpu_count() or 2


def equivalents():
    """{identity: why}"""
    found = {}
    for block in (pathlib.Path(__file__).parent / "equivalents").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        fields = dict(line.split(": ", 1) for line in lines)
        file, function = fields["in"].split()
        key = (file, function, fields["source"], fields["change"], int(fields.get("which", 1)))
        if key in found or not fields["why"]:
            raise SystemExit(f"mutants: equivalents: stands twice, or without a reason: {key}")
        found[key] = fields["why"]
    return found


def chosen(mutants, count, seed):
    """Numbers of `count` mutants: from each zone at least one in twenty-five, the rest by its size. An order by digest:
    a mutant that is new in the code displaces one at most."""
    zones = collections.defaultdict(list)
    for number, mutant in enumerate(mutants, 1):
        zones[mutant.zone].append((hashlib.sha256(repr((seed, identity(mutant))).encode()).digest(), number))
    least = count // 25
    rest = count - least * len(zones)
    picked = []
    for numbers in zones.values():
        picked += sorted(numbers)[:max(1, least + round(rest * len(numbers) / len(mutants)))]
    return sorted(number for _, number in picked)


class Progress:
    def __init__(self, what, total):
        self.what, self.total, self.done, self.begun, self.told = what, total, 0, time.monotonic(), 0.0
        self.lock = threading.Lock()

    def step(self):
        with self.lock:
            self.done += 1
            now = time.monotonic()
            if now - self.told > (1 if sys.stdout.isatty() else 30) or self.done == self.total:
                self.told = now
                left = (now - self.begun) / self.done * (self.total - self.done)
                print(f"{self.what}: {self.done} of {self.total}, {now - self.begun:.0f} s"
                      + (f", about {left:.0f} s left" if left >= 1 else ""), flush=True)


class Workers:
    def __init__(self, folder, out, programs):
        self.idle = queue.Queue()
        for job in range(JOBS):
            self.idle.put(trial.Worker(folder / str(job), out, programs))

    def each(self, what, things, work):
        """work(worker, thing) for every thing, JOBS at a time; the results in the order of things."""
        progress = Progress(what, len(things))

        def one(thing):
            worker = self.idle.get()
            try:
                return work(worker, thing)
            finally:
                self.idle.put(worker)
                progress.step()

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            return list(pool.map(one, things))


def baseline(workers, tests):
    """Every test, with no mutant on: it passes, and shows which mutants' places it comes by: {name: (seconds, CPU seconds,
    numbers)}, and what did not pass, which kills nothing. Showing it opens a file, which a test may rightly mind; then it
    has to pass without."""
    def one(worker, test):
        outcome, numbers = worker.reached(test, 120, 120)
        for _ in range(2):
            if outcome.how not in ("passed", "skipped"):
                outcome = worker.run(test, 120, 120)
        return outcome, numbers

    known, wrong = {}, []
    for test, (outcome, numbers) in zip(tests, workers.each("no mutant on", tests, one)):
        if outcome.how == "skipped":
            print(f"  skipped, wholly or in part, for want of what is not in the repository: {test.name}")
        elif outcome.how != "passed":
            print(f"  {test.name} {outcome.how}:", *outcome.said[-10:], sep="\n    ")
            wrong.append(f"with no mutant on {outcome.how}: {test.name}")
            continue
        known[test.name] = outcome.seconds, outcome.cpu, numbers
    return known, wrong


def killer(worker, number, tests, known):
    """The first of the tests that fails with the mutant on: (test's name, how, what it said), or None. It has to fail
    twice, and then to pass with none on under the same limits: a test that stumbles over a busy machine, or over the way
    it is run here, kills nothing."""
    for test in tests:
        seconds, cpu, _ = known[test.name]
        limits = (10 * seconds + 10, int(5 * cpu) + 3)
        worker.become(f"m{number}")
        outcome = worker.run(test, *limits)
        if outcome.how in ("failed", "crashed", "timed out"):
            outcome = worker.run(test, *limits)
        worker.become("m0")
        if outcome.how in ("passed", "skipped") or worker.run(test, *limits).how not in ("passed", "skipped"):
            continue
        return test.name, outcome.how, " / ".join(outcome.said[:1] if test.suite == "unit" else outcome.said[-1:])[:300]
    return None


def killed(workers, what, numbers, tests, known):
    def one(worker, number):
        return killer(worker, number, [t for t in tests if number in known[t.name][2]], known)

    return dict(zip(numbers, workers.each(what, numbers, one)))


def table(results):
    rows = [("zone", "mutants", "killed", "by units", "by scenarios", "timed out", "equivalent", "missed")]
    zones = [*ZONES, "together"]
    for zone in zones:
        mine = [r for r in results if zone in (r["zone"], "together")]
        if mine:
            dead = [r for r in mine if r["killed_by"]]
            rows.append((zone, len(mine), len(dead), sum(r["suite"] == "unit" for r in dead),
                         sum(r["suite"] == "scenario" for r in dead), sum("time" in r["how"] for r in dead),
                         sum(not r["killed_by"] and bool(r["equivalent"]) for r in mine),
                         sum(not r["killed_by"] and not r["equivalent"] for r in mine)))
    for row in rows:
        print(f"{row[0]:<12}" + "".join(f"{cell:>13}" for cell in row[1:]))


def told(result):
    return f"{result['file']}:{result['line']} {result['function']}: {result['source']} -- {result['change']}"


def main():
    begun = time.monotonic()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    mutants, in_macros, cleaning = find(ROOT, ZONES)
    listed, numbers_of = equivalents(), {identity(m): n for n, m in enumerate(mutants, 1)}
    gone = [key for key in listed if key not in numbers_of]
    count, only = os.environ.get("MUTANTS") or "400", os.environ.get("MUTANT_ONLY")
    numbers = chosen(mutants, len(mutants) if count == "all" else int(count), os.environ.get("MUTANT_SEED") or "1")
    is_whole = count in ("400", "all")  # in a smaller sample what is listed is not tried on scenarios: they take minutes
    if is_whole:
        numbers = sorted({*numbers, *(numbers_of[key] for key in listed if key in numbers_of)})
    if only == "survivors":
        alive = {tuple(r[key] for key in ("file", "function", "source", "change", "which"))
                 for r in json.loads(REPORT.read_text())["results"] if not r["killed_by"]}
        numbers = sorted(numbers_of[key] for key in alive if key in numbers_of)
    elif only:
        numbers = [n for n in numbers if only in (mutants[n - 1].zone, mutants[n - 1].file)]
    print(f"{len(mutants)} mutants in {sum(map(len, ZONES.values()))} files ({in_macros} more are inside macros, {cleaning} "
          f"calls that wipe or free are left alone); {len(numbers)} are tried", flush=True)

    FOLDER.mkdir(exist_ok=True)
    out = build.build(ROOT, FOLDER, mutants)
    print(f"built in {time.monotonic() - begun:.0f} s", flush=True)
    tests, programs = trial.tests_of(out, build.introspect)
    workers = Workers(FOLDER / "run", out, programs)
    known, wrong, kills, alive = {}, [], dict.fromkeys(numbers), numbers
    for suite in ("unit", "scenario"):
        mine = sorted((t for t in tests if t.suite == suite), key=lambda t: t.name)
        found, failed = baseline(workers, mine) if alive else ({}, [])
        known.update(found)
        wrong += failed
        mine = sorted((t for t in mine if t.name in known), key=lambda t: known[t.name][0])
        kills.update(killed(workers, suite + " tests", alive, mine, known))
        alive = [n for n in alive if kills[n] is None and (is_whole or identity(mutants[n - 1]) not in listed)]

    suites = {test.name: test.suite for test in tests}
    results = []
    for number in numbers:
        mutant = mutants[number - 1]
        by, how, said = kills[number] or (None, None, None)
        results.append({"zone": mutant.zone, "file": mutant.file, "line": mutant.line, "function": mutant.function,
                        "kind": mutant.kind, "source": mutant.source, "change": mutant.change, "which": mutant.ordinal,
                        "killed_by": by, "suite": suites.get(by), "how": how, "said": said,
                        "equivalent": listed.get(identity(mutant)),
                        "reached_by": sorted(name for name, (_, _, seen) in known.items() if number in seen)})
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = {"mutants": len(results), "killed": sum(bool(r["killed_by"]) for r in results),
               "seconds": round(time.monotonic() - begun), "cpu_seconds": round(usage.ru_utime + usage.ru_stime),
               "seed": os.environ.get("MUTANT_SEED") or "1"}
    REPORT.write_text(json.dumps({**summary, "results": results}, indent=1) + "\n")

    table(results)
    wrong += [f"survives: {told(r)}" for r in results if not r["killed_by"] and not r["equivalent"]]
    wrong += [f"listed, and killed by {r['killed_by']}: {told(r)}" for r in results if r["killed_by"] and r["equivalent"]]
    wrong += [f"listed, and no longer there: {' '.join(map(str, key))}" for key in gone]
    print("\n".join(wrong), end="\n" if wrong else "")
    share = summary["killed"] / max(1, len(results))
    print(f"{summary['killed']} of {len(results)} mutants killed ({100 * share:.1f} %, wanted {100 * KILLED_AT_LEAST:.0f}), "
          f"{len(wrong)} to look at; {summary['seconds']} s, {summary['cpu_seconds']} s of CPU")
    return 1 if wrong or share < KILLED_AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
