"""Rule 5: every signature passes the policy; what no rule allows is refused; an incomplete policy is refused when
provisioned and leaves nothing; no method signs a digest."""

import ethereum as eth
from expect import claim, done, refusal
from stack import Stack

with Stack(mode="strict", policy=Stack.policy(), policy_in_settings=False) as stack:
    signer, sealed = stack.signer, stack.seal()
    base = {"region": stack.env["AWS_REGION"], "ciphertext_b64": sealed["ciphertext_b64"],
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40, "aws_session_token": "t" * 40}
    whole = Stack.policy()
    for key in whole:
        refusal(f"a policy without {key}", signer.refused("provision", **base, policy={
            k: v for k, v in whole.items() if k != key}), "input", key)
    refusal("a policy for chain 0", signer.refused("provision", **base, policy={**whole, "chain_id": 0}), "input", "chain_id")
    refusal("a policy with no contract", signer.refused("provision", **base, policy={**whole, "ticket_broker": None}),
            "input", "ticket_broker")
    refusal("a policy with a key of another version", signer.refused("provision", **base, policy={**whole, "extra": 1}),
            "input", "extra")
    refusal("strict without any policy", signer.refused("provision", **base), "policy", "policy")
    refusal("nothing was left behind", signer.refused("address"), "state", "not provisioned")

    import json
    path = stack.folder / "whole.json"
    path.write_text(json.dumps(whole))
    signer = stack.provision(sealed, "--policy", path)
    me = signer.address
    ticket = eth.ticket(me)
    redeem = eth.redeem_data(ticket, signer.call("sign_ticket", ticket=ticket)["signature"])
    good = eth.broker_tx(redeem)
    claim("the control: the right redeem is signed", eth.sender_of(signer.call("sign_transaction", tx=good)["raw_tx"]) == me)
    other = eth.checksum(bytes.fromhex("dd" * 20))
    for sentence, tx, fragment in (
            ("to another contract", {**good, "to": other}, "tx.to not allowed"),
            ("creating a contract", {k: v for k, v in good.items() if k != "to"}, "tx.to"),
            ("on another chain", {**good, "chainId": 1}, "chainId mismatch"),
            ("on any chain (no chain id)", {k: v for k, v in good.items() if k != "chainId"}, "chainId mismatch"),
            ("with value", {**good, "value": 1}, "value"),
            ("an unknown function", {**good, "data": "0xdeadbeef"}, "selector"),
            ("no function", {**good, "data": "0x"}, "selector"),
            ("a plain transfer to the broker", {**good, "data": "0x", "value": 1}, "selector"),
            ("withdraw()", {**good, "data": "0x3ccfd60b"}, "withdraw"),
            ("unlock()", {**good, "data": "0xa69df4b5"}, "unlock"),
            ("too much gas", {**good, "gas": 3_000_001}, "gas")):
        refusal(f"refused: a transaction {sentence}", signer.refused("sign_transaction", tx=tx), "policy", fragment)
    authorization = {"chainId": 42161, "address": other, "nonce": 0, "yParity": 0, "r": 1, "s": 1}
    typed = {k: v for k, v in good.items() if k != "gasPrice"} | {"maxFeePerGas": 10**8, "maxPriorityFeePerGas": 1}
    refusal("refused: type 4", signer.refused("sign_transaction", tx={**typed, "authorizationList": [authorization]}),
            "policy", "type")
    refusal("refused: type 3", signer.refused("sign_transaction", tx={
        **typed, "maxFeePerBlobGas": 1, "blobVersionedHashes": ["0x01" + "00" * 31]}), "policy", "type")
    refusal("refused: typed data", signer.refused("sign_typed_data", typed_data={
        "types": {"EIP712Domain": [], "A": [{"name": "a", "type": "uint256"}]}, "primaryType": "A", "domain": {},
        "message": {"a": 1}}), "policy", "typed_data")
    for method in ("sign_digest", "sign_hash", "sign", "eth_sign", "sign_raw", "export_key", "eval"):
        refusal(f"there is no method {method}", signer.refused(method, hash="0x" + "00" * 32, data="0x"), "input", "unknown method")

done()
