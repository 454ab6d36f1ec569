"""Rule 8: what the budget bounds and what it does not is true as written: a restart gives a full one again; with
"start": "empty" it gains nothing; explain and status say both."""

import json

import ethereum as eth
from expect import claim, done, refusal
from stack import Stack

ETHER = 10**18


def budget(start):
    return {"window_seconds": 86400, "start": start, "max_face_value_wei": str(ETHER // 20),
            "max_fund_deposit_wei": "unlimited", "max_fee_wei": "unlimited"}


def ticket(signer, number):
    return eth.ticket(signer.address, number, face_value=ETHER // 20)


with Stack(mode="strict", policy=Stack.policy(budget=budget("full"))) as stack:
    signer = stack.provision()
    signer.call("sign_ticket", ticket=ticket(signer, 1))
    refusal("spent", signer.refused("sign_ticket", ticket=ticket(signer, 2)), "policy", "budget")
    told = " ".join(signer.call("status").get("warnings", []))
    claim("status says that a restart refills it", "restart" in told, told[-200:])
    stack.stop_signer()
    stack.start_signer()
    signer = stack.provision(stack.sealed)
    claim("a restart does give a full budget again", "signature" in signer.call("sign_ticket", ticket=ticket(signer, 2)))
    path = stack.folder / "p.json"
    path.write_text(json.dumps(stack.policy_document))
    explained = stack.ensign("policy", "explain", path).stdout
    claim("policy explain says so too", "restart" in explained, explained[-300:])

with Stack(mode="strict", policy=Stack.policy(budget=budget("empty"))) as stack:
    signer = stack.provision()
    refusal("an empty start has nothing to spend yet", signer.refused("sign_ticket", ticket=ticket(signer, 1)), "policy", "budget")
    stack.stop_signer()
    stack.start_signer()
    signer = stack.provision(stack.sealed)
    refusal("nor after a restart", signer.refused("sign_ticket", ticket=ticket(signer, 1)), "policy", "budget")

small = Stack.policy(budget={**budget("empty"), "window_seconds": 2})
with Stack(mode="strict", policy=small) as stack:
    import time
    signer = stack.provision()
    time.sleep(2.2)
    claim("after a whole window it is full", "signature" in signer.call("sign_ticket", ticket=ticket(signer, 1)))
    refusal("and then spent", signer.refused("sign_ticket", ticket=ticket(signer, 2)), "policy", "budget")

done()
