"""anvil mines what ensignd signs: plain transactions of types 0, 1, 2 and 4, and, under a strict policy, fundDeposit,
one redeemed ticket and a batch of twenty at a broker contract that checks every ticket. Calldata and ticket hashes are
made by eth-abi and eth-utils, so nothing of ours judges itself."""

import json
import os
import pathlib
import subprocess
import sys

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from anvil import CHAIN, ETHER, Anvil

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from stack import Stack  # noqa: E402

TICKET = "(address,address,uint256,uint256,uint256,bytes32,bytes)"
DEPLOYER = Account.from_key("0x" + "a7" * 32)
RECIPIENT = to_checksum_address("0x" + "c3" * 20)


def plain_transactions(anvil, signer):
    address = signer.address
    anvil.fund(address)
    to = to_checksum_address("0x" + "42" * 20)
    fees = {"maxFeePerGas": 3 * 10**9, "maxPriorityFeePerGas": 10**9}
    common = {"chainId": CHAIN, "to": to, "value": 12345, "gas": 60000, "data": "0x"}
    access = [{"address": to, "storageKeys": ["0x" + "00" * 31 + "07"]}]

    authority = Account.from_key("0x" + "b9" * 32)
    delegate = to_checksum_address("0x" + "d4" * 20)
    signed = authority.sign_authorization({"chainId": CHAIN, "address": delegate, "nonce": 0})
    authorization = {"chainId": CHAIN, "address": delegate, "nonce": 0, "yParity": signed.y_parity,
                     "r": signed.r, "s": signed.s}
    for kind, fields in (
            (0, {"gasPrice": 3 * 10**9}),
            (1, {"gasPrice": 3 * 10**9, "accessList": access}),
            (2, {**fees, "accessList": access}),
            (4, {**fees, "gas": 200000, "authorizationList": [authorization]})):
        before = int(anvil.rpc("eth_getBalance", to, "latest"), 16)
        raw = signer.call("sign_transaction", tx={**common, "nonce": anvil.nonce(address), **fields})["raw_tx"]
        receipt = anvil.mine(raw)
        assert int(receipt["type"], 16) == kind, receipt
        assert receipt["from"].lower() == address.lower(), receipt
        assert int(anvil.rpc("eth_getBalance", to, "latest"), 16) == before + 12345
        print(f"mined: type {kind}, from {receipt['from']}")
    code = anvil.rpc("eth_getCode", authority.address, "latest")
    assert code.lower() == "0xef0100" + delegate[2:].lower(), code
    print("the authorization of type 4 took effect")


def deploy(anvil, artifact):
    anvil.fund(DEPLOYER.address)
    raw = DEPLOYER.sign_transaction({"chainId": CHAIN, "nonce": 0, "gas": 5_000_000, "gasPrice": 3 * 10**9,
                                     "value": 0, "data": artifact["bytecode"]}).raw_transaction
    return to_checksum_address(anvil.mine("0x" + raw.hex())["contractAddress"])


def ticket(sender, number, rand, face_value):
    return {"recipient": RECIPIENT, "sender": sender, "faceValue": face_value, "winProb": 2**256 - 1,
            "senderNonce": number, "recipientRandHash": "0x" + keccak(rand.to_bytes(32, "big")).hex(),
            "auxData": "0x" + (7).to_bytes(32, "big").hex() + keccak(b"round 7").hex()}


def as_tuple(t):
    return (t["recipient"], t["sender"], t["faceValue"], t["winProb"], t["senderNonce"],
            bytes.fromhex(t["recipientRandHash"][2:]), bytes.fromhex(t["auxData"][2:]))


def packed_hash(t):
    return keccak(bytes.fromhex(t["recipient"][2:]) + bytes.fromhex(t["sender"][2:])
                  + b"".join(t[k].to_bytes(32, "big") for k in ("faceValue", "winProb", "senderNonce"))
                  + bytes.fromhex(t["recipientRandHash"][2:]) + bytes.fromhex(t["auxData"][2:]))


