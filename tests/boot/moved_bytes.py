"""Rule 2: PCRs hash an image's sections without their lengths, so whoever starts an enclave may move bytes from one
section to the next under the same PCR0. And ramdisks may arrive cut short. Whatever such an image does, it must not serve
in open mode when its settings say strict."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from booted import PREFIX, build_image  # noqa: E402
from machine import Machine  # noqa: E402
import eif_file  # noqa: E402
from eif_file import CMDLINE, KERNEL, RAMDISK  # noqa: E402
from expect import claim, done  # noqa: E402
from stack import BUILD, CLEAN, Signer, Stack  # noqa: E402

PATIENCE = 12  # seconds; the good image serves within 3 here


def pcr0(path):
    out = subprocess.run([BUILD / "ensign", "image", "measure", path, "--json"], capture_output=True, text=True, env=CLEAN)
    return json.loads(out.stdout)["Measurements"]["PCR0"] if out.returncode == 0 else f"refused: {out.stderr.strip()}"


def what_it_does(folder, eif):
    """The mode that it serves in, or that it does not serve."""
    with Machine(PREFIX, folder, eif) as machine:
        deadline = time.monotonic() + PATIENCE
        while machine.alive() and time.monotonic() < deadline:
            s = machine.connect()
            if s:
                s.close()
                return "serves in mode " + Signer(machine.vsock, port=5000).call("status")["mode"]
            time.sleep(0.5)
        return "ends" if not machine.alive() else f"does not serve within {PATIENCE} s"


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        arn = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        good = folder / "good.eif"
        build_image(good, json.dumps({"mode": "strict", "kms_key": arn, "policy": Stack.policy()}))
        (_, kernel), (_, cmdline), metadata, (_, first), (_, second) = eif_file.read(good.read_bytes())

        def image(name, kernel, cmdline, *ramdisks):
            path = folder / f"{name}.eif"
            path.write_bytes(eif_file.write([(KERNEL, kernel), (CMDLINE, cmdline), metadata, *((RAMDISK, r) for r in ramdisks)]))
            return path

        claim("the good image serves in strict mode", what_it_does(folder / "m", good) == "serves in mode strict")
        claim("rewriting it whole changes nothing",
              image("same", kernel, cmdline, first, second).read_bytes()[:548 + 12] == good.read_bytes()[:548 + 12])
        everything = first + second
        for name, parts in (
                ("command_line_into_kernel", (kernel + cmdline[:-1], cmdline[-1:], first, second)),
                ("half_the_command_line_into_kernel", (kernel + cmdline[:40], cmdline[40:], first, second)),
                ("kernels_end_into_command_line", (kernel[:-64], kernel[-64:] + cmdline, first, second)),
                ("ramdisk_0s_start_into_command_line", (kernel, cmdline + first[:32], first[32:], second)),
                ("ramdisk_0_into_command_line", (kernel, cmdline + first, second)),
                ("both_ramdisks_as_one", (kernel, cmdline, everything)),
                ("ramdisks_cut_elsewhere", (kernel, cmdline, everything[:1000], everything[1000:])),
                ("three_ramdisks", (kernel, cmdline, first, second[:len(second) // 2], second[len(second) // 2:]))):
            eif = image(name, *parts)
            claim(f"{name}: the same PCR0", pcr0(eif) == pcr0(good))
            does = what_it_does(folder / "m", eif)
            claim(f"{name}: not open", "open" not in does, does)
        for name, ramdisks in (("second_ramdisk_missing", (first,)), ("second_ramdisk_cut_by_a_byte", (first, second[:-1])),
                               ("second_ramdisk_cut_in_half", (first, second[:len(second) // 2])),
                               ("second_ramdisk_cut_in_the_settings", (first, second[:200])),
                               ("first_ramdisk_cut_in_half", (first[:len(first) // 2], second))):
            does = what_it_does(folder / "m", image(name, kernel, cmdline, *ramdisks))
            claim(f"{name}: not open", "open" not in does, does)
    done()


main()
