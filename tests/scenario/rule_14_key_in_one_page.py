"""Rules 9 and 14 on a running ensignd that was provisioned through KMS: the private key is in its one page and nowhere
else in any process, in no shape; and when the lease ends the key is gone and the program leaves with 3."""

import base64
import os
import pathlib
import re
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from scene import SANITIZED, descendants, skip  # noqa: E402
from stack import Stack  # noqa: E402

LEASE_SECONDS = 6


def mappings(pid):
    """(first address, last address, flags) of every readable mapping."""
    found, here = [], None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        span = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
        if span or re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            here = (int(span[1], 16), int(span[2], 16), line) if span else None
        elif here and line.startswith("VmFlags:"):
            found.append((*here, line.split()[1:]))
    return found


def places(pid, needles):
    """Where any of the needles stands in the process's memory: (needle's name, flags of the mapping, its line)."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for first, last, line, flags in mappings(pid):
            try:
                memory.seek(first)
                content = memory.read(last - first)
            except (OSError, OverflowError, ValueError):
                continue  # the kernel's own pages
            for name, needle in needles.items():
                for hit in re.finditer(re.escape(needle), content):
                    around = content[max(0, hit.start() - 48):hit.end() + 48]
                    found.append((name, flags, f"{line} at {first + hit.start():x}: {around!r}"))
    return found


def shapes(key):
    """The key as raw bytes, either byte order, and as text; parts of it as the curve's own limbs would hold them."""
    return {"raw": key, "raw, last byte first": key[::-1], "hex": key.hex().encode(), "HEX": key.hex().upper().encode(),
            "half": key[:16], "other half": key[16:], "half, last byte first": key[::-1][:16],
            "other half, last byte first": key[::-1][16:], "half of hex": key.hex()[:32].encode()}


def check(pid, key, wanted):
    """The key is in one locked, undumpable, unforkable page of this process, or nowhere."""
    found = places(pid, shapes(key))
    outside = [(name, where) for name, flags, where in found if not {"lo", "dd", "dc"} <= set(flags)]
    assert not outside, f"key material outside its page, in process {pid}:\n" + "\n".join(map(str, outside))
    assert bool(found) == wanted, (pid, found)


if os.getuid() != 0:
    skip("only root may read the memory of a process that is not dumpable")
if SANITIZED:
    skip("a sanitizer keeps freed memory as it was, and makes mlock do nothing")

key = secrets.token_bytes(32)
with Stack(policy=Stack.policy(), settings={"lease_seconds": LEASE_SECONDS}) as stack:
    sealed = stack.seal("0x" + key.hex())
    signer = stack.provision(sealed)
    start = time.monotonic()
    ticket = {"recipient": "0x" + "c3" * 20, "faceValue": 1000, "winProb": 1, "senderNonce": 1,
              "recipientRandHash": "0x" + "11" * 32, "auxData": "0x" + "22" * 64}
    for nonce in range(50):
        signer.call("sign_ticket", ticket={**ticket, "senderNonce": nonce})
    tree = descendants(stack.ensignd.pid)
    control = places(tree[0], {"ciphertext": base64.b64decode(sealed["ciphertext_b64"])})
    assert control and "lo" not in control[0][1], "the search does not find what must be there"
    check(tree[0], key, wanted=True)
    for child in tree[1:]:
        check(child, key, wanted=False)
    print(f"rule 14: the key is in one page of {len(tree)} processes")

    code = stack.ensignd.wait(LEASE_SECONDS + 10)
    took = time.monotonic() - start
    assert code == 3, code
    assert LEASE_SECONDS - 2 <= took <= LEASE_SECONDS + 4, took
    assert "the lease has ended" in stack.ensignd.log.read_text()
    print(f"rule 9: the lease of {LEASE_SECONDS} s ended after {took:.1f} s, with exit code 3")
