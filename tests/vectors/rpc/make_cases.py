#!/usr/bin/env python3
"""Writes <method>.json beside itself: exchanges for every RPC method, with eth-account's signatures and hashlib's digests.

    python3 -m venv venv && venv/bin/pip install eth-account==0.13.7 && venv/bin/python make_cases.py

A file is {"method": ..., "scenarios": [{"settings": ..., "exchanges": [...]}]}. Every scenario is a signer of its own, with
the NSM and the KMS of tests/unit/signer/scene.c: KMS opens a ciphertext to itself. An exchange has a request and one of
    answer   the whole answer
    has      members of the result, among others
    error    the code, and how the message begins
"""
import base64
import hashlib
import json
import pathlib

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_keys import keys
from eth_utils import keccak, to_checksum_address

KEY = Account.from_key("0x" + "11" * 32)
PUBLIC_KEY = keys.PrivateKey(KEY.key).public_key.to_hex()
OTHER = Account.from_key("0x" + "22" * 32)
ARN = "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
BROKER = "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"
LISTED = "0x" + "22" * 20
UTC_MS = 1795359600000  # the scene's
OPEN = {"mode": "open"}
STRICT = {"mode": "strict", "kms_key": ARN}
CREDENTIALS = {
    "aws_access_key_id": "AKIA",
    "aws_secret_access_key": "sk",
    "aws_session_token": "tok",
    "region": "us-east-2",
}


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def policy(**changed):
    document = {
        "version": "1",
        "chain_id": "42161",
        "ticket_broker": BROKER,
        "require_allowlist": True,
        "allowed_recipients": [LISTED],
        "max_face_value_wei": "1000",
        "max_total_face_value_wei": "unlimited",
        "allow_fund_deposit": True,
        "max_fund_deposit_wei": "1000",
        "allow_withdraw": False,
        "treasury": None,
        "messages": "tickets",
        "typed_data": "none",
        "max_gas": "3000000",
        "max_fee_per_gas_wei": "unlimited",
        "max_tx_fee_wei": "10000000000000000",
        "budget": {
            "window_seconds": "86400",
            "start": "full",
            "max_face_value_wei": "5000",
            "max_fund_deposit_wei": "unlimited",
            "max_fee_wei": "100000000000000000",
        },
    }
    document.update(changed)
    return document


POLICY = policy()
POLICY_SHA256 = hashlib.sha256(compact(POLICY).encode()).hexdigest()


def exchange(name, method, params, **expected):
    request = {"method": method}
    if params is not None:
        request["params"] = params
    return {"name": name, "request": request, **expected}


def result(**members):
    return {"answer": {"result": members}}


def has(**members):
    return {"has": members}


def error(code, message):
    return {"error": {"code": code, "message": message}}


def sealed(key):
    return base64.b64encode(bytes.fromhex(key)).decode()


def provision(expected=None, **more):
    params = {**CREDENTIALS, "ciphertext_b64": sealed("11" * 32), **more}
    return exchange("provision", "provision", params, **(expected or has(address=KEY.address)))


UNPROVISIONED = error("state", "signer not provisioned")


def hexed(signature):
    return "0x" + signature.signature.hex().removeprefix("0x")


def ticket(**changed):
    fields = {
        "recipient": LISTED,
        "faceValue": 7,
        "winProb": 2**256 - 1,
        "senderNonce": 3,
        "recipientRandHash": "0x" + "44" * 32,
        "auxData": "0x" + "05" * 64,
    }
    fields.update(changed)
    return fields


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def ticket_hash(fields, sender=KEY.address):
    def raw(text):
        return bytes.fromhex(text.removeprefix("0x"))

    return keccak(
        raw(fields["recipient"])
        + raw(fields.get("sender", sender))
        + number(fields["faceValue"]).to_bytes(32, "big")
        + number(fields["winProb"]).to_bytes(32, "big")
        + number(fields["senderNonce"]).to_bytes(32, "big")
        + raw(fields["recipientRandHash"])
        + raw(fields["auxData"])
    )


def ticket_answer(fields):
    hash32 = ticket_hash(fields)
    signature = hexed(KEY.sign_message(encode_defunct(primitive=hash32)))
    return {"signature": signature, "ticket_hash": "0x" + hash32.hex()}


