"""Rule 9: in strict mode the key is wiped and the program ends after lease_seconds unless the same ciphertext is
provisioned again, which renews the lease without a pause."""

import time

import ethereum as eth
from expect import claim, done, refusal
from stack import Stack

with Stack(mode="strict", policy=Stack.policy(), settings={"lease_seconds": 4}) as stack:
    signer = stack.provision()
    me = signer.address
    began = time.monotonic()
    claim("the lease is told", signer.call("status")["lease"]["seconds_left"] <= 4, str(signer.call("status")["lease"]))
    time.sleep(2.5)
    served = []
    renewed = stack.provision(stack.sealed)
    served.append(signer.call("sign_ticket", ticket=eth.ticket(me, 1)))
    claim("renewed with the same ciphertext", renewed.address == me)
    other = stack.seal()
    refusal("another ciphertext renews nothing", signer.refused(
        "provision", region=stack.env["AWS_REGION"], ciphertext_b64=other["ciphertext_b64"],
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="s" * 40, aws_session_token="t" * 40),
        "state", "already provisioned")
    time.sleep(max(0, 4.8 - (time.monotonic() - began)))
    claim("past the first lease's end it still signs", "signature" in signer.call("sign_ticket", ticket=eth.ticket(me, 2)),
          f"{time.monotonic() - began:.1f} s after the first")
    deadline = time.monotonic() + 8
    while stack.ensignd.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    ended = time.monotonic() - began
    claim("and ends after the second lease", stack.ensignd.poll() == 3 and 6 <= ended <= 9,
          f"exit {stack.ensignd.poll()} after {ended:.1f} s")

with Stack(mode="strict", policy=Stack.policy()) as stack:
    signer = stack.provision()
    expires = signer.call("status")["lease"]["expires"]
    claim("a day unless set", isinstance(expires, int) and 86000 < expires - time.time() <= 86460, str(expires))

with Stack(mode="strict", policy=Stack.policy(), settings={"lease_seconds": 0}) as stack:
    signer = stack.provision()
    claim("0 never ends", signer.call("status")["lease"] is None)

done()
