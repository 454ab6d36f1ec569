"""How many instructions a redeem takes, as a multiple of those of raw sign, recover and verify: a slowdown is seen on a
machine on which no time can be trusted. Counted by callgrind."""

import os
import pathlib
import re
import subprocess
import sys

RECORDED = 1.2728
SLOWER, FASTER = 1.02, 0.95  # above: a slowdown; below: a gain that is to be recorded, or it could be lost unseen
TIMES = 10
REQUESTS = pathlib.Path(__file__).resolve().parent / "requests"


def start(function):
    return subprocess.Popen(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect={function}",
                             os.environ["BENCH"], REQUESTS, str(TIMES)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def collected(process):
    said = process.communicate()[1]
    found = re.search(r"Collected : (\d+)", said)
    if process.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"callgrind: exit {process.returncode}\n{said}")
    return int(found[1]) / TIMES


redeem, raw = (collected(process) for process in [start("bench_core_redeem"), start("bench_raw_once")])
ratio = redeem / raw
print(f"a redeem {redeem:,.0f} instructions, raw sign + recover + verify {raw:,.0f}: {ratio:.4f}, recorded {RECORDED}")
if not RECORDED * FASTER <= ratio <= RECORDED * SLOWER:
    sys.exit("slower than recorded" if ratio > RECORDED else "faster than recorded: record it")
