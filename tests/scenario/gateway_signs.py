"""The gateway's signing dialects against a real signer: Web3Signer's, the wallets' and clef's (go-livepeer's are in
gateway_livepeer); what is refused, with which code; and who is let in."""

import json

import ethereum as eth
from expect import claim, done
from gateway import Gateway
from stack import Stack

TYPED = {"types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Note": [{"name": "text", "type": "string"}]},
         "primaryType": "Note", "domain": {"name": "t"}, "message": {"text": "hello"}}


def typed_digest():
    word = lambda text: eth.keccak(text.encode())
    domain = eth.keccak(word("EIP712Domain(string name)") + word("t"))
    return eth.keccak(b"\x19\x01" + domain + eth.keccak(word("Note(string text)") + word("hello")))


def recovered(digest, signature):
    raw = bytes.fromhex(signature[2:])
    return eth.recover(digest, int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64] - 27)


FEES = {"maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x1"}
TYPE_3 = {**FEES, "maxFeePerBlobGas": "0x1", "blobVersionedHashes": ["0x01" + "00" * 31]}
TYPE_4 = {**FEES, "authorizationList": [{"chainId": "0x1", "address": eth.BROKER, "nonce": "0x0", "yParity": "0x0", "r": "0x1",
                                         "s": "0x1"}]}


def public_key(gateway):
    """The address of the one key that is answered."""
    status, body = gateway.http("GET", "/api/v1/eth1/publicKeys")
    (key,) = json.loads(body) if status == 200 else (None,)
    return status == 200 and len(key) == 130 and eth.checksum(eth.keccak(bytes.fromhex(key[2:]))[12:])


def web3signer_and_wallets(gateway, me):
    claim("a text without 0x is its UTF-8", eth.recover_message("grün".encode(), gateway.call("eth_sign", me, "grün")) == me)
    claim("publicKeys, once something was signed", public_key(gateway) == me)
    claim("no bytes at all", eth.recover_message(b"", gateway.call("eth_sign", me, "0x")) == me)
    claim("personal_sign has them the other way round", eth.recover_message(b"\x01", gateway.call("personal_sign", "0x01", me)) == me)
    claim("typed data as a text (ethers)", recovered(
        typed_digest(), gateway.call("eth_signTypedData_v4", me.lower(), json.dumps(TYPED))) == me)
    legacy = {"from": me, "to": eth.BROKER, "gasLimit": 250000, "gasPrice": "0x5f5e100", "value": "0x1", "nonce": 0,
              "input": "0x" + eth.FUND_DEPOSIT}
    raw = gateway.call("eth_signTransaction", legacy)
    claim("gasLimit, input, JSON integers, and the policy's chain put in", eth.sender_of(raw) == me
          and int.from_bytes(eth.rlp_decode(bytes.fromhex(raw[2:]))[6], "big") in (42161 * 2 + 35, 42161 * 2 + 36))
    claim("health_status and eth_chainId", (gateway.call("health_status"), gateway.call("eth_chainId"),
                                            gateway.call("net_version")) == ("OK", "0xa4b1", "42161"))
    claim("upcheck", gateway.http("GET", "/upcheck") == (200, "OK"))
    status, body = gateway.http("GET", "/healthcheck")
    claim("healthcheck", status == 200 and json.loads(body)["outcome"] == json.loads(body)["status"] == "UP", body)
    batch = [{"jsonrpc": "2.0", "id": i, "method": "eth_sign", "params": [me, "0x%064x" % i]} for i in range(100)]
    status, body = gateway.post(batch)
    claim("a batch of 100, each with its id", status == 200 and [a["id"] for a in json.loads(body)] == list(range(100))
          and eth.recover_message(bytes(31) + b"\x63", json.loads(body)[99]["result"]) == me)
    for path in ("/api/v1/eth1/sign/0x" + "00" * 64, "/api/v1/eth1/sign"):
        claim(f"POST {path[:24]} is 404", gateway.http("POST", path, '{"data":"0x02c0"}')[0] == 404)


