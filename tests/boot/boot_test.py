"""The enclave image on emulated Nitro hardware, over real AF_VSOCK: the demo's story, connections by the hundred, frames of
a mebibyte, a kill and a new start, a lease that ends, and images that must not serve. Named parts (the_story …) run alone."""

import base64
import concurrent.futures
import json
import pathlib
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from booted import BootedStack, build_image  # noqa: E402
import eif_file  # noqa: E402
import ethereum as eth  # noqa: E402
import story  # noqa: E402
from expect import claim, done  # noqa: E402
from stack import BUILD, Stack  # noqa: E402


def pcrs_of(document):
    """The 16 locked PCRs in an attestation document: a CBOR map of small integers to 48 bytes each."""
    at = document.index(b"\x64pcrs") + 5
    assert document[at] == 0xB0, "not a map of 16"
    at, found = at + 1, {}
    for _ in range(16):
        number, at = document[at], at + 1
        assert document[at:at + 2] == b"\x58\x30", "not 48 bytes"
        found[f"PCR{number}"], at = document[at + 2:at + 50].hex(), at + 50
    return found


def attested(signer):
    return pcrs_of(base64.b64decode(signer.call("attestation", nonce="0x" + "77" * 32)["document_b64"]))


def the_story():
    with BootedStack(mode="strict", policy=story.policy(Stack), policy_in_settings=False) as stack:
        story.strict(stack)
        claim("the demo's story, told in a booted enclave", not story.FAILED, ", ".join(story.FAILED))
        claim("the document's PCR0 is the image's, as `ensign image build` printed it", attested(stack.signer)["PCR0"] == stack.pcr0)
        many_connections(stack.signer)
        large_frames(stack.signer)
        a_thousand_signatures(stack.signer)
        killed_and_booted_again(stack)


def many_connections(signer):
    began = time.monotonic()
    for _ in range(300):
        signer.call("address")
    claim("300 connections in a row", True, f"{time.monotonic() - began:.2f} s")
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: signer.call("address")["address"], range(300)))
    claim("30 at once, 300 in all", set(answers) == {signer.address})


def large_frames(signer):
    text = json.dumps({"method": "sign_message_defunct", "params": {"message_hash": "0x" + "ab" * 32}})
    whole = text[:-1] + " " * ((1 << 20) - len(text)) + "}"
    answer = json.loads(signer.exchange(whole.encode()))
    claim("a frame of 1 MiB in", len(whole) == 1 << 20 and answer["error"]["code"] == "policy", str(answer)[:100])
    with signer.connect(10) as s:
        s.sendall(struct.pack(">I", (1 << 20) + 1))
        claim("one byte more is refused", b'"limit"' in s.recv(4096))


