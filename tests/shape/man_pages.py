"""Manual pages: one for each command and word, with every option that its --help has, and nothing that man complains of."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from expect import claim, done, skip  # noqa: E402

BUILD = pathlib.Path(os.environ["ENSIGN_BUILD"])
RECIPE = pathlib.Path(__file__).resolve().parents[2] / "enclave/ensign-enclave-image"
PAGES = pathlib.Path(sys.argv[1])
if shutil.which("man") is None:
    skip("manual pages (man-db is not installed)")


def help_of(program, *words):
    return subprocess.run([BUILD / program, *words, "--help"], capture_output=True, text=True, check=True).stdout


def listed(program):
    """The commands that a program's --help lists."""
    return re.findall(r"^  ([a-z][a-z0-9-]*(?: [a-z0-9-]+)?) {2,}\S", help_of(program).partition("\n\n")[2], re.M)


def render(path):
    """What a reader sees, each paragraph on one line, and what man says about it."""
    seen = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "1000", "MANPAGER": "cat"})
    return re.sub(r".\x08", "", seen.stdout), seen.stderr


wanted = {"man1/ensign.1": ("ensign", []), "man1/ensign-sim.1": ("ensign-sim", []),
          "man1/ensign-kmstool.1": ("ensign-kmstool", []), "man8/ensignd.8": ("ensignd", []),
          "man1/ensign-enclave-image.1": (RECIPE, [])}
for program in ("ensign", "ensign-sim"):
    for name in listed(program):
        wanted[f"man1/{program}-{name.replace(' ', '-')}.1"] = (program, name.split())
claim("the programs list their commands", len(wanted) > 30, str(len(wanted)))
there = {str(path.relative_to(PAGES)) for path in PAGES.glob("*/*")}
claim("a page for each, and no other", there == set(wanted), str(there ^ set(wanted)))

for name, (program, words) in wanted.items():
    page, complaint = render(PAGES / name)
    claim(f"{name}: man has nothing to say against it", complaint == "" and page != "", complaint)
    told = help_of(program, *words)
    summary = re.search(r"(?:: | - )(.*)", told.split("\n")[0]).group(1)
    title = pathlib.Path(name).stem
    claim(f"{name}: its name, and what it is for", f"\n       {title} - {summary}\n" in page, summary)
    options = set(re.findall(r"(?<![\w-])--?[a-z0-9][\w-]*", told.partition("\n\n")[2].partition("Examples:")[0]))
    missing = [option for option in sorted(options) if not re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", page)]
    claim(f"{name}: every option of --help", not missing, " ".join(missing) or str(len(options)))

page = render(PAGES / "man1/ensign.1")[0]
commands = [pathlib.Path(name).stem for name, (program, words) in wanted.items() if program == "ensign" and words]
claim("ensign(1) leads to each command's page", commands and all(f"{name}(1)" in page for name in commands), str(len(commands)))
claim("ensign(1) lists the exit codes", all(re.search(rf"^ +{code} ", page, re.M) for code in (0, 1, 2, 3, 4, 5, 70)))
claim("ensign-kmstool(1) warns of its PCR0", "Never list a kmstool image's PCR0 on a signer's KMS key." in render(PAGES / "man1/ensign-kmstool.1")[0])
page = render(PAGES / "man8/ensignd.8")[0]
claim("ensignd(8) describes settings.json", all(key in page for key in ("kms_key", "lease_seconds", "kms_trust_roots", "limits")))
done()
