"""How many instructions a request takes, as a multiple of those of the raw calls beneath it: a slowdown is seen on a machine
on which no time can be trusted. Counted by callgrind, everything in one run."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

SLOWER, FASTER = 1.02, 0.95  # above: a slowdown; below: a gain that is to be recorded, or it could be lost unseen
TIMES = 5
REQUESTS = pathlib.Path(__file__).resolve().parent / "requests"
RECORDED = {  # a request: its raw calls, and how many times their instructions it takes
    "redeem": ({"sign": 1, "recover": 1, "verify": 1}, 1.0889),
    "transfer": ({"sign": 1, "recover": 1}, 1.0706),
    "batch": ({"sign": 1, "recover": 1, "verify": 20}, 1.1179),
    "ticket": ({"sign": 1, "recover": 1}, 1.1343),
    "document": ({"p384": 1}, 1.062),
}


def counts():
    """Instructions by name, of one run each."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={folder}/out",
                   os.environ["BENCH"], REQUESTS, "count", str(TIMES)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"callgrind: exit {done.returncode}\n{done.stderr}")
        found = {}
        for dump in pathlib.Path(folder).glob("out.*"):
            text = dump.read_text()
            name, total = re.search(r"Client Request: (\w+)", text), re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            found[name[1]] = int(total[1]) / TIMES
        return found


found, wrong = counts(), []
for name, (raw, recorded) in RECORDED.items():
    beneath = sum(times * found[call] for call, times in raw.items())
    ratio = found[name] / beneath
    print(f"{name} {found[name]:,.0f} instructions, {' + '.join(f'{n} {call}' for call, n in raw.items())} {beneath:,.0f}: "
          f"{ratio:.4f}, recorded {recorded}")
    if not recorded * FASTER <= ratio <= recorded * SLOWER:
        wrong.append(f"{name} is {'slower than recorded' if ratio > recorded else 'faster than recorded: record it'}")
sys.exit("\n".join(wrong) or 0)
