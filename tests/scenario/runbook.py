"""docs/runbook.md from its first line to its last, as it stands there: `generate` for a key that is generated, `seal` for one
that is sealed; `open` is the original's command line. ensign-sim is AWS; runbook_stand_ins.py says what else is stood in for.
Between the blocks the page's promises are tried: what was ended must be refused.

With RUNBOOK_AWS_CLI=PROGRAM the page's `aws kms` lines go to that program, the real one, instead of the stand-in."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import ethereum as eth
import expect
import runbook_stand_ins
from expect import done
from stack import BUILD, CLEAN, ROOT, read_env

PAGE = ROOT / "docs/runbook.md"
PEOPLE = {"everywhere", "admin", "builder", "second-builder", "instance", "verifier", "aws", "open"}
WAYS = {"generate", "seal"}
ONLY_AWS_HAS = {"aws", "sudo", "sudoedit", "ensign"}
MARK = "the-block-has-ended"


def claim(sentence, truth, found=""):
    """The page prints much; what was found is told when it is wrong."""
    return expect.claim(sentence, truth, "" if truth else found)


class Block:
    def __init__(self, section, words, text):
        self.section, self.text = section, text
        self.who, self.way = words[0] if words else None, words[1] if len(words) > 1 else None


def blocks():
    found, section = [], ""
    for heading, words, text in re.findall(r"^## ([^\n]+)$|^```(sh[^\n]*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        if heading:
            section = heading
        else:
            found.append(Block(section, words.split()[1:], text))
    return found


class Shell:
    """One bash for a whole way through the page: variables live on from block to block, as in an operator's terminal."""

    def __init__(self, world):
        self.world = world
        self.bash = subprocess.Popen(["bash", "-e", "-u", "-o", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, cwd=world.folder, env=world.env)

    def run(self, who, text):
        """(whether it ended well, what it printed), with the credentials and the folder that this person has."""
        names = " ".join(sorted(self.world.admin_env))
        prelude = "".join(f"export {k}='{v}'\n" for k, v in self.world.admin_env.items()) if who == "admin" else f"unset {names}\n"
        if who == "second-builder":
            text = f"mkdir -p elsewhere second && cd elsewhere && cp ../settings.json .\n{text}\ncp build/ensign.eif ../second/\ncd ..\n"
        self.bash.stdin.write(f"{prelude}{text}\necho; echo {MARK}\n")
        self.bash.stdin.flush()
        said = ""
        for line in self.bash.stdout:
            if line.strip() == MARK:
                return True, said
            said += line
        return False, said

    def value(self, name):
        return self.run("verifier", f'echo "${name}"')[1].strip()


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ensign-runbook-"))
        sim = self.folder / "sim"
        self.sim = subprocess.Popen([BUILD / "ensign-sim", "up", sim], stdin=subprocess.DEVNULL, env=CLEAN,
                                    stdout=subprocess.DEVNULL, stderr=open(self.folder / "sim.log", "wb"))
        runbook_stand_ins.wait_for(lambda: (sim / "env").exists() or self.sim.poll() is not None)
        sim_env = read_env(sim / "env")
        self.admin_env = read_env(sim / "admin-env")
        tools = runbook_stand_ins.write(self.folder / "bin")
        # The page's own names come from the page: what ensign-sim says of role and administrator is not handed on.
        aws = {k: v for k, v in sim_env.items() if k.startswith("AWS_") and "REGION" not in k}
        self.env = {**CLEAN, **aws, "PATH": f"{tools}:{CLEAN['PATH']}", "STAND_IN": str(self.folder), "ENSIGN_BUILD": str(BUILD),
                    **{k: v for k, v in os.environ.items() if k == "RUNBOOK_AWS_CLI"}}
        (self.folder / "key.hex").write_text("0x" + "4c" * 32 + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        runbook_stand_ins.end_all(self.folder)
        self.sim.terminate()
        self.sim.wait(10)
        shutil.rmtree(self.folder)


def provision(shell, cid, sealed, policy):
    """What a provisioning by the instance says, and whether it went well; the shell goes on either way."""
    said = shell.run("instance", f'if ensign provision --endpoint vsock://{cid}:5000 --ciphertext-b64 @{sealed} --policy {policy};'
                                 " then echo IT-OPENED; fi")[1]
    return "IT-OPENED" in said, said


def run_image(shell, cid, image):
    said = shell.run("instance", f"nitro-cli run-enclave --eif-path {image} --memory 128 --cpu-count 2 --enclave-cid {cid} "
                                 f"--enclave-name try-{cid}")
    assert said[0], said[1]


# What must be true after a section of the page, besides that its blocks ended well: section's number -> function.

def after_policy(shell, said):
    claim("explain tells what the policy does not bound", "not_bounded" in said, said[-600:])


def after_key_policy(shell, said):
    claim("the key policy has no finding and the key no grants", '"findings": []' in said and said.rstrip().endswith("\n0"), said[-500:])


def after_funding(shell, said):
    address = shell.value("SIGNER_ADDRESS")
    signature = re.search(r'"signature": "(0x[0-9a-f]{130})"', said)
    ticket = json.loads((shell.world.folder / "ticket.json").read_text())
    fields = {**ticket, "sender": address, "faceValue": int(ticket["faceValue"]), "winProb": int(ticket["winProb"])}
    claim("the first ticket is signed by the verified address",
          signature and eth.recover_message(eth.ticket_hash(fields), signature.group(1)) == address, said[-800:])
    claim("and stands in the journal", '"method":"sign_ticket"' in said, said[-800:])


def keep_the_old(shell):
    shell.run("admin", "cp sealed.json first-sealed.json; cp policy.json first-policy.json; cp build/ensign.eif first.eif")


def after_policy_change(shell, said):
    run_image(shell, 18, "build/ensign.eif")
    opened, said = provision(shell, 18, "first-sealed.json", "first-policy.json")
    claim("the old ciphertext opens nowhere any more", not opened and "AccessDenied" in said, said)
    opened, said = provision(shell, 18, "sealed.json", "policy.json")
    claim("the control: the new one opens in the same enclave", opened, said)
    shell.run("instance", "nitro-cli terminate-enclave --enclave-name try-18")


def after_upgrade(shell, said):
    claim("diff said that the settings' ramdisk is what changed", all(line in said for line in ("PCR1 equal", "PCR2 differs", "settings.json differs")), said[:1500])
    run_image(shell, 18, "first.eif")
    opened, said = provision(shell, 18, "sealed.json", "policy.json")
    claim("the old image opens nothing any more", not opened and "AccessDenied" in said, said)
    shell.run("instance", "nitro-cli terminate-enclave --enclave-name try-18")


def before_loss(shell):
    shell.run("instance", "nitro-cli terminate-enclave --enclave-name signer")


def after_compromise(shell, said):
    run_image(shell, 18, "build/ensign.eif")
    opened, said = provision(shell, 18, "sealed.json", "policy.json")
    claim("with the KMS key disabled no enclave opens it", not opened and "Disabled" in said, said)


BEFORE = {"11": keep_the_old, "13": before_loss}
AFTER = {"3": after_policy, "6": after_key_policy, "9": after_funding, "11": after_policy_change, "12": after_upgrade,
         "16": after_compromise}


def section_number(block):
    return block.section.split(".")[0]


def walk(page, way):
    with World() as world:
        shell = Shell(world)
        mine = [b for b in page if b.who not in ("aws", "open") and b.way in (None, way)]
        for number in dict.fromkeys(map(section_number, mine)):
            if number in BEFORE:
                BEFORE[number](shell)
            printed = ""
            for block in (b for b in mine if section_number(b) == number):
                went_well, said = shell.run(block.who, block.text)
                first = block.text.strip().splitlines()[0][:70]
                if not claim(f"{way}: {block.section}: {first}", went_well, said[-1500:]):
                    return
                printed += said
            if number in AFTER:
                AFTER[number](shell, printed)


def the_originals_line(page):
    """In open mode, with a key that the original's runbook sealed: no context, by `aws kms encrypt`."""
    line = next(b.text for b in page if b.who == "open")
    with World() as world:
        shell = Shell(world)
        shell.run("admin", next(b.text for b in page if b.who == "everywhere"))
        key = "0x" + "11" * 32
        went_well, sealed = shell.run("admin", "aws kms encrypt --key-id $(aws kms create-key --query KeyMetadata.Arn --output text) "
                                    f"--plaintext {key} --query CiphertextBlob --output text")
        assert went_well, sealed
        went_well, said = shell.run("builder", "make image")
        assert went_well, said
        run_image(shell, 16, "build/ensign.eif")
        line = line.replace("<CiphertextBlob base64>", sealed.split()[-1]).replace("0x…", "0x" + "c3" * 20)
        went_well, said = shell.run("instance", line)
        claim("open mode: the original's command line provisions", went_well and eth.address_of_key(bytes.fromhex("11" * 32)) in said, said)
        claim("open mode: the warnings name what surprises", "messages" in said, said)


def main():
    page = blocks()
    claim("every block says who runs it", len(page) > 40 and all(b.who in PEOPLE and b.way in WAYS | {None} for b in page),
          str([(b.section, b.who, b.way) for b in page if b.who not in PEOPLE]))
    programs = {line.split()[0] for b in page if b.who == "aws" for line in re.sub(r"\\\n\s*", "", b.text).splitlines()
                if line.strip() and not line.startswith("#")}
    claim("what is left out is what only AWS has", programs <= ONLY_AWS_HAS, str(programs))
    if sys.argv[1] == "open":
        the_originals_line(page)
    else:
        walk(page, sys.argv[1])
    done()


if __name__ == "__main__":
    sys.exit(main())
