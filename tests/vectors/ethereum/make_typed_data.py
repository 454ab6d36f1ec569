"""Writes typed_data.jsonl with eth-account: one {"document", "digest"} a line.

    python3 make_typed_data.py > typed_data.jsonl
"""
import json
import random

from eth_account.messages import _hash_eip191_message, encode_typed_data

from random_ethereum import typed_data

PERSON = [{"name": "name", "type": "string"}, {"name": "mother", "type": "Person"}, {"name": "children", "type": "Person[]"}]


def wire(value):
    return json.dumps(value, separators=(",", ":"))


def recursive():
    """A type that needs itself, through a member and through an array; null ends the chain (ethers takes neither)."""
    def person(name, mother=None, children=()):
        return {"name": name, "mother": mother, "children": list(children)}

    for message in [person("a"), person("a", person("b", person("c"))), person("a", None, [person("b"), None, person("c", person("d"))])]:
        yield {"types": {"Person": PERSON}, "primaryType": "Person", "domain": {"name": "r"}, "message": message}


rng = random.Random("ensign typed data")
documents = list(recursive())
while len(documents) < 150:
    document = typed_data(rng)
    if len(wire(document)) < 4000:
        documents.append(document)
for document in documents:
    digest = _hash_eip191_message(encode_typed_data(full_message=document)).hex()
    print(wire({"document": document, "digest": "0x" + digest}))
