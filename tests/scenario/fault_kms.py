"""A KMS that is slow, resets, truncates, lies about lengths, answers for another key or in the clear, replays, or shows the
wrong certificate: each costs that provisioning alone, says why, leaves nothing behind, and is over by its deadline. The next
honest answer provisions."""

import concurrent.futures
import secrets
import socket
import struct
import time

import certificates
import ethereum as eth
from expect import claim, done
from played import KEY_ARN, OTHER_KEY_ARN, Play
from scene import SANITIZED

DEADLINE = 20  # seconds: PROVISIONING_DEADLINE_MS of src/core/signer/provisioning.h
LATE = 10 if SANITIZED else 4
KEY = secrets.token_bytes(32)
TEXT = b"0x" + KEY.hex().encode()
WHOLE = "KMS's answer is not one whole HTTP response"
CUT, NOT_HTTP, LONG = "ended before the answer was whole", "is not HTTP/1.1", "longer than any of KMS's"
HANDSHAKE, BROKEN = "did not complete a TLS", "the process that speaks TLS failed"


def reset(stream):
    """The peer is told at once, and what it sent is thrown away."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_before_tls(stream):
    reset(stream)
    return True


def reset_in_tls(stream):
    stream.recv(16)
    reset(stream)
    return True


def half(kms, request):
    return kms.honest(request)[:-100]


def framed(head, body=None):
    """An honest body under another head; the head's %d is the body's true length."""
    def talk(kms, request):
        text = kms.honest(request).split(b"\r\n\r\n", 1)[1] if body is None else body
        return b"HTTP/1.1 200 OK\r\n" + (head % len(text) if b"%d" in head else head) + b"\r\n\r\n" + text
    return talk


def longer(by):
    def talk(kms, request):
        text = kms.honest(request).split(b"\r\n\r\n", 1)[1]
        return kms.http(text, length=len(text) + by)
    return talk


def chunked(*chunks, end=b"0\r\n\r\n"):
    """Chunks as (announced, bytes); the honest body when there are none."""
    def talk(kms, request):
        text = kms.honest(request).split(b"\r\n\r\n", 1)[1]
        parts = [(announced, text if part is None else part) for announced, part in chunks]
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
            (announced % len(part) if b"%" in announced else announced) + b"\r\n" + part + b"\r\n" for announced, part in parts) + end
    return talk


def members(**changes):
    return lambda kms, request: kms.honest(request, **changes)


def error(name, status=b"400 Bad Request"):
    return lambda kms, request: kms.http({"__type": name, "message": "A text of KMS's.\r\nInjected: header"}, status)


def endless(kms, request):
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    while True:
        yield b"x" * 16384


ROWS = [
    ("a length one too long, then the end", longer(1), CUT),
    ("a length of 4 GB, then the end", longer(1 << 32), LONG),
    ("a length one too short", longer(-1), WHOLE),
    ("a length of 0", framed(b"Content-Length: 0"), WHOLE),
    ("a length below zero", framed(b"Content-Length: -%d"), NOT_HTTP),
    ("a length that is no number", framed(b"Content-Length: 0x10"), NOT_HTTP),
    ("a length of 30 digits", framed(b"Content-Length: " + b"9" * 30), (NOT_HTTP, LONG)),
    ("two lengths that differ", framed(b"Content-Length: %d\r\nContent-Length: 1"), NOT_HTTP),
    ("a length and chunks", framed(b"Content-Length: %d\r\nTransfer-Encoding: chunked"), NOT_HTTP),
    ("no length at all", framed(b"X-Nothing: here"), NOT_HTTP),
    ("a chunk one too long", chunked((b"%x", b"{}"), end=b"5\r\n"), CUT),
    ("a chunk that announces more than it has", chunked((b"ffff", None)), CUT),
    ("a chunk that announces less", chunked((b"5", None)), NOT_HTTP),
    ("a chunk of 2^64 + 1 bytes", chunked((b"10000000000000001", None)), (NOT_HTTP, LONG)),
    ("a chunk size below zero", chunked((b"-%x", None)), NOT_HTTP),
    ("chunks without an end", chunked((b"%x", None), end=b""), CUT),
    ("a trailer after the chunks", chunked((b"%x", None), end=b"0\r\nX: y\r\n\r\n"), NOT_HTTP),
    ("64 KB of headers", framed(b"Content-Length: %d\r\n" + b"X: " + b"y" * 65536), (NOT_HTTP, LONG)),
    ("an answer without an end", endless, LONG),
    ("an interim answer first", lambda k, r: b"HTTP/1.1 100 Continue\r\n\r\n" + k.honest(r), NOT_HTTP),
    ("two answers", lambda k, r: k.honest(r) + k.honest(r), WHOLE),
    ("half an answer", half, CUT),
    ("half an answer, then a reset", lambda k, r: [half(k, r), reset], CUT),
    ("nothing, then a reset", lambda k, r: [reset], CUT),
    ("another key's answer", members(KeyId=OTHER_KEY_ARN), "from another key"),
    ("another region's", members(KeyId=KEY_ARN.replace("us-east-2", "us-west-2")), "another region"),
    ("an answer without KeyId", members(KeyId=None), "no key ARN"),
    ("a Plaintext in place of CiphertextForRecipient", members(Plaintext="MHgx", CiphertextForRecipient=None), "brings a plaintext"),
    ("a Plaintext beside it", members(Plaintext="MHgx"), "brings a plaintext"),
    ("neither", members(CiphertextForRecipient=None), "no CiphertextForRecipient"),
    ("another algorithm", members(EncryptionAlgorithm="RSAES_OAEP_SHA_256"), "another encryption algorithm"),
    ("a denial", error("AccessDeniedException"), "AccessDeniedException: "),
    ("a throttle", error("ThrottlingException"), "ThrottlingException: "),
    ("a failure of KMS's own", error("KMSInternalException", b"500 Internal Server Error"), "KMSInternalException: "),
    ("an error that nobody knows", error("Evil\r\nException"), "UnknownError: "),
    ("a redirect", lambda k, r: k.http(b"", b"302 Found\r\nLocation: https://evil.example/"), "UnknownError: "),
    ("a success of another kind", lambda k, r: k.http(k.members(r), b"202 Accepted"), "UnknownError: "),
    ("a web page", lambda k, r: k.http(b"<html>"), "not a JSON object"),
]


class Check:
    def __init__(self, play):
        self.play = play
        self.before = self.state()

    def state(self):
        """What a failure must leave as it was."""
        status = self.play.ask("status")["result"]
        for moving in ("counters", "ready_to_provision", "time_ms", "nsm"):
            status.pop(moving, None)
        return status, self.play.ask("address"), self.play.ask("sealed"), self.play.ask("policy")

    def refused(self, name, says, method="provision", within=DEADLINE + LATE):
        began = time.monotonic()
        answer = getattr(self.play, method)()
        took = time.monotonic() - began
        error = answer.get("error", {})
        said = error.get("message", "")
        claim(f"{name}: refused as remote, saying why", error.get("code") == "remote"
              and any(one in said for one in ([says] if isinstance(says, str) else says)), answer)
        claim(f"{name}: in one line of plain text", said.isprintable() and "Injected" not in said)
        claim(f"{name}: nothing is left", self.state() == self.before)
        return claim(f"{name}: in time", took < within, f"{took:.1f} s")


def provisioned(play, what):
    play.kms.talk, play.kms.raw, play.kms.certificate = type(play.kms).honest, None, play.good
    play.kms.plaintext = TEXT
    answer = play.provision()
    claim(what, answer.get("result", {}).get("address") == eth.address_of_key(KEY), answer)


def slow(name, talk, raw):
    """One signer for each, since each takes the whole deadline."""
    with Play() as play:
        check = Check(play)
        play.kms.plaintext, play.kms.talk, play.kms.raw = TEXT, talk, raw
        began = time.monotonic()
        check.refused(name, "no whole answer in time")
        took = time.monotonic() - began
        claim(f"{name}: not before its deadline", took >= DEADLINE, f"{took:.1f} s")
        provisioned(play, f"{name}: the next provisions")


def silence(stream):
    time.sleep(DEADLINE + LATE)
    return True


def trickle(kms, request):
    for byte in kms.honest(request):
        yield bytes([byte])
        yield 0.1


POOL = concurrent.futures.ThreadPoolExecutor()
SLOW = [POOL.submit(slow, *row) for row in (
    ("KMS says nothing", lambda k, r: [DEADLINE + LATE], None),
    ("KMS trickles", trickle, None),
    ("KMS does not begin TLS", None, silence))]

with Play(settings={"kms_key": KEY_ARN}) as play:
    kms, check = play.kms, Check(play)
    kms.plaintext = TEXT
    for name, talk, says in ROWS:
        kms.talk = talk
        check.refused(name, says, within=LATE)
    kms.talk = type(kms).honest

    for name, raw in (("a reset before TLS", reset_before_tls), ("a reset in the handshake", reset_in_tls)):
        kms.raw = raw
        check.refused(name, HANDSHAKE, within=LATE)
    kms.raw = None

    play.provision(expected_address="0x" + "11" * 20)  # refused after the envelope was opened
    request = kms.requests[-1]
    old = kms.honest(request)
    kms.talk = lambda k, r: old
    check.refused("an old answer, replayed", "for another key than this request's", within=LATE)
    kms.talk = lambda k, r: k.http({**k.members(r), "CiphertextForRecipient": k.members(request)["CiphertextForRecipient"]})
    check.refused("an old envelope in a new answer", "for another key than this request's", within=LATE)
    kms.talk = type(kms).honest

    foreign = certificates.make_root(play.folder, "foreign")
    shows = certificates.make_leaf
    for name, certificate, says in (
            ("another region's certificate", shows(play.folder, "west", play.root, names="DNS:kms.us-west-2.amazonaws.com"), "for another host"),
            ("a wildcard too wide", shows(play.folder, "wide", play.root, names="DNS:*.amazonaws.com"), "for another host"),
            ("a foreign root", shows(play.folder, "strange", foreign), "does not chain to a trusted root"),
            ("a certificate that signed itself", shows(play.folder, "self", None), "does not chain to a trusted root"),
            ("a certificate that has expired", shows(play.folder, "ended", play.root, days=0), "not valid at the time")):
        kms.certificate = certificate
        check.refused(name, says, within=LATE)
    kms.certificate = play.good
    provisioned(play, "after all of them, an honest answer provisions")

for one in SLOW:
    one.result()

play = Play()
certificates.make_leaf(play.folder, "expired", None, more="basicConstraints=CA:TRUE", days=0)
expired = play.folder / "expired.crt"
play.settings["kms_trust_roots"] = expired.read_text()
with play:
    play.kms.certificate = certificates.make_leaf(play.folder, "late", expired)
    Check(play).refused("an expired root", "not valid at the time", within=LATE)
done()
