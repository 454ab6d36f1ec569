#!/usr/bin/env python3
"""The programs that docs/runbook.md calls and that only an instance, or a whole build, has. Each is this file under the
program's name, in a folder that stands first in PATH; STAND_IN names the folder of the world.

  ensign     the real one; `vsock://CID:5000` becomes that enclave's unix socket, and what judges documents is told to trust
             ensign-sim's root in place of AWS's, and an image that believes other roots than Amazon's
  nitro-cli  run-enclave starts ensignd with the settings that stand in the image, beside a security module that measures
             that image; terminate-enclave stops both
  make       `make image` builds the image from the real programs and a kernel of a few bytes, and bakes ensign-sim's KMS root
             into the settings, since no image of this world could reach KMS without it
  aws        kms by ensign-sim (or by RUNBOOK_AWS_CLI), iam put-role-policy by `ensign-sim role`
"""

import base64
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
PROGRAMS = ["ensign", "nitro-cli", "make", "aws"]


def write(folder):
    folder.mkdir()
    for name in PROGRAMS:
        path = folder / name
        path.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} {name} \"$@\"\n")
        path.chmod(0o755)
    return folder


def wait_for(test, seconds=30):
    deadline = time.monotonic() + seconds
    while not test():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing after {seconds} s")
        time.sleep(0.02)


def options(words):
    """--name value pairs."""
    return {name[2:]: value for name, value in zip(words, words[1:]) if name.startswith("--")}


def world():
    from stack import read_env
    folder = pathlib.Path(os.environ["STAND_IN"])
    return folder, read_env(folder / "sim/env"), pathlib.Path(os.environ["ENSIGN_BUILD"])


# -- ensign ---------------------------------------------------------------------------------------------------------------


def ensign(words):
    folder, env, build = world()

    def here(text):
        return re.sub(r"vsock://(\d+):5000", rf"unix:{folder}/cid-\1.sock", text)

    words = [here(word) for word in words]
    if words[:1] == ["verify"]:
        words += ["--root", env["ENSIGN_SIM_NSM_ROOT"], "--custom-roots"]
    if words[:1] == ["provisioner"]:
        at = words.index("--config") + 1
        adapted = pathlib.Path(words[at]).with_suffix(".here")
        adapted.write_text(here(pathlib.Path(words[at]).read_text()) + f"custom-roots = yes\nroot = {env['ENSIGN_SIM_NSM_ROOT']}\n")
        adapted.chmod(0o600)
        words[at] = str(adapted)
    os.environ["ENSIGN_ENDPOINT"] = here(os.environ.get("ENSIGN_ENDPOINT", ""))
    if not os.environ["ENSIGN_ENDPOINT"]:
        del os.environ["ENSIGN_ENDPOINT"]
    os.execv(build / "ensign", ["ensign", *words])


# -- nitro-cli ------------------------------------------------------------------------------------------------------------


def settings_in(image):
    import eif_file
    ramdisks = [eif_file.unpacked(data) for kind, data in eif_file.read(image.read_bytes()) if kind == eif_file.RAMDISK]
    return next(data for name, _, data, _ in ramdisks[1] if name == "settings.json")


