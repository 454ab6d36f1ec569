"""ensign verify: a signer asked live, stored documents, each trap a document that is wrong in one way, and what the command
line must give. The documents are ensign-sim's; AWS's own are judged where the folder of vectors is there."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

from expect import claim, done
from stack import BUILD, CLEAN, ROOT, Stack

OTHER = hashlib.sha384(b"another image").hexdigest()
KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


def ensign(*arguments, stdin=None, env=None):
    return subprocess.run([BUILD / "ensign", *map(str, arguments)], input=stdin, capture_output=True, timeout=60,
                          env={**CLEAN, **(env or {})})


def checks(run):
    """The names of the checks that failed, and whether the whole was believed."""
    try:
        found = json.loads(run.stdout)
    except ValueError:
        return None
    return [c["check"] for c in found["checks"] if not c["ok"]]


def expect(sentence, run, *wrong):
    failed = checks(run)
    wanted = 1 if wrong else 0
    return claim(sentence, run.returncode == wanted and failed == list(wrong),
                 f"exit {run.returncode}, wrong: {failed}; {run.stderr.decode().strip()}")


class Measured(Stack):
    """The stack with a security module that measures an image file."""

    def start(self, name, *arguments, **more):
        if name == "sim":
            arguments = (*arguments[:3], "--measure", self.image)
        return super().start(name, *arguments, **more)


def build_image(folder):
    for name in ("kernel", "init", "ensignd"):
        (folder / name).write_bytes(name.encode() * 200)
    (folder / "image-settings.json").write_text(json.dumps({"mode": "strict", "lease_seconds": 4321}))
    run = ensign("image", "build", "--kernel", folder / "kernel", "--init", folder / "init", "--ensignd", folder / "ensignd",
                 "--settings", folder / "image-settings.json", "--arch", "aarch64", "--out", folder / "image.eif")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["Measurements"]["PCR0"]


def reversed_bundle(document):
    """The same document with its certificates leaf-side first, as some verifiers would like them."""
    at = document.index(b"\x68cabundle") + 9
    assert document[at] == 0x84
    at += 1
    start, certificates = at, []
    for _ in range(4):
        assert document[at] == 0x59
        end = at + 3 + int.from_bytes(document[at + 1:at + 3], "big")
        certificates.append(document[at:end])
        at = end
    return document[:start] + b"".join(reversed(certificates)) + document[at:]


def live(s, wanted):
    ask = ["verify", "--endpoint", s.signer.endpoint, *wanted]
    run = ensign(*[a for a in ask if a != ""])
    expect("a provisioned strict signer is believed, asked live", run)
    found = json.loads(run.stdout)
    claim("with a nonce of our own", found["freshness_shown"] and any(c["check"] == "nonce" for c in found["checks"]))
    claim("and the settings of the image are printed", found["image_settings"] == {"lease_seconds": 4321, "mode": "strict"})
    claim("the checks are named in order", [c["check"] for c in found["checks"]][:6] ==
          ["form", "root", "order", "chain", "leaf", "signature"])

    def but(**changes):
        arguments = dict(zip(wanted[0::2], wanted[1::2]))
        for name, value in changes.items():
            arguments["--" + name.replace("_", "-")] = value
        return ["verify", "--endpoint", s.signer.endpoint] + [x for k, v in arguments.items() if v is not None
                                                              for x in ((k, v) if v != "" else (k,))]

    other_policy = s.folder / "other-policy.json"
    other_policy.write_text(json.dumps(Stack.policy(max_gas="3000001")))
    other_key = s.key_arn[:-12] + "000000000000"
    expect("another image is refused by its PCR0", ensign(*but(image=None, pcr0=OTHER)), "pcr0")
    expect("the image's PCR0 may be given in its place", ensign(*but(image=None, pcr0=s.pcr0)))
    expect("another PCR is looked at", ensign(*but(pcr="4=" + OTHER)), "pcr4")
    expect("another address is refused", ensign(*but(address="0x" + "11" * 20)), "address")
    expect("a key where there should be none", ensign(*[a for a in but(address=None, kms_key=None, unprovisioned="")]),
           "address")
    expect("another policy is refused, recomputed from its file", ensign(*but(policy=other_policy)), "policy")
    expect("the digest may be given in the policy's place", ensign(*but(policy=None, policy_sha256=s.digest())))
    expect("another KMS key is refused", ensign(*but(kms_key=other_key)), "kms-key")
    expect("open where strict is", ensign(*but(mode="open")), "mode")
    expect("bound where unbound is wanted", ensign(*but(unbound="")), "bound")
    expect("Amazon's roots are wanted unless others are allowed", ensign(*but(custom_roots=None)), "kms-roots")
    expect("AWS's own root is the one that is trusted", ensign(*but(root=None)), "root")
    expect("an imported key is no generated one", ensign(*but(generated="")), "origin")
    for name in ("image", "address", "policy", "kms_key"):
        run = ensign(*but(**{name: None}))
        claim(f"without --{name.replace('_', '-')} the command line is refused",
              run.returncode == 2 and run.stdout == b"" and b"fact to compare with is missing" in run.stderr,
              run.stderr.decode())
    for sentence, arguments, fragment in [
            ("a nonce for a live signer", but(nonce="0x01"), "nonce of our own"),
            ("--chain-only beside a demand", but(chain_only=""), "leave out"),
            ("two ways to say the image", but(pcr0=OTHER), "not more"),
            ("a PCR of no number", but(pcr="x=" + OTHER), "N=HEX"),
            ("a PCR too short", but(pcr="4=00"), "96 hex"),
            ("an alias for the key's ARN", but(kms_key="alias/signer"), "ARN"),
            ("a mode of another name", but(mode="lax"), "strict or open"),
            ("strict without a policy", but(policy=None, no_policy=""), "always has one")]:
        run = ensign(*arguments)
        claim(f"{sentence} is a mistake of the command line", run.returncode == 2 and fragment in run.stderr.decode(),
              run.stderr.decode())
    run = ensign("verify", "--endpoint", f"unix:{s.folder}/nobody.sock", *[a for a in wanted if a != ""])
    claim("nobody there is exit 3", run.returncode == 3, run.stderr.decode())


def traps(s, wanted):
    nonce = "0x" + "5a" * 32
    path = s.folder / "document.bin"
    run = ensign("attest", "--endpoint", s.signer.endpoint, "--nonce", nonce, "--out", path)
    assert run.returncode == 0, run.stderr
    document = path.read_bytes()
    claim("ensign-sim's documents are indefinite maps, as today's hardware makes them", b"\xbf\x69module_id" in document[:40])
    root = wanted[wanted.index("--root"):][:2]

    def judged(name, content, *more, ask=None):
        file = s.folder / name
        file.write_bytes(content)
        return ensign("verify", file, *(["--nonce", nonce] if ask is None else ask), *wanted, *more)

    expect("a document in a file, with the nonce that was chosen for it", judged("whole", document))
    expect("as base64, wrapped", judged("wrapped", base64.encodebytes(document)))
    expect("as the JSON that attest prints", judged("json", json.dumps(
        {"document_b64": base64.b64encode(document).decode(), "nonce": "0x00"}).encode()))
    run = ensign("verify", "-", "--nonce", nonce, *wanted, stdin=document)
    expect("on standard input", run)
    expect("another nonce is refused", judged("nonce", document, ask=["--nonce", "0x" + "5b" * 32]), "nonce")
    expect("trailing bytes are refused", judged("trailing", document + b"\x00"), "form")
    expect("tag 18 is refused", judged("tagged", b"\xd2" + document), "form")
    expect("half a document is refused", judged("half", document[:2000]), "form")
    expect("a reversed bundle is refused", judged("reversed", reversed_bundle(document)), "root")
    broken = bytearray(document)
    broken[-1] ^= 1
    expect("a signature off by a bit is refused", judged("signature", bytes(broken)), "signature")
    later = str(int(time.time()) + 4 * 3600)
    expect("after four hours the leaf has expired, and the document is old", judged("old", document, "--at", later),
           "chain", "fresh")
    expect("ten minutes before it was made neither it nor its leaf was there",
           judged("early", document, "--at", str(int(time.time()) - 600)), "chain", "fresh")
    expect("after six minutes it is too old, whatever its certificates say",
           judged("six", document, "--at", str(int(time.time()) + 360)), "fresh")
    run = judged("stored", document, ask=["--stored"])
    expect("from an archive it is judged at its own time", run)
    found = json.loads(run.stdout)
    claim("which says that freshness is not shown", not found["freshness_shown"] and any(
        c["check"] == "fresh" and "not shown" in c["found"] for c in found["checks"]))
    for name, content in [("nothing", b""), ("no base64", b"%%%%"), ("JSON without it", b'{"a":1}')]:
        run = judged(name.replace(" ", "-"), content)
        claim(f"{name} is exit 4", run.returncode == 4 and run.stdout == b"", run.stderr.decode())
    run = ensign("verify", path, *wanted)
    claim("a file with neither nonce nor --stored is refused", run.returncode == 2 and b"--stored" in run.stderr)
    run = ensign("verify", path, "--chain-only", *root)
    expect("the chain alone", run)
    claim("says that this is all", "only form, chain" in json.loads(run.stdout)["note"])
    expect("and does not look at the root less closely", ensign("verify", path, "--chain-only"), "root")

    zeros = s.folder / "debug-nsm.sock"
    nsm = s.start("debug-nsm", BUILD / "ensign-sim", "nsm", "--listen", f"unix:{zeros}", "--pcr", "0=" + "00" * 48,
                  "--pki", s.folder / "sim")
    s.wait_for("the debug NSM", zeros.exists, nsm)
    kept = s.env["ENSIGND_ARGS"], s.signer, s.socket, s.ensignd
    s.env["ENSIGND_ARGS"] = s.env["ENSIGND_ARGS"].replace(str(s.folder / "sim/nsm.sock"), str(zeros))
    s.start_signer(name="debug")
    at = wanted.index("--image")
    fresh = [*wanted[:at], "--pcr0", "00" * 48, *wanted[at + 2:]]
    for name in ("--address", "--kms-key"):
        at = fresh.index(name)
        del fresh[at:at + 2]
    expect("a debug enclave is refused, even by a PCR0 of zeros",
           ensign("verify", "--endpoint", s.signer.endpoint, *fresh, "--unprovisioned"), "debug")
    s.stop_signer()
    s.env["ENSIGND_ARGS"], s.signer, s.socket, s.ensignd = kept


def birth(s, wanted):
    """A key made inside, seen at birth; restarted, it is imported, and the certificate tells where it came from."""
    s.stop_signer()
    s.start_signer(name="mother")
    s.ensign("provision", "--endpoint", s.signer.endpoint, "--region", s.env["AWS_REGION"], "--generate", "--kms-key-id",
             s.key_arn)
    sealed = json.loads(s.ensign("sealed", "--endpoint", s.signer.endpoint).stdout)
    address = s.signer.call("address")["address"]
    at = wanted.index("--address")
    wanted = [*wanted[:at], "--address", address, *wanted[at + 2:]]
    expect("in the boot that made it the document says so",
           ensign("verify", "--endpoint", s.signer.endpoint, *wanted, "--generated"))
    certificate = s.folder / "birth.bin"
    s.ensign("attest", "--endpoint", s.signer.endpoint, "--out", certificate)
    s.stop_signer()
    s.start_signer(name="heir")
    s.provision({"ciphertext_b64": sealed["ciphertext_b64"]})
    ask = ["verify", "--endpoint", s.signer.endpoint, *wanted]
    expect("after a restart it no longer does", ensign(*ask, "--generated"), "origin")
    expect("and the birth certificate does", ensign(*ask, "--birth", certificate))
    later = s.folder / "later.bin"
    s.ensign("attest", "--endpoint", s.signer.endpoint, "--out", later)
    expect("a later document is no birth certificate", ensign(*ask, "--birth", later), "birth")
    expect("nor one of another image", ensign(*ask, "--birth", certificate, "--birth-pcr0", OTHER), "birth")
    expect("nor one of another KMS key",
           ensign(*ask, "--birth", certificate, "--kms-key-of-birth", s.key_arn[:-12] + "000000000000"), "birth")
    broken = bytearray(certificate.read_bytes())
    broken[-1] ^= 1
    (s.folder / "broken.bin").write_bytes(broken)
    expect("nor one with a broken signature", ensign(*ask, "--birth", s.folder / "broken.bin"), "birth")
    at = wanted.index("--address")
    s.stop_signer()
    s.start_signer(name="stranger")
    s.provision(s.seal(KEY))
    stranger = [*wanted[:at], "--address", s.signer.address, *wanted[at + 2:]]
    expect("nor one of another address", ensign("verify", "--endpoint", s.signer.endpoint, *stranger, "--birth", certificate),
           "birth")


def vectors():
    folder = pathlib.Path(os.environ.get("ENSIGN_VECTORS") or ROOT / "../shared/vectors") / "attestation"
    if not (folder / "MANIFEST.json").exists():
        print("skipped by name: AWS's documents and the synthetic ones (no folder of vectors)")
        return
    for entry in json.loads((folder / "MANIFEST.json").read_text()):
        good = entry["cose_signature_valid"]
        expect(f"{entry['file']}: {entry['note']}", ensign("verify", folder / entry["file"], "--chain-only", "--stored"),
               *([] if good else ["signature"]))
        expect(f"{entry['file']}: four hours later",
               ensign("verify", folder / entry["file"], "--chain-only", "--at", entry["validate_at_unix"] + 4 * 3600),
               *(["chain", "fresh"] if good else ["chain", "signature", "fresh"]))
    for entry in json.loads((folder / "synthetic/MANIFEST.json").read_text()):
        run = ensign("verify", folder / "synthetic" / entry["file"], "--chain-only", "--at", entry["validate_at_unix"],
                     "--root", folder / "synthetic/test_root.pem")
        accepted = entry["expect"] in ("accept", "reject-in-production")
        claim(f"{entry['file']}: {entry['expect']}", run.returncode == (0 if accepted else 1) and
              (accepted or checks(run)), f"{run.returncode} {checks(run)}")
        run = ensign("verify", folder / "synthetic" / entry["file"], "--stored", "--root",
                     folder / "synthetic/test_root.pem", "--pcr0", OTHER, "--address", "0x" + "11" * 20, "--policy-sha256",
                     "11" * 32, "--kms-key", "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
        claim(f"{entry['file']}: none of them is a signer", run.returncode == 1, f"{run.returncode}")


def main():
    vectors()
    s = Measured(policy=Stack.policy(), folder=None)
    s.image = s.folder / "image.eif"
    s.pcr0 = build_image(s.folder)
    with s:
        (s.folder / "policy.json").write_text(json.dumps(s.policy_document))
        s.provision(s.seal(KEY))
        wanted = ["--image", s.image, "--policy", s.folder / "policy.json", "--address", s.signer.address, "--kms-key",
                  s.key_arn, "--root", s.env["ENSIGN_SIM_NSM_ROOT"], "--custom-roots", ""]
        flat = [x for x in wanted if x != ""]
        live(s, wanted)
        traps(s, flat)
        birth(s, flat)
    done()


if __name__ == "__main__":
    sys.exit(main())
