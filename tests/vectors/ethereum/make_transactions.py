"""Writes transactions.jsonl with eth-account: one {"tx", "raw"} a line, signed with the key 0x11…11.

    python3 make_transactions.py > transactions.jsonl
"""
import json
import random

from eth_account import Account

from random_ethereum import KINDS, transaction

KEY = "0x" + "11" * 32


def wire(value):
    return json.dumps(value, separators=(",", ":"))


rng = random.Random("ensign transactions")
for i in range(192):
    tx = transaction(rng, KINDS[i % len(KINDS)])
    raw = Account.sign_transaction(dict(tx), KEY).raw_transaction.hex().removeprefix("0x")
    print(wire({"tx": tx, "raw": "0x" + raw}))
