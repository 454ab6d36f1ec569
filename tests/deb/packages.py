"""The packages in BUILD/deb, in a fresh Debian 12: installed with what they declare and nothing else, used, removed, purged."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "boot"), str(HERE.parent / "scenario")]
import debian_root  # noqa: E402
from expect import claim, done, skip  # noqa: E402

ROOT, BUILD = HERE.parents[1], pathlib.Path(os.environ["ENSIGN_BUILD"])
PACKAGES = {path.name.split("_")[0]: path for path in sorted((BUILD / "deb").glob("*.deb"))}
INSTALL = "apt-get install -y --no-install-recommends /packages/*.deb"
# What dpkg and its helpers keep for themselves, and what man makes of all pages.
NOT_LEFT_BY_US = r"^(proc|sys|dev|tmp|packages|var/(lib/(dpkg|apt|private$)|cache|log))(/|$)"


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", PACKAGES[package], name], capture_output=True, text=True, check=True).stdout.strip()


def prepare(root):
    """A root with what the packages depend on, and man; kept packed in the cache under the list of it."""
    wanted = sorted({part.strip() for package in PACKAGES for part in field(package, "Depends").split(",") if part.strip()
                     and not part.strip().startswith("ensign ")} | {"man-db", "binutils"})
    packed, listed = debian_root.cache("with-dependencies.tar"), debian_root.cache("with-dependencies.list")
    if packed.exists() and listed.exists() and listed.read_text().split("\n") == wanted:
        subprocess.run(["tar", "-C", root, "-xpf", packed], check=True)
        return
    debian_root.unpack(root)
    made = debian_root.run(root, f"apt-get update && apt-get satisfy -y --no-install-recommends '{', '.join(wanted)}'")
    if made.returncode != 0:
        sys.exit(f"the dependencies cannot be installed in a fresh Debian: {made.stdout[-1000:]}{made.stderr[-1000:]}")
    debian_root.pack(root, packed)
    listed.write_text("\n".join(wanted))


def files(root):
    """Every path in it but those that nobody minds."""
    found = (str(path.relative_to(root)) for path in root.rglob("*"))
    return {path for path in found if not re.search(NOT_LEFT_BY_US, path)}


def works(root, sentence, command, pattern=""):
    ran = debian_root.run(root, command, timeout=120)
    return claim(sentence, ran.returncode == 0 and re.search(pattern, ran.stdout, re.M), f"{command}: {(ran.stdout + ran.stderr)[-400:]}"
                 if ran.returncode or not re.search(pattern, ran.stdout, re.M) else "")


def the_recipe(root):
    """An image from what is installed is the file that `make image` makes; without a kernel it says what it lacks."""
    ran = debian_root.run(root, "ensign-enclave-image /tmp/none.eif")
    claim("without a kernel and without a compiler, the recipe says what to install",
          ran.returncode == 1 and "apt-get install gcc make flex bison" in ran.stderr and not (root / "tmp/none.eif").exists(), ran.stderr)
    ran = debian_root.run(root, "ensign-enclave-image --kernal x /tmp/none.eif")
    claim("an option that is none is refused, with 2", ran.returncode == 2 and '"--kernal" is no option' in ran.stderr, ran.stderr)
    kernels = sorted((debian_root.cache("").parent / "kernel").glob("*/kernel.json"))
    if not kernels:
        print("skipped: an image by the recipe (make kernel has not been run here)")
        return
    made = subprocess.run([root / "usr/share/ensign-enclave/tools/kernel", root / "tmp/kernel"], capture_output=True, text=True)
    if not claim("the installed script makes the kernel, which is in the cache under its own bytes", made.returncode == 0, made.stderr[-400:]):
        return
    aws = root / "tmp/blobs"  # in the shape of nitro-cli's
    shutil.copytree(root / "tmp/kernel", aws, ignore=shutil.ignore_patterns("kernel.json"))
    (aws / "cmdline").write_text("reboot=k panic=30 pci=off")
    (aws / "nsm.ko").write_bytes(b"\x7fELF module")
    works(root, "a kernel of AWS's comes with its command line",
          "ensign-enclave-image --kernel /tmp/blobs /tmp/aws.eif >/dev/null && ensign image describe /tmp/aws.eif",
          '"reboot=k panic=30 pci=off"')
    works(root, "and its module", "ensign image describe /tmp/aws.eif", '"nsm.ko"')
    for name in ("open", "strict"):
        example = f"/usr/share/doc/ensign-enclave/examples/{name}.json"
        if not works(root, f"the recipe makes an image with the example {name}.json",
                     f"ensign-enclave-image --kernel /tmp/kernel --settings {example} /tmp/{name}.eif", '"PCR0"'):
            continue
        works(root, f"which says that its mode is {name}", f"ensign image describe /tmp/{name}.eif", rf'"mode": "{name}"')
        with tempfile.TemporaryDirectory() as work:
            parts, ours = pathlib.Path(work), pathlib.Path(work) / "ours.eif"
            subprocess.run([ROOT / "tools/image-parts", BUILD, parts], check=True)
            subprocess.run([BUILD / "ensign", "image", "build", "--kernel", root / "tmp/kernel/bzImage", "--kernel-info",
                            root / "tmp/kernel/kernel.json", "--init", parts / "init", "--ensignd", parts / "ensignd", "--settings", f"{root}{example}", "--out", ours],
                           check=True, stdout=subprocess.DEVNULL)
            measured = json.loads((root / f"tmp/{name}.eif.pcrs.json").read_text())["Measurements"]["PCR0"]
            claim("and is the image that the source's own build gives, to the byte",
                  ours.read_bytes() == (root / f"tmp/{name}.eif").read_bytes(), measured)


def examples(root):
    """ensignd takes the examples of settings: it listens, and ends when it is told."""
    for name in ("open", "strict"):
        works(root, f"ensignd starts with the example {name}.json",
              f"timeout --preserve-status 2 ensignd --settings /usr/share/doc/ensign-enclave/examples/{name}.json --listen unix:/tmp/signer.sock",
              "listening on unix:/tmp/signer.sock")


def installed(root):
    works(root, "ensign --help", "ensign --help", "^  provision ")
    works(root, "its version is the package's", "ensign --version", rf"^ensign {re.escape(field('ensign', 'Version'))}$")
    works(root, "man finds ensign-verify", "man -w ensign-verify", "^/usr/share/man/man1/ensign-verify.1.gz$")
    works(root, "and every page of the packages",
          "for p in $(dpkg -L ensign ensign-enclave ensign-sim | grep '/man[18]/.*gz$'); do man -w $(basename ${p%.?.gz}) || exit 1; done | wc -l",
          "^[3-9][0-9]$")
    works(root, "apropos finds it by what it is for", "apropos attestation", "^ensign-verify ")
    works(root, "ensign-sim --help", "ensign-sim --help", "^  kms ")
    works(root, "ensign-kmstool --help", "ensign-kmstool --help", "genrandom")
    works(root, "ensignd --help", "ensignd --help", "--settings FILE")
    works(root, "completion is where bash looks for it",
          "bash -c '. /usr/share/bash-completion/completions/ensign && complete -p ensign'", "_ensign ensign")
    works(root, "/etc/ensign is root's alone", "stat -c '%a %U %G' /etc/ensign", "^700 root root$")
    works(root, "no file differs from the packages", "dpkg --verify ensign ensign-enclave ensign-sim && ! dpkg --audit | grep .")
    units = sorted((ROOT / "deploy/systemd").glob("*.service"))
    there = sorted(path.name for path in (root / "lib/systemd/system").glob("ensign-*"))
    claim("every unit of deploy/systemd is there", there == [unit.name for unit in units], " ".join(there))
    enabled = [str(path) for path in (root / "etc/systemd").rglob("ensign*")]
    claim("and none is enabled", not enabled, " ".join(enabled))
    loose = [str(path.relative_to(root)) for path in (root / "etc/ensign").rglob("*") if path.stat().st_mode & 0o077]
    claim("what is in /etc/ensign is root's alone too", not loose, " ".join(loose))
    conffiles = debian_root.run(root, "dpkg-query -W -f '${Conffiles}' ensign").stdout.split()[::2]
    configuration = ["/" + str(path.relative_to(root)) for path in (root / "etc/ensign").rglob("*") if path.is_file()]
    claim("each file in /etc is a conffile", sorted(conffiles) == sorted(configuration), " ".join(conffiles))


def services(root):
    """With systemd running, as the scripts see it: what they have it do is written down."""
    asked = root / "tmp/asked"
    (root / "run/systemd/system").mkdir(parents=True)
    for name in ("usr/bin/deb-systemd-invoke", "usr/bin/systemctl"):
        (root / name).write_text(f'#!/bin/sh\necho {os.path.basename(name)} "$@" >>/tmp/asked\n')
        (root / name).chmod(0o755)
    works(root, "an upgrade", INSTALL.replace("install", "install --reinstall", 1), "3 reinstalled")
    seen = asked.read_text() if asked.exists() else ""
    claim("stops and starts no unit", not re.search("stop|start", seen), seen)
    asked.write_text("")
    works(root, "removing", f"apt-get remove -y {' '.join(PACKAGES)}", "Removing ensign ")
    units = " ".join(sorted(path.name for path in (ROOT / "deploy/systemd").glob("*.service")))
    stopped = sorted(line for line in asked.read_text().split("\n") if "stop" in line)
    claim("stops every unit, before its program is gone", len(stopped) == 1 and " ".join(sorted(stopped[0].split()[2:])) == units, asked.read_text())
    claim("and starts none", not re.search("start", asked.read_text()))
    works(root, "installed on a machine that runs", INSTALL, "3 newly installed")
    claim("it starts none either", not re.search("start", asked.read_text()), asked.read_text())
    shutil.rmtree(root / "run/systemd")
    (root / "usr/bin/systemctl").unlink()


def kept_and_purged(root, before):
    """Removing leaves what the operator put into /etc/ensign; installing again finds it; purging leaves nothing of ours."""
    own, names = root / "etc/ensign/sealed.json", " ".join(PACKAGES)
    own.write_text("{}")
    works(root, "removed", f"apt-get remove -y {names}", "Removing ensign ")
    claim("removing keeps the operator's files", own.exists())
    claim("and leaves no program", not list((root / "usr/bin").glob("ensign*")) + list((root / "usr/sbin").glob("ensign*")))
    works(root, "installed again, over them", INSTALL, "3 newly installed")
    own.unlink()
    (root / "var/lib/private/ensign-journal").mkdir(parents=True)
    (root / "var/lib/ensign-journal").symlink_to("private/ensign-journal")  # as systemd does it for a user of the unit's own
    works(root, "purged", f"dpkg --purge {names}")
    left = files(root) - before
    claim("no file is left behind", not left, " ".join(sorted(left)[:10]))
    claim("nor is one missing that was there", not before - files(root), " ".join(sorted(before - files(root))[:10]))
    works(root, "dpkg knows of none", f"! dpkg-query -W {names} 2>/dev/null | grep .")


if debian_root.missing():
    skip(f"packages in a fresh Debian ({debian_root.missing()})")
claim("three packages", sorted(PACKAGES) == ["ensign", "ensign-enclave", "ensign-sim"], " ".join(PACKAGES))
with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    os.chmod(root, 0o755)
    prepare(root)
    before = files(root)
    (root / "packages").mkdir()
    for path in PACKAGES.values():
        shutil.copy(path, root / "packages")
    works(root, "they install where what they declare is installed, and nothing else comes along",
          INSTALL, "0 upgraded, 3 newly installed, 0 to remove")
    installed(root)
    examples(root)
    the_recipe(root)
    services(root)
    kept_and_purged(root, before)
done()
