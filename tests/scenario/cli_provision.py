"""ensign provision: the original script's flags become its bytes on the wire and its output; refusals, silence and nonsense
have their exit codes; nothing secret is shown."""

import json
import struct
import time

from cli import FOLDER, TEMPORARY, FakeSigner, ensign, ensign_on_a_terminal, write
from expect import claim, done

ADDRESS = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
BROKER = "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
FLAGS = ["--region", "us-east-2", "--ciphertext-b64", "AQIDBAUG", "--chain-id", "42161", "--ticket-broker", BROKER,
         "--allowed-recipient", "0x" + "c3" * 20, "--require-allowlist", "--max-face-value-eth", "0.05",
         "--max-total-face-value-eth", "20"]
WANTED = {"allowed_recipients": ["0x" + "c3" * 20], "aws_access_key_id": TEMPORARY["AWS_ACCESS_KEY_ID"],
          "aws_secret_access_key": TEMPORARY["AWS_SECRET_ACCESS_KEY"], "aws_session_token": TEMPORARY["AWS_SESSION_TOKEN"],
          "chain_id": 42161, "ciphertext_b64": "AQIDBAUG", "max_face_value_wei": 5 * 10**16,
          "max_total_face_value_wei": 20 * 10**18, "proxy_port": 8000, "region": "us-east-2", "require_allowlist": True,
          "ticket_broker": BROKER}
RESULT = {"warnings": ["first \u2028 loose end", "second\x1b[31m"], "address": ADDRESS, "policy_sha256": "00" * 32}


def silent_about_secrets(done_):
    return not any(TEMPORARY[name] in done_.stdout + done_.stderr for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))


signer = FakeSigner(lambda request: {"result": RESULT})
run = ensign("provision", "--endpoint", signer.endpoint, *FLAGS, env=TEMPORARY)
claim("the flags of the original are taken", run.returncode == 0, run.stderr)
request = json.dumps({"method": "provision", "params": WANTED}, sort_keys=True, separators=(",", ":")).encode()
claim("the request is the original's, sorted and compact, to the byte", signer.requests[-1] == request, signer.requests[-1].decode())
claim("the output is json.dumps(sort_keys=True, indent=2)", run.stdout == json.dumps(RESULT, sort_keys=True, indent=2) + "\n", run.stdout)
claim("warnings are lines on standard error, harmless to a terminal",
      run.stderr.splitlines() == ["warning: first ??? loose end", "warning: second?[31m"], repr(run.stderr))
claim("nothing secret is shown", silent_about_secrets(run))

# A signer that has no room for the request is asked again, soon and then later, and nothing else is.
BUSY = {"error": {"code": "limit", "message": "requests are waiting for KMS already: try again later"}}
for limits, code, count in ((2, 0, 3), (9, 1, 5)):
    left = [BUSY] * limits
    busy = FakeSigner(lambda request: left.pop(0) if left else {"result": RESULT})
    start = time.monotonic()
    run = ensign("provision", "--endpoint", busy.endpoint, *FLAGS, env=TEMPORARY)
    claim(f"limit, {limits} times: asked {count} times, the same words", (run.returncode, len(busy.requests)) == (code, count) and
          len(set(busy.requests)) == 1 and time.monotonic() - start > 0.4 and "asking again" in run.stderr, run.stderr)
    claim("nothing secret is shown then either", silent_about_secrets(run))
for refused in ("state", "policy", "remote", "input", "internal"):
    once = FakeSigner(lambda request: {"error": {"code": refused, "message": "no"}})
    run = ensign("provision", "--endpoint", once.endpoint, *FLAGS, env=TEMPORARY)
    claim(f"{refused} is asked once", (run.returncode, len(once.requests)) == (1, 1), run.stderr)
left = [BUSY] * 9
busy = FakeSigner(lambda request: left.pop(0))
start = time.monotonic()
run = ensign("provision", "--endpoint", busy.endpoint, "--timeout", "1", *FLAGS, env=TEMPORARY)
claim("not beyond --timeout", run.returncode == 1 and time.monotonic() - start < 2, f"{time.monotonic() - start:.1f} s")

stdin = ensign("provision", "--endpoint", signer.endpoint, "--region", "us-east-2", "--ciphertext-b64", "-", env=TEMPORARY, stdin="AQIDBAUG\n")
claim("the ciphertext may come by standard input", stdin.returncode == 0 and signer.last["params"]["ciphertext_b64"] == "AQIDBAUG")
sealed = write("sealed.json", {"ciphertext_b64": "AQIDBAUG", "address": ADDRESS})
claim("or from what ensign encrypt printed", ensign("provision", "--endpoint", signer.endpoint, "--ciphertext-b64", f"@{sealed}",
      env=TEMPORARY).returncode == 0 and signer.last["params"]["ciphertext_b64"] == "AQIDBAUG")
listed = write("recipients.txt", "# ours\n0x" + "C3" * 20 + ", 0x" + "11" * 20 + "\n\n0x" + "22" * 20 + " # the last\n")
claim("recipients may come from a file", ensign("provision", "--endpoint", signer.endpoint, *FLAGS, "--allowed-recipients-file", listed,
      env=TEMPORARY).returncode == 0 and signer.last["params"]["allowed_recipients"] == ["0x" + x * 20 for x in ("c3", "c3", "11", "22")])
