"""Rules 9 and 14 on a running ensignd that was provisioned through KMS: the private key is in its one page and nowhere
else in any process, in no shape; and when the lease ends the key is gone and the program leaves with 3."""

import base64
import os
import pathlib
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import memory  # noqa: E402
from scene import SANITIZED, descendants, skip  # noqa: E402
from stack import Stack  # noqa: E402

LEASE_SECONDS = 6


def check(pid, key, wanted):
    """The key is in one locked, undumpable, unforkable page of this process, or nowhere."""
    found = memory.places(memory.regions(pid), memory.key_shapes("the key", key))
    outside = [(name, where) for name, region, where in found if not region.is_the_keys_page]
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
    control = memory.places(memory.regions(tree[0]), {"ciphertext": base64.b64decode(sealed["ciphertext_b64"])})
    assert control and not control[0][1].is_the_keys_page, "the search does not find what must be there"
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
