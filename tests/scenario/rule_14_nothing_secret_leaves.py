"""Rule 14: no secret in logs, errors, answers or command lines; no dumps; the key's page is locked; the TLS child holds no
key."""

import os
import pathlib

import ethereum as eth
from expect import claim, done
from stack import Stack

KEY = bytes.fromhex("1f" * 31 + "07")
with Stack(mode="strict", policy=Stack.policy()) as stack:
    sealed = stack.seal(key_text="0x" + KEY.hex())
    wrong = stack.provision(sealed, "--expected-address", "0x" + "00" * 20, check=False)
    signer = stack.provision(sealed)
    claim("the key is the sealed one", signer.address == eth.address_of_key(KEY))
    signer.call("sign_ticket", ticket=eth.ticket(signer.address))
    role = stack.role_credentials()
    secrets = {"the key": KEY.hex(), "the AWS secret": role["AWS_SECRET_ACCESS_KEY"], "the session token": role["AWS_SESSION_TOKEN"]}
    said = "".join(p.read_text() for p in stack.folder.glob("*.log") if p.name != "sim.log") + wrong.stdout + wrong.stderr
    said += str(signer.call("status")) + str(signer.call("journal")) + str(signer.call("sealed"))
    for name, secret in secrets.items():
        claim(f"{name} is in no log and no answer", secret not in said and secret.lower() not in said.lower())

    def family(pid):
        children = "".join((task / "children").read_text() for task in pathlib.Path(f"/proc/{pid}/task").iterdir())
        return [pid] + [p for child in children.split() for p in family(int(child))]

    pids = family(stack.ensignd.pid)
    claim("there is a TLS child", len(pids) >= 2, str(pids))
    for pid in pids:
        for name, secret in secrets.items():
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            claim(f"{name} is not on {pid}'s command line or environment", secret.encode() not in line)
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        core = next(line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size"))
        claim(f"{pid} leaves no core", core == ["0", "0"], str(core))
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        claim(f"{pid} can gain no privileges", "NoNewPrivs:\t1" in status)
    if os.environ.get("ENSIGN_SANITIZED") == "true":
        print("skipped: what is locked and what is in memory, since a sanitizer's runtime locks nothing and fills memory")
        done()
    locked = next(l for l in pathlib.Path(f"/proc/{pids[0]}/status").read_text().splitlines() if l.startswith("VmLck"))
    claim("a page is locked in memory", int(locked.split()[1]) >= 4, locked)

    def holds(pid, needle):
        found = 0
        with open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                place, mode, *_ = line.split()
                if mode[0] != "r" or "[v" in line:
                    continue
                start, end = (int(x, 16) for x in place.split("-"))
                try:
                    memory.seek(start)
                    found += memory.read(end - start).count(needle)
                except (OSError, OverflowError, ValueError):
                    pass
        return found

    if os.geteuid() == 0:
        claim("the key is in the signer's memory once", holds(pids[0], KEY) == 1, str(holds(pids[0], KEY)))
        for pid in pids[1:]:
            claim(f"and not in its child {pid}", holds(pid, KEY) == 0 and holds(pid, KEY.hex().encode()) == 0)
        claim("its text is nowhere", holds(pids[0], KEY.hex().encode()) == 0)
        claim("nor is the AWS secret", holds(pids[0], role["AWS_SECRET_ACCESS_KEY"].encode()) == 0,
              str(holds(pids[0], role["AWS_SECRET_ACCESS_KEY"].encode())))

done()
