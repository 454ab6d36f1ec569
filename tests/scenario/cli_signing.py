"""status, attest, sealed, the sign commands, help and what every command does with a wrong command line."""

import base64
import json
import re
import subprocess

from cli import CLEAN, ENSIGN, FOLDER, FakeSigner, ensign, ensign_on_a_terminal, write
from expect import claim, done

DOCUMENT = bytes(range(256)) * 17
ANSWERS = {
    "status": {"address": None, "budget_left": {"max_fee_wei": "99975000000000000"}, "lease": {"expires": 1795454933}, "mode": "open", "warnings": ["one", "two\x1b[1m"]},
    "attestation": {"document_b64": base64.b64encode(DOCUMENT).decode()},
    "sealed": {"ciphertext_b64": "AQID", "key_id": "arn", "sha256": "00"},
    "sign_transaction": {"raw_tx": "0xf86b"}, "sign_ticket": {"signature": "0x01", "ticket_hash": "0x02"},
    "sign_message_defunct": {"signature": "0x03"}, "sign_typed_data": {"signature": "0x04"}}
signer = FakeSigner(lambda request: {"result": ANSWERS[request["method"]]})
AT = ["--endpoint", signer.endpoint]

run = ensign("status", *AT)
claim("status in a pipe is JSON", run.returncode == 0 and json.loads(run.stdout) == ANSWERS["status"], run.stderr)
shown, code = ensign_on_a_terminal("status", *AT)
claim("on a terminal a table, without what steers one", code == 0 and re.search(r"^budget_left\.max_fee_wei +0\.099975 ETH$", shown, re.M)
      and re.search(r"^warnings +one\n +two\?\[1m$", shown, re.M) and re.search(r"^address +-$", shown, re.M)
      and re.search(r"^lease\.expires +2026-11-23T17:28:53Z$", shown, re.M) and "\x1b" not in shown, repr(shown))
shown, code = ensign_on_a_terminal("status", *AT, "--json")
claim("and JSON when asked", code == 0 and json.loads(shown) == ANSWERS["status"])
nested = 1
for depth in range(28):
    nested = {"k" * (depth % 3 * 120) + "\x1b": nested, "": {"": depth}}
shown, code = ensign_on_a_terminal("status", "--endpoint", FakeSigner(lambda request: {"result": nested}).endpoint)
claim("names without end are shown as far as they go", code == 0 and "\x1b" not in shown and max(map(len, shown.splitlines())) < 9000, shown[-200:])
claim("sealed", json.loads(ensign("sealed", *AT).stdout) == ANSWERS["sealed"])

run = ensign("attest", *AT)
told = json.loads(run.stdout)
claim("attest sends a fresh nonce and tells it", run.returncode == 0 and re.fullmatch("0x[0-9a-f]{64}", told["nonce"])
      and signer.last["params"] == {"nonce": told["nonce"]} and told["document_b64"] == ANSWERS["attestation"]["document_b64"])
claim("another each time", json.loads(ensign("attest", *AT).stdout)["nonce"] != told["nonce"])
out = FOLDER / "document.bin"
run = ensign("attest", *AT, "--nonce", "0x00ff", "--out", out)
claim("or the nonce given, and bytes to a file", run.returncode == 0 and out.read_bytes() == DOCUMENT and signer.last["params"] == {"nonce": "0x00ff"}
      and json.loads(run.stdout) == {"document_file": str(out), "nonce": "0x00ff"}, run.stderr)
claim("which is not overwritten", ensign("attest", *AT, "--out", out).returncode == 4)
shown, code = ensign_on_a_terminal("attest", *AT, "--nonce", "0x00ff")
claim("on a terminal base64 and the nonce", code == 0 and shown == f"nonce 0x00ff\n{ANSWERS['attestation']['document_b64']}\n", shown[:80])
for nonce in ("0x", "00ff", "0x0", "0xzz", "0x" + "00" * 33):
    claim(f"nonce {nonce[:8]} is exit 2", ensign("attest", *AT, "--nonce", nonce).returncode == 2)
run = ensign("attest", "--endpoint", FakeSigner(lambda request: {"result": {}}).endpoint)
claim("no NSM is exit 1 and told", run.returncode == 1 and "NSM" in run.stderr, run.stderr)
run = ensign("attest", "--endpoint", FakeSigner(lambda request: {"result": {"document_b64": "*"}}).endpoint, "--out", FOLDER / "none")
claim("no base64 is exit 3, and no file is left", run.returncode == 3 and not (FOLDER / "none").exists(), run.stderr)