def transaction(**changed):
    fields = {
        "chainId": 42161,
        "nonce": 7,
        "to": to_checksum_address(BROKER),
        "value": 1000,
        "gas": 250000,
        "gasPrice": 100000000,
        "data": "0x6caa736b",
    }
    fields.update(changed)
    return {name: value for name, value in fields.items() if value is not None}


def raw_transaction(fields):
    return "0x" + KEY.sign_transaction(fields).raw_transaction.hex().removeprefix("0x")


TYPED = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
        "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person[]"}, {"name": "body", "type": "bytes"}],
    },
    "primaryType": "Mail",
    "domain": {"name": "Ether Mail", "chainId": 1},
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": [{"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"}],
        "body": "0x0102",
    },
}


def journal_entry(seq, method, hash32, rule=None, face_value=0, fee=0, fund_deposit=0):
    return {
        "face_value_wei": str(face_value),
        "fee_wei": str(fee),
        "fund_deposit_wei": str(fund_deposit),
        "hash": "0x" + hash32.hex(),
        "method": method,
        "refused": rule is not None,
        "rule": rule,
        "seq": seq,
        "time_ms": UTC_MS,
    }


def head_after(entries):
    head = bytes(32)
    for entry in entries:
        head = hashlib.sha256(head + compact(entry).encode()).digest()
    return head.hex()


def address():
    return [
        (OPEN, [exchange("none yet", "address", {}, **UNPROVISIONED), provision(result(address=KEY.address)),
                exchange("checksummed", "address", {}, **result(address=KEY.address)),
                exchange("no params", "address", None, **result(address=KEY.address)),
                exchange("foreign params", "address", {"x": 1}, **result(address=KEY.address))]),
    ]