def a_thousand_signatures(signer):
    ticket = eth.ticket(signer.address, number=1, face_value=10**18 // 20)
    began = time.monotonic()
    signatures = {signer.call("sign_ticket", ticket=ticket)["signature"] for _ in range(1000)}
    claim("1,000 signatures in a machine of 64 MiB", len(signatures) == 1, f"{time.monotonic() - began:.1f} s")


def killed_and_booted_again(stack):
    sealed, policy = stack.sealed, stack.folder / "policy.json"
    stack.machine.stop()
    stack.boot(stack.eif, "again")
    claim("killed and booted again, it has forgotten the key", stack.signer.call("status")["provisioned"] is False)
    claim("and takes the same ciphertext", stack.provision(sealed, "--policy", policy).address == sealed["address"])


def large_answers():
    """A policy of 16,000 recipients makes an answer of nearly a mebibyte."""
    recipients = ["0x" + f"{i:040x}" for i in range(1, 16001)]
    with BootedStack(mode="strict", policy=Stack.policy(allowed_recipients=recipients), memory=64) as stack:
        signer = stack.provision()
        document = signer.call("policy")
        claim("an answer of 700 KB out, and a policy of 16,000 recipients in the image",
              len(document["policy"]["allowed_recipients"]) == 16000 and document["policy_sha256"] == stack.digest())


def a_mebibyte_both_ways(signer):
    """The largest transaction that an open signer signs: request and answer both fill their frames to within 1.5 KB."""
    tx = {"chainId": 1, "nonce": 0, "to": eth.BROKER, "value": 0, "gas": 10**7, "gasPrice": 1, "data": "0x" + "ab" * 523_650}
    body = eth.request("sign_transaction", tx=tx)
    answer = signer.exchange(body)
    raw = json.loads(answer)["result"]["raw_tx"]
    claim("a frame of a mebibyte in and one out", min(len(body), len(answer)) > (1 << 20) - 1536
          and eth.sender_of(raw) == signer.call("address")["address"], f"{len(body)} and {len(answer)} bytes")


def a_lease_that_ends():
    with BootedStack(mode="strict", policy=Stack.policy(), settings={"lease_seconds": 6}) as stack:
        stack.provision()
        deadline = time.monotonic() + 30
        while stack.machine.alive() and time.monotonic() < deadline:
            time.sleep(0.1)
        claim("the lease ends, and the machine with it", not stack.machine.alive(), stack.machine.console_text()[-120:])


def trust_root_is_in_the_image():
    """The stand-in's certificate is believed only because the settings name its root."""
    with BootedStack(mode="open") as stack:
        sealed = stack.seal()
        without = stack.folder / "without.eif"
        build_image(without, json.dumps({"mode": "open"}))
        stack.machine.stop()
        stack.boot(without, "without")
        said = stack.provision(sealed, check=False)
        claim("an image without the test root cannot be talked into it", said.returncode == 1 and "255" in said.stderr,
              said.stderr.strip()[-160:])
        stack.machine.stop()
        stack.boot(stack.eif, "with")
        claim("the one with it serves", stack.provision(sealed).address == sealed["address"])
        a_mebibyte_both_ways(stack.signer)


def measurements_are_the_machines_own():
    """PCRs as the emulated hypervisor and as `ensign image measure` compute them: for our image with the stand-in's
    trust root, for the one that `make image` left, for one with three ramdisks, and for a signed one."""
    with BootedStack(mode="open") as stack:
        three, signed = stack.folder / "three.eif", stack.folder / "signed.eif"
        extra = eif_file.archive([("notes", 0o100444, b"a third ramdisk")])
        three.write_bytes(eif_file.write([*eif_file.read(stack.eif.read_bytes()), (eif_file.RAMDISK, extra)]))
        certificate, key = stack.folder / "signer.pem", stack.folder / "signer.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes", "-days", "2",
                        "-subj", "/CN=images", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        build_image(signed, json.dumps(stack.settings), **{"signing-certificate": certificate, "private-key": key})
        images = (("our image", stack.eif, 3), ("the image that `make image` left", BUILD / "ensign.eif", 3), ("three ramdisks", three, 3),
                  ("a signed image", signed, 4))
        for name, eif, registers in images:
            if eif != stack.eif:
                stack.machine.stop()
                stack.boot(eif, eif.stem)
            said = json.loads(stack.ensign("image", "measure", eif, "--json").stdout)["Measurements"]
            said.pop("HashAlgorithm")
            found = attested(stack.signer)
            claim(f"{name}: {', '.join(said)} are the machine's own", len(said) == registers and all(found[n] == v for n, v in said.items()),
                  ", ".join(f"{n}: image {v}, machine {found[n]}" for n, v in said.items() if found[n] != v))


for part in (the_story, measurements_are_the_machines_own, large_answers, a_lease_that_ends, trust_root_is_in_the_image):
    if len(sys.argv) > 1 and part.__name__ not in sys.argv[1:]:
        continue
    print(f"\n== {part.__name__.replace('_', ' ')}", flush=True)
    part()
done()
