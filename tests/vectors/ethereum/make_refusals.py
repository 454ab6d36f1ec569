"""Writes refusals.jsonl with eth-account: one {"why", "tx", "text"} a line, each wrong in one way, with eth-account's
own words. Where those hold a Python set of several names, whose order is chance, they end before it.

    python3 make_refusals.py > refusals.jsonl
"""
import json

from eth_account import Account

KEY = "0x" + "11" * 32
TO = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
LEGACY = {"chainId": 42161, "nonce": 7, "gasPrice": 5, "gas": 21000, "to": TO, "value": 0, "data": "0x6caa736b"}
FEES = {k: v for k, v in LEGACY.items() if k != "gasPrice"} | {"maxFeePerGas": 5, "maxPriorityFeePerGas": 1}
BLOB = FEES | {"maxFeePerBlobGas": 1, "blobVersionedHashes": ["0x01" + "aa" * 31]}
AUTHORIZATION = {"chainId": 1, "address": TO, "nonce": 1, "yParity": 0, "r": 5, "s": 6}
CODE = FEES | {"authorizationList": [AUTHORIZATION]}
ACCESS = {"address": TO, "storageKeys": [1]}


def without(tx, *names):
    return {k: v for k, v in tx.items() if k not in names}


CASES = [
    ("a decimal string", LEGACY | {"value": "1"}),
    ("a float", LEGACY | {"value": 1.5}),
    ("null", LEGACY | {"value": None}),
    ("true", LEGACY | {"gas": True}),
    ("an array", LEGACY | {"gas": [1]}),
    ("an object", LEGACY | {"gas": {"a": None}}),
    ("two at once, in the order of the text", LEGACY | {"nonce": None, "value": "1"}),
    ("a quote in it", LEGACY | {"value": "it's"}),
    ("both quotes and escapes in it", LEGACY | {"value": "it's \"x\"\n\\\t"}),
    ("0x alone", LEGACY | {"value": "0x"}),
    ("0x and no hex", LEGACY | {"nonce": "0xfg"}),
    ("negative", LEGACY | {"value": -1}),
    ("negative, typed", FEES | {"maxFeePerGas": -5}),
    ("to in lower case", LEGACY | {"to": TO.lower()}),
    ("to with one letter in the other case", LEGACY | {"to": TO[:-1] + "a"}),
    ("to without 0x", LEGACY | {"to": TO[2:]}),
    ("to one digit short", LEGACY | {"to": TO[:-1]}),
    ("to 0x alone", LEGACY | {"to": "0x"}),
    ("to a number", LEGACY | {"to": 1}),
    ("data null", LEGACY | {"data": None}),
    ("data a float", LEGACY | {"data": 1.5}),
    ("data an array", LEGACY | {"data": []}),
    ("data no hex", LEGACY | {"data": "0xzz"}),
    ("data with a space", LEGACY | {"data": " 0x00"}),
    ("data a negative number", LEGACY | {"data": -5}),
    ("chain id a decimal string", LEGACY | {"chainId": "1"}),
    ("chain id null, typed", FEES | {"chainId": None}),
    ("from another", LEGACY | {"from": "0x2222222222222222222222222222222222222222"}),
    ("from in lower case", LEGACY | {"from": TO.lower()}),
    ("from null", LEGACY | {"from": None}),
    ("input for data, legacy", without(LEGACY, "data") | {"input": "0x"}),
    ("input for data, typed", without(FEES, "data") | {"input": "0x"}),
    ("gas price beside the fees", FEES | {"gasPrice": 5}),
    ("two fields unknown, typed", FEES | {"zoo": 1, "bar": 2}),
    ("no nonce", without(LEGACY, "nonce")),
    ("no gas", without(LEGACY, "gas")),
    ("no gas price", without(LEGACY, "gasPrice")),
    ("an access list and no fee", without(LEGACY, "gasPrice") | {"accessList": []}),
    ("no nonce and no gas, typed", without(FEES, "nonce", "gas")),
    ("one fee only", without(FEES, "maxPriorityFeePerGas")),
    ("type 0", LEGACY | {"type": 0}),
    ("type 0x0", LEGACY | {"type": "0x0"}),
    ("type 5", FEES | {"type": 5}),
    ("type -1", FEES | {"type": -1}),
    ("type of 90 bits", FEES | {"type": 2**90}),
    ("type a decimal string", FEES | {"type": "2"}),
    ("type null", FEES | {"type": None}),
    ("type true", FEES | {"type": True}),
    ("type 1 with fees", without(FEES, "accessList") | {"type": 1}),
    ("type 3 without blobs", FEES | {"type": 3}),
    ("type 4 without authorizations", CODE | {"authorizationList": []}),
    ("access list null", FEES | {"accessList": None}),
    ("access list an object", FEES | {"accessList": ACCESS}),
    ("access list of arrays", FEES | {"accessList": [[TO, [1]]]}),
    ("access without keys", FEES | {"accessList": [without(ACCESS, "storageKeys")]}),
    ("access without address", FEES | {"accessList": [without(ACCESS, "address")]}),
    ("access with one member more", FEES | {"accessList": [ACCESS | {"x": 1}]}),
    ("access with a short address", FEES | {"accessList": [ACCESS | {"address": TO[:-2]}]}),
    ("access with a key null", FEES | {"accessList": [ACCESS | {"storageKeys": [None]}]}),
    ("access with a key without 0x", FEES | {"accessList": [ACCESS | {"storageKeys": ["01"]}]}),
    ("access with a key 0x", FEES | {"accessList": [ACCESS | {"storageKeys": ["0x"]}]}),
    ("access with keys no array", FEES | {"accessList": [ACCESS | {"storageKeys": "0x01"}]}),
    ("no blob hash", BLOB | {"blobVersionedHashes": []}),
    ("blob hash a number", BLOB | {"blobVersionedHashes": [1]}),
    ("blob hash of 31 bytes", BLOB | {"blobVersionedHashes": ["0x01" + "aa" * 30]}),
    ("blob hash of 33 bytes", BLOB | {"blobVersionedHashes": ["0x01" + "aa" * 32]}),
    ("no blob fee", without(BLOB, "maxFeePerBlobGas")),
    ("authorizations null", CODE | {"authorizationList": None}),
    ("authorization without nonce", CODE | {"authorizationList": [without(AUTHORIZATION, "nonce")]}),
    ("authorization with one member more", CODE | {"authorizationList": [AUTHORIZATION | {"x": 1}]}),
    ("authorization with y parity 2", CODE | {"authorizationList": [AUTHORIZATION | {"yParity": 2}]}),
    ("authorization with y parity 0x00", CODE | {"authorizationList": [AUTHORIZATION | {"yParity": "0x00"}]}),
    ("authorization with a decimal r", CODE | {"authorizationList": [AUTHORIZATION | {"r": "5"}]}),
    ("authorization with a short address", CODE | {"authorizationList": [AUTHORIZATION | {"address": TO[:-2]}]}),
]

for why, tx in CASES:
    try:
        Account.sign_transaction(json.loads(json.dumps(tx)), KEY)
    except Exception as refusal:
        print(json.dumps({"why": why, "tx": tx, "text": str(refusal)}, separators=(",", ":")))
    else:
        raise SystemExit(f"{why}: eth-account signs it")
