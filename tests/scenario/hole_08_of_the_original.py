"""FACTS Z 8, the original's holes: blind messages past the policy, provisioning that leaves half of itself, a zero key, and
a client that kills the server by connecting and closing. And Z 5: integers over 64 bits, 0X."""

import base64
import json
import socket

import ethereum as eth
from expect import claim, done, refusal
from stack import Stack

with Stack(mode="open") as stack:
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(stack.socket))
    claim("connecting and closing 200 times stops nothing", stack.signer.call("status")["provisioned"] is False)
    zero = stack.admin.call("Encrypt", KeyId=stack.key_arn, Plaintext=base64.b64encode(bytes(32)).decode())
    for sentence, plaintext, fragment in (
            ("a zero key", bytes(32), "Invalid privkey"),
            ("the group's order", bytes.fromhex("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141"), "Invalid privkey"),
            ("31 bytes", b"\x11" * 31, "not a valid ethereum private key"),
            ("64 hex digits with no 0x", b"11" * 32, "not a valid ethereum private key"),
            ("0X", b"0X" + b"11" * 32, "not a valid ethereum private key"),
            ("48 bytes, as AWS CLI v2 makes of 64 digits", base64.b64decode(b"1" * 64), "fileb://")):
        blob = stack.admin.call("Encrypt", KeyId=stack.key_arn, Plaintext=base64.b64encode(plaintext).decode())
        answer = stack.provision({"ciphertext_b64": blob["CiphertextBlob"]}, check=False)
        claim(f"refused: {sentence}", answer.returncode == 1 and fragment in answer.stderr, answer.stderr.strip()[-160:])
        refusal("and nothing was left behind", stack.signer.refused("address"), "state", "not provisioned")
    sealed = stack.seal()
    broken = stack.provision(sealed, "--chain-id", "42161", "--ticket-broker", "0xzz", check=False)
    claim("a bad policy value is refused", broken.returncode != 0, broken.stderr.strip()[-120:])
    base = {"region": stack.env["AWS_REGION"], "ciphertext_b64": sealed["ciphertext_b64"]}
    refusal("also one that only the signer sees", stack.signer.refused(
        "provision", **base, **stack.role_params(), chain_id="abc"), "input", "policy.chain_id must be an int")
    refusal("and leaves no key without a policy", stack.signer.refused("address"), "state", "not provisioned")
    twenty = 20 * 10**18
    signer = stack.provision(sealed, "--chain-id", "42161", "--ticket-broker", eth.BROKER.lower(), "--max-face-value-eth", "20",
                             "--messages", "any")
    claim("20 ETH is an integer over 64 bits, and arrives whole",
          signer.call("policy")["policy"]["max_face_value_wei"] == str(twenty))
    me = signer.address
    ticket = eth.ticket(me, face_value=twenty)
    signature = signer.call("sign_message_defunct", message_hash="0x" + eth.ticket_hash(ticket).hex())["signature"]
    claim("a ticket of 20 ETH redeems", "raw_tx" in signer.call(
        "sign_transaction", tx=eth.broker_tx(eth.redeem_data(ticket, signature))))
    refusal("one wei more does not", signer.refused("sign_ticket", ticket=eth.ticket(me, 2, face_value=twenty + 1)), "policy",
            "faceValue")

done()
