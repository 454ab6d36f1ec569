"""Rule 14: what each process of a running ensignd is held to, as the kernel tells it, and that the filter tightens once a
key is there; a forbidden call ends the process; the page that describes it names every call."""

import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from expect import claim, done  # noqa: E402
from scene import SANITIZED, descendants, skip  # noqa: E402
from stack import ROOT, Stack  # noqa: E402

if SANITIZED:
    skip("a build with a sanitizer has no filters")


def facts(place):
    lines = (pathlib.Path("/proc") / place / "status").read_text().splitlines()
    return {line.split(":")[0]: line.split(":")[1].strip() for line in lines}


def threads(pid):
    return [facts(f"{pid}/task/{task.name}") for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]


def limit(pid, name):
    return re.search(rf"^{name} +(\S+) +(\S+)", pathlib.Path(f"/proc/{pid}/limits").read_text(), re.M).groups()


def filters(pid):
    """(mode 2 is filter, how many stand on one another) of every thread."""
    return {(one["Seccomp"], one["Seccomp_filters"]) for one in threads(pid)}


table = (ROOT / "src/enclave/sandbox_calls.c").read_text()
calls = {name for row in re.findall(r'^    \{ "([a-z0-9_ ]+)",', table, re.M) for name in row.split()}
page = (ROOT / "docs/sandbox.md").read_text()
claim("docs/sandbox.md names every call of the table", len(calls) > 40 and all(f"`{name}`" in page for name in calls),
      sorted(name for name in calls if f"`{name}`" not in page))

with Stack(mode="strict", policy=Stack.policy()) as stack:
    pid = stack.ensignd.pid
    tls, = descendants(pid)[1:]
    base = int(facts("self")["Seccomp_filters"])  # of whoever runs this test
    claim("without a key every thread of the signer has one filter, and the TLS process has one",
          len(threads(pid)) > 2 and filters(pid) == {("2", str(base + 1))} and filters(tls) == {("2", str(base + 1))}, filters(pid))
    sealed = stack.seal()
    stack.provision(sealed)
    claim("with a key every thread of the signer has two", filters(pid) == {("2", str(base + 2))}, filters(pid))
    for who in (pid, tls):
        claim("no new privileges, no core dumps", all(one["NoNewPrivs"] == "1" for one in threads(who))
              and limit(who, "Max core file size") == ("0", "0"))
    claim("the TLS process has few descriptors and writes no file", limit(tls, "Max open files") == ("16", "16")
          and limit(tls, "Max file size") == ("0", "0"))
    most = int(limit(pid, "Max address space")[1])
    claim("memory has an end: the signer's is below half a gibibyte by default, the TLS process's a quarter", 256 << 20 < most < 512 << 20
          and limit(tls, "Max address space") == (str(256 << 20),) * 2, (most, limit(tls, "Max address space")))
    claim("and so has the stack", limit(pid, "Max stack size") == limit(tls, "Max stack size") == (str(1 << 20),) * 2)
    claim("a lease is renewed under the tighter filter", stack.provision(sealed).address == sealed["address"])
    claim("which is not laid on again", filters(pid) == {("2", str(base + 2))}, filters(pid))
    claim("and documents are made", "document_b64" in stack.signer.call("attestation", nonce="0x" + "11" * 32))

    # strace can have a process make another call than it meant to: getppid, which harms nobody, and is in no table.
    inject = ["strace", "-f", "-o", "/dev/null", "-e", "trace=epoll_wait", "-e", "inject=epoll_wait:retval=0:syscall=getppid", "-p", str(pid)]
    if shutil.which("strace") is None:
        print("skipped: a forbidden call in the running signer; wanted is strace")
    else:
        tracer = subprocess.Popen(inject, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 20
        while stack.ensignd.poll() is None and tracer.poll() is None and time.monotonic() < end:
            try:
                stack.signer.call("address")
            except (OSError, EOFError):
                pass
            time.sleep(0.05)
        if stack.ensignd.poll() is None and tracer.poll() is not None:
            print(f"skipped: a forbidden call in the running signer; strace may not: {tracer.stderr.read().strip()}")
        else:
            claim("a forbidden call ends the signer at once", stack.ensignd.poll() == -signal.SIGSYS, stack.ensignd.poll())
        if tracer.poll() is None:
            tracer.kill()
        tracer.communicate()
done()