def nitro_cli(words):
    folder, env, build = world()
    books = folder / "enclaves.json"
    running = json.loads(books.read_text()) if books.exists() else {}
    given = options(words[1:])
    name = given["enclave-name"]
    if words[0] == "terminate-enclave":
        for pid in running.pop(name)["pids"]:
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not pathlib.Path(f"/proc/{pid}/exe").exists() or is_zombie(pid))
        books.write_text(json.dumps(running))
        return
    assert words[0] == "run-enclave", words
    cid, image = given["enclave-cid"], pathlib.Path(given["eif-path"])
    if name in running or any(one["cid"] == cid for one in running.values()):
        raise SystemExit(f"nitro-cli: CID {cid} or the name {name} is in use")
    if int(given["memory"]) * 2**20 < 4 * image.stat().st_size:
        raise SystemExit("nitro-cli: [ E26 ] Insufficient memory requested")
    settings, nsm, listen = (folder / f"cid-{cid}{end}" for end in (".json", ".nsm.sock", ".sock"))
    settings.write_bytes(settings_in(image))
    for old in (nsm, listen):
        old.unlink(missing_ok=True)
    log = open(folder / f"cid-{cid}.log", "ab")

    def start(*arguments):
        return subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={},
                                start_new_session=True).pid

    pids = [start(build / "ensign-sim", "nsm", "--listen", f"unix:{nsm}", "--pki", folder / "sim", "--measure", image, "--role-arn",
                  env["INSTANCE_ROLE_ARN"])]
    wait_for(nsm.exists)
    pids.insert(0, start(build / "ensignd", "--settings", settings, "--listen", f"unix:{listen}", "--nsm", f"unix:{nsm}",
                         "--kms-stream", env["ENSIGN_SIM_KMS_STREAM"]))
    running[name] = {"cid": cid, "pids": pids}
    books.write_text(json.dumps(running))
    wait_for(listen.exists)
    print(json.dumps({"EnclaveName": name, "EnclaveCID": int(cid), "MemoryMiB": int(given["memory"])}, indent=2))


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def end_all(folder):
    books = folder / "enclaves.json"
    for one in json.loads(books.read_text()).values() if books.exists() else []:
        for pid in one["pids"]:
            os.kill(pid, signal.SIGKILL)


# -- make -----------------------------------------------------------------------------------------------------------------


def make(words):
    folder, _, build = world()
    assert words[:1] == ["image"], words
    chosen = [word.partition("=")[2] for word in words[1:]]
    settings = json.loads(pathlib.Path(chosen[0]).read_text()) if chosen else {"mode": "open"}
    settings["kms_trust_roots"] = json.loads((folder / "sim/settings.json").read_text())["kms_trust_roots"]
    baked, kernel = folder / "baked.json", folder / "bzImage"
    baked.write_text(json.dumps(settings))
    kernel.write_bytes(b"a kernel of this world" * 99)
    pathlib.Path("build").mkdir(exist_ok=True)
    sys.exit(subprocess.run([build / "ensign", "image", "build", "--kernel", kernel, "--init", build / "init", "--ensignd",
                             build / "ensignd", "--settings", baked, "--out", "build/ensign.eif"]).returncode)


# -- aws ------------------------------------------------------------------------------------------------------------------


def aws(words):
    folder, _, build = world()
    if words[:2] == ["iam", "put-role-policy"]:
        given = options(words[2:])
        policy = given["policy-document"].removeprefix("file://")
        sys.exit(subprocess.run([build / "ensign-sim", "role", "--dir", folder / "sim", "--name", given["role-name"], "--policy",
                                 policy], stdout=subprocess.DEVNULL).returncode)
    if os.environ.get("RUNBOOK_AWS_CLI"):
        os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]  # what version 1 of the CLI reads
        os.execv(os.environ["RUNBOOK_AWS_CLI"], ["aws", *words])
    from aws import Kms
    assert words[0] == "kms", words
    given = options(words[2:])
    query = given.pop("query", None)
    given.pop("output", None)
    body = {}
    for name, value in given.items():
        value = pathlib.Path(value[len("file://"):]).read_text() if value.startswith("file://") else value
        body["".join(part.capitalize() for part in name.split("-"))] = value
    if "Plaintext" in body:
        body["Plaintext"] = base64.b64encode(body["Plaintext"].encode()).decode()
    answer = Kms(os.environ).call("".join(part.capitalize() for part in words[1].split("-")), **body)
    if query is not None:
        counted = re.fullmatch(r"length\((\w+)\)", query)
        for part in [counted.group(1)] if counted else query.split("."):
            answer = answer[part]
        print(len(answer) if counted else answer)
    elif answer:
        print(json.dumps(answer, indent=4))


if __name__ == "__main__":
    {"ensign": ensign, "nitro-cli": nitro_cli, "make": make, "aws": aws}[sys.argv[1]](sys.argv[2:])
