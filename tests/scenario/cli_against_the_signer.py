"""Every command of the tool that speaks to a signer, once, with ensignd and the stand-ins on the other side."""

import base64
import json
import re

import ethereum as eth
from cli import ensign_on_a_terminal
from expect import claim, done
from stack import Stack

with Stack(mode="strict", policy=Stack.policy()) as stack:
    at = ["--endpoint", f"unix:{stack.socket}"]

    def tool(*arguments, **more):
        return stack.ensign(*arguments, *at, check=False, **more)

    def file(name, value):
        path = stack.folder / name
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    run = tool("address")
    claim("before it has a key, address is refused", run.returncode == 1 and "signer not provisioned" in run.stderr, run.stderr)
    sealed = stack.seal()
    sealed_file = file("sealed.json", sealed)
    run = tool("provision", "--ciphertext-b64", f"@{sealed_file}", "--expected-address", sealed["address"])
    claim("a strict signer wants neither region nor policy of the operator", run.returncode == 0, run.stderr)
    me = json.loads(run.stdout)["address"]
    claim("the address is the one that encrypt told", me == sealed["address"] == json.loads(tool("address").stdout)["address"])
    told = json.loads(tool("sealed").stdout)
    claim("sealed is what was sealed", told["ciphertext_b64"] == sealed["ciphertext_b64"] and told["key_id"] == sealed["key_id"])
    claim("the policy's digest is the one that encrypt bound it to",
          json.loads(run.stdout)["policy_sha256"] == sealed["encryption_context"]["ensign-policy-sha256"])

    tx = eth.broker_tx("0x" + eth.FUND_DEPOSIT, value=1)
    run = tool("sign-tx", file("tx.json", tx))
    claim("sign-tx", run.returncode == 0 and eth.sender_of(json.loads(run.stdout)["raw_tx"]) == me, run.stderr)
    ticket = eth.ticket(me)
    run = tool("sign-ticket", "-", stdin=json.dumps(ticket))
    hash_ = eth.ticket_hash(ticket)
    signed = json.loads(run.stdout)
    claim("sign-ticket", run.returncode == 0 and eth.recover_message(hash_, signed["signature"]) == me and signed["ticket_hash"] == "0x" + hash_.hex())
    run = tool("sign-message", "0x" + hash_.hex(), "--ticket", file("ticket.json", ticket))
    claim("sign-message with the ticket beside it", run.returncode == 0 and json.loads(run.stdout)["signature"] == signed["signature"], run.stderr)
    run = tool("sign-message", "0x" + hash_.hex())
    claim("not without", run.returncode == 1 and "ticket" in run.stderr, run.stderr)
    typed = {"types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Mail": [{"name": "count", "type": "uint256"}]},
             "primaryType": "Mail", "domain": {"name": "post"}, "message": {"count": 1}}
    run = tool("sign-typed-data", file("typed.json", typed))
    claim("typed data is refused by the policy", run.returncode == 1 and "policy" in run.stderr, run.stderr)
    stranger = {**ticket, "recipient": "0x" + "dd" * 20}
    refused = tool("sign-ticket", file("stranger.json", stranger))
    policy = file("policy.json", stack.policy_document)
    judged = stack.ensign("policy", "explain", policy, "--ticket", stack.folder / "stranger.json", "--signer", me, check=False)
    claim("what explain foretells is what the signer says", refused.returncode == judged.returncode == 1
          and json.loads(judged.stdout)["message"] in refused.stderr, f"{refused.stderr} {judged.stdout}")

    run = tool("journal")
    entries = [json.loads(line) for line in run.stdout.splitlines()]
    claim("the journal has all of it, and its chain holds", run.returncode == 0 and
          [(e["method"], e["refused"]) for e in entries][:3] == [("sign_transaction", False), ("sign_ticket", False), ("sign_message_defunct", False)]
          and entries[-1]["rule"] == "allowed_recipients", run.stdout + run.stderr)
    shown, code = ensign_on_a_terminal("journal", *at)
    claim("for people too", code == 0 and len(shown.splitlines()) == len(entries), shown)
    status = json.loads(tool("status").stdout)
    claim("status counts as many", status["journal"]["last"] == len(entries) and status["provisioned"] and status["mode"] == "strict")
    shown, code = ensign_on_a_terminal("status", *at)
    claim("status on a terminal", code == 0 and re.search(rf"^address +{me}$", shown, re.M) and re.search(r"^mode +strict$", shown, re.M), shown)
    out = stack.folder / "document.bin"
    nonce = "0x" + "5a" * 32
    run = tool("attest", "--nonce", nonce, "--out", out)
    document = out.read_bytes()
    claim("attest: a document with the nonce, the address and the journal's head", run.returncode == 0 and bytes.fromhex(nonce[2:]) in document
          and me.lower().encode() in document and status["journal"]["head"].encode() in document, run.stderr)
    again = tool("provision", "--ciphertext-b64", f"@{sealed_file}", "--expected-address", "0x" + "11" * 20)
    claim("another address than expected is exit 1", again.returncode == 1, again.stderr)

with Stack(mode="open", generate=True) as stack:
    run = stack.ensign("provision", "--endpoint", f"unix:{stack.socket}", "--generate", "--kms-key-id", stack.key_arn, check=False)
    made = json.loads(run.stdout or "{}")
    claim("--generate gives an address and its ciphertext", run.returncode == 0 and base64.b64decode(made["ciphertext_b64"])
          and re.fullmatch("0x[0-9a-fA-F]{40}", made["address"]), run.stderr)
    told = json.loads(stack.ensign("sealed", "--endpoint", f"unix:{stack.socket}").stdout)
    claim("which sealed repeats", told["ciphertext_b64"] == made["ciphertext_b64"])
    claim("a signer without a policy is warned of", "warning: " in run.stderr, run.stderr)

with Stack(mode="open") as stack:
    policy = stack.folder / "policy.json"
    stack.ensign("policy", "new", "--chain-id", "42161", "--ticket-broker", "0xa8bb618b1520e284046f3dfc448851a1ff26e41b",
                 "--allowed-recipient", "0x" + "c3" * 20, "--out", policy)
    sealed = stack.ensign("encrypt", "--kms-key-id", stack.key_arn, "--policy", policy, "--encryption-context", "service=payments",
                          "--new", env=stack.admin_env)
    command = ["provision", "--endpoint", f"unix:{stack.socket}", "--kms-key-id", stack.key_arn, "--ciphertext-b64", "-",
               "--policy", policy, "--encryption-context", "service=payments"]
    run = stack.ensign(*command, stdin=sealed.stdout, check=False)
    claim("a key sealed under a policy does not open unbound, and the hint says why", run.returncode == 1
          and "InvalidCiphertextException" in run.stderr and "context" in run.stderr, run.stderr)
    run = stack.ensign(*command, "--bind-policy", stdin=sealed.stdout, check=False)
    answer = json.loads(run.stdout or "{}")
    claim("it opens bound to that policy", run.returncode == 0 and answer["policy_bound"] is True
          and answer["address"] == json.loads(sealed.stdout)["address"], run.stderr)
    run = stack.ensign(*command, "--bind-policy", stdin=sealed.stdout, check=False)
    claim("a second key is refused", run.returncode == 1 and "already provisioned" in run.stderr, run.stderr)
done()
