"""ensign journal: entries shown, the chain of hashes held to, losses and restarts said, --follow."""

import hashlib
import json
import subprocess

from cli import CLEAN, ENSIGN, FakeSigner, ensign, ensign_on_a_terminal
from expect import claim, done


class Journal:
    """A signer's side, after the contract in core/signer/journal.h."""

    def __init__(self, kept=4096):
        self.kept, self.entries, self.heads = kept, [], [b"\0" * 32]

    def add(self, refused=False, **changes):
        entry = {"face_value_wei": "0", "fee_wei": "0", "fund_deposit_wei": "0", "hash": "0x" + "ab" * 32, "method": "sign_ticket",
                 "refused": refused, "rule": "allowed_recipients" if refused else None, "seq": len(self.entries) + 1,
                 "time_ms": 1795359600000, **changes}
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        self.entries.append(entry)
        self.heads.append(hashlib.sha256(self.heads[-1] + text.encode()).digest())

    def answer(self, request):
        after, limit = request["params"]["after"], request["params"]["limit"]
        last = len(self.entries)
        oldest = max(1, last - self.kept + 1)
        start = oldest if after < oldest else min(after, last) + 1
        return {"result": {"entries": self.entries[start - 1:start - 1 + limit], "first": oldest if last else 0,
                           "head": self.heads[last].hex(), "head_before": self.heads[start - 1].hex(), "last": last}}


journal = Journal()
signer = FakeSigner(lambda request: journal.answer(request))
run = ensign("journal", "--endpoint", signer.endpoint)
claim("an empty journal is nothing to show", (run.returncode, run.stdout, run.stderr) == (0, "", ""), run.stderr)
journal.add(face_value_wei="50000000000000000")
journal.add(refused=True)
journal.add(method="sign_transaction", fee_wei="21000000000000", fund_deposit_wei="1")
run = ensign("journal", "--endpoint", signer.endpoint)
claim("a pipe gets one object a line", run.returncode == 0 and [json.loads(line) for line in run.stdout.splitlines()] == journal.entries, run.stderr)
shown, code = ensign_on_a_terminal("journal", "--endpoint", signer.endpoint)
lines = shown.splitlines()
claim("people get a line each", code == 0 and len(lines) == 3 and "face value 0.05 ETH" in lines[0] and "2026-11-22T15:00:00Z" in lines[0]
      and "refused" in lines[1] and "allowed_recipients" in lines[1] and "fee 0.000021 ETH" in lines[2]
      and "deposit 0.000000000000000001 ETH" in lines[2], shown)
run = ensign("journal", "--endpoint", signer.endpoint, "--after", "2")
claim("--after", [json.loads(line)["seq"] for line in run.stdout.splitlines()] == [3] and run.returncode == 0, run.stderr)
for _ in range(600):
    journal.add()
run = ensign("journal", "--endpoint", signer.endpoint)
claim("a long one comes in several answers", run.returncode == 0 and len(run.stdout.splitlines()) == 603, run.stderr)

journal.entries[100]["face_value_wei"] = "1"
run = ensign("journal", "--endpoint", signer.endpoint)
claim("a changed entry breaks the chain: exit 5", run.returncode == 5 and "broken" in run.stderr, run.stderr)
journal.entries[100]["face_value_wei"] = "0"
del journal.entries[300]
run = ensign("journal", "--endpoint", signer.endpoint)
claim("an entry left out too", run.returncode == 5 and "301" in run.stderr, run.stderr)

short = Journal(kept=10)
for _ in range(25):
    short.add()
losing = FakeSigner(lambda request: short.answer(request))
run = ensign("journal", "--endpoint", losing.endpoint)
claim("entries no longer kept are said: exit 5", run.returncode == 5 and "15 entries" in run.stderr
      and len(run.stdout.splitlines()) == 10, run.stderr)
run = ensign("journal", "--endpoint", losing.endpoint, "--after", "15")
claim("not when nothing after that is missing", run.returncode == 0 and run.stderr == "", run.stderr)
run = ensign("journal", "--endpoint", losing.endpoint, "--after", "99")
claim("a journal that ends earlier began again", run.returncode == 5 and "started again" in run.stderr
      and len(run.stdout.splitlines()) == 10, run.stderr)

live = Journal()
live.add()
endless = FakeSigner(lambda request: live.answer(request))
process = subprocess.Popen([ENSIGN, "journal", "--endpoint", endless.endpoint, "--follow", "--interval", "1"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)
process.stdout.readline()
process.stdout.close()
live.add()
try:
    claim("--follow ends when nobody reads it any more", process.wait(20) == 70, process.stderr.read())
finally:
    if process.poll() is None:
        process.kill()
live = Journal()
live.add()
following = FakeSigner(lambda request: live.answer(request))
process = subprocess.Popen([ENSIGN, "journal", "--endpoint", following.endpoint, "--follow", "--interval", "1"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)
try:
    first = json.loads(process.stdout.readline())
    live.add(refused=True)
    second = json.loads(process.stdout.readline())
    claim("--follow shows what comes", (first["seq"], second["seq"], second["refused"]) == (1, 2, True))
    live = Journal()
    live.add(method="sign_transaction")
    third = json.loads(process.stdout.readline())
    claim("and goes on after a restart", (third["seq"], third["method"]) == (1, "sign_transaction"), str(third))
    live.heads[1] = b"x" * 32
    live.add()
    code = process.wait(20)
    said = process.stderr.read()
    claim("until the chain breaks", code == 5 and "started again" in said and "broken" in said, said)
finally:
    if process.poll() is None:
        process.kill()
done()
