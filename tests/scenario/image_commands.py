"""ensign image: build, measure, describe, diff. What is built is read by Python from the published format alone, and the
signature checked by the openssl command; every file that is no image is refused with what is wrong in it."""

import base64
import json
import os
import pathlib
import struct
import subprocess

import eif_file
from cli import FOLDER, ROOT, ensign, ensign_on_a_terminal, write
from expect import claim, done

ARN = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PARTS = {"kernel": write("bzImage", b"MZ kernel" * 999), "init": write("init", b"\x7fELF init" * 99),
         "ensignd": write("ensignd", b"\x7fELF ensignd" * 9999),
         "kernel-info": write("kernel.json", '{"name":"linux-source-6.12","version":"6.12.95-1"}\n'),
         "made-with": write("made-with.json", '{"gcc-12":"12.2.0-14","libssl-dev":"3.0.20-1"}')}


def build(name, env=None, **changed):
    """Flags by name; None takes one away."""
    out = FOLDER / name
    flags = {**PARTS, "out": out, **{k.replace("_", "-"): v for k, v in changed.items()}}
    arguments = [str(word) for k, v in flags.items() if v is not None for word in (f"--{k}", v)]
    return ensign("image", "build", *arguments, env=env), out


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, cwd=FOLDER)


def measurements(path):
    run = ensign("image", "measure", path, "--json")
    return json.loads(run.stdout)["Measurements"] if run.returncode == 0 else run.stderr


def described(path):
    run = ensign("image", "describe", path)
    return json.loads(run.stdout) if run.returncode == 0 else {"refused": run.stderr}


def what_is_built():
    run, first = build("one.eif")
    claim("an image is built", run.returncode == 0, run.stderr)
    printed = json.loads(run.stdout)["Measurements"]
    sections = eif_file.read(first.read_bytes())
    claim("kernel, command line, metadata and two ramdisks, in nitro-cli's order", [k for k, _ in sections] == [1, 2, 5, 3, 3])
    claim("the PCRs printed are those that Python computes", {k: v for k, v in printed.items() if k != "HashAlgorithm"} ==
          eif_file.pcrs(sections) and printed["HashAlgorithm"] == "Sha384 { ... }", run.stdout)
    claim("writing the sections again gives the same file", eif_file.write(sections) == first.read_bytes())
    zero, one = (eif_file.unpacked(data) for kind, data in sections if kind == eif_file.RAMDISK)
    claim("ramdisk 0: dev, proc, init", [(n, oct(m)) for n, m, _, _ in zero] ==
          [("dev", "0o40755"), ("proc", "0o40755"), ("init", "0o100755")], str(zero)[:200])
    claim("ramdisk 1: settings before the program, and nothing else", [(n, oct(m)) for n, m, _, _ in one] ==
          [("settings.json", "0o100444"), ("ensignd", "0o100755")], str(one)[:200])
    claim("owner 0, time 0", all(owner == (0, 0, 0) for *_, owner in zero + one))
    claim("without settings the image is open", one[0][2] == b'{"mode":"open"}')
    claim("the measurements lie beside the image", json.loads((FOLDER / "one.eif.pcrs.json").read_text())["Measurements"] == printed)
    information = json.loads((FOLDER / "one.eif.build.json").read_text())
    sha = {n: subprocess.run(["sha256sum", PARTS[n]], capture_output=True, text=True).stdout[:64] for n in ("kernel", "init", "ensignd")}
    claim("so does what it was made of, by SHA-256 and version",
          {n: v["sha256"] for n, v in information["inputs"].items() if n in sha} == sha and
          information["kernel_info"]["version"] == "6.12.95-1" and information["made_with"]["libssl-dev"] == "3.0.20-1" and
          information["inputs"]["ensignd"]["version"] == information["inputs"]["init"]["version"] == information["ensign_version"],
          json.dumps(information)[:300])
    claim("what it was made with is not in the image", b"3.0.20-1" not in sections[2][1] and b"libssl" not in sections[2][1])
    claim("and the command line", information["cmdline"].encode() == sections[1][1] and not sections[1][1].endswith(b"\n"))
    elsewhere = {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "HOME": "/tmp", "USER": "nobody", "SOURCE_DATE_EPOCH": "99"}
    old = os.umask(0o077)
    try:
        run, second = build("two.eif", env=elsewhere)
    finally:
        os.umask(old)
    claim("with another zone, home and umask: the same bytes and the same mode", second.read_bytes() == first.read_bytes() and
          second.stat().st_mode == first.stat().st_mode, run.stderr)
    run, arm = build("arm.eif", arch="aarch64")
    claim("--arch aarch64 sets the flag bit and takes that machine's command line", run.returncode == 0 and
          arm.read_bytes()[6:8] == b"\0\x01" and b"i8042" not in eif_file.read(arm.read_bytes())[1][1] and
          described(arm)["architecture"] == "aarch64", run.stderr)
    run, own = build("own.eif", cmdline="console=hvc0", nsm_module=PARTS["init"])
    names = [n for n, *_ in eif_file.unpacked(eif_file.read(own.read_bytes())[3][1])]
    claim("--cmdline and --nsm-module are taken", eif_file.read(own.read_bytes())[1][1] == b"console=hvc0" and names[-1] == "nsm.ko")
    return first


