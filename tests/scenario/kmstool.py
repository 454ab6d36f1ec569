"""ensign-kmstool against the stand-ins: kmstool_enclave_cli's operations, output and exit codes; credentials that nobody
else sees; context names that are a signer's alone."""

import base64
import contextlib
import json
import os
import pathlib
import signal
import re
import socket
import struct
import subprocess

from expect import claim, done
from stack import BUILD, Stack

TOOL = BUILD / "ensign-kmstool"
PLAINTEXT = b"any bytes that fit: \x00\xff"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def b64(data):
    return base64.b64encode(data).decode()


def lines(run):
    return dict(line.split(": ", 1) for line in run.stdout.splitlines())


with Stack(mode="open") as stack:
    role = stack.role_credentials()
    roots = stack.folder / "roots.pem"
    roots.write_text(stack.settings["kms_trust_roots"])
    args = stack.env["ENSIGND_ARGS"].split()
    nsm, stream = args[args.index("--nsm") + 1], args[args.index("--kms-stream") + 1]
    place = ["--nsm", nsm, "--kms-stream", stream, "--trust-roots", str(roots)]
    region = ["--region", stack.env["AWS_REGION"]]

    def tool(*arguments, env=role, stdin=None, where=place):
        run = subprocess.run([TOOL, *arguments, *where], input=stdin, text=True, capture_output=True, env=env, timeout=60)
        if any(role[name] in run.stdout + run.stderr for name in CREDENTIALS[1:]):
            claim(f"{arguments} shows no credential", False, run.stdout + run.stderr)
        return run

    def encrypt(plaintext, **context):
        return stack.admin.call("Encrypt", KeyId=stack.key_arn, Plaintext=b64(plaintext), EncryptionContext=context)["CiphertextBlob"]

    sealed = encrypt(PLAINTEXT)
    decrypt = ["decrypt", *region, "--ciphertext", sealed]

    if os.environ["ENSIGND_STATIC"] == "true":
        head = TOOL.read_bytes()[:4096]
        offset, size, count = struct.unpack_from("<Q", head, 32)[0], *struct.unpack_from("<HH", head, 54)
        types = [struct.unpack_from("<I", head, offset + i * size)[0] for i in range(count)]
        claim("the program is position independent and asks for no loader", struct.unpack_from("<H", head, 16)[0] == 3 and 3 not in types)

    # -- the three operations ---------------------------------------------------------------------------------------------
    run = tool(*decrypt)
    claim("decrypt prints the plaintext, and nothing else", (run.returncode, run.stdout) == (0, f"PLAINTEXT: {b64(PLAINTEXT)}\n"), run.stderr)
    run = tool(*decrypt, "--key-id", stack.key_arn)
    claim("with the key's name too, and no algorithm beside it", run.returncode == 0 and lines(run)["PLAINTEXT"] == b64(PLAINTEXT), run.stderr)
    run = tool("decrypt", *region, "--encryption-algorithm=SYMMETRIC_DEFAULT", "--ciphertext=" + sealed)
    claim("and in the other spelling of flags", run.returncode == 0, run.stderr)
    longest = os.urandom(4096)
    run = tool("decrypt", *region, "--ciphertext", encrypt(longest))
    claim("the longest plaintext that KMS takes", run.stdout == f"PLAINTEXT: {b64(longest)}\n", run.stderr)
    for spec, size in (("AES-256", 32), ("AES-128", 16)):
        run = tool("genkey", *region, "--key-id", stack.key_arn, "--key-spec", spec)
        said = re.fullmatch(r"CIPHERTEXT: (\S+)\nPLAINTEXT: (\S+)\n", run.stdout)
        claim(f"genkey {spec} prints ciphertext, then {size} bytes", said and len(base64.b64decode(said[2])) == size, run.stderr)
        run = tool("decrypt", *region, "--ciphertext", said[1])
        claim("and the one opens to the other", run.returncode == 0 and lines(run)["PLAINTEXT"] == said[2], run.stderr)
    for size in (1, 32, 1024):
        run = tool("genrandom", *region, "--length", str(size))
        claim(f"genrandom of {size}", run.returncode == 0 and len(base64.b64decode(lines(run)["PLAINTEXT"])) == size, run.stderr)
    claim("and another each time", tool("genrandom", *region, "--length", "32").stdout != tool("genrandom", *region, "--length", "32").stdout)

    # -- the encryption context -------------------------------------------------------------------------------------------
    context = ["--encryption-context", "service=payments", "--encryption-context", "stage=a=b"]
    bound = ["decrypt", *region, "--ciphertext", encrypt(PLAINTEXT, service="payments", stage="a=b")]
    run = tool(*bound, *context)
    claim("an encryption context is sent", run.returncode == 0, run.stderr)
    run = tool(*bound)
    claim("without it the ciphertext stays shut", run.returncode == 255 and "InvalidCiphertextException" in run.stderr and run.stdout == "", run.stderr)
    for name in ("ensign-policy-sha256", "Ensign-Policy-SHA256", "ENSIGN-x"):
        for operation in (decrypt, ["genkey", *region, "--key-id", stack.key_arn, "--key-spec", "AES-256"]):
            run = tool(*operation, "--encryption-context", name + "=" + "00" * 32, where=["--nsm", "unix:/nowhere"])
            claim(f"{operation[0]} under {name} is refused before anything is asked", run.returncode == 1 and "begins with ensign-" in run.stderr, run.stderr)

    # -- where credentials come from --------------------------------------------------------------------------------------
    imds = json.dumps({"Code": "Success", "AccessKeyId": role["AWS_ACCESS_KEY_ID"], "Token": role["AWS_SESSION_TOKEN"],
                       "SecretAccessKey": role["AWS_SECRET_ACCESS_KEY"], "Expiration": "2030-01-01T00:00:00Z"})
    claim("credentials from standard input, as IMDS gives them", tool(*decrypt, "--credentials-stdin", env={}, stdin=imds).returncode == 0)
    run = tool(*decrypt, "--credentials-stdin", env={}, stdin=imds.replace('"Token"', '"SessionToken"'))
    claim("and as STS does", run.returncode == 0, run.stderr)
    flags = ["--aws-access-key-id", role["AWS_ACCESS_KEY_ID"], "--aws-secret-access-key", role["AWS_SECRET_ACCESS_KEY"],
             "--aws-session-token", role["AWS_SESSION_TOKEN"]]
    run = tool(*decrypt, *flags, env={})
    claim("and as kmstool_enclave_cli takes them", run.returncode == 0, run.stderr)

    door = stack.folder / "stalled.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(door))
    listener.listen(4)
    for what, more, env in (("words", flags, {}), ("variables", [], role)):
        process = subprocess.Popen([TOOL, *decrypt, *more, "--nsm", nsm, "--kms-stream", f"unix:{door}", "--trust-roots", roots, "--timeout", "20"],
                                   env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = listener.accept()
        connection.recv(1)
        proc = pathlib.Path("/proc") / str(process.pid)
        children = [pathlib.Path("/proc") / pid for pid in (proc / f"task/{process.pid}/children").read_text().split()]
        children += [pathlib.Path("/proc") / pid for c in children for pid in (c / f"task/{c.name}/children").read_text().split()]
        seen = b"".join((p / name).read_bytes() for p in (proc, *children) for name in ("cmdline", "environ"))
        claim(f"while it runs, its {what} show none", children and not any(role[n].encode() in seen for n in CREDENTIALS), len(children))

        def memory_of(place):
            """All that is readable and writable, as root sees it."""
            with open(place / "mem", "rb", 0) as memory:
                for line in (place / "maps").read_text().splitlines():
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    if line.split()[1].startswith("rw"):
                        memory.seek(start)
                        yield memory.read(end - start)

        if os.environ.get("ENSIGN_SANITIZED") == "true":
            print("skipped: who holds the secret in memory, since a sanitizer fills it")
        elif os.getuid() == 0:
            holds = [any(role["AWS_SECRET_ACCESS_KEY"].encode() in part for part in memory_of(p)) for p in (proc, *children)]
            claim("the tool holds the secret access key, the processes that speak TLS do not", holds == [True] + [False] * len(children), holds)
        for one in (proc, *children):  # an exchange under way would keep the pipes open until its own deadline
            with contextlib.suppress(ProcessLookupError):  # a child may have ended with its parent
                os.kill(int(one.name), signal.SIGKILL)
        process.communicate()
        connection.close()
    listener.close()

    # -- exit codes -------------------------------------------------------------------------------------------------------
    for what, arguments, fragment in (
            ("nothing", [], "wanted is decrypt"), ("another operation", ["sign", *region], "wanted is decrypt"),
            ("no region", ["decrypt", "--ciphertext", sealed], "--region"),
            ("a region that steers", ["decrypt", "--region", "us-east-2.example.com", "--ciphertext", sealed], "--region"),
            ("no ciphertext", ["decrypt", *region], "--ciphertext is missing"),
            ("a ciphertext that is no base64", ["decrypt", *region, "--ciphertext", "*"], "--ciphertext"),
            ("an empty value", ["decrypt", *region, "--ciphertext", ""], "--ciphertext"),
            ("a flag of another operation", [*decrypt, "--length", "3"], "no flag of decrypt"),
            ("a flag twice", [*decrypt, "--ciphertext", sealed], "twice"),
            ("an unknown flag", [*decrypt, "--hsot", "x"], "no flag"),
            ("a key that steers", [*decrypt, "--key-id", 'k","x":"'], "--key-id"),
            ("another algorithm", [*decrypt, "--encryption-algorithm", "AES"], "--encryption-algorithm"),
            ("no key for genkey", ["genkey", *region, "--key-spec", "AES-256"], "--key-id is missing"),
            ("no size for genkey", ["genkey", *region, "--key-id", stack.key_arn], "--key-spec is missing"),
            ("KMS's own spelling", ["genkey", *region, "--key-id", stack.key_arn, "--key-spec", "AES_256"], "AES-256 or AES-128"),
            ("no length", ["genrandom", *region], "--length is missing"),
            ("length 0", ["genrandom", *region, "--length", "0"], "1 to 1024"),
            ("length 1025", ["genrandom", *region, "--length", "1025"], "1 to 1024"),
            ("a context for randomness", ["genrandom", *region, "--length", "1", "--encryption-context", "a=b"], "no flag of genrandom"),
            ("a context without a value", [*decrypt, "--encryption-context", "a"], "NAME=VALUE"),
            ("a context name twice", [*decrypt, "--encryption-context", "a=b", "--encryption-context", "a=c"], "--encryption-context"),
            ("port 0", [*decrypt, "--proxy-port", "0"], "--proxy-port"),
            ("two of three credentials", [*decrypt, *flags[:4]], "all three"),
            ("two sources", [*decrypt, *flags, "--credentials-stdin"], "two sources"),
            ("no file of roots", [*decrypt, "--trust-roots", "/nowhere"], "/nowhere")):
        run = tool(*arguments, where=place[:4] if "--trust-roots" in arguments else place)
        claim(f"exit 1: {what}", run.returncode == 1 and fragment in run.stderr and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")
    for what, env, stdin, more in (
            ("no credentials", {}, None, []), ("one of them missing", {k: role[k] for k in CREDENTIALS[:2]}, None, []),
            ("a line feed in one", {**role, "AWS_SESSION_TOKEN": "a\nHost: b"}, None, []),
            ("standard input that is no JSON", {}, role["AWS_SECRET_ACCESS_KEY"], ["--credentials-stdin"]),
            ("one that holds too little", {}, json.dumps({"AccessKeyId": "AKIA"}), ["--credentials-stdin"]),
            ("one without an end", {}, " " * 20000, ["--credentials-stdin"])):
        run = tool(*decrypt, *more, env=env, stdin=stdin)
        claim(f"exit 1: {what}", run.returncode == 1 and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")
    for what, arguments, env, where, fragment in (
            ("credentials that KMS does not know", decrypt, {**role, "AWS_SECRET_ACCESS_KEY": "s" * 40}, place, "InvalidSignatureException"),
            ("a ciphertext that is none", ["decrypt", *region, "--ciphertext", b64(b"x" * 80)], role, place, "InvalidCiphertextException"),
            ("no such key", ["genkey", *region, "--key-id", "alias/none", "--key-spec", "AES-256"], role, place, "NotFoundException"),
            ("a KMS that nobody vouches for", decrypt, role, place[:4], "TLS with kms."),
            ("no stream", decrypt, role, [*place[:2], "--kms-stream", "unix:/nowhere", *place[4:]], "stream to KMS"),
            ("an NSM that is not there", decrypt, role, ["--nsm", "unix:/nowhere", *place[2:]], "NSM"),
            ("no device", decrypt, role, place[2:], "/dev/nsm")):
        run = tool(*arguments, env=env, where=where)
        claim(f"exit 255: {what}", run.returncode == 255 and fragment in run.stderr and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")
    run = subprocess.run(["sh", "-c", f'exec "$0" "$@" >&-', TOOL, *decrypt, *place], env=role, capture_output=True)
    claim("with standard output closed nothing is asked", run.returncode == 1, run.returncode)
    with open("/dev/full", "w") as full:
        run = subprocess.run([TOOL, *decrypt, *place], env=role, stdout=full, stderr=subprocess.PIPE, text=True)
    claim("a plaintext that cannot be written is no success", run.returncode == 255 and "standard output" in run.stderr, run.stderr)
    for word in ("--help", "--version"):
        run = tool(word, env={})
        claim(f"{word} is exit 0", run.returncode == 0 and run.stdout.startswith("ensign-kmstool") and run.stderr == "", run.stderr)

    # -- another image ----------------------------------------------------------------------------------------------------
    other = stack.folder / "other.sock"
    process = stack.start("other", BUILD / "ensign-sim", "nsm", "--listen", f"unix:{other}", "--pcr", "0=" + "ab" * 48, "--pki", stack.folder / "sim")
    stack.wait_for("the other NSM", other.exists, process)
    run = tool(*decrypt, where=["--nsm", f"unix:{other}", *place[2:]])
    claim("KMS refuses an image that measures otherwise", run.returncode == 255 and "AccessDeniedException" in run.stderr, run.stderr)

done()
