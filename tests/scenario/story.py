"""The story that `make demo` tells on this machine and `make boot-test` in a booted enclave: seal, attest, unseal, sign,
refuse. Each refusal must be for its own reason."""

import json
import time

import ethereum as eth

ETHER = 10**18
FAILED = []


def chapter(text):
    print(f"\n{text}")


def line(what, found=""):
    print(f"  {what:<46} {found}")


def refused(what, refusal, expected):
    """One refusal, which must be for the reason expected."""
    ok = expected.lower() in refusal.lower()
    line(("refused: " if ok else "NOT AS EXPECTED: ") + what, refusal)
    if not ok:
        FAILED.append(what)


def check(what, truth, found=""):
    line(what, found if truth else f"WRONG: {found}")
    if not truth:
        FAILED.append(what)


def last_line(text):
    return text.strip().splitlines()[-1] if text.strip() else "(nothing said)"


def policy(Stack):
    """The demo's policy: a window budget that two tickets of 0.05 ETH spend."""
    return Stack.policy(budget={"window_seconds": 86400, "start": "full", "max_face_value_wei": str(ETHER // 10),
                                "max_fund_deposit_wei": "unlimited", "max_fee_wei": str(ETHER // 10)})


def strict(stack):
    policy = stack.policy_document
    chapter("Stand-ins up (ensign-sim): NSM, KMS, instance metadata")
    line("PCR0 of the image", stack.pcr0[:32] + "…")
    chapter("Sealed outside the enclave, under the policy's digest")
    line("policy digest", stack.digest())
    line("KMS key", stack.key_arn)
    line("its key policy allows Decrypt", "only to this PCR0 and this policy's digest")
    sealed = stack.seal()
    line("a new Ethereum key, sealed", f"address {sealed['address']}, {len(sealed['ciphertext_b64'])} characters of base64")

    chapter("Before the right provisioning: what root on the parent tries")
    policy_file = stack.folder / "policy.json"
    policy_file.write_text(json.dumps(policy))
    loose = stack.folder / "loose.json"
    loose.write_text(json.dumps({**policy, "max_face_value_wei": "unlimited", "messages": "any"}))

    def attempt(*flags):
        return last_line(stack.provision(sealed, *flags, check=False).stderr)

    refused("policy loosened by the parent", attempt("--policy", loose), "kmstool decrypt failed (exit 255)")
    forged = stack.signer.refused("provision", region=stack.env["AWS_REGION"], ciphertext_b64=sealed["ciphertext_b64"],
                                  policy=json.loads(loose.read_text()), **stack.role_params(),
                                  encryption_context={"ensign-policy-sha256": stack.digest()})
    refused("the digest forged over RPC", forged.message, "ensign-")
    refused("another KMS key named",
            attempt("--policy", policy_file, "--kms-key-id", stack.key_arn[:-12] + "000000000000"), "key")
    refused("image changed", last_line(stack.provision_changed_image(sealed, policy_file)), "kmstool decrypt failed (exit 255)")

    chapter("Provisioned: attest, Decrypt for the attested recipient, open, store")
    began = time.monotonic()
    signer = stack.provision(sealed, "--policy", policy_file, "--expected-address", sealed["address"])
    check("address", signer.address == sealed["address"], f"{signer.address} ({(time.monotonic() - began) * 1000:.0f} ms)")
    status = signer.call("status")
    line("status", ", ".join(f"{k}={status[k]}" for k in ("mode", "provisioned", "policy_bound") if k in status))

    chapter("Signed")
    ticket = eth.ticket(signer.address, number=1, face_value=ETHER // 20)
    answer = signer.call("sign_ticket", ticket=ticket)
    check("a ticket of 0.05 ETH; its signer recovered",
          eth.recover_message(eth.ticket_hash(ticket), answer["signature"]) == signer.address, answer["signature"][:34] + "…")
    redeem = eth.broker_tx(eth.redeem_data(ticket, answer["signature"]))
    raw = signer.call("sign_transaction", tx=redeem)["raw_tx"]
    check("redeemWinningTicket; its sender recovered", eth.sender_of(raw) == signer.address, raw[:34] + "…")

    chapter("Refused, each with its reason")
    other = eth.ticket(signer.address, number=2, recipient="0x" + "dd" * 20)
    refused("recipient not on the list", signer.refused("sign_ticket", ticket=other).message, "allowlist")
    large = eth.ticket(signer.address, number=3, face_value=ETHER)
    refused("face value too high", signer.refused("sign_ticket", ticket=large).message, "faceValue")
    signer.call("sign_ticket", ticket=eth.ticket(signer.address, number=4, face_value=ETHER // 20))
    spent = eth.ticket(signer.address, number=5, face_value=ETHER // 20)
    refused("window budget spent", signer.refused("sign_ticket", ticket=spent).message, "budget")
    dear = eth.broker_tx(redeem["data"], gasPrice=10**12)
    refused("fee too high", signer.refused("sign_transaction", tx=dear).message, "fee")
    blind = "0x" + eth.ticket_hash(large).hex()
    refused("blind message", signer.refused("sign_message_defunct", message_hash=blind).message, "message")
    elsewhere = eth.broker_tx(redeem["data"], to=eth.checksum(bytes.fromhex("dd" * 20)))
    refused("a transaction to another contract", signer.refused("sign_transaction", tx=elsewhere).message, "tx.to")
    journal = signer.call("journal")
    check("the journal has it all, chained", len(journal["entries"]) >= 9, f"{len(journal['entries'])} entries")
    kib = stack.anonymous_kib()
    if kib is not None:
        check("anonymous memory of ensignd and its child", kib <= 8192 + 8192, f"{kib} KiB")
