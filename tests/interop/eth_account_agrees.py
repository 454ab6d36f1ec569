"""ensignd and eth-account sign the same: random transactions of every type, messages and typed data, byte for byte; and
where eth-account refuses a transaction, so does ensignd, beginning with its words.

    eth_account_agrees.py [SEED]
"""

import json
import pathlib
import random
import re
import sys

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "vectors/ethereum")]
import random_ethereum as rand  # noqa: E402
from dev_signer import DevSigner  # noqa: E402

TRANSACTIONS, MESSAGES, TYPED_DATA, SPOILED = 2400, 300, 700, 1200
KEY = "0x" + "4c" * 32
SEED = sys.argv[1] if len(sys.argv) > 1 else "ensign"


def differ(what, given, ours, theirs):
    raise SystemExit(f"eth_account_agrees: {what} differs (seed {SEED})\ngiven:  {json.dumps(given)}\nours:   {ours}\ntheirs: {theirs}")


def transactions(signer, rng):
    for i in range(TRANSACTIONS):
        kind = rand.KINDS[i % len(rand.KINDS)]
        tx = rand.transaction(rng, kind)
        if rng.randrange(8) == 0:
            tx["from"] = Account.from_key(KEY).address
        ours = signer.call("sign_transaction", tx=tx).get("result", {}).get("raw_tx")
        theirs = "0x" + Account.sign_transaction(dict(tx), KEY).raw_transaction.hex().removeprefix("0x")
        if ours != theirs:
            differ(f"transaction {i} ({kind})", tx, ours, theirs)


def spoil(rng, tx):
    """One thing is made wrong, or at least strange."""
    name = rng.choice(list(tx))
    action = rng.randrange(5)
    if action == 0:
        del tx[name]
    elif action == 1:
        tx[rng.choice(["input", "gasLimit", "foo", "gasPrice", "maxFeePerGas", "accessList", "maxFeePerBlobGas"])] = 1
    elif action == 2:
        tx["type"] = rng.choice([0, 1, 2, 3, 4, 5, "0x0", "0x1", "0x2", "0x3", "0x4", "2", None, True, 2.5])
    else:
        tx[name] = rng.choice(["1", "", "0x", "0xzz", None, True, 1.5, [], {}, "x" * 300, [None], "it's", -1,
                               "0x" + "ab" * 20, [{"address": "0x" + "ab" * 20, "storageKeys": [None]}]])
    return tx


# What eth-account takes and ensignd does not, as src/core/eth/tx.h says.
STRICTER = re.compile(r"more than (64|256) bits|needs (a recipient|at least one)|Missing kwargs: \['nonce'\]|'data': (True|False)")


def refusals(signer, rng):
    """What eth-account refuses is refused, and what it takes gives the same bytes or is refused for a reason we name.
    The words are compared one by one in tests/vectors/ethereum/refusals.jsonl; here most must be the same."""
    refused = same_words = 0
    for i in range(SPOILED):
        tx = spoil(rng, rand.transaction(rng, rand.KINDS[i % len(rand.KINDS)]))
        answer = signer.call("sign_transaction", tx=tx)
        ours = answer.get("result", {}).get("raw_tx") or answer["error"]["message"]
        try:
            theirs = "0x" + Account.sign_transaction(json.loads(json.dumps(tx)), KEY).raw_transaction.hex().removeprefix("0x")
        except Exception as refusal:
            if "error" not in answer:
                differ(f"refusal {i}", tx, ours, refusal)
            refused += 1
            same_words += ours[:150] == f"failed to sign tx: {refusal}"[:150]
            continue
        if ours != theirs and not STRICTER.search(ours):
            differ(f"spoiled transaction {i}", tx, ours, theirs)
    assert refused > SPOILED // 2 and same_words > refused * 9 // 10, (refused, same_words)
    return refused, same_words


def messages(signer, rng):
    for i in range(MESSAGES):
        message = rng.randbytes(rng.choice([0, 1, 9, 10, 32, 32, 99, 100, 1000, 10000]))
        ours = signer.call("sign_message_defunct", message_hash="0x" + message.hex())["result"]["signature"]
        theirs = "0x" + Account.sign_message(encode_defunct(primitive=message), KEY).signature.hex().removeprefix("0x")
        if ours != theirs:
            differ(f"message {i}", message.hex(), ours, theirs)


def typed_data(signer, rng):
    for i in range(TYPED_DATA):
        document = rand.typed_data(rng)
        ours = signer.call("sign_typed_data", typed_data=document).get("result", {}).get("signature")
        theirs = "0x" + Account.sign_message(encode_typed_data(full_message=document), KEY).signature.hex().removeprefix("0x")
        if ours != theirs:
            differ(f"typed data {i}", document, ours, theirs)


def main():
    rng = random.Random(SEED)
    with DevSigner(KEY) as signer:
        assert signer.call("address")["result"]["address"] == Account.from_key(KEY).address
        transactions(signer, rng)
        messages(signer, rng)
        typed_data(signer, rng)
        refused, same_words = refusals(signer, rng)
    print(f"eth-account agrees: {TRANSACTIONS} transactions, {MESSAGES} messages, {TYPED_DATA} typed data, "
          f"{SPOILED} spoiled transactions ({refused} refused by both, {same_words} of them in the same words)")


main()