def clef(gateway, me):
    claim("account_version, account_list", (gateway.call("account_version"), gateway.call("account_list")) ==
          ("6.1.0", [me.lower()]))
    for fees, kind in (({"gasPrice": "0x5f5e100"}, 0), ({"gasPrice": "0x5f5e100", "accessList": []}, 1),
                       ({"maxFeePerGas": "0x5f5e100", "maxPriorityFeePerGas": "0x1"}, 2)):
        answer = gateway.call("account_signTransaction", {
            "from": me, "to": eth.BROKER, "gas": "0x3d090", "value": "0x1", "nonce": "0x0",
            "input": "0x" + eth.FUND_DEPOSIT, "chainId": "0xa4b1", **fees})
        raw, tx = bytes.fromhex(answer["raw"][2:]), answer["tx"]
        signed = eth.rlp_decode(raw[1:] if kind else raw)[-3:]
        claim(f"account_signTransaction of type {kind}: raw, and the whole transaction", eth.sender_of(answer["raw"]) == me
              and tx["hash"] == "0x" + eth.keccak(raw).hex() and int(tx["type"], 16) == kind and "from" not in tx
              and [int(tx[k], 16) for k in "vrs"] == [int.from_bytes(f, "big") for f in signed]
              and (tx["nonce"], tx["gas"], tx["value"], tx["input"]) == ("0x0", "0x3d090", "0x1", "0x" + eth.FUND_DEPOSIT)
              and all(tx[k] == v for k, v in fees.items()), str(tx))
    for mime in ("text/plain", "data/plain"):
        claim(f"account_signData {mime}", eth.recover_message(b"hi", gateway.call("account_signData", mime, me, "0x6869")) == me)
    claim("account_signTypedData", recovered(typed_digest(), gateway.call("account_signTypedData", me, TYPED)) == me)
    refused = gateway.failed("account_signTransaction", {"from": me, "to": me, "gas": 21000, "gasPrice": 1, "nonce": 0})
    claim("a refusal in clef's words, the reason beside it", (refused.status, refused.code, refused.message) ==
          (200, -32000, "Request denied") and "tx.to not allowed" in refused.data, str(refused))
    refused = gateway.failed("account_signData", "application/x-clique-header", me, "0x00")
    claim("no other content type", (refused.status, refused.code) == (400, -32602), str(refused))


