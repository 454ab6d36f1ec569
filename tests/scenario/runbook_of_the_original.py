"""The original runbook's provisioning, flags verbatim, then the unmodified backend's exact exchanges: with --messages any,
where they succeed byte for byte, and without, where tickets are refused and the reason is told."""

import json
import struct

import ethereum as eth
from expect import claim, done
from stack import Stack

KEY = "0x" + "11" * 32
RECIPIENT = "0x" + "c3" * 20
FLAGS = ["--chain-id", "42161", "--ticket-broker", "0xa8bb618b1520e284046f3dfc448851a1ff26e41b",
         "--allowed-recipient", RECIPIENT, "--require-allowlist", "--max-face-value-eth", "0.05"]


def backend(signer, method, **params):
    """What payments/signer.py does: one connection, sorted compact JSON; its own checks on the answer."""
    answer = json.loads(signer.exchange(eth.request(method, **params), timeout=5))
    assert isinstance(answer, dict)
    return answer.get("error"), answer.get("result")


with Stack(mode="open") as stack:
    sealed = stack.seal(key_text=KEY)
    first = stack.provision(sealed, *FLAGS, check=False)
    claim("the runbook's flags provision", first.returncode == 0, first.stderr.strip()[-100:])
    shown = json.loads(first.stdout)
    claim("the output is sorted, indented JSON with the address", list(shown) == sorted(shown) and "\n  " in first.stdout
          and shown["address"] == eth.address_of_key(bytes.fromhex("11" * 32)))
    claim("the first warning is that tickets need --messages any", "messages" in first.stderr, first.stderr[:200])
    signer = stack.signer
    error, result = backend(signer, "address")
    claim("address", error is None and result == {"address": shown["address"]})
    ticket = eth.ticket(shown["address"])
    error, _ = backend(signer, "sign_message_defunct", message_hash="0x" + eth.ticket_hash(ticket).hex())
    claim("without --messages any the backend's blind ticket is refused, and told why",
          error and "messages" in error["message"], str(error))
    error, result = backend(signer, "sign_transaction", tx=eth.broker_tx("0x" + eth.FUND_DEPOSIT, value=1))
    claim("fundDeposit is signed", error is None and eth.sender_of(result["raw_tx"]) == shown["address"])
    error, result = backend(signer, "attestation", nonce="0x" + "01" * 32)
    claim("attestation", error is None and len(result["document_b64"]) > 1000)
    error, _ = backend(signer, "provision")
    claim("a second provision", error["message"].startswith("signer already provisioned"), error["message"])

with Stack(mode="open") as stack:
    stack.provision(stack.seal(key_text=KEY), *FLAGS, "--messages", "any")
    signer = stack.signer
    me = signer.call("address")["address"]
    ticket = eth.ticket(me, face_value=5 * 10**16)
    hash_ = "0x" + eth.ticket_hash(ticket).hex()
    error, result = backend(signer, "sign_message_defunct", message_hash=hash_)
    claim("with it the ticket is signed", error is None and eth.recover_message(eth.ticket_hash(ticket), result["signature"]) == me)
    error, redeemed = backend(signer, "sign_transaction", tx=eth.broker_tx(eth.redeem_data(ticket, result["signature"])))
    claim("and redeemed", error is None and eth.sender_of(redeemed["raw_tx"]) == me)
    tickets = [eth.ticket(me, n, rand=n, face_value=10**15) for n in range(20)]
    signatures = [backend(signer, "sign_message_defunct", message_hash="0x" + eth.ticket_hash(t).hex())[1]["signature"] for t in tickets]
    error, result = backend(signer, "sign_transaction", tx=eth.broker_tx(
        eth.batch_data(tickets, signatures, list(range(20))), gas=2_500_000))
    claim("a batch of twenty", error is None and eth.sender_of(result["raw_tx"]) == me, str(error))
    large = eth.ticket(me, 50, face_value=5 * 10**16 + 1)
    signature = backend(signer, "sign_message_defunct", message_hash="0x" + eth.ticket_hash(large).hex())[1]["signature"]
    error, _ = backend(signer, "sign_transaction", tx=eth.broker_tx(eth.redeem_data(large, signature)))
    claim("too large a ticket cannot be redeemed through us, in the original's words",
          error["message"].startswith("ticket.faceValue exceeds policy max"), str(error))
    stranger = eth.ticket(me, 51, recipient="0x" + "dd" * 20)
    signature = backend(signer, "sign_message_defunct", message_hash="0x" + eth.ticket_hash(stranger).hex())[1]["signature"]
    error, _ = backend(signer, "sign_transaction", tx=eth.broker_tx(eth.redeem_data(stranger, signature)))
    claim("nor one to a stranger", error["message"].startswith("ticket.recipient not in allowlist"), str(error))

done()
