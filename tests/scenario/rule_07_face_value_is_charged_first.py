"""Rule 7: whole, under one lock, once per ticket hash, before the signature, never given back; fees too."""

import concurrent.futures

import ethereum as eth
from expect import claim, done, refusal
from stack import Refused, Stack

ETHER = 10**18
LIMIT = {"window_seconds": 86400, "start": "full", "max_face_value_wei": str(ETHER // 10),
         "max_fund_deposit_wei": str(ETHER // 100), "max_fee_wei": str(3 * 250000 * 10**8)}

with Stack(mode="strict", policy=Stack.policy(budget=LIMIT)) as stack:
    signer = stack.provision()
    me = signer.address

    def sign(number):
        try:
            return signer.call("sign_ticket", ticket=eth.ticket(me, number, face_value=ETHER // 100))["signature"]
        except Refused as refused:
            return refused

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(sign, range(40)))
    signed = [n for n, a in enumerate(answers) if isinstance(a, str)]
    claim("of 40 tickets at once, exactly the ten that the budget allows were signed", len(signed) == 10, len(signed))
    refusal("the others name the budget", next(a for a in answers if not isinstance(a, str)), "policy",
            "budget.max_face_value_wei")
    claim("a ticket already charged is signed again for nothing", isinstance(sign(signed[0]), str))
    never = next(n for n, a in enumerate(answers) if not isinstance(a, str))
    claim("one that was refused stays refused", not isinstance(sign(never), str))

    charged = eth.ticket(me, signed[0], face_value=ETHER // 100)
    data = eth.redeem_data(charged, answers[signed[0]])
    left = int(signer.call("status")["budget_left"]["max_face_value_wei"])
    raw = signer.call("sign_transaction", tx=eth.broker_tx(data))["raw_tx"]
    claim("redeeming a charged ticket charges its fee and no face value", eth.sender_of(raw) == me
          and int(signer.call("status")["budget_left"]["max_face_value_wei"]) == left)
    for _ in range(2):
        signer.call("sign_transaction", tx=eth.broker_tx(data))
    refusal("the fee budget ends too", signer.refused("sign_transaction", tx=eth.broker_tx(data)), "policy",
            "budget.max_fee_wei")
    deposit = eth.broker_tx("0x" + eth.FUND_DEPOSIT, value=ETHER // 100 + 1, gas=1, gasPrice=0)
    refusal("the deposit budget too", signer.refused("sign_transaction", tx=deposit), "policy",
            "budget.max_fund_deposit_wei")
    deposit["value"] -= 1
    signer.call("sign_transaction", tx=deposit)
    refusal("and is spent by what it allowed", signer.refused("sign_transaction", tx={**deposit, "value": 1}), "policy",
            "budget.max_fund_deposit_wei")

fee = Stack.policy(max_tx_fee_wei=str(250000 * 10**8), max_fee_per_gas_wei=str(10**8))
with Stack(mode="strict", policy=fee) as stack:
    signer = stack.provision()
    deposit = eth.broker_tx("0x" + eth.FUND_DEPOSIT, value=1)
    claim("a fee at the cap is signed", "raw_tx" in signer.call("sign_transaction", tx=deposit))
    refusal("one gas more is not", signer.refused("sign_transaction", tx={**deposit, "gas": 250001}), "policy",
            "max_tx_fee_wei")
    refusal("one wei a gas more is not", signer.refused("sign_transaction", tx={**deposit, "gas": 1, "gasPrice": 10**8 + 1}),
            "policy", "max_fee_per_gas_wei")

done()
