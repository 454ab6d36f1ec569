"""bash completion, asked as bash asks it: COMP_WORDS and COMP_CWORD in, COMPREPLY out."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from expect import claim, done  # noqa: E402

BUILD = pathlib.Path(os.environ["ENSIGN_BUILD"])
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "deploy/bash-completion/ensign"
ASK = r"""
source "$1"; shift
compopt() { :; }   # works only while bash itself is completing
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
$(complete -p ensign | sed -E 's/.*-F (\S+).*/\1/')
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words):
    """What bash offers for the last of the words after `ensign`."""
    asked = subprocess.run(["bash", "--norc", "-c", ASK, "bash", SCRIPT, BUILD / "ensign", *words], capture_output=True, text=True)
    claim(f"asked for {' '.join(words)!r}, it says nothing on standard error", asked.returncode == 0 and asked.stderr == "", asked.stderr)
    return sorted(asked.stdout.split("\n")[:-1])


def help_of(*words):
    return subprocess.run([BUILD / "ensign", *words, "--help"], capture_output=True, text=True, check=True).stdout


names = re.findall(r"^  ([a-z0-9-]+(?: [a-z0-9-]+)?) {2,}", help_of().split("\n\n")[2], re.M)
first = sorted({name.split()[0] for name in names} | {"help", "--help", "--version"})
claim("the first word: all commands", complete("") == first, str(complete("")))
claim("of a word begun, those that begin so", complete("kms") == ["kms-policy"] and complete("p") == [name for name in first if name[0] == "p"])
claim("the second word of a family", complete("policy", "") == sorted(name.split()[1] for name in names if name.startswith("policy ")))
claim("help COMMAND", complete("help", "jou") == ["journal"] and complete("help", "image", "d") == ["describe", "diff"])
for name in names:
    listed = help_of(*name.split()).partition("\nFlags:\n")[2].partition("\n\n")[0]
    flags = sorted(set(re.findall(r"^  (?:-\w, )?(--[a-z0-9_-]+)", listed, re.M)) | {"--help"})
    offered = complete(*name.split(), "--")
    claim(f"{name}: every flag of its --help, and no other", offered == flags, f"{offered} for {flags}")

with tempfile.TemporaryDirectory() as folder:
    here = os.getcwd()
    os.chdir(folder)
    for name in ("policy.json", "poem.txt", "image.eif"):
        pathlib.Path(name).touch()
    claim("a file where a file is wanted", complete("verify", "--policy", "po") == ["poem.txt", "policy.json"])
    claim("also after =", complete("verify", "--image", "=", "im") == ["image.eif"] and complete("verify", "--image", "=") == sorted(os.listdir()))
    claim("also behind @", complete("provision", "--ciphertext-b64", "@pol") == ["@policy.json"])
    claim("also as an operand",
          complete("policy", "check", "pol") == ["policy.json"] and complete("image", "diff", "image.eif", "i") == ["image.eif"])
    claim("none where another thing is wanted",
          complete("verify", "--address", "") == [] and complete("status", "") == [] and complete("proxy", "") == [])
    claim("an operand after a switch", complete("policy", "explain", "--json", "pol") == ["policy.json"])
    os.chdir(here)
claim("words that a flag takes, by name",
      complete("provision", "--messages", "") == ["any", "none", "tickets"] and complete("policy", "new", "--budget-start", "f") == ["full"])
claim("nothing for a command that is not there", complete("prvision", "--") == ["--help"] and complete("policy", "nwe", "") == [])

times = []
for _ in range(5):
    began = time.monotonic()
    complete("provision", "--")
    times.append(time.monotonic() - began)
claim("an answer takes less than a quarter of a second", min(times) < 0.25, f"{min(times) * 1000:.0f} ms with bash's start")
done()
