"""Ethereum's programs the whole way, with anvil as the node: KMS through `ensign proxy`, the enclave through `ensign bridge`,
and `ensign gateway` in front. Raw HTTP bodies, web3.py and ethers each have transactions mined by eth_sendTransaction; eight
clients at once get every nonce once."""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak, to_checksum_address
from web3 import Web3

from anvil import CHAIN, ETHER, Anvil

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from gateway import Gateway  # noqa: E402
from relayed import Relayed  # noqa: E402
from relays import clean_up  # noqa: E402

TREASURY = to_checksum_address("0x" + "7e" * 20)
NODE_FOLDER = pathlib.Path(os.environ["ENSIGN_NODE_FOLDER"])


def raw_bodies(anvil, gateway, me):
    tx = {"from": me, "to": TREASURY, "value": "0x1"}
    receipt = anvil.receipt(gateway.call("eth_sendTransaction", tx))
    assert int(receipt["status"], 16) == 1 and int(receipt["type"], 16) == 2 and receipt["from"] == me.lower(), receipt
    legacy = anvil.receipt(gateway.call("eth_sendTransaction", {**tx, "gasPrice": hex(3 * 10**9), "gasLimit": "0x5208"}))
    assert int(legacy["status"], 16) == 1 and int(legacy["type"], 16) == 0, legacy
    filled = anvil.rpc("eth_getTransactionByHash", receipt["transactionHash"])
    assert int(filled["gas"], 16) == 25200, "the estimate and a fifth"
    raw = gateway.call("eth_signTransaction", {**tx, "nonce": hex(anvil.nonce(me)), "gas": "0x5208",
                                               "gasPrice": hex(3 * 10**9)})
    sent = gateway.call("eth_sendRawTransaction", raw)
    assert sent == "0x" + keccak(hexstr=raw).hex() and int(anvil.receipt(sent)["status"], 16) == 1
    print("mined: raw HTTP bodies, types 0 and 2, and one sent by its client")


def eight_at_once(anvil, gateway, me):
    first = anvil.nonce(me)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda i: gateway.call("eth_sendTransaction",
                                                    {"from": me, "to": TREASURY, "value": hex(100 + i)}), range(40)))
    assert len(set(sent)) == 40
    nonces = []
    for i, hash_ in enumerate(sent):
        assert int(anvil.receipt(hash_)["status"], 16) == 1
        mined = anvil.rpc("eth_getTransactionByHash", hash_)
        assert int(mined["value"], 16) == 100 + i
        nonces.append(int(mined["nonce"], 16))
    assert sorted(nonces) == list(range(first, first + 40)), sorted(nonces)
    print("mined: 40 transactions of 8 clients at once, every nonce once")


def by_web3(gateway, me):
    w3 = Web3(Web3.HTTPProvider(gateway.url))
    assert w3.eth.chain_id == CHAIN and w3.eth.accounts == [me]
    sent = w3.eth.send_transaction({"from": me, "to": TREASURY, "value": 5})
    assert w3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.1)["status"] == 1
    signed = w3.eth.sign(me, text="who signs")
    assert Account.recover_message(encode_defunct(text="who signs"), signature=signed) == me
    print("mined: web3.py, by send_transaction; and its sign")


def by_ethers(gateway, me):
    run = subprocess.run(["node", HERE / "send_by_ethers.mjs", gateway.url, TREASURY, "5"], capture_output=True, text=True,
                         timeout=120)
    assert run.returncode == 0, run.stderr
    saw = json.loads(run.stdout)
    assert saw["address"] == saw["recovered"] == me and saw["statuses"] == [1] * 5, saw
    assert sorted(saw["nonces"]) == list(range(min(saw["nonces"]), min(saw["nonces"]) + 5)), saw
    print("mined: ethers' JsonRpcProvider, five at once")


def main():
    anvil = Anvil(str(NODE_FOLDER / "node_modules/.bin/anvil"))
    policy = Relayed.policy(chain_id=CHAIN, treasury=TREASURY, messages="any")
    try:
        with Relayed(policy=policy) as stack:
            me = stack.provision().address
            anvil.fund(me)
            bridge = stack.start_bridge().endpoint
            gateway = Gateway(stack, "--upstream", f"http://127.0.0.1:{anvil.port}", endpoints=[bridge])
            raw_bodies(anvil, gateway, me)
            eight_at_once(anvil, gateway, me)
            by_web3(gateway, me)
            by_ethers(gateway, me)
            refused = gateway.failed("eth_sendTransaction", {"from": me, "to": TREASURY, "value": hex(10**6 * ETHER)})
            assert "insufficient" in refused.message.lower(), refused
            before = anvil.nonce(me)
            refused = gateway.failed("eth_sendTransaction", {"from": me, "to": me, "value": "0x1"})
            assert refused.code == -32000 and "tx.to not allowed" in refused.message and anvil.nonce(me) == before, refused
            print("refused: by the node, and by the policy, in their own words")
    finally:
        anvil.stop()
        clean_up()


main()