def sign_ticket(signer, t):
    """Both ways in, and they must give the same: the fields, and the hash with the fields beside it."""
    answer = signer.call("sign_ticket", ticket=t)
    assert answer["ticket_hash"] == "0x" + packed_hash(t).hex(), answer
    beside = signer.call("sign_message_defunct", message_hash=answer["ticket_hash"], ticket=t)
    assert beside["signature"] == answer["signature"]
    return bytes.fromhex(answer["signature"][2:])


def through_the_contract(anvil, signer, broker):
    sender = signer.address
    anvil.fund(sender)

    def send(data, value=0, gas=300_000):
        tx = {"chainId": CHAIN, "nonce": anvil.nonce(sender), "to": broker, "value": value, "gas": gas,
              "gasPrice": 3 * 10**9, "data": "0x" + data.hex()}
        return anvil.mine(signer.call("sign_transaction", tx=tx)["raw_tx"])

    send(keccak(text="fundDeposit()")[:4], value=ETHER)
    print("mined: fundDeposit of 1 ETH")

    first = ticket(sender, 1, 99, ETHER // 100)
    call = keccak(text=f"redeemWinningTicket({TICKET},bytes,uint256)")[:4]
    send(call + encode([TICKET, "bytes", "uint256"], [as_tuple(first), sign_ticket(signer, first), 99]))
    assert anvil.word(broker, "usedTickets(bytes32)", packed_hash(first)) == 1
    print("mined: redeemWinningTicket")

    rands = [1000 + i for i in range(20)]
    batch = [ticket(sender, 2 + i, rand, ETHER // 1000) for i, rand in enumerate(rands)]
    signatures = [sign_ticket(signer, t) for t in batch]
    call = keccak(text=f"batchRedeemWinningTickets({TICKET}[],bytes[],uint256[])")[:4]
    send(call + encode([f"{TICKET}[]", "bytes[]", "uint256[]"], [[as_tuple(t) for t in batch], signatures, rands]),
         gas=2_900_000)
    for t in batch:
        assert anvil.word(broker, "usedTickets(bytes32)", packed_hash(t)) == 1
    earned = anvil.word(broker, "earned(address)", RECIPIENT)
    assert earned == ETHER // 100 + 20 * (ETHER // 1000), earned
    print(f"mined: batchRedeemWinningTickets of 20; the recipient has earned {earned} wei")

    # The contract really checks: the same ticket again reverts.
    again = keccak(text=f"redeemWinningTicket({TICKET},bytes,uint256)")[:4] + encode(
        [TICKET, "bytes", "uint256"], [as_tuple(first), sign_ticket(signer, first), 99])
    tx = {"chainId": CHAIN, "nonce": anvil.nonce(sender), "to": broker, "value": 0, "gas": 300_000,
          "gasPrice": 3 * 10**9, "data": "0x" + again.hex()}
    sent = anvil.rpc("eth_sendRawTransaction", signer.call("sign_transaction", tx=tx)["raw_tx"])
    assert int(anvil.receipt(sent)["status"], 16) == 0, "a used ticket was redeemed again"
    print("reverted, as it must: the same ticket a second time")


def main():
    node_folder = pathlib.Path(os.environ["ENSIGN_NODE_FOLDER"])
    artifact = json.loads(subprocess.run(["node", str(HERE / "compile.mjs"), str(HERE / "TicketBroker.sol")],
                                         cwd=node_folder, check=True, capture_output=True).stdout)
    anvil = Anvil(str(node_folder / "node_modules/.bin/anvil"))
    try:
        with Stack(mode="open") as stack:
            plain_transactions(anvil, stack.provision())
        broker = deploy(anvil, artifact)
        policy = Stack.policy(chain_id=CHAIN, ticket_broker=broker, allowed_recipients=[RECIPIENT],
                              max_fund_deposit_wei=str(ETHER), max_total_face_value_wei=str(ETHER // 10))
        with Stack(mode="strict", policy=policy) as stack:
            through_the_contract(anvil, stack.provision(), broker)
    finally:
        anvil.stop()


main()
