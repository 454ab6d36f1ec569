"""Rule 12: canonical ABI, JSON without duplicate keys, exact integers to 256 bits; the struct that is judged is signed."""

import ethereum as eth
from expect import claim, done, refusal
from stack import Refused, Stack
import json

with Stack(mode="strict", policy=Stack.policy()) as stack:
    signer = stack.provision()
    me = signer.address
    ticket = eth.ticket(me)
    signature = signer.call("sign_ticket", ticket=ticket)["signature"]
    data = eth.redeem_data(ticket, signature)
    good = eth.broker_tx(data)
    claim("the control is signed", "raw_tx" in signer.call("sign_transaction", tx=good))
    body = bytes.fromhex(data[10:])

    def patched(at, value):
        return "0x" + eth.REDEEM + (body[:at] + value + body[at + len(value):]).hex()

    other = eth.ticket(me, number=9, recipient="0x" + "dd" * 20)
    for sentence, calldata in (
            ("a word left over", data + "00" * 32), ("a byte left over", data + "00"),
            ("the ticket's offset moved on", "0x" + eth.REDEEM + (eth.word(128) + body[32:96] + bytes(32) + body[96:]).hex()),
            ("the signature's offset into the ticket", patched(32, eth.word(96))),
            ("dirt in an address's padding", patched(96, b"\x01")),
            ("dirt after the signature", patched(len(body) - 1, b"\x01")),
            ("an offset near 2^256", patched(0, b"\xff" * 32)),
            ("auxData said to be 63 bytes", patched(96 + 7 * 32, eth.word(63))),
            ("a word missing", data[:-64])):
        refusal(f"refused: {sentence}", signer.refused("sign_transaction", tx={**good, "data": calldata}), "policy",
                "redeemWinningTicket")
    refusal("refused: a ticket signed by nobody", signer.refused("sign_transaction", tx={
        **good, "data": eth.redeem_data(ticket, "0x" + "00" * 64 + "1b")}), "policy", "signature")
    refusal("refused: our signature over another ticket", signer.refused("sign_transaction", tx={
        **good, "data": eth.redeem_data(eth.ticket(me, number=2), signature)}), "policy", "signature")
    tickets = [eth.ticket(me, n, rand=n) for n in (11, 12)]
    signatures = [signer.call("sign_ticket", ticket=t)["signature"] for t in tickets]
    batch = eth.broker_tx(eth.batch_data(tickets, signatures, [11, 12]))
    claim("the control batch is signed", "raw_tx" in signer.call("sign_transaction", tx=batch))
    for sentence, calldata in (("an empty batch", eth.batch_data([], [], [])),
                               ("fewer signatures than tickets", eth.batch_data(tickets, signatures[:1], [11, 12])),
                               ("fewer preimages than tickets", eth.batch_data(tickets, signatures, [11])),
                               ("signatures in the wrong order", eth.batch_data(tickets, signatures[::-1], [11, 12]))):
        refusal(f"refused: {sentence}", signer.refused("sign_transaction", tx={**batch, "data": calldata}), "policy")
    different = {**good, "input": "0x6caa736b"}
    claim("data and input, both and different", signer.refused("sign_transaction", tx=different).code in ("input", "policy"))

    def raw(text):
        answer = json.loads(signer.exchange(text.encode()))
        return answer.get("error", {"code": "none", "message": str(answer)})

    text = json.dumps({"method": "sign_transaction", "params": {"tx": good}})
    for sentence, change in (
            ("the transaction's to twice", text.replace('"to":', f'"to": "0x{"dd" * 20}", "to":', 1)),
            ("a key twice, once escaped", text.replace('"to":', '"\\u0074o": null, "to":', 1)),
            ("params twice", text[:-1] + ', "params": {}}'),
            ("method twice", '{"method": "address", "method": "address"}'),
            ("NaN", text.replace('"value": 0', '"value": NaN')),
            ("33 levels", '{"method":"address","params":' + '[' * 33 + ']' * 33 + '}'),
            ("bytes after the object", text + "x")):
        error = raw(text=change)
        claim(f"refused: {sentence}", error["code"] == "input", f"{error['code']}: {error['message'][:100]}")
    for sentence, change in (("a value of 2^256", {"value": 2**256}), ("a nonce of 2^64", {"nonce": 2**64}),
                             ("a value with a fraction", {"value": 0.5}), ("a value with an exponent", {"value": 1e3}),
                             ("a decimal string", {"value": "0"}), ("a lower-case to", {"to": good["to"].lower()})):
        claim(f"refused: {sentence}", signer.refused("sign_transaction", tx={**good, **change}).code in ("input", "policy"),
              signer.refused("sign_transaction", tx={**good, **change}).message[:120])

done()
