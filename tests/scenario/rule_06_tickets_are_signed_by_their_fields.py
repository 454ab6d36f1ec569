"""Rule 6: with messages: tickets nothing passes but a ticket whose fields were seen and allowed; with any, everything
does, and the signer says so."""

import ethereum as eth
from expect import claim, done, refusal
from stack import Stack

with Stack(mode="strict", policy=Stack.policy()) as stack:
    signer = stack.provision()
    me = signer.address
    good = eth.ticket(me)
    hash_ = "0x" + eth.ticket_hash(good).hex()
    answer = signer.call("sign_ticket", ticket=good)
    claim("a ticket by its fields", eth.recover_message(eth.ticket_hash(good), answer["signature"]) == me
          and answer["ticket_hash"] == hash_)
    claim("its hash, with the fields beside it, gives the same signature",
          signer.call("sign_message_defunct", message_hash=hash_, ticket=good)["signature"] == answer["signature"])
    without = {k: v for k, v in good.items() if k != "sender"}
    claim("the sender may be left out", signer.call("sign_ticket", ticket=without)["signature"] == answer["signature"])
    for sentence, message in (("its hash alone", hash_), ("no bytes", "0x"), ("31 bytes", "0x" + "ab" * 31),
                              ("33 bytes", "0x" + "ab" * 33), ("a text", "0x" + b"hello".hex())):
        refusal(f"refused: {sentence}", signer.refused("sign_message_defunct", message_hash=message), "policy", "messages")
    other = "0x" + eth.ticket_hash(eth.ticket(me, face_value=10**24)).hex()
    refused = signer.refused("sign_message_defunct", message_hash=other, ticket=good)
    claim("refused: the hash of another ticket", refused.code in ("policy", "input"), refused.message)
    for sentence, change, fragment in (
            ("another recipient", {"recipient": "0x" + "dd" * 20}, "allowlist"),
            ("another sender", {"sender": "0x" + "dd" * 20}, "sender"),
            ("one wei too much", {"faceValue": 5 * 10**16 + 1}, "faceValue")):
        refusal(f"refused: {sentence}", signer.refused("sign_ticket", ticket={**good, **change}), "policy", fragment)
    for sentence, change in (("63 bytes of auxData", {"auxData": "0x" + "00" * 63}), ("no auxData", {"auxData": "0x"}),
                             ("a field too many", {"extra": 1}), ("a negative face value", {"faceValue": -1}),
                             ("a face value over 256 bits", {"faceValue": 2**256}),
                             ("a short recipientRandHash", {"recipientRandHash": "0x" + "00" * 31})):
        refusal(f"refused: {sentence}", signer.refused("sign_ticket", ticket={**good, **change}), "input")

with Stack(mode="strict", policy=Stack.policy(messages="none")) as stack:
    signer = stack.provision()
    refused = signer.refused("sign_ticket", ticket=eth.ticket(signer.address))
    refusal("messages: none refuses tickets too", refused, "policy", "messages")

with Stack(mode="strict", policy=Stack.policy(messages="any")) as stack:
    signer = stack.provision()
    blind = eth.keccak(b"anything")
    signature = signer.call("sign_message_defunct", message_hash="0x" + blind.hex())["signature"]
    claim("messages: any signs blind", eth.recover_message(blind, signature) == signer.address)
    told = " ".join(stack.signer.call("status").get("warnings", []))
    claim("and status says what that gives away", "any" in told, told[:160])

done()