def refusals(gateway, me):
    good = {"from": me, "to": eth.BROKER, "gas": "0x3d090", "gasPrice": "0x1", "nonce": "0x0", "value": "0x1",
            "data": "0x" + eth.FUND_DEPOSIT}
    for sentence, change, status, code, fragment in (
            ("another chain", {"chainId": "0x1"}, 200, -32000, "chainId mismatch (got 1, expected 42161)"),
            ("another sender", {"from": "0x" + "11" * 20}, 200, -32000, "from is not ours"),
            ("another destination: the policy's own words", {"to": me}, 200, -32000, "tx.to not allowed"),
            ("blobs", {**TYPE_3, "gasPrice": None}, 200, -32000, "type not allowed by policy (got 3, eip-4844; allowed 0, 1 and 2)"),
            ("blobs with their bytes", {**TYPE_3, "gasPrice": None, "blobs": ["0x00"]}, 400, -32602, 'field "blobs" is not known'),
            ("a delegation", {**TYPE_4, "gasPrice": None}, 200, -32000, "type not allowed by policy (got 4, eip-7702"),
            ("an unknown field", {"gaz": "0x1"}, 400, -32602, 'field "gaz" is not known'),
            ("a decimal string", {"value": "1"}, 400, -32602, "value is no quantity"),
            ("no nonce", {"nonce": None}, 400, -32602, "nonce is missing"),
            ("data and input that differ", {"input": "0x"}, 400, -32602, "data and input are not the same"),
            ("two kinds of fees", {"maxFeePerGas": "0x1"}, 400, -32602, "gasPrice has no place in type 2")):
        refused = gateway.failed("eth_signTransaction", {**good, **change})
        claim(f"refused: {sentence}", (refused.status, refused.code) == (status, code) and fragment in refused.message,
              str(refused))
    for sentence, body, status, code in (
            ("no JSON", "{", 400, -32700), ("no request", "{}", 400, -32600), ("an empty batch", "[]", 400, -32600),
            ("another version", '{"jsonrpc":"1.0","id":1,"method":"eth_accounts"}', 400, -32600),
            ("params by name", '{"jsonrpc":"2.0","id":1,"method":"eth_accounts","params":{}}', 400, -32602),
            ("too many params", '{"jsonrpc":"2.0","id":1,"method":"eth_accounts","params":[1]}', 400, -32602),
            ("a digest to sign", '{"jsonrpc":"2.0","id":1,"method":"eth_signDigest","params":[]}', 200, -32601),
            ("an administrator's method", '{"jsonrpc":"2.0","id":1,"method":"personal_unlockAccount","params":[]}', 200, -32601),
            ("a read without a node", '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}', 200, -32002)):
        found, answer = gateway.post(body)
        claim(f"refused: {sentence}", found == status and json.loads(answer)["error"]["code"] == code, f"{found} {answer}")
    claim("a notification signs nothing", gateway.post('{"jsonrpc":"2.0","method":"eth_accounts"}') == (200, ""))
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts"})
    for sentence, headers, status in (
            ("another Host (DNS rebinding)", {"Host": "attacker.example", "Content-Type": "application/json"}, 403),
            ("a web page's Origin", {"Origin": "https://page.example", "Content-Type": "application/json"}, 403),
            ("a form's content type", {"Content-Type": "text/plain"}, 415), ("no content type", {}, 415)):
        claim(f"not let in: {sentence}", gateway.http("POST", "/", body, headers)[0] == status)
    claim("localhost is", gateway.http("POST", "/", body, {"Host": "localhost:9000", "Content-Type": "application/json; charset=utf-8"})[0] == 200)
    claim("PUT is 405, another path 404", (gateway.http("PUT", "/")[0], gateway.http("GET", "/x")[0], gateway.http("POST", "/x", "{}")[0]) == (405, 404, 404))
    metrics = gateway.http("GET", "/metrics")[1]
    claim("metrics count them", 'ensign_gateway_http_refusals_total 4' in metrics and
          'ensign_gateway_unknown_methods_total 2' in metrics and 'ensign_gateway_wrong_signatures_total 0' in metrics
          and 'ensign_gateway_requests_total{method="eth_sign"}' in metrics, metrics[:200])


with Stack(policy=Stack.policy(messages="any", typed_data="any")) as stack:
    me = stack.provision().address
    gateway = Gateway(stack)
    claim("publicKeys, before any signature", public_key(gateway) == me)
    web3signer_and_wallets(gateway, me)
    clef(gateway, me)
    refusals(gateway, me)

with Stack(policy=Stack.policy()) as stack:
    me = stack.provision().address
    gateway = Gateway(stack)
    ticket = eth.ticket(me)
    hash_ = "0x" + eth.ticket_hash(ticket).hex()
    signature = gateway.call("eth_sign", me, hash_, {"ticket": ticket})
    claim("under tickets: the hash with its ticket", eth.recover_message(eth.ticket_hash(ticket), signature) == me)
    claim("personal_sign too", gateway.call("personal_sign", hash_, me, {"ticket": ticket}) == signature)
    refused = gateway.failed("eth_sign", me, hash_)
    claim("and not without it", (refused.status, refused.code) == (200, -32000) and "messages" in refused.message, str(refused))
    refused = gateway.failed("eth_sign", me, hash_, {"ticket": {**ticket, "faceValue": 1}})
    claim("nor with another's", refused.code in (-32000, -32602), str(refused))
    refused = gateway.failed("eth_sign", me, hash_, {"ticket": ticket, "more": 1})
    claim("nor with more beside it", refused.code == -32602, str(refused))
    refused = gateway.failed("eth_signTypedData", me, TYPED)
    claim("typed data is the policy's to allow", refused.code == -32000 and "typed_data" in refused.message, str(refused))
done()
