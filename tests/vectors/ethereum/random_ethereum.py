"""Random transactions and typed data that eth-account, ethers and ensign all take, from a seeded random.Random.

Integers in a transaction are ints or 0x strings; in typed data ints, decimal or 0x strings. Used by the vectors beside
this file and by tests/interop.
"""
from eth_utils import to_checksum_address

WORDS = ["a", "to", "owner", "amount", "Name", "id2", "_x", "items", "deadline", "v", "salt", "é", "日本", "🚀", " ", "\n", '"', "\\"]


def address(rng):
    return to_checksum_address(rng.randbytes(20))


def integer(rng, bits):
    """Often an edge, often small."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.choice([0, 1, 127, 128, 255, 256, 2**bits - 1, 2 ** (bits - 1)]) % 2**bits
    return rng.getrandbits(bits if kind == 1 else rng.randrange(1, min(bits, 72)))


def number(rng, bits):
    value = integer(rng, bits)
    form = rng.randrange(4)
    if form == 0:
        return hex(value)
    if form == 1 and rng.randrange(3) == 0:
        return "0x" + rng.choice(["0", "00", "000"]) + f"{value:x}"
    return value


def data(rng):
    length = rng.choice([0, 0, 1, 4, 31, 32, 33, 36, 55, 56, 57, 68, 100, 255, 256, 257, 600])
    body = rng.randbytes(length)
    if length == 1:
        body = bytes([rng.choice([0, 1, 0x7F, 0x80, 0xFF])])
    text = body.hex()
    if rng.randrange(4) == 0:
        text = text.upper()
    return text if rng.randrange(5) == 0 else "0x" + text


def list_address(rng):
    form = rng.randrange(4)
    plain = address(rng)
    return plain if form < 2 else plain.lower() if form == 2 else plain[2:].lower()


def access_list(rng):
    entries = []
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        keys = [number(rng, 256) if rng.randrange(4) == 0 else "0x" + rng.randbytes(32).hex()
                for _ in range(rng.choice([0, 1, 2, 7]))]
        entries.append({"address": list_address(rng), "storageKeys": keys})
    return entries


def authorization(rng):
    return {"chainId": number(rng, 256), "address": list_address(rng), "nonce": number(rng, 64),
            "yParity": rng.choice([0, 1, "0x0", "0x1"]), "r": number(rng, 256), "s": number(rng, 256)}


def transaction(rng, kind):
    """kind: legacy, eip155, 1, 2, 3 or 4."""
    tx = {"nonce": number(rng, 64), "gas": number(rng, 64)}
    if kind in ("legacy", "eip155", 1):
        tx["gasPrice"] = number(rng, 256)
    else:
        tx["maxFeePerGas"], tx["maxPriorityFeePerGas"] = number(rng, 256), number(rng, 256)
    if kind != "legacy" and (kind == "eip155" or rng.randrange(6) > 0):
        tx["chainId"] = number(rng, 256) if rng.randrange(3) == 0 else rng.choice([0, 1, 5, 10, 42161, 421614])
    if kind == "legacy" and rng.randrange(3) == 0:
        tx["chainId"] = None
    if kind in (3, 4) or rng.randrange(5) > 0:
        tx["to"] = address(rng)
    elif rng.randrange(2) == 0:
        tx["to"] = rng.choice(["", None])
    if rng.randrange(5) > 0:
        tx["value"] = number(rng, 256)
    if rng.randrange(5) > 0:
        tx["data"] = data(rng)
    said = rng.randrange(2) == 0
    if kind == 1 or (kind in (2, 3, 4) and rng.randrange(2) == 0):
        tx["accessList"] = access_list(rng)
    if kind == 3:
        tx["maxFeePerBlobGas"] = number(rng, 256)
        tx["blobVersionedHashes"] = ["0x01" + rng.randbytes(31).hex() for _ in range(rng.choice([1, 2, 6]))]
    if kind == 4:
        tx["authorizationList"] = [authorization(rng) for _ in range(rng.choice([1, 1, 3]))]
    if kind in (1, 2, 3, 4) and said:
        tx["type"] = rng.choice([kind, hex(kind), "0x0" + str(kind)])
    names = list(tx)
    rng.shuffle(names)
    return {name: tx[name] for name in names}


KINDS = ["legacy", "eip155", 1, 2, 3, 4]


def elementary(rng):
    return rng.choice(["address", "bool", "string", "bytes", f"bytes{rng.randrange(1, 33)}",
                       f"uint{8 * rng.randrange(1, 33)}", f"int{8 * rng.randrange(1, 33)}", "uint256", "bytes32"])


def suffixes(rng):
    return "".join(rng.choice(["[]", "[]", f"[{rng.randrange(1, 4)}]"]) for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])))


def text(rng):
    return "".join(rng.choice(WORDS) for _ in range(rng.choice([0, 1, 3, 12, 40])))


def elementary_value(rng, kind):
    if kind == "address":
        return list_address(rng)
    if kind == "bool":
        return rng.randrange(2) == 1
    if kind == "string":
        return text(rng)
    if kind == "bytes":
        return "0x" + rng.randbytes(rng.choice([0, 1, 31, 32, 33, 135, 136, 137, 400])).hex()
    if kind.startswith("bytes"):
        return "0x" + rng.randbytes(int(kind[5:])).hex()
    signed, bits = kind.startswith("int"), int(kind.lstrip("uint"))
    value = integer(rng, bits)
    if signed and value >= 2 ** (bits - 1):
        value -= 2**bits
    form = rng.randrange(4)
    return str(value) if form == 0 else hex(value) if form == 1 and value >= 0 else value


def value(rng, types, kind):
    if kind.endswith("]"):
        inner, _, length = kind[:-1].rpartition("[")
        return [value(rng, types, inner) for _ in range(int(length) if length else rng.choice([0, 1, 1, 2, 3]))]
    if kind in types:
        return {field["name"]: value(rng, types, field["type"]) for field in types[kind]}
    return elementary_value(rng, kind)


def typed_data(rng):
    """Types form a chain of needs, so that none needs itself and the first needs all."""
    names = rng.sample(["Order", "Item", "Person", "Asset", "Fee", "B2", "a_b", "Zed:Part"], rng.randrange(1, 5))
    types = {}
    for i, name in enumerate(names):
        wanted = [elementary(rng) + suffixes(rng) for _ in range(rng.randrange(1, 6))]
        if i + 1 < len(names):
            wanted.append(names[i + 1] + suffixes(rng))
            if rng.randrange(3) == 0:
                wanted.append(names[-1] + suffixes(rng))
        rng.shuffle(wanted)
        types[name] = [{"name": f"{rng.choice('abcxyz')}{j}", "type": kind} for j, kind in enumerate(wanted)]
    full = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32")]
    chosen = [field for field in full if rng.randrange(3) > 0]
    domain = {field: elementary_value(rng, kind) for field, kind in chosen}
    message = value(rng, types, names[0])
    listed = dict(types)
    if rng.randrange(2) == 0:
        listed["EIP712Domain"] = [{"name": field, "type": kind} for field, kind in chosen]
    order = list(listed)
    rng.shuffle(order)
    return {"types": {name: listed[name] for name in order}, "primaryType": names[0], "domain": domain, "message": message}