bad = write("bad.txt", "0x" + "11" * 20 + "\n0x12\n")
wrong = ensign("provision", "--endpoint", signer.endpoint, *FLAGS, "--allowed-recipients-file", bad, env=TEMPORARY)
claim("a bad line in it is named", wrong.returncode == 4 and "line 2" in wrong.stderr and "bad.txt" in wrong.stderr, wrong.stderr)

policy = write("policy.json", ensign("policy", "new", "--chain-id", "42161", "--ticket-broker", BROKER, "--allowed-recipient",
                                     "0x" + "c3" * 20).stdout)
run = ensign("provision", "--endpoint", signer.endpoint, "--region", "us-east-2", "--ciphertext-b64", "AQIDBAUG", "--policy", policy,
             "--bind-policy", "--encryption-context", "service=payments-signer", env=TEMPORARY)
params = signer.last["params"]
claim("a policy document goes as it is", run.returncode == 0 and params["policy"] == json.loads(policy.read_text())
      and params["bind_policy"] is True and params["encryption_context"] == {"service": "payments-signer"}, run.stderr)
claim("and no flat key beside it", not set(params) & {"chain_id", "ticket_broker", "allowed_recipients", "require_allowlist"})
asked = len(signer.requests)
both = ensign("provision", "--endpoint", signer.endpoint, *FLAGS, "--policy", policy, env=TEMPORARY)
claim("both is a usage error", both.returncode == 2 and "--policy FILE is the whole policy" in both.stderr, both.stderr)
broken = write("broken.json", policy.read_text().replace("0xa8bb", "0xzz"))
refused = ensign("provision", "--endpoint", signer.endpoint, "--ciphertext-b64", "AQIDBAUG", "--policy", broken, env=TEMPORARY)
claim("a policy that is none is refused here", refused.returncode == 4 and "ticket_broker" in refused.stderr, refused.stderr)
forged = ensign("provision", "--endpoint", signer.endpoint, *FLAGS, "--encryption-context", "ENSIGN-policy-sha256=00", env=TEMPORARY)
claim("the enclave's own context names are refused", forged.returncode == 2 and "ensign-" in forged.stderr.lower(), forged.stderr)
claim("nothing was sent for any of those", len(signer.requests) == asked)

key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
run = ensign("provision", "--endpoint", signer.endpoint, "--generate", "--kms-key-id", key, env=TEMPORARY)
claim("generate has its own method, and the ARN's region", run.returncode == 0 and signer.last["method"] == "generate"
      and signer.last["params"]["key_id"] == key and signer.last["params"]["region"] == "eu-west-1"
      and signer.last["params"]["key_spec"] == "AES-256" and "ciphertext_b64" not in signer.last["params"], run.stderr)

refusing = FakeSigner(lambda request: {"error": {"code": "remote", "message": "kmstool decrypt failed (exit 255): AccessDenied\n\x1b[2J"}})
run = ensign("provision", "--endpoint", refusing.endpoint, *FLAGS, env=TEMPORARY)
claim("a refusal is exit 1 with the signer's words, made harmless", run.returncode == 1 and run.stdout == ""
      and "kmstool decrypt failed (exit 255): AccessDenied" in run.stderr and "\x1b" not in run.stderr, repr(run.stderr))
original = FakeSigner(lambda request: {"error": {"message": "signer already provisioned"}})
claim("so is the original's, which has no code", ensign("provision", "--endpoint", original.endpoint, *FLAGS, env=TEMPORARY).returncode == 1)

run = ensign("provision", "--endpoint", f"unix:{FOLDER}/nobody.sock", *FLAGS, env=TEMPORARY)
claim("nobody there is exit 3", run.returncode == 3 and "nobody.sock" in run.stderr, run.stderr)
mute = FakeSigner(lambda request: None)
run = ensign("provision", "--endpoint", mute.endpoint, "--generate", "--kms-key-id", key, "--timeout", "1", env=TEMPORARY)
claim("silence is exit 3 in time, and says where a generated key still is", run.returncode == 3 and "ensign sealed" in run.stderr, run.stderr)
claim("and tells no secret", silent_about_secrets(run))
for name, answer in {"no JSON": struct.pack(">I", 3) + b"abc", "an array": struct.pack(">I", 2) + b"[]", "half a frame": b"\0\0",
                     "a result that is null": {"result": None}, "4 GiB announced": b"\xff\xff\xff\xff",
                     "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n"}.items():
    run = ensign("provision", "--endpoint", FakeSigner(lambda request: answer).endpoint, *FLAGS, "--timeout", "3", env=TEMPORARY)
    claim(f"an answer that is {name} is exit 3", run.returncode == 3 and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")
claim("a client that is told an endpoint by the environment needs no flag",
      ensign("provision", *FLAGS, env={**TEMPORARY, "ENSIGN_ENDPOINT": signer.endpoint}).returncode == 0)

shown, code = ensign_on_a_terminal("address", "--endpoint", FakeSigner(lambda request: {"result": {"address": ADDRESS}}).endpoint)
claim("address on a terminal is the address", (shown, code) == (ADDRESS + "\n", 0), repr(shown))
done()