tx, ticket = {"nonce": 0, "value": 2 * 10**20, "to": None}, {"recipient": "0x00"}
tx_file, ticket_file = write("tx.json", json.dumps(tx, indent=2) + "\n"), write("ticket.json", ticket)
for command, arguments, stdin, method, params, bare in [
        ("sign-tx", [tx_file], None, "sign_transaction", {"tx": tx}, "0xf86b"),
        ("sign-tx", ["-"], json.dumps(tx), "sign_transaction", {"tx": tx}, "0xf86b"),
        ("sign-ticket", [ticket_file], None, "sign_ticket", {"ticket": ticket}, "0x01"),
        ("sign-typed-data", [ticket_file], None, "sign_typed_data", {"typed_data": ticket}, "0x04"),
        ("sign-message", ["0xABcd"], None, "sign_message_defunct", {"message_hash": "0xABcd"}, "0x03"),
        ("sign-message", ["0x"], None, "sign_message_defunct", {"message_hash": "0x"}, "0x03"),
        ("sign-message", ["--ticket", ticket_file, "0xabcd"], None, "sign_message_defunct", {"message_hash": "0xabcd", "ticket": ticket}, "0x03")]:
    run = ensign(command, *AT, *arguments, stdin=stdin)
    claim(f"{command} sends {method}", run.returncode == 0 and signer.last == {"method": method, "params": params}
          and json.loads(run.stdout) == ANSWERS[method], run.stderr)
    if stdin is None:
        shown, code = ensign_on_a_terminal(command, *AT, *arguments)
        claim(f"{command} on a terminal is bare hex", (shown, code) == (bare + "\n", 0), repr(shown))
for what, arguments, code in [("no file", ["sign-tx", *AT], 2), ("a file that is not there", ["sign-tx", *AT, FOLDER / "nowhere"], 4),
                              ("a file that is no object", ["sign-tx", *AT, write("list.json", "[]")], 4),
                              ("a folder", ["sign-tx", *AT, FOLDER], 4),
                              ("a message that is no hex", ["sign-message", *AT, "hello"], 2),
                              ("half a byte", ["sign-message", *AT, "0xabc"], 2)]:
    run = ensign(*arguments)
    claim(f"{what} is exit {code}", run.returncode == code and run.stderr.startswith("ensign: "), f"{run.returncode} {run.stderr.strip()}")
run = ensign("sign-tx", "--endpoint", FakeSigner(lambda request: {"error": {"code": "policy", "message": "chainId mismatch (got 1, expected 2)"}}).endpoint, tx_file)
claim("a refusal is exit 1", run.returncode == 1 and "chainId mismatch" in run.stderr, run.stderr)

commands = re.findall(r"^  ([a-z-]+(?: [a-z]+)?) {2,}\S", ensign("help").stdout, re.M)
claim("help lists the commands", len(commands) >= 15 and "policy new" in commands, str(commands))
for command in commands:
    words = command.split()
    run, also = ensign(*words, "--help"), ensign("help", *words)
    claim(f"{command} --help teaches", run.returncode == 0 and run.stdout == also.stdout and "Examples:" in run.stdout
          and "Exit codes:" in run.stdout and run.stderr == "" and not re.search(r"[ \t]$|.{121}", run.stdout, re.M),
          "\n".join(line for line in run.stdout.splitlines() if len(line) > 120))
    flag = ensign(*words, "--endpiont", "x")
    claim(f"{command} refuses an unknown flag", flag.returncode == 2 and "no flag --endpiont" in flag.stderr, flag.stderr)
claim("a word mistyped is guessed", "did you mean `ensign provision`?" in ensign("provison").stderr)
claim("a flag too", "did you mean --endpoint?" in ensign("status", "--endpiont", "x").stderr)
claim("no command is exit 2 with help", (lambda r: r.returncode == 2 and "Commands:" in r.stdout)(ensign()))
claim("an endpoint that is none is exit 2", ensign("status", "--endpoint", "http://x").returncode == 2)
version = ensign("--version")
claim("version, commit and build", version.returncode == 0 and re.fullmatch(r"ensign \d+\.\d+\.\d+\ncommit \S+\nbuild  \S.*\n", version.stdout), version.stdout)
with open("/dev/full", "w") as full:
    run = subprocess.run([ENSIGN, "status", *AT], stdout=full, stderr=subprocess.PIPE, text=True, env=CLEAN)
claim("output that cannot be written is a failure", run.returncode == 70 and "standard output" in run.stderr, f"{run.returncode} {run.stderr}")
done()
