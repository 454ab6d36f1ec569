"""Enclave images read and written from the published format alone, for tests that need bytes of their own: nothing here is
shared with the code under test."""

import gzip
import hashlib
import io
import struct
import zlib

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5


def read(data):
    """[(type, data)] of an image's sections, in their order."""
    count = struct.unpack_from(">H", data, 0x1A)[0]
    offsets, lengths = (struct.unpack_from(">32Q", data, at) for at in (0x1C, 0x11C))
    return [(struct.unpack_from(">H", data, offsets[i])[0], data[offsets[i] + 12:offsets[i] + 12 + lengths[i]])
            for i in range(count)]


def write(sections, version=4, flags=0):
    body, offsets = b"", []
    for kind, data in sections:
        offsets.append(548 + len(body))
        body += struct.pack(">HHQ", kind, 0, len(data)) + data
    head = b".eif" + struct.pack(">HHQQHH", version, flags, 1 << 30, 2, 0, len(sections))
    head += struct.pack(">32Q", *offsets, *[0] * (32 - len(sections)))
    head += struct.pack(">32Q", *(len(d) for _, d in sections), *[0] * (32 - len(sections))) + bytes(4)
    return with_crc(head + bytes(4) + body)


def with_crc(data):
    """The same bytes with the CRC-32 that belongs to them."""
    return data[:544] + struct.pack(">I", zlib.crc32(data[548:], zlib.crc32(data[:544]))) + data[548:]


def _register(*contents):
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(contents)).digest()).hexdigest()


def pcrs(sections):
    start = [d for kind, d in sections if kind in (KERNEL, CMDLINE)]
    ramdisks = [d for kind, d in sections if kind == RAMDISK]
    measured = [d for kind, d in sections if kind in (KERNEL, CMDLINE, RAMDISK)]
    return {"PCR0": _register(*measured), "PCR1": _register(*start, ramdisks[0]), "PCR2": _register(*ramdisks[1:])}


def pcr8(certificate_der):
    return _register(certificate_der)


def archive(files):
    """A newc archive of (name, mode, data), packed as one gzip member without time or name."""
    out = b""
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        text = name.encode() + b"\0"
        entry = ("070701" + "".join(f"{v:08X}" for v in (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(text), 0))).encode()
        entry += text
        out += entry + bytes(-len(entry) % 4) + data + bytes(-len(data) % 4)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as file:
        file.write(out)
    return packed.getvalue()


def unpacked(ramdisk):
    """(name, mode, data, (uid, gid, mtime)) of a gzip'd newc archive's entries; bytes left after the member are an error."""
    member = zlib.decompressobj(31)
    data = member.decompress(ramdisk)
    assert member.eof and not member.unused_data, "not exactly one gzip member"
    files, at = [], 0
    while True:
        assert data[at:at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, uid, gid, mtime, size, name_len = fields[1], fields[2], fields[3], fields[5], fields[6], fields[11]
        name = data[at + 110:at + 109 + name_len].decode()
        at += 110 + name_len
        at += -at % 4
        if name == "TRAILER!!!":
            return files
        files.append((name, mode, data[at:at + size], (uid, gid, mtime)))
        at += size
        at += -at % 4