def provision_cases():
    text = base64.b64encode(("0x" + "22" * 32 + "\n").encode()).decode()
    as_base64 = base64.b64encode(base64.b64decode("ab" * 32)).decode()
    flat = {"chain_id": 42161, "ticket_broker": BROKER, "allowed_recipients": [LISTED], "require_allowlist": True,
            "max_face_value_wei": 50000000000000000}
    return [
        (OPEN, [provision(result(address=KEY.address)),
                provision(error("state", "signer already provisioned"))]),
        (OPEN, [provision(error("input", "decrypted value is not a valid ethereum private key (got 48 bytes: AWS CLI v2"),
                          ciphertext_b64=as_base64),
                provision(error("input", "Invalid privkey"), ciphertext_b64=sealed("00" * 32)),
                provision(error("input", "address mismatch: got " + OTHER.address), ciphertext_b64=text,
                          expected_address=KEY.address),
                provision(error("input", "missing params: region,aws_session_token"), region=" ", aws_session_token=None),
                provision(error("remote", "kmstool decrypt failed (exit 255): AccessDeniedException"),
                          ciphertext_b64=base64.b64encode(b"FAIL").decode()),
                provision(result(address=OTHER.address), ciphertext_b64=text, expected_address=OTHER.address.lower())]),
        (OPEN, [provision(has(address=KEY.address, policy_bound=False, policy_sha256=POLICY_SHA256), policy=POLICY)]),
        (OPEN, [provision(has(address=KEY.address, policy_bound=True), bind_policy=True, **flat)]),
        (OPEN, [provision(error("input", "the policy is given twice"), policy=POLICY, **flat),
                provision(error("input", "bind_policy needs a policy"), bind_policy=True),
                provision(error("input", "policy.max_face_value_wei must be an int"), **{**flat, "max_face_value_wei": "x"})]),
        (STRICT, [provision(error("policy", "strict mode needs a policy")),
                  provision(error("policy", "key_id is not the image's kms_key"), policy=POLICY, key_id="alias/x"),
                  provision(has(address=KEY.address, lease_expires=UTC_MS // 1000 + 86400, policy_bound=True,
                                policy_sha256=POLICY_SHA256), policy=POLICY),
                  provision(has(lease_expires=UTC_MS // 1000 + 86400), policy=POLICY),
                  provision(error("state", "signer already provisioned"), policy=POLICY, ciphertext_b64=text)]),
    ]


def generate(expected, **more):
    return exchange("generate", "generate", {**CREDENTIALS, **more}, **expected)


def generate_cases():
    made = result(address=KEY.address, ciphertext_b64=base64.b64encode(b"ciphertext").decode(), key_id="alias/x",
                  key_spec="AES-256")
    return [
        (OPEN, [generate(error("input", "missing params: key_id")),
                generate(error("input", "key_spec must be AES-256 for ethereum keys"), key_id="x", key_spec="AES-128"),
                generate(error("input", "key_spec must be AES-256 or AES-128"), key_id="x", key_spec="RSA"),
                generate(made, key_id="alias/x", key_spec="AES-256"),
                generate(error("state", "signer already provisioned"), key_id="alias/x")]),
        (STRICT, [generate(error("policy", "strict mode needs a policy")),
                  generate(has(address=KEY.address, key_id=ARN, policy_bound=True), policy=POLICY),
                  generate(error("state", "signer already provisioned"), policy=POLICY)]),
    ]


def sealed_cases():
    blob = bytes.fromhex("11" * 32)
    answer = result(ciphertext_b64=base64.b64encode(blob).decode(), key_id=ARN, sha256=hashlib.sha256(blob).hexdigest())
    return [
        (OPEN, [exchange("none yet", "sealed", {}, **UNPROVISIONED), provision(),
                exchange("what was opened", "sealed", {}, **answer),
                exchange("unknown parameter", "sealed", {"x": 1}, **error("input", "unknown parameter 'x'"))]),
    ]


def sign_transaction():
    def signed(name, fields):
        return exchange(name, "sign_transaction", {"tx": fields}, **result(raw_tx=raw_transaction(fields)))

    def refused(name, code, message, **changed):
        return exchange(name, "sign_transaction", {"tx": transaction(**changed)}, **error(code, message))

    fees = {"gasPrice": None, "maxFeePerGas": 200000000, "maxPriorityFeePerGas": 1}
    return [
        (OPEN, [exchange("none yet", "sign_transaction", {"tx": {}}, **UNPROVISIONED), provision(),
                signed("legacy", transaction()), signed("without chain", transaction(chainId=None)),
                signed("a large value", transaction(value=2**200)),
                signed("creation", transaction(to=None, data="0x60")),
                signed("access list", transaction(type=1, accessList=[{"address": KEY.address, "storageKeys": ["0x" + "01" * 32]}])),
                signed("two fees", transaction(**fees)),
                exchange("no dictionary", "sign_transaction", {"tx": []}, **error("input", "tx must be an object")),
                refused("decimal string", "input", "failed to sign tx: Transaction had invalid fields: {'value': '1'}", value="1"),
                refused("lower case", "input", "failed to sign tx: Transaction had invalid fields: {'to': ", to=BROKER[:-1] + "c"),
                refused("over 256 bits", "input", "failed to sign tx: ", value=2**256)]),
        (OPEN, [provision(policy=POLICY), signed("a deposit", transaction()), signed("a deposit with two fees", transaction(**fees)),
                refused("another chain", "policy", "chainId mismatch (got 1, expected 42161)", chainId=1),
                refused("another contract", "policy", "tx.to not allowed (got " + KEY.address.lower(), to=KEY.address),
                refused("too much", "policy", "fundDeposit tx.value exceeds policy max", value=1001),
                refused("another function", "policy", "tx.data selector not allowed by policy", data="0xdeadbeef"),
                refused("too dear", "policy", "", gasPrice=10**18),
                refused("creation", "policy", "tx.to must be a 0x address", to=None)]),
    ]


def sign_message():
    def signed(name, hexes, raw):
        return exchange(name, "sign_message_defunct", {"message_hash": hexes},
                        **result(signature=hexed(KEY.sign_message(encode_defunct(primitive=raw)))))

    fields = ticket()
    hash_text = "0x" + ticket_hash(fields).hex()
    beside = result(signature=ticket_answer(fields)["signature"])
    return [
        (OPEN, [exchange("none yet", "sign_message_defunct", {"message_hash": "0x"}, **UNPROVISIONED), provision(),
                signed("32 bytes", "0x" + "ab" * 32, b"\xab" * 32), signed("nothing", "0x", b""),
                signed("a long one", "0x" + "00" * 1000, bytes(1000)), signed("spaced", " 0xAB cd\n", b"\xab\xcd"),
                exchange("no 0x", "sign_message_defunct", {"message_hash": "ab"},
                         **error("input", "message_hash must be 0x-prefixed hex")),
                exchange("odd", "sign_message_defunct", {"message_hash": "0xabc"}, **error("input", "message_hash must be hex"))]),
        (OPEN, [provision(policy=POLICY),
                exchange("blind", "sign_message_defunct", {"message_hash": hash_text}, **error("policy", "")),
                exchange("with its ticket", "sign_message_defunct", {"message_hash": hash_text, "ticket": fields}, **beside),
                exchange("with another ticket", "sign_message_defunct", {"message_hash": hash_text, "ticket": ticket(senderNonce=4)},
                         **error("input", ""))]),
        (OPEN, [provision(policy=policy(messages="any")), signed("any", "0x01", b"\x01")]),
        (OPEN, [provision(policy=policy(messages="none")),
                exchange("none", "sign_message_defunct", {"message_hash": hash_text, "ticket": fields}, **error("policy", ""))]),
    ]


def sign_ticket():
    def signed(name, fields):
        return exchange(name, "sign_ticket", {"ticket": fields}, **result(**ticket_answer(fields)))

    def refused(name, code, message, **changed):
        return exchange(name, "sign_ticket", {"ticket": ticket(**changed)}, **error(code, message))

    without = ticket()
    del without["auxData"]
    return [
        (OPEN, [exchange("none yet", "sign_ticket", {"ticket": ticket()}, **UNPROVISIONED), provision(),
                signed("integers", ticket()), signed("hex strings", ticket(faceValue="0x7", winProb="0x" + "ff" * 32)),
                signed("our own sender", ticket(sender=KEY.address))]),
        (OPEN, [provision(policy=POLICY), signed("at the limit", ticket(faceValue=1000)),
                refused("over the limit", "policy", "ticket.faceValue exceeds policy max", faceValue=1001),
                refused("not listed", "policy", "ticket.recipient not in allowlist", recipient=OTHER.address),
                refused("another's ticket", "policy", "ticket.sender mismatch", sender=OTHER.address),
                refused("short auxData", "input", "", auxData="0x" + "05" * 63),
                refused("unknown field", "input", "", memo=1),
                exchange("missing field", "sign_ticket", {"ticket": without}, **error("input", "")),
                exchange("no ticket", "sign_ticket", {}, **error("input", "ticket must be an object"))]
         + [signed("charge %d" % i, ticket(faceValue=1000, senderNonce=i)) for i in range(4, 8)]
         + [refused("the window is spent", "policy", "", faceValue=1, senderNonce=9)]),
    ]


def sign_typed_data():
    signature = hexed(KEY.sign_message(encode_typed_data(full_message=TYPED)))
    broken = {**TYPED, "primaryType": "Letter"}
    return [
        (OPEN, [exchange("none yet", "sign_typed_data", {"typed_data": TYPED}, **UNPROVISIONED), provision(),
                exchange("mail", "sign_typed_data", {"typed_data": TYPED}, **result(signature=signature)),
                exchange("no such type", "sign_typed_data", {"typed_data": broken}, **error("input", "")),
                exchange("text", "sign_typed_data", {"typed_data": "{}"}, **error("input", "typed_data must be an object"))]),
        (OPEN, [provision(policy=POLICY), exchange("refused", "sign_typed_data", {"typed_data": TYPED}, **error("policy", ""))]),
        (OPEN, [provision(policy=policy(typed_data="any")),
                exchange("allowed", "sign_typed_data", {"typed_data": TYPED}, **result(signature=signature))]),
    ]


def attestation():
    return [
        (OPEN, [exchange("a document", "attestation", {}, **has(document_b64=None)),
                exchange("with a nonce", "attestation", {"nonce": "0x" + "ab" * 32}, **has(document_b64=None)),
                exchange("too long a nonce", "attestation", {"nonce": "0x" + "ab" * 33},
                         **error("input", "attestation nonce must be <= 32 bytes")),
                exchange("no 0x", "attestation", {"nonce": "ab"}, **error("input", "nonce must be 0x-prefixed hex")),
                exchange("odd", "attestation", {"nonce": "0xa"}, **error("input", "nonce must be hex"))]),
    ]


def status():
    left = {"max_face_value_wei": "4993", "max_fee_wei": "100000000000000000", "max_fund_deposit_wei": "unlimited",
            "window_seconds": 86400}
    fields = ticket()
    entry = journal_entry(1, "sign_ticket", ticket_hash(fields), face_value=7)
    return [
        (OPEN, [exchange("empty", "status", {},
                         **has(address=None, budget_left=None, counters={"refusals": 0, "requests": 1, "signatures": 0},
                               insecure=False, journal={"head": "00" * 32, "last": 0}, key_origin=None, kms_key=None,
                               kms_key_pinned=None, lease=None, mode="open", policy_bound=False, policy_sha256=None,
                               provisioned=False, public_key=None, sealed_sha256=None, trust_roots="amazon",
                               version="0.0-test"))]),
        (STRICT, [provision(policy=POLICY),
                  exchange("spend", "sign_ticket", {"ticket": fields}, **result(**ticket_answer(fields))),
                  exchange("full", "status", {},
                           **has(address=KEY.address, budget_left=left, key_origin="imported", kms_key=ARN, kms_key_pinned=ARN,
                                 journal={"head": head_after([entry]), "last": 1},
                                 lease={"expires": UTC_MS // 1000 + 86400, "seconds_left": 86400}, mode="strict",
                                 policy_bound=True, policy_sha256=POLICY_SHA256, provisioned=True, public_key=PUBLIC_KEY,
                                 sealed_sha256=hashlib.sha256(bytes.fromhex("11" * 32)).hexdigest(), time_ms=UTC_MS)),
                  exchange("unknown parameter", "status", {"x": 1}, **error("input", "unknown parameter 'x'"))]),
    ]


def policy_cases():
    given = policy(chain_id=42161, ticket_broker=BROKER.upper().replace("0X", "0x"), allowed_recipients=[OTHER.address, LISTED, LISTED])
    canonical = policy(allowed_recipients=sorted([OTHER.address.lower(), LISTED]))
    digest = hashlib.sha256(compact(canonical).encode()).hexdigest()
    return [
        (OPEN, [exchange("none", "policy", {}, **result(policy=None, policy_sha256=None)), provision(policy=given),
                exchange("canonical", "policy", {}, **result(policy=canonical, policy_sha256=digest)),
                exchange("unknown parameter", "policy", {"x": 1}, **error("input", "unknown parameter 'x'"))]),
        ({**OPEN, "policy": POLICY}, [exchange("the image's", "policy", {}, **result(policy=POLICY, policy_sha256=POLICY_SHA256))]),
    ]


def journal():
    fields = ticket()
    defunct = encode_defunct(primitive=b"\x01")
    message = keccak(b"\x19" + defunct.version + defunct.header + defunct.body)
    entries = [journal_entry(1, "sign_ticket", ticket_hash(fields), face_value=7),
               journal_entry(2, "sign_message_defunct", message, rule="messages")]
    whole = {"entries": entries, "first": 1, "head": head_after(entries), "head_before": "00" * 32, "last": 2}
    second = {**whole, "entries": entries[1:], "head_before": head_after(entries[:1])}
    return [
        (OPEN, [exchange("empty", "journal", {}, **result(entries=[], first=0, head="00" * 32, head_before="00" * 32, last=0)),
                provision(policy=POLICY),
                exchange("one", "sign_ticket", {"ticket": fields}, **result(**ticket_answer(fields))),
                exchange("two", "sign_message_defunct", {"message_hash": "0x01"}, **error("policy", "")),
                exchange("whole", "journal", {}, **result(**whole)),
                exchange("after", "journal", {"after": 1}, **result(**second)),
                exchange("limited", "journal", {"after": 0, "limit": 1}, **result(**{**whole, "entries": entries[:1]})),
                exchange("no number", "journal", {"after": "1"}, **error("input", "after must be an integer"))]),
    ]


METHODS = {
    "address": address,
    "attestation": attestation,
    "generate": generate_cases,
    "journal": journal,
    "policy": policy_cases,
    "provision": provision_cases,
    "sealed": sealed_cases,
    "sign_message_defunct": sign_message,
    "sign_ticket": sign_ticket,
    "sign_transaction": sign_transaction,
    "sign_typed_data": sign_typed_data,
    "status": status,
}


def main():
    folder = pathlib.Path(__file__).parent
    for method, cases in METHODS.items():
        scenarios = []
        for settings, exchanges in cases():
            lines = ",\n  ".join(compact(one) for one in exchanges)
            scenarios.append('{"settings":%s,"exchanges":[\n  %s\n]}' % (compact(settings), lines))
        text = '{"method":"%s","scenarios":[\n%s\n]}\n' % (method, ",\n".join(scenarios))
        json.loads(text)
        (folder / (method + ".json")).write_text(text)


if __name__ == "__main__":
    main()
