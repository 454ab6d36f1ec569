"""What a process holds, as the kernel shows it to root: its memory, and what stands of it in /proc. And the shapes in
which secrets lie in memory, cut into pieces, so that a remnant that was partly written over is found too."""

import errno
import hashlib
import hmac
import pathlib
import re

PIECE = 16  # bytes: shorter ones are found by chance, longer ones miss remnants
PAGE = 4096
NOT_SHOWN = ("exe", "mem", "pagemap", "clear_refs", "smaps", "numa_maps", "mountinfo", "mounts", "mountstats")


class Region:
    """One readable mapping, without its pages of zeroes and those that are as `known` has them, {address: page}."""

    def __init__(self, first, line, flags, content, known):
        self.line, self.flags = line, set(flags)
        empty = bytes(PAGE)
        self.runs = []  # (address, bytes)
        for at in range(0, len(content), PAGE):
            page = content[at:at + PAGE]
            if page in (empty, known.get(first + at)):
                continue
            if self.runs and self.runs[-1][0] + len(self.runs[-1][1]) == first + at:
                self.runs[-1][1].extend(page)
            else:
                self.runs.append((first + at, bytearray(page)))

    def pages(self):
        return {first + at: bytes(run[at:at + PAGE]) for first, run in self.runs for at in range(0, len(run), PAGE)}

    @property
    def is_the_keys_page(self):
        """Locked, left out of dumps, kept from child processes."""
        return {"lo", "dd", "dc"} <= self.flags


def unwritable(held):
    """{address: page} of what the process can not write to: what it was before any secret, it stays."""
    return {at: page for region in held if "wr" not in region.flags for at, page in region.pages().items()}


def regions(pid, known=None):
    """The process's readable memory, without pages that have not changed since they were `known`. The kernel's own pages,
    which it does not give, are left out."""
    found, here = [], None
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) (.)", line)
            if span:
                here = (int(span[1], 16), int(span[2], 16), line) if span[3] == "r" else None
            elif here and line.startswith("VmFlags:"):
                first, last, name = here
                try:
                    memory.seek(first)
                    content = memory.read(last - first)
                except (OSError, OverflowError, ValueError):
                    continue
                found.append(Region(first, name, line.split()[1:], content, known or {}))
    return found


class Needles:
    """{name: bytes}, made ready to be searched for in one pass, whatever their number. Each has 8 bytes at least."""

    OPENING = 8

    def __init__(self, needles):
        self.by_opening = {}
        for name, needle in needles.items():
            self.by_opening.setdefault(bytes(needle[:self.OPENING]), []).append((name, needle))

    def within(self, content):
        """(name, offset) of each found."""
        known = self.by_opening
        for at in range(len(content) - self.OPENING + 1):
            if content[at:at + 8] in known:
                for name, needle in known[content[at:at + 8]]:
                    if content.startswith(needle, at):
                        yield name, at


def places(held, needles):
    """[(needle's name, region, where and what stands around it)] for every needle found."""
    ready, found = Needles(needles), []
    for region in held:
        for first, run in region.runs:
            content = bytes(run)
            for name, at in ready.within(content):
                found.append((name, region, f"{region.line} at {first + at:x}: {content[max(0, at - 32):at + 48]!r}"))
    return found


def shown_by_proc(pid):
    """{path: content} of every file that /proc has on the process and its threads, and what its descriptors are; but not
    the program, and not the lists of mappings and mounts."""
    said = {}
    tasks = [pathlib.Path(f"/proc/{pid}"), *pathlib.Path(f"/proc/{pid}/task").iterdir()]
    for task in tasks:
        for path in task.iterdir():
            if path.name in NOT_SHOWN or not path.is_file():
                continue
            try:
                with open(path, "rb", 0) as file:
                    said[str(path)] = file.read(1 << 20)
            except OSError as why:  # what even root is not given
                assert why.errno in (errno.EACCES, errno.EPERM, errno.EINVAL, errno.EIO, errno.ESRCH, errno.ENOENT), path
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        said[str(descriptor)] = str(descriptor.readlink()).encode()
    return said