def what_is_not_built():
    empty, missing = write("empty", b""), FOLDER / "nowhere"
    for what, changed, code, fragment in [
            ("no kernel", {"kernel": None}, 2, "--kernel FILE is needed"), ("no init", {"init": None}, 2, "--init FILE"),
            ("no ensignd", {"ensignd": None}, 2, "--ensignd FILE"), ("no --out", {"out": None}, 2, "--out FILE"),
            ("a kernel that is not there", {"kernel": missing}, 4, "nowhere: No such file"),
            ("a folder for a kernel", {"kernel": FOLDER}, 4, "no regular file"),
            ("an empty kernel", {"kernel": empty}, 4, "the kernel is empty"), ("an empty init", {"init": empty}, 4, "the init is empty"),
            ("an empty ensignd", {"ensignd": empty}, 4, "the ensignd is empty"),
            ("empty settings", {"settings": empty}, 4, "the settings"),
            ("settings that are no JSON", {"settings": write("bad.json", "{mode:open}")}, 4, "the settings"),
            ("settings without a mode", {"settings": write("modeless.json", "{}")}, 4, '"mode" must be'),
            ("settings of a third mode", {"settings": write("third.json", '{"mode":"loose"}')}, 4, '"mode" must be'),
            ("an unknown architecture", {"arch": "riscv64"}, 2, "'riscv64', wanted x86_64 or aarch64"),
            ("a command line of two lines", {"cmdline": "quiet\npanic=1"}, 4, "line end at 5"),
            ("an empty command line", {"cmdline": ""}, 4, "command line is empty"),
            ("a command line too long", {"cmdline": "x" * 2049}, 4, "2049 bytes, the kernel takes 2048"),
            ("kernel information that is no object", {"kernel_info": write("list.json", "[]")}, 4, "no JSON object"),
            ("packages that are no object", {"made_with": write("text.json", '"gcc"')}, 4, "--made-with holds no JSON object"),
            ("empty kernel information", {"kernel_info": empty}, 4, "--kernel-info holds no JSON object"),
            ("a folder to write in that is not there", {"out": missing / "image.eif"}, 4, "No such file")]:
        run, out = build("refused.eif", **changed)
        claim(f"refused: {what}", run.returncode == code and fragment in run.stderr and not out.exists() and not run.stdout,
              f"{run.returncode}: {run.stderr.strip()}")


