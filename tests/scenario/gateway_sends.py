"""eth_sendTransaction against a node that fails in every way it can, and a signer that dies under eight clients and
comes back: nothing is sent twice, no nonce goes to two, and everything is served again without a restart."""

import threading

import ethereum as eth
from crowd import Crowd
from expect import claim, done
from gateway import Failed, Gateway
from node import Node, nonce_of
from stack import Stack

POLICY = Stack.policy(treasury="0x" + "7e" * 20, messages="any", max_gas="unlimited",
                      budget={"window_seconds": 86400, "start": "full", "max_face_value_wei": "unlimited",
                              "max_fund_deposit_wei": "unlimited", "max_fee_wei": "unlimited"})


def pay(me, value, **more):
    return {"from": me, "to": "0x" + "7e" * 20, "value": hex(value), **more}


def node_that_fails(stack, me):
    node = Node()
    gateway = Gateway(stack, "--upstream", node.url, name="gateway-1")
    first = gateway.call("eth_sendTransaction", pay(me, 1))
    claim("sent: signed by our key, nonce 0", list(node.pool) == [first] and eth.sender_of(node.pool[first]) == me
          and node.nonces() == [0])
    fields = eth.rlp_decode(bytes.fromhex(node.pool[first][4:]))
    claim("filled in: fees with room for the base fee to double, the estimate of the gas and a fifth",
          [int.from_bytes(f, "big") for f in fields[:5]] == [42161, 0, 1, 2 * 10**8 + 1, 25200], str(fields[:5]))

    tickets = [eth.ticket(me, number=n, rand=n) for n in (1, 2, 3)]
    signatures = [gateway.call("eth_sign", me, "0x" + eth.ticket_hash(t).hex(), {"ticket": t}) for t in tickets]
    other = Node()
    batch = Gateway(stack, "--upstream", other.url, name="gateway-batch").call(
        "eth_sendTransaction", {"from": me, "to": eth.BROKER, "input": eth.batch_data(tickets, signatures, [1, 2, 3])})
    claim("a batch of three tickets has gas for three, whatever the node estimates",
          int.from_bytes(eth.rlp_decode(bytes.fromhex(other.pool[batch][4:]))[4], "big") == 300000)
    older = Node(base_fee=False)
    before_1559 = Gateway(stack, "--upstream", older.url, name="gateway-older")
    sent = before_1559.call("eth_sendTransaction", pay(me, 1))
    fields = [int.from_bytes(f, "big") for f in eth.rlp_decode(bytes.fromhex(older.pool[sent][2:]))[:3]]
    claim("on a chain without base fee: a legacy transaction at the node's gas price", eth.sender_of(older.pool[sent]) == me
          and fields == [0, 10**9, 25200], str(fields))
    refused = before_1559.failed("eth_sendTransaction", pay(me, 1, maxFeePerGas="0x1"))
    claim("where one with EIP-1559's fees is refused", refused.code == -32602 and "no base fee" in refused.message
          and len(older.handed) == 1, str(refused))
    refused = gateway.failed("eth_sendTransaction", pay(me, 1, maxFeePerBlobGas="0x1", blobVersionedHashes=["0x01" + "00" * 31]))
    claim("blobs are not sent", refused.code == -32602 and "blobs are sent by who has them" in refused.message, str(refused))

    legacy = gateway.failed("eth_sendTransaction", pay(me, 1, gasPrice="0x1", maxFeePerGas="0x1"))
    claim("what is malformed asks the node nothing", legacy.code == -32602 and len(node.handed) == 1, str(legacy))

    for number, fault in enumerate(("take and hang up", "garbage", "hang up"), 1):
        before = len(node.handed)
        node.faults = [fault]
        hash_ = gateway.call("eth_sendTransaction", pay(me, 10 + number))
        tried = node.handed[before:]
        claim(f"{fault}: the same bytes again, one transaction, the next nonce", hash_ in node.pool and len(set(tried)) == 1
              and nonce_of(tried[0]) == number and node.nonces() == list(range(number + 1)), f"{len(tried)} tries")

    node.faults = ["refuse"]
    refused = gateway.failed("eth_sendTransaction", pay(me, 20))
    claim("a refusal is the node's own error", (refused.status, refused.code) == (200, -32000)
          and "insufficient funds" in refused.message, str(refused))
    gateway.call("eth_sendTransaction", pay(me, 21))
    claim("and its nonce is used by the next", node.nonces() == [0, 1, 2, 3, 4], str(node.nonces()))

    before = len(node.handed)
    node.faults = ["hang up"] * 5
    unknown = gateway.failed("eth_sendTransaction", pay(me, 30))
    lost = set(node.handed[before:])
    claim("no answer at all: said so, with the hash", unknown.code == -32002 and "not known whether" in unknown.message
          and len(lost) == 1 and "0x" + eth.keccak(bytes.fromhex(next(iter(lost))[2:])).hex() in unknown.message, str(unknown))
    other = gateway.call("eth_sendTransaction", pay(me, 31))
    claim("the next one first sends the lost bytes again, and takes the nonce after", next(iter(lost)) in node.pool.values()
          and nonce_of(node.pool[other]) == 6 and node.nonces() == list(range(7)), str(node.nonces()))
    again = gateway.call("eth_sendTransaction", pay(me, 30))
    claim("the caller who asks again gets the first one's hash, and no second payment",
          node.pool[again] in lost and len(node.pool) == 7)
    gateway.call("eth_sendTransaction", pay(me, 30))
    claim("who asks for the same after an answer means another", len(node.pool) == 8)

    forgotten = gateway.call("eth_sendTransaction", pay(me, 40))
    raw = node.pool.pop(forgotten)
    later = gateway.call("eth_sendTransaction", pay(me, 41))
    claim("what the node forgot is sent again, and its nonce goes to no other", node.pool.get(forgotten) == raw
          and nonce_of(node.pool[later]) == nonce_of(raw) + 1)
    by_nonce = {}
    for handed in node.handed:
        by_nonce.setdefault(nonce_of(handed), set()).add(handed)
    claim("in all of this, no nonce had two transactions that the node could have taken",
          all(len(raws) == 1 for nonce, raws in by_nonce.items() if nonce != 4), str({n: len(r) for n, r in by_nonce.items()}))

    made = len(node.connections)
    for _ in range(20):
        gateway.call("eth_blockNumber")
    claim("twenty reads over a connection that is kept", len(node.connections) <= made + 1, str(len(node.connections) - made))
    claim("reads go through, and errors as they are", gateway.call("eth_blockNumber") == "0x10"
          and gateway.failed("eth_gasPrice").data == "eth_gasPrice")
    asked = len(node.asked)
    for method in ("admin_peers", "debug_traceTransaction", "personal_listAccounts", "miner_start", "anvil_setBalance",
                   "eth_sign64", "engine_newPayloadV3"):
        claim(f"{method} does not", gateway.failed(method).code == -32601 and len(node.asked) == asked)
    node.chain = 1
    refused = gateway.failed("eth_sendTransaction", pay(me, 50))
    claim("a node of another chain gets nothing", refused.code == -32002 and "another chain" in refused.message, str(refused))
    node.end()
    claim("no node: said, and signing goes on", gateway.failed("eth_blockNumber").code == -32002
          and gateway.call("eth_sign", me, "0x00").startswith("0x"))