def pieces(name, secret):
    """{name of a piece: bytes}, one after another, the last one ending with the secret."""
    if len(secret) <= PIECE:
        return {name: bytes(secret)}
    starts = [*range(0, len(secret) - PIECE, PIECE), len(secret) - PIECE]
    return {f"{name}, bytes {at} to {at + PIECE}": bytes(secret[at:at + PIECE]) for at in starts}


def number_shapes(name, value, length):
    """A number as bytes, big endian, and as 64-bit limbs, the least first: how libsecp256k1 keeps a scalar and libcrypto
    a BIGNUM on this machine."""
    big = value.to_bytes(length, "big")
    return {**pieces(f"{name}, big endian", big), **pieces(f"{name}, limbs", big[::-1])}


def key_shapes(name, key):
    """A private key in both byte orders, and its hexadecimal text."""
    return {**number_shapes(name, int.from_bytes(key, "big"), len(key)), **pieces(f"{name} in hex", key.hex().encode()),
            **pieces(f"{name} in HEX", key.hex().upper().encode())}


def hmac_shapes(name, key):
    """A key of HMAC-SHA256: itself, and as it is mixed with RFC 2104's two paddings."""
    padded = key.ljust(64, b"\0") if len(key) <= 64 else hashlib.sha256(key).digest().ljust(64, b"\0")
    mixed = {which: bytes(b ^ pad for b in padded)[:len(key)] for which, pad in (("ipad", 0x36), ("opad", 0x5C))}
    return {**pieces(name, key), **{k: v for which, text in mixed.items() for k, v in pieces(f"{name} ^ {which}", text).items()}}


def sigv4_shapes(secret_access_key, date, region):
    """Everything from which requests can be signed: the secret access key and the keys derived from it."""
    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()

    chain = [("the secret access key", b"AWS4" + secret_access_key.encode())]
    for name, text in (("the date key", date[:8]), ("the region key", region), ("the service key", "kms"),
                       ("the signing key", "aws4_request")):
        chain.append((name, mac(chain[-1][1], text)))
    return {**pieces("the secret access key itself", secret_access_key.encode()),
            **{k: v for name, key in chain for k, v in hmac_shapes(name, key).items()}}


def nonce_of(key, digest):
    """RFC 6979's nonce for secp256k1 and SHA-256: with it, a signature gives the key away."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    message = (int.from_bytes(digest, "big") % order).to_bytes(32, "big")
    k, v = bytes(32), b"\1" * 32
    for mark in (b"\0", b"\1"):
        k = hmac.new(k, v + mark + key + message, hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()
    while True:
        v = hmac.new(k, v, hashlib.sha256).digest()
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < order:
            return nonce
        k = hmac.new(k, v + b"\0", hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()


def prime_of(held, modulus):
    """A prime factor of an RSA-2048 modulus that lies in memory, limbs or bytes, 8-byte aligned; None when none does.
    Every window of 128 bytes is tried that can be one: its highest bit and its lowest are set."""
    for region in held:
        for _, content in region.runs:
            for at in range(0, len(content) - 127, 8):
                first, last = content[at], content[at + 127]
                if first & 1 and last & 0x80:
                    candidate = int.from_bytes(content[at:at + 128], "little")
                    if modulus % candidate == 0:
                        return candidate
                if first & 0x80 and last & 1:
                    candidate = int.from_bytes(content[at:at + 128], "big")
                    if modulus % candidate == 0:
                        return candidate
    return None


def rsa_shapes(p, modulus):
    """The private numbers of an RSA-2048 key of which one prime is known."""
    q = modulus // p
    assert p * q == modulus
    d = pow(65537, -1, (p - 1) * (q - 1))
    low = pow(65537, -1, (p - 1) * (q - 1) // _gcd(p - 1, q - 1))  # FIPS 186-4 takes the least
    found = {}
    for name, value, length in (("RSA p", p, 128), ("RSA q", q, 128), ("RSA d", d, 256), ("RSA d, least", low, 256),
                                ("RSA d mod p-1", d % (p - 1), 128), ("RSA d mod q-1", d % (q - 1), 128),
                                ("RSA 1/q mod p", pow(q, -1, p), 128), ("RSA 1/p mod q", pow(p, -1, q), 128)):
        found.update(number_shapes(name, value, length))
    return found


def _gcd(a, b):
    while b:
        a, b = b, a % b
    return a