def certificate(name, *key):
    openssl("req", "-x509", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    return FOLDER / f"{name}.pem", FOLDER / f"{name}.key"


def cbor(data, at=0):
    """One item of the definite-length CBOR that a signature needs, and where it ends."""
    major, small = data[at] >> 5, data[at] & 31
    at += 1
    if small >= 24:
        size = 1 << (small - 24)
        small, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major < 2:
        return (small if major == 0 else -1 - small), at
    if major in (2, 3):
        text = data[at:at + small]
        return (text if major == 2 else text.decode()), at + small
    items = []
    for _ in range(small * (major - 3)):
        item, at = cbor(data, at)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at


def bytes_header(length):
    return bytes([0x40 + length]) if length < 24 else bytes([0x58, length]) if length < 256 else b"\x59" + struct.pack(">H", length)


def signed_images(unsigned):
    pem, key = certificate("signer", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1")
    other_pem, other_key = certificate("other", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1")
    p256_pem, p256_key = certificate("p256", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    rsa_pem, rsa_key = certificate("rsa", "rsa:2048")
    openssl("ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", "locked.key")
    run, signed = build("signed.eif", signing_certificate=pem, private_key=key)
    printed = json.loads(run.stdout)["Measurements"] if run.returncode == 0 else {}
    openssl("x509", "-in", pem, "-outform", "DER", "-out", "signer.der")
    claim("a signed image has the certificate's PCR8", printed.get("PCR8") == eif_file.pcr8((FOLDER / "signer.der").read_bytes()), run.stderr)
    claim("and the unsigned one's other PCRs", {k: v for k, v in printed.items() if k != "PCR8"} == measurements(unsigned))
    sections = eif_file.read(signed.read_bytes())
    entries, end = cbor(sections[-1][1])
    claim("the signature is the last section: one entry of two arrays of integers", sections[-1][0] == eif_file.SIGNATURE and
          end == len(sections[-1][1]) and len(entries) == 1 and bytes(entries[0]["signing_certificate"]) == pem.read_bytes())
    (protected, unprotected, payload, signature), _ = cbor(bytes(entries[0]["signature"]))
    claim("COSE_Sign1 of ES384 over PCR0", cbor(protected)[0] == {1: -35} and unprotected == {} and cbor(payload)[0] ==
          {"register_index": 0, "register_value": list(bytes.fromhex(printed["PCR0"]))}, str(cbor(payload)[0])[:100])
    message = b"\x84\x6aSignature1" + bytes_header(len(protected)) + protected + b"\x40" + bytes_header(len(payload)) + payload
    halves = [signature[:48].lstrip(b"\0"), signature[48:].lstrip(b"\0")]
    halves = [b"\0" + h if h[0] & 0x80 else h for h in halves]
    der = b"".join(b"\x02" + bytes([len(h)]) + h for h in halves)
    write("message", message), write("signature.der", b"\x30" + bytes([len(der)]) + der)
    openssl("x509", "-in", pem, "-pubkey", "-noout", "-out", "signer.pub")
    checked = openssl("dgst", "-sha384", "-verify", "signer.pub", "-signature", "signature.der", "message")
    claim("and the openssl command finds it good", checked.stdout == b"Verified OK\n", checked.stdout.decode() + checked.stderr.decode())
    claim("describe says that it holds", any(s.get("signature", "").startswith("made over this PCR0") for s in described(signed)["sections"]))
    run = ensign("image", "diff", unsigned, signed)
    claim("diff says that only one is signed", run.returncode == 1 and "only the second is signed" in run.stdout, run.stdout)

    moved = write("moved.eif", eif_file.write([(1, b"another kernel"), *sections[1:]]))
    claim("a signature over another image's PCR0 is told", "over another PCR0" in json.dumps(described(moved)), str(described(moved))[-300:])
    forged = eif_with_signature(sections, pem.read_bytes(), bytes(entries[0]["signature"])[:-1] + bytes([signature[-1] ^ 1]))
    claim("a forged signature is told", "was not made with the certificate's" in json.dumps(described(forged)))
    stranger = eif_with_signature(sections, other_pem.read_bytes(), bytes(entries[0]["signature"]))
    claim("another's certificate is told, and has another PCR8", "was not made with the certificate's" in json.dumps(described(stranger))
          and measurements(stranger)["PCR8"] != printed["PCR8"])
    for what, section in [("of no CBOR", b"\xff" * 9), ("without an entry", b"\x80"), ("cut short", sections[-1][1][:-1]),
                          ("with something after it", sections[-1][1] + b"\0"),
                          ("whose certificate is none", sections[-1][1].replace(pem_integers(b"-----BEGIN"), pem_integers(b"-----begin"), 1))]:
        path = write("odd.eif", eif_file.write([*sections[:-1], (4, section)]))
        for command in ("measure", "describe"):
            run = ensign("image", command, path)
            claim(f"{command} refuses a signature section {what}", run.returncode == 4 and "signature section" in run.stderr, run.stderr)

    for what, flags, fragment in [
            ("another's private key", (pem, other_key), "not the signing certificate's"),
            ("no private key", (pem, None), "both a certificate and its private key"),
            ("no certificate", (None, key), "both a certificate and its private key"),
            ("a private key that is not there", (pem, FOLDER / "nowhere"), "No such file"),
            ("a certificate that is not there", (FOLDER / "nowhere", key), "No such file"),
            ("an RSA key", (rsa_pem, rsa_key), "P-384"), ("an RSA certificate", (rsa_pem, key), "not the signing certificate's"),
            ("a key on P-256", (p256_pem, p256_key), "P-384"), ("a locked private key", (pem, FOLDER / "locked.key"), "unencrypted"),
            ("a key for a certificate", (key, key), "certificate is not PEM"), ("a certificate for a key", (pem, pem), "no unencrypted PEM key"),
            ("an empty certificate", (write("none.pem", b""), key), "certificate")]:
        run, out = build("unsigned.eif", signing_certificate=flags[0], private_key=flags[1])
        claim(f"never an unsigned image: {what}", run.returncode == 4 and fragment in run.stderr and not out.exists() and "BEGIN" not in run.stderr,
              f"{run.returncode}: {run.stderr.strip()}")


def pem_integers(text):
    """Letters as CBOR integers of an array."""
    return b"".join(bytes([0x18, c]) if c > 23 else bytes([c]) for c in text)


def eif_with_signature(sections, pem, cose):
    section = b"\x81\xa2" + b"\x73signing_certificate" + b"\x99" + struct.pack(">H", len(pem)) + pem_integers(pem)
    section += b"\x69signature" + b"\x99" + struct.pack(">H", len(cose)) + pem_integers(cose)
    return write("with-signature.eif", eif_file.write([*sections[:-1], (4, section)]))


def measured_and_described(image):
    shared = pathlib.Path(os.environ.get("ENSIGN_VECTORS") or ROOT.parent / "shared/vectors") / "eif"
    if (shared / "tiny_unsigned.eif").exists():
        expected = json.loads((shared / "tiny_unsigned.json").read_text())
        expected = expected.get("Measurements", expected)
        found = measurements(shared / "tiny_unsigned.eif")
        claim("measure agrees with the published format's vector", all(found[k] == expected[k] for k in ("PCR0", "PCR1", "PCR2")), str(found))
    else:
        print("skipped: the published format's vector (../shared/vectors/eif is not here)")
    three = write("three.eif", eif_file.write([(1, b"kernel"), (2, b"console=ttyS0"), (5, b"{}"), (3, b"a"), (3, b"b"), (3, b"c")]))
    claim("three ramdisks: what Python computes", {k: v for k, v in measurements(three).items() if k != "HashAlgorithm"} ==
          eif_file.pcrs(eif_file.read(three.read_bytes())))
    older = write("older.eif", eif_file.write([(1, b"kernel"), (2, b"quiet"), (3, b"a")], version=2))
    claim("an image of version 2, without metadata and second ramdisk", measurements(older)["PCR2"].startswith("21b9efbc"))
    text, code = ensign_on_a_terminal("image", "measure", image)
    claim("on a terminal measure prints a table", code == 0 and measurements(image)["PCR0"] in text and "{\"" not in text, text)
    whole = described(image)
    claim("describe: an open image", [s.get("mode") for s in whole["sections"]][-1] == "open" and whole["eif_version"] == 4 and
          whole["architecture"] == "x86_64" and whole["crc32"] == image.read_bytes()[0x220:0x224].hex(), json.dumps(whole)[:300])
    claim("its sections, command line and files", [s["type"] for s in whole["sections"]] ==
          ["kernel", "command line", "metadata", "ramdisk", "ramdisk"] and whole["sections"][1]["text"].startswith("reboot=k") and
          [f["name"] for f in whole["sections"][4]["files"]] == ["settings.json", "ensignd"])
    kernel = whole["sections"][2]["metadata"]["CustomMetadata"]["kernel"]
    claim("its metadata says what is in it", kernel["version"] == "6.12.95-1", str(kernel))
    policy = json.loads(ensign("policy", "new", "--chain-id", "1", "--ticket-broker", "0x" + "11" * 20, "--no-allowlist").stdout)
    settings = {"mode": "strict", "kms_key": ARN, "policy": policy}
    _, strict = build("strict.eif", settings=write("strict.json", settings))
    last = described(strict)["sections"][-1]
    claim("describe: a strict one, with its settings", last["mode"] == "strict" and last["settings"] == settings, str(last)[:300])
    sections = eif_file.read(image.read_bytes())
    for what, first, expected in [
            ("a ramdisk that is no archive", b"what is this", "neither a newc archive nor gzip"),
            ("a gzip member cut short", sections[4][1][:-40] + sections[4][1][-4:], "truncated"),
            ("two gzip members", sections[3][1] + sections[4][1], "malformed"),
            ("settings that are no JSON", eif_file.archive([("settings.json", 0o100444, b"{mode}")]), "malformed: ensignd will not start"),
            ("settings without a mode", eif_file.archive([("settings.json", 0o100444, b"{}")]), "none: ensignd will not start"),
            ("bytes that are no text", eif_file.archive([("settings.json", 0o100444, b'{"mode":"\xff\xfe"}')]), "malformed"),
            ("deep settings", eif_file.archive([("settings.json", 0o100444, b'{"mode":' + b"[" * 31 + b"]" * 31 + b"}")]), "none")]:
        odd = described(write("odd.eif", eif_file.write([*sections[:4], (3, first)])))
        claim(f"describe tells {what}", expected in json.dumps(odd), json.dumps(odd)[-200:])
    return strict


def differences(image, strict):
    run = ensign("image", "diff", image, image)
    claim("diff: an image with itself", run.returncode == 0 and run.stdout.count("equal") == 3, run.stdout)
    run = ensign("image", "diff", image, strict)
    claim("diff: other settings are named, and nothing else", run.returncode == 1 and "PCR1 equal" in run.stdout and
          "ramdisk 1: settings.json differs" in run.stdout and "ensignd" not in run.stdout and "init" not in run.stdout, run.stdout)
    _, other = build("other.eif", kernel=write("bzImage2", b"MZ other"), cmdline="quiet", ensignd=PARTS["init"])
    run = ensign("image", "diff", image, other)
    claim("diff: kernel, command line and program are named", run.returncode == 1 and "kernel differs" in run.stdout and
          "second: quiet" in run.stdout and "ramdisk 1: ensignd differs" in run.stdout, run.stdout)
    _, module = build("module.eif", nsm_module=PARTS["init"])
    run = ensign("image", "diff", image, module)
    claim("diff: a file that only one has", "ramdisk 0: nsm.ko is only in the second" in run.stdout and "PCR2 equal" in run.stdout, run.stdout)
    sections = eif_file.read(image.read_bytes())
    one = write("one-ramdisk.eif", eif_file.write(sections[:4]))
    run = ensign("image", "diff", one, image)
    claim("diff: a ramdisk that only one has", "ramdisk 1: only in the second" in run.stdout, run.stdout)
    files = [f[:3] for f in eif_file.unpacked(sections[4][1])]
    again = write("repacked.eif", eif_file.write([*sections[:4], (3, eif_file.archive(files[::-1]))]))
    run = ensign("image", "diff", image, again)
    claim("diff: the same files in another order", run.returncode == 1 and "packed or ordered differently" in run.stdout, run.stdout)


def malformed_files(image):
    good = image.read_bytes()
    sections = eif_file.read(good)
    second = struct.unpack_from(">Q", good, 0x1C + 8)[0]

    def patched(at, data):
        return eif_file.with_crc(good[:at] + data + good[at + len(data):])

    for what, data, fragment in [
            ("an empty file", b"", "0 bytes"), ("text", b"not an image\n" * 99, "no enclave image"),
            ("half of one", good[:len(good) // 2], "truncated"), ("one byte short", good[:-1], "truncated"),
            ("one byte long", eif_file.with_crc(good + b"\0"), "oversized"),
            ("a flipped bit", good[:-9] + bytes([good[-9] ^ 1]) + good[-8:], "CRC-32"),
            ("sections that overlap", patched(0x1C + 8, struct.pack(">Q", second - 1)), "overlap"),
            ("a gap between sections", patched(0x1C + 8, struct.pack(">Q", second + 1)), "gap"),
            ("an offset of 2^64 - 1", patched(0x1C + 8, b"\xff" * 8), "gap"),
            ("a length of 2^64 - 1", patched(0x11C, b"\xff" * 8), "by its own header"),
            ("a length of 2^64 - 1 in both places", eif_file.with_crc(patched(0x11C, b"\xff" * 8)[:552] + b"\xff" * 8 + good[560:]), "truncated"),
            ("version 5", patched(4, b"\0\5"), "version 5"), ("an unknown type", patched(548, b"\0\6"), "unknown type 6"),
            ("two kernels", eif_file.write([sections[0], *sections]), "2 kernel"),
            ("no ramdisk", eif_file.write(sections[:3]), "no ramdisk"), ("no metadata", eif_file.write([*sections[:2], *sections[3:]]), "no metadata"),
            ("a ramdisk before the kernel", eif_file.write([sections[3], *sections[:3]]), "wrong order"),
            ("a signature too long", eif_file.write([*sections, (4, bytes(32769))]), "32769 bytes")]:
        path = write("malformed.eif", data)
        for command in (("measure", path), ("describe", path), ("diff", image, path)):
            run = ensign("image", *command)
            if not (run.returncode == 4 and fragment in run.stderr and "malformed.eif" in run.stderr and not run.stdout):
                claim(f"{command[0]} refuses {what}", False, f"{run.returncode}: {run.stderr.strip()}")
                break
        else:
            claim(f"refused by name: {what}", True, run.stderr.strip().split(": ", 2)[-1])
    run = ensign("image", "measure", FOLDER / "nowhere")
    claim("a file that is not there", run.returncode == 4 and "No such file" in run.stderr, run.stderr)


image = what_is_built()
what_is_not_built()
signed_images(image)
strict = measured_and_described(image)
differences(image, strict)
malformed_files(image)
done()
