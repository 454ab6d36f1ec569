"""systemd_units.py ROOT ENSIGN: what systemd itself says of deploy/systemd: that it can load every unit, and how far each
is shut in. And what it cannot know: that no enclave is run with its eyes open, that commands and configuration fit."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT, ENSIGN = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
UNITS = ROOT / "deploy/systemd"
# `systemd-analyze security --offline=true` of Debian 12's systemd 252: 0 is shut in wholly, 10 not at all.
EXPOSURE = {"ensign-bridge": 1.0, "ensign-enclave": 2.1, "ensign-gateway": 1.5, "ensign-journal": 1.0, "ensign-provisioner": 1.9,
            "ensign-proxy": 1.5}
failed = 0


def claim(sentence, truth, found=""):
    global failed
    failed += not truth
    print(("ok    " if truth else "WRONG ") + sentence + ("" if truth else f"  [{found}]"))


def lines(path):
    return path.read_text().replace("\\\n", " ").splitlines()


def values(path, key):
    return [line.split("=", 1)[1] for line in lines(path) if line.startswith(key + "=")]


def words_fit():
    claim("every unit has its level here", sorted(EXPOSURE) == sorted(p.stem for p in UNITS.glob("*.service")))
    for unit in sorted(UNITS.glob("*.service")):
        known = {line.split("=")[0].lstrip("#") for name in values(unit, "EnvironmentFile")
                 for line in (ROOT / "deploy/etc" / pathlib.Path(name).name).read_text().splitlines()
                 if re.match(r"#?[A-Z_]+=", line)}
        for command in values(unit, "ExecStart") + values(unit, "ExecStop") + values(unit, "ExecStartPre"):
            asked = set(re.findall(r"\$\{?([A-Z_]+)", command))
            claim(f"{unit.name}: what `{command.split()[0]}` asks of its environment stands in its configuration",
                  asked <= known, asked - known)
            program, *words = command.split()
            if program != "/usr/bin/ensign":
                continue
            told = subprocess.run([ENSIGN, words[0], "--help"], capture_output=True, text=True).stdout
            for flag in (word for word in words if word.startswith("--")):
                claim(f"{unit.name}: `ensign {words[0]}` has {flag}", re.search(rf"{flag}\b", told))
        claim(f"{unit.name} leaves no core file", values(unit, "LimitCORE") == ["0"])
        claim(f"{unit.name} gets no new privileges", values(unit, "NoNewPrivileges") == ["yes"]
              and values(unit, "CapabilityBoundingSet") == [""])
        claim(f"{unit.name} comes back", values(unit, "Restart") == ["always"])
    enclave = (UNITS / "ensign-enclave.service").read_text()
    claim("the enclave runs under a pinned CID", "--enclave-cid ${ENSIGN_CID}" in enclave)
    claim("and nobody can look into it", "debug" not in enclave and "attach-console" not in enclave)


def verified(folder, name):
    """What systemd says of a unit, in a root where what the unit needs is there: ensign, nitro-cli and its allocator."""
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={folder}", name], capture_output=True, text=True)
    return run.returncode, run.stderr.strip()


def systemd_agrees():
    if not shutil.which("systemd-analyze"):
        print("skipped: what systemd says (no systemd-analyze; tools/setup test installs it)")
        sys.exit(1 if failed else 77)
    for unit in sorted(UNITS.glob("*.service")):
        run = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True,
                             text=True)
        level = re.search(r"exposure level for \S+: ([0-9.]+)", run.stdout)
        claim(f"{unit.name}: exposure at most {EXPOSURE[unit.stem]}", level and float(level.group(1)) <= EXPOSURE[unit.stem],
              level.group(1) if level else run.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        system = folder / "usr/lib/systemd/system"
        (folder / "usr/bin").mkdir(parents=True)
        shutil.copytree("/usr/lib/systemd/system", system, symlinks=True)
        for program in ("ensign", "nitro-cli", "kill"):
            (folder / "usr/bin" / program).write_text("#!/bin/sh\n")
            (folder / "usr/bin" / program).chmod(0o755)
        (folder / "bin").symlink_to("usr/bin")
        (folder / "lib").symlink_to("usr/lib")
        (system / "nitro-enclaves-allocator.service").write_text("[Service]\nType=oneshot\nExecStart=/usr/bin/nitro-cli\n")
        for unit in sorted(UNITS.glob("*.service")):
            shutil.copy(unit, system)
        for unit in sorted(UNITS.glob("*.service")):
            code, said = verified(folder, unit.name)
            mine = [line for line in said.splitlines() if "ensign" in line]
            claim(f"{unit.name}: systemd loads it and has nothing to say", code == 0 and not mine, f"{code}: {said}")
        spoiled = system / "ensign-proxy.service"
        spoiled.write_text(spoiled.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
        code, said = verified(folder, spoiled.name)
        claim("and would: a word off by a letter is told", "NoNewPrivilege" in said, said)
        (folder / "usr/bin/ensign").unlink()
        code, said = verified(folder, "ensign-gateway.service")
        claim("and a program that is not there", code != 0 and "not executable" in said, said)


words_fit()
systemd_agrees()
sys.exit(1 if failed else 0)
