"""The whole way at once: KMS through `ensign proxy`, the enclave through `ensign bridge`, HTTP through `ensign gateway`, and
a node behind it. Transactions arrive at the node in the words that ethers, web3.py and curl send them; and each of the
relays, and the enclave, dies under eight clients and comes back, without a restart of anything else."""

import base64
import time

import ethereum as eth
from crowd import Crowd
from expect import claim, done, refusal
from gateway import Gateway
from node import Node
from relayed import Relayed
from relays import clean_up
from scene import Client

TREASURY = "0x" + "7e" * 20
POLICY = Relayed.policy(treasury=TREASURY, messages="any",
                        budget={"window_seconds": 86400, "start": "full", "max_face_value_wei": "unlimited",
                                "max_fund_deposit_wei": "unlimited", "max_fee_wei": "unlimited"})


def pay(me, value):
    return {"from": me, "to": TREASURY, "value": hex(value)}


def not_provisioned(stack, sentence, sealed):
    start = time.monotonic()
    failed = stack.provision(sealed, check=False)
    spent = time.monotonic() - start
    claim(sentence, failed.returncode == 1 and "refused: kmstool decrypt failed" in failed.stderr and spent < 6 and
          stack.signer.call("status")["provisioned"] is False, f"{spent:.1f} s, {failed.stderr.strip()[:200]}")


def provisioning(stack):
    sealed = stack.seal()
    stack.end(stack.proxy)
    not_provisioned(stack, "without the proxy KMS is not reached, and nothing is half done", sealed)
    stack.names.mode = "servfail"
    stack.start_proxy()
    not_provisioned(stack, "nor when KMS's name is not found", sealed)
    stack.names.mode = "answer"
    time.sleep(1.1)  # a name that failed is asked for again after a second
    for cut in (0, 1, 1200, 2400, 3600, 4800):
        stack.kms.cut = cut
        not_provisioned(stack, f"nor when KMS resets after {cut} bytes of its answer", sealed)
    stack.kms.cut = None
    idle = [Client(stack.folder / "proxy.sock") for _ in range(200)]
    for client in idle[::2]:
        client.send(b"\x16\x03\x01")
    me = stack.provision(sealed).address
    claim("when it is whole again it is provisioned, beside 200 half-open clients of the proxy and without a restart",
          stack.signer.call("status")["provisioned"] is True and stack.kms.answered > 4800, f"{stack.kms.answered} bytes")
    for client in idle:
        client.socket.close()
    refused = stack.start_bridge().refused("provision", **stack.role_params())
    refusal("clients of the bridge do not provision", refused, "policy", "does not pass this bridge")
    return sealed, me


def in_their_words(gateway, node, me):
    """Bodies as each library writes them, to the byte but for addresses."""
    low = me.lower()
    for number, (name, body, shape) in enumerate((
            ("ethers", '[{"method":"eth_sendTransaction","params":[{"value":"0x1","from":"%s","to":"%s"}],"id":3,"jsonrpc":"2.0"}]'
             % (low, TREASURY), '[{"jsonrpc":"2.0","id":3,"result":"%s"}]'),
            ("web3.py", '{"jsonrpc": "2.0", "method": "eth_sendTransaction", "params": [{"from": "%s", "to": "%s", "value": "0x2", '
             '"gas": "0x6270", "maxFeePerGas": "0xbebc201", "maxPriorityFeePerGas": "0x1", "chainId": "0xa4b1"}], "id": 4}'
             % (me, eth.checksum(bytes.fromhex(TREASURY[2:]))), '{"jsonrpc":"2.0","id":4,"result":"%s"}'),
            ("curl", '{"jsonrpc":"2.0","id":"a","method":"eth_sendTransaction","params":[{"from":"%s","to":"%s","value":"0x3",'
             '"gasPrice":"0x5f5e100","gasLimit":"0x5208"}]}' % (low, TREASURY), '{"jsonrpc":"2.0","id":"a","result":"%s"}'))):
        status, answer = gateway.post(body)
        raw = node.handed[-1]
        hash_ = "0x" + eth.keccak(bytes.fromhex(raw[2:])).hex()
        claim(f"{name}'s transaction is at the node, signed in the enclave", status == 200 and answer == shape % hash_
              and eth.sender_of(raw) == me and node.nonces() == list(range(number + 1)), answer)


def what_dies(stack, sealed, me):
    def enclave():
        stack.end(stack.ensignd, kill=True)
        return lambda: (stack.start_signer(), stack.provision(sealed))

    def bridge():
        stack.end(stack.bridge, kill=True)
        return stack.start_bridge

    def proxy_and_enclave():
        stack.end(stack.proxy, kill=True)
        stack.end(stack.ensignd, kill=True)
        return lambda: (stack.start_proxy(), stack.start_signer(), stack.provision(sealed))

    for name, dies in (("the enclave", enclave), ("the bridge", bridge), ("the proxy, and the enclave that needs it", proxy_and_enclave)):
        node = Node()
        gateway = Gateway(stack, "--upstream", node.url, "--address", me, endpoints=[stack.bridged.endpoint],
                          name="gateway-" + dies.__name__)
        crowd = Crowd(gateway, node, me, pay)
        claim("eight clients are served", crowd.is_served())
        revive = dies()
        claim(f"dead: {name}; they are told", crowd.is_told())
        revive()
        claim("back, and they are served again", crowd.is_served())
        crowd.settle()


with Relayed(policy=POLICY) as stack:
    sealed, me = provisioning(stack)
    node = Node()
    gateway = Gateway(stack, "--upstream", node.url, endpoints=[stack.bridged.endpoint])
    in_their_words(gateway, node, me)
    document = base64.b64decode(stack.bridged.call("attestation", nonce="0x" + "5e" * 32)["document_b64"])
    claim("its attestation document comes through the bridge too", b"payments-signer:" + me.lower().encode() in document)
    what_dies(stack, sealed, me)

clean_up()
done()