def signer_that_dies(stack, me, sealed):
    node = Node()
    gateway = Gateway(stack, "--upstream", node.url, "--address", me, name="gateway-2")
    crowd = Crowd(gateway, node, me, pay)
    claim("eight clients are served", crowd.is_served())
    stack.ensignd.kill()
    stack.ensignd.wait()
    claim("the signer is killed under them: each is told", crowd.is_told())
    health = gateway.http("GET", "/healthcheck")
    claim("healthcheck says so", health[0] == 503 and gateway.http("GET", "/upcheck")[0] == 200, str(health))
    stack.start_signer()
    stack.provision(sealed)
    claim("it comes back, and they are served again without a restart of the gateway", crowd.is_served())
    claim("healthcheck too", gateway.http("GET", "/healthcheck")[0] == 200)
    crowd.settle()


def another_key(stack, me):
    other = "0x" + "11" * 20
    gateway = Gateway(stack, "--address", other, name="gateway-3")
    refused = gateway.failed("eth_sign", other, "0x00")
    claim("a signer with another key than --address is not used", refused.code == -32000 and "another key" in refused.message,
          str(refused))
    gateway = Gateway(stack, "--chain-id", "1", name="gateway-4")
    refused = gateway.failed("eth_accounts")
    claim("nor one with a policy of another chain than --chain-id", refused.code == -32000 and "another chain" in
          refused.message, str(refused))
    gateway = Gateway(stack, endpoints=["unix:/nonexistent/signer.sock", stack.signer.endpoint], name="gateway-5")
    claim("of two signers the one that is there serves", gateway.call("eth_accounts") == [me.lower()])


def two_signers(stack, me, sealed):
    first, first_process = stack.signer, stack.ensignd
    stack.start_signer(name="second")
    stack.provision(sealed)
    gateway = Gateway(stack, endpoints=[first.endpoint, stack.signer.endpoint], name="gateway-6")
    before = [signer.call("status")["counters"]["signatures"] for signer in (first, stack.signer)]
    failures = []

    def client(number):
        for turn in range(15):
            try:
                gateway.call("eth_sign", me, f"0x{number * 100 + turn:08x}")
            except Failed as failure:
                failures.append(failure)

    def all_at_once():
        threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        return threads

    for thread in all_at_once():
        thread.join(30)
    after = [signer.call("status")["counters"]["signatures"] for signer in (first, stack.signer)]
    claim("two signers share the work", all(b > a for a, b in zip(before, after)) and not failures, f"{before} {after}")
    threads = all_at_once()
    first_process.kill()
    for thread in threads:
        thread.join(30)
    claim("one is killed under eight clients: the other serves, and no client notices", not failures, str(failures[:2]))
    state = gateway.http("GET", "/healthcheck")
    claim("healthcheck: still up, and says which is down", state[0] == 200 and '"status":"DOWN"' in state[1], state[1])


with Stack(policy=POLICY) as stack:
    sealed = stack.seal()
    me = stack.provision(sealed).address
    node_that_fails(stack, me)
    another_key(stack, me)
    signer_that_dies(stack, me, sealed)
    two_signers(stack, me, sealed)
done()
