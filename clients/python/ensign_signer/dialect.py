"""What Ethereum libraries write in several ways, brought into the one that the signer takes. Values are never changed."""

from collections.abc import Mapping

_LANES = [(x, y) for x in range(5) for y in range(5)]
_MASK = 2**64 - 1
# What libraries leave as None when it does not apply.
_MAY_BE_NONE = ("accessList", "chainId", "data", "from", "gasPrice", "input", "maxFeePerGas", "maxPriorityFeePerGas", "type")
_TICKET = (("recipient", "recipient"), ("sender", "sender"), ("faceValue", "face_value_wei"), ("winProb", "win_prob"),
           ("senderNonce", "sender_nonce"), ("recipientRandHash", "recipient_rand_hash"), ("auxData", "aux_data"))


def _rotate(lane, by):
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK


def _permute(lanes):
    """Keccak-f[1600] (FIPS 202, section 3.3)."""
    register = 1
    for _ in range(24):
        column = [lanes[x, 0] ^ lanes[x, 1] ^ lanes[x, 2] ^ lanes[x, 3] ^ lanes[x, 4] for x in range(5)]
        for x, y in _LANES:
            lanes[x, y] ^= column[(x - 1) % 5] ^ _rotate(column[(x + 1) % 5], 1)
        x, y, lane = 1, 0, lanes[1, 0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            lane, lanes[x, y] = lanes[x, y], _rotate(lane, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x, y] for x in range(5)]
            for x in range(5):
                lanes[x, y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK)
        for bit in range(7):
            if register & 1:
                lanes[0, 0] ^= 1 << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)


def keccak256(data):
    """Of at most 135 bytes, which is one block: an address is 40 characters."""
    block = bytearray(data) + bytes(136 - len(data))
    block[len(data)] ^= 0x01
    block[135] ^= 0x80
    lanes = dict.fromkeys(_LANES, 0)
    for i in range(17):
        lanes[i % 5, i // 5] = int.from_bytes(block[8 * i:8 * i + 8], "little")
    _permute(lanes)
    return b"".join(lanes[i, 0].to_bytes(8, "little") for i in range(4))


def checksum(address):
    """EIP-55, for an address of one case; any other text is left as it is, for the signer to judge."""
    digits = address[2:]
    if not address.startswith("0x") or len(digits) != 40 or digits not in (digits.lower(), digits.upper()):
        return address
    try:
        bytes.fromhex(digits)
    except ValueError:
        return address
    digest = keccak256(digits.lower().encode()).hex()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(digits.lower(), digest))


def plain(value):
    """Bytes (web3's HexBytes among them) as 0x hex, mappings as dictionaries, tuples as lists."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def transaction(tx):
    """gasLimit for gas, input for data (both only when they agree), None for what is absent, a type of 0 for the legacy
    type, addresses of one case for their EIP-55 form."""
    given = {key: value for key, value in plain(tx).items() if value is not None or key not in _MAY_BE_NONE}
    for other, name in (("gasLimit", "gas"), ("input", "data")):
        if other in given and given.setdefault(name, given[other]) == given[other]:
            del given[other]
    if not isinstance(given.get("type"), bool) and given.get("type") in (0, "0x0", "0x00"):
        del given["type"]
    for name in ("to", "from"):
        if isinstance(given.get(name), str):
            given[name] = checksum(given[name])
    return given


def ticket(fields):
    """A mapping with the signer's names, or an object with the backend's (recipient, face_value_wei, …)."""
    if isinstance(fields, Mapping):
        return plain(fields)
    return plain({name: getattr(fields, attribute) for name, attribute in _TICKET})
