"""ensign policy: new, check, digest, explain; the digest by Python, and verdicts on transactions and tickets."""

import hashlib
import json

import ethereum as eth
from cli import FOLDER, ensign, ensign_on_a_terminal, write
from expect import claim, done

BROKER = "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
RECIPIENT = "0x" + "c3" * 20
NEW = ["policy", "new", "--chain-id", "42161", "--ticket-broker", BROKER]


def canonical(value):
    """The canonical form, after ARCHITECTURE's words."""
    if isinstance(value, dict):
        return {k: canonical(v) for k, v in value.items()}
    if isinstance(value, list):
        return sorted({v.lower() for v in value})
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.lower() if isinstance(value, str) and value.startswith("0x") else value


def digest(document):
    return hashlib.sha256(json.dumps(canonical(document), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


path = FOLDER / "policy.json"
run = ensign(*NEW, "--allowed-recipient", RECIPIENT, "--out", path)
document = json.loads(path.read_text())
claim("new writes a file and says its digest", run.returncode == 0 and digest(document) in run.stderr, run.stderr)
claim("strict where nothing was said", document["messages"] == "tickets" and document["typed_data"] == "none" and
      document["require_allowlist"] is True and document["allow_withdraw"] is False and document["max_face_value_wei"] == str(5 * 10**16)
      and document["max_tx_fee_wei"] == str(10**16) and document["budget"]["max_face_value_wei"] == str(10**18))
before = path.read_bytes()
run = ensign(*NEW, "--allowed-recipient", RECIPIENT, "--out", path)
claim("it does not overwrite", run.returncode == 4 and "exists" in run.stderr and path.read_bytes() == before, run.stderr)
run = ensign(*NEW, "--no-allowlist", "--no-fund-deposit", "--allow-withdraw", "--treasury", RECIPIENT, "--messages", "any", "--typed-data", "any",
             "--max-gas", "unlimited", "--max-face-value-eth", "unlimited", "--budget-start", "empty", "--window-seconds", "60")
loose = json.loads(run.stdout)
claim("every key has its flag", run.returncode == 0 and loose["allow_withdraw"] and loose["treasury"] == RECIPIENT and loose["messages"] == "any"
      and loose["typed_data"] == "any" and loose["max_gas"] == "unlimited" and loose["max_face_value_wei"] == "unlimited"
      and loose["budget"]["start"] == "empty" and loose["budget"]["window_seconds"] == "60" and loose["allowed_recipients"] == [], run.stdout)
for what, arguments, fragment in [
        ("no chain", ["policy", "new", "--ticket-broker", BROKER, "--allowed-recipient", RECIPIENT], "--chain-id"),
        ("nobody allowed", NEW, "--allowed-recipient"),
        ("somebody and anybody", [*NEW, "--no-allowlist", "--allowed-recipient", RECIPIENT], "one of them"),
        ("withdrawal beside deposits", [*NEW, "--no-allowlist", "--allow-withdraw"], "--no-fund-deposit"),
        ("an amount with an exponent", [*NEW, "--no-allowlist", "--max-tx-fee-eth", "1e-2"], "--max-tx-fee-eth"),
        ("19 digits", [*NEW, "--no-allowlist", "--budget-fee-eth", "0." + "0" * 18 + "1"], "18"),
        ("another word", [*NEW, "--no-allowlist", "--messages", "all"], "tickets, any or none"),
        ("another start", [*NEW, "--no-allowlist", "--budget-start", "half"], "full or empty"),
        ("a broken checksum", [*NEW, "--allowed-recipient", "0xF39Fd6e51aad88F6F4ce6aB8827279cffFb92266"], "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")]:
    run = ensign(*arguments)
    claim(f"{what} is exit 2", run.returncode == 2 and fragment in run.stderr and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")

claim("digest is Python's", ensign("policy", "digest", path).stdout == digest(document) + "\n")
other = {**document, "version": 1, "chain_id": 42161, "ticket_broker": BROKER.upper().replace("0X", "0x"), "allowed_recipients": [RECIPIENT, "0x" + "C3" * 20]}
claim("whatever the spelling", ensign("policy", "digest", "-", stdin=json.dumps(dict(reversed(other.items())), indent=7)).stdout == digest(document) + "\n")
run = ensign("policy", "check", path)
claim("check", run.returncode == 0 and json.loads(run.stdout)["policy_sha256"] == digest(document) and "warning: " in run.stderr, run.stderr)
for what, changed, fragment in [("a key missing", {k: v for k, v in document.items() if k != "max_gas"}, "max_gas"),
                                ("a key too many", {**document, "max_gaz": "1"}, "max_gaz"),
                                ("chain 0", {**document, "chain_id": 0}, "chain_id"),
                                ("an amount with a point", {**document, "max_gas": 1.5}, "max_gas")]:
    run = ensign("policy", "check", write("changed.json", changed))
    claim(f"{what} is exit 4 and named", run.returncode == 4 and fragment in run.stderr and "changed.json" in run.stderr, run.stderr)
run = ensign("policy", "check", write("broken.json", '{\n  "version": 1,\n  "chain_id" 42161}'))
claim("broken JSON is told with its place", run.returncode == 4 and "line 3" in run.stderr, run.stderr)
twice = path.read_text().replace('"messages": "tickets"', '"messages": "tickets", "messages": "any"')
claim("a key given twice is refused", ensign("policy", "check", write("twice.json", twice)).returncode == 4)

shown, code = ensign_on_a_terminal("policy", "explain", path)
claim("explain says it in sentences", code == 0 and "at most 0.05 ETH" in shown and "chain 42161" in shown and "1 listed recipient," in shown, shown)
claim("and what it does not bound: restarts, blind messages", "restart" in shown and "root on the parent" in shown and "unmodified backend" in shown, shown)
as_json = json.loads(ensign("policy", "explain", path).stdout)
claim("the same in a pipe", as_json["policy_sha256"] == digest(document) and len(as_json["allows"]) > 4 and len(as_json["not_bounded"]) > 3)
claim("an open one is called what it is", "blindly" in ensign("policy", "explain", write("loose.json", loose)).stdout)

key = bytes.fromhex("11" * 32)
me = eth.address_of_key(key)
ticket = eth.ticket(me)


def verdict(kind, subject, *arguments):
    run = ensign("policy", "explain", path, f"--{kind}", write("subject.json", subject), *arguments)
    return run.returncode, (json.loads(run.stdout) if run.stdout else run.stderr)


code, told = verdict("ticket", ticket, "--signer", me)
claim("a good ticket is allowed, and what it costs", code == 0 and told["allowed"] and told["charges"]["face_value_wei"] == str(ticket["faceValue"]), str(told))
code, told = verdict("ticket", {**ticket, "recipient": "0x" + "dd" * 20}, "--signer", me)
claim("one to a stranger is refused by its rule", code == 1 and told["rule"] == "allowed_recipients" and "allowlist" in told["message"], str(told))
code, told = verdict("ticket", {**ticket, "faceValue": 5 * 10**16 + 1}, "--signer", me)
claim("one too large", code == 1 and told["rule"] == "max_face_value_wei", str(told))
code, told = verdict("ticket", {k: v for k, v in ticket.items() if k != "winProb"}, "--signer", me)
claim("half a ticket is exit 4", code == 4 and not told["allowed"] and told["rule"] is None, str(told))
tx = eth.broker_tx("0x" + eth.FUND_DEPOSIT, value=10**17)
code, told = verdict("tx", tx, "--signer", me)
claim("a deposit is allowed", code == 0 and told["charges"]["fund_deposit_wei"] == str(10**17), str(told))
code, told = verdict("tx", {**tx, "value": 10**17 + 1}, "--signer", me)
claim("a larger one is not", code == 1 and told["rule"] == "max_fund_deposit_wei", str(told))
code, told = verdict("tx", {**tx, "chainId": 1}, "--signer", me)
claim("nor one on another chain", code == 1 and told["rule"] == "chain_id", str(told))
code, told = verdict("tx", {**tx, "gasPrice": 10**12, "gas": 3_000_000}, "--signer", me)
claim("nor one whose fee is too high", code == 1 and told["rule"] == "max_tx_fee_wei", str(told))
code, told = verdict("tx", {**tx, "to": None}, "--signer", me)
claim("nor a creation", code == 1, str(told))
code, told = verdict("tx", {**tx, "value": "1"}, "--signer", me)
claim("what eth-account would not take is exit 4", code == 4, str(told))
code, told = verdict("tx", tx)
claim("the signer must be known", code == 2 and "--signer" in told, str(told))
code, told = verdict("tx", {**tx, "from": me})
claim("from tells it", code == 0, str(told))
run = ensign("policy", "explain", path, "--tx", path, "--ticket", path)
claim("one at a time", run.returncode == 2, run.stderr)
small = {**document, "budget": {**document["budget"], "max_face_value_wei": "1"}}
run = ensign("policy", "explain", write("small.json", small), "--ticket", write("t.json", ticket), "--signer", me)
claim("more than a whole budget is refused too", run.returncode == 1 and "budget" in json.loads(run.stdout)["rule"], run.stdout)
shown, code = ensign_on_a_terminal("policy", "explain", FOLDER / "small.json", "--ticket", FOLDER / "t.json", "--signer", me)
claim("on a terminal in a sentence", code == 1 and shown.startswith("refused by the rule budget"), shown)
done()
