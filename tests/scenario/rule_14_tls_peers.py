"""Rule 14: the process that speaks TLS verifies in full, and what a peer does harms that exchange only. Servers in
Python's ssl, certificates by the openssl command."""

import itertools
import os
import pathlib
import shutil
import signal
import socket
import ssl
import threading
import time
import warnings

import certificates
from certificates import HOST, openssl
from scene import Scene, cases, descendants, program, run

TLS_CALL = program("TLS_CALL")
NOW = int(time.time() * 1000) + 3600000  # certificates made here begin a moment after this line runs
DAY = 86400 * 1000
PROXY = "does the proxy on the parent lead"
SCENE = Scene()
NUMBERS = itertools.count()
warnings.simplefilter("ignore", DeprecationWarning)  # old TLS is offered on purpose


def make_leaf(name, root, **how):
    return certificates.make_leaf(SCENE.folder, name, root, **how)


def make_root(name):
    return certificates.make_root(SCENE.folder, name)


ROOT, FOREIGN = make_root("root"), make_root("foreign")
GOOD = make_leaf("good", ROOT)


def answer(body=b'{"Plaintext":null}', head=b"HTTP/1.1 200 OK\r\n"):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Peer:
    """A server on a unix socket that does `talk(connection)` after the handshake; before it, with raw=True."""

    def __init__(self, talk, certificate=GOOD, raw=False, lowest=None, highest=None, ciphers=None):
        self.path = SCENE.folder / f"peer-{next(NUMBERS)}.sock"
        self.talk, self.raw, self.requests = talk, raw, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if ciphers:
            self.context.set_ciphers(ciphers)
        if highest:
            self.context.minimum_version, self.context.maximum_version = lowest or highest, highest
        self.context.load_cert_chain(certificate)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(stream,), daemon=True).start()

    def one(self, stream):
        try:
            if not self.raw:
                stream = self.context.wrap_socket(stream, server_side=True)
                self.requests.append(stream.recv(65536))
            self.talk(stream)
        except (OSError, ssl.SSLError):
            pass
        finally:
            stream.close()

    def call(self, utc=NOW, patience=3000, times=1, roots=ROOT, host=HOST):
        """What the exchange came to: the lines that tls_call prints, and the seconds it all took."""
        start = time.monotonic()
        code, out, err = run(TLS_CALL, roots, f"unix:{self.path}", host, utc, patience, times)
        self.listener.close()
        assert err == "" and code in (0, 1), (code, out, err)
        return out.splitlines(), time.monotonic() - start


def says(data):
    return lambda stream: stream.sendall(data)


def refused(expected, peer, what="", **how):
    """The exchange is refused with that text; the seconds it took. `what` names the case."""
    (line,), took = peer.call(**how)
    line = f"{line} [{what}]" if what else line
    assert line.startswith(f"remote: TLS with {how.get('host', HOST)}: ") and expected in line, line
    return took


def rule_14_an_answer_comes_back_as_it_came():
    (line,), _ = Peer(says(answer())).call()
    assert line == 'answer: HTTP/1.1 200 OK\\nContent-Length: 18\\n\\n{"Plaintext":null}', line


def rule_14_tls_1_2_and_1_3():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        peer = Peer(says(answer()), highest=version)
        (line,), _ = peer.call()
        assert line.startswith("answer: "), line
        assert peer.requests == [b"POST / HTTP/1.1\r\nHost: kms\r\nContent-Length: 2\r\n\r\n{}"], peer.requests


def rule_14_nothing_below_tls_1_2():
    old = Peer(says(answer()), lowest=ssl.TLSVersion.TLSv1, highest=ssl.TLSVersion.TLSv1_1,
               ciphers="ALL:@SECLEVEL=0")
    refused("did not complete a TLS 1.2 or 1.3 handshake", old)


def rule_14_no_cipher_without_forward_secrecy():
    static = make_root("rsa")  # an RSA key, for key transport
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", static.with_suffix(".key"), "-out", static,
            "-days", "30", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}")
    both = SCENE.write("rsa.both", static.with_suffix(".key").read_bytes() + static.read_bytes())
    for ciphers in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"):
        peer = Peer(says(answer()), certificate=both, ciphers=ciphers, highest=ssl.TLSVersion.TLSv1_2)
        refused("did not complete a TLS 1.2 or 1.3 handshake", peer, roots=static)


def rule_14_in_pieces_and_in_chunks():
    def pieces(stream):
        for byte in answer():
            stream.sendall(bytes([byte]))

    (line,), _ = Peer(pieces).call()
    assert line.endswith('{"Plaintext":null}'), line
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    (line,), _ = Peer(says(chunked)).call()
    assert line.endswith("\\n3\\nabc\\n2\\nde\\n0\\n\\n"), line  # joined by whoever reads it, not here
    (line,), _ = Peer(says(answer(b"x" * 100000))).call()
    assert len(line) > 100000


def rule_14_foreign_root():
    refused("does not chain to a trusted root", Peer(says(answer()), certificate=make_leaf("strange", FOREIGN)))


def rule_14_self_signed():
    refused("does not chain to a trusted root", Peer(says(answer()), certificate=make_leaf("self", None)))


def rule_14_signed_by_a_leaf():
    leaf = SCENE.folder / "good.crt"
    shutil.copy(leaf, leaf.with_suffix(".pem"))
    below = make_leaf("below", leaf.with_suffix(".pem"))
    chain = SCENE.write("below.chain", below.read_bytes() + leaf.read_bytes())
    refused("does not chain to a trusted root", Peer(says(answer()), certificate=chain))


def rule_14_not_for_servers():
    refused("does not chain to a trusted root",
            Peer(says(answer()), certificate=make_leaf("client", ROOT, usage="clientAuth")))


def rule_14_wrong_name():
    for name in ("DNS:kms.us-west-2.amazonaws.com", "DNS:evil.example", "DNS:*.amazonaws.com",
                 "DNS:kms*.us-east-2.amazonaws.com"):
        leaf = make_leaf(f"name-{next(NUMBERS)}", ROOT, names=name)
        refused("the certificate is for another host", Peer(says(answer()), certificate=leaf), what=name)


def rule_14_common_name_is_no_name():
    for name in ("DNS:other.example", "email:kms@amazon.example", "IP:127.0.0.1"):  # and the subject has CN=HOST
        leaf = make_leaf(f"common-{next(NUMBERS)}", ROOT, names=name)
        refused("the certificate is for another host", Peer(says(answer()), certificate=leaf), what=name)


def rule_14_time_is_the_documents_not_the_machines():
    for utc in (NOW - 2 * DAY, NOW + 11 * DAY, 1000, 2**33 * 1000):
        refused("not valid at the time", Peer(says(answer())), utc=utc)
    (line,), _ = Peer(says(answer())).call(utc=NOW + 9 * DAY)
    assert line.startswith("answer: "), line


def rule_14_without_a_time_nothing_is_trusted():
    refused("the time is not known", Peer(says(answer())), utc=0)


def rule_14_cut_short():
    whole = answer()
    for part in (b"", whole[:1], whole[:30], whole[:-1]):
        refused("ended before the answer was whole", Peer(says(part)))

    def without_goodbye(stream):  # a proxy that dies: no close_notify
        stream.sendall(whole[:-1])
        os.close(stream.detach())

    refused("ended before the answer was whole", Peer(without_goodbye))


def rule_14_not_tls_at_all():
    for garbage in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"A" * 70000, b""):
        refused("did not complete a TLS 1.2 or 1.3 handshake", Peer(says(garbage), raw=True))


def rule_14_not_http():
    refused("is not HTTP/1.1", Peer(says(b"SSH-2.0-OpenSSH\r\n\r\n")))


def rule_14_endless_answer():
    def endless(stream):
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            stream.sendall(b"x" * 16384)

    refused("longer than any of KMS's", Peer(endless))


def rule_14_stalls_end_at_the_deadline():
    def stall(stream):
        time.sleep(5)

    def stall_midway(stream):
        stream.sendall(answer()[:20])
        time.sleep(5)

    def trickle(stream):
        for byte in answer(b"x" * 1000):
            stream.sendall(bytes([byte]))
            time.sleep(0.05)

    for peer in (Peer(stall, raw=True), Peer(stall), Peer(stall_midway), Peer(trickle)):
        took = refused("no whole answer in time", peer, patience=500)
        assert 0.5 <= took < 2, took


def rule_14_nobody_there():
    peer = Peer(says(b""))
    peer.listener.close()
    peer.path.unlink()
    (line,), _ = peer.call()
    assert line.startswith("remote: the stream to KMS (is the parent's proxy running?): "), line


def rule_14_a_crash_costs_that_exchange_only():
    """The process of the exchange is killed in the middle; the next exchange goes through."""
    calls = []

    def talk(stream):
        calls.append(stream)
        if len(calls) == 1:
            time.sleep(5)
        stream.sendall(answer())

    peer = Peer(talk)
    process = SCENE.start(TLS_CALL, ROOT, f"unix:{peer.path}", HOST, NOW, 4000, 2)
    SCENE.wait_for("the first exchange", lambda: calls, process)
    start = time.monotonic()
    os.kill(descendants(process.pid)[-1], signal.SIGSEGV)
    assert process.wait(5) == 1
    assert time.monotonic() - start < 2
    first, second = process.log.read_text().splitlines()
    assert first == f"remote: TLS with {HOST}: the process that speaks TLS failed", first
    assert second.startswith("answer: "), second


def rule_14_when_the_waiting_process_dies_exchanges_are_refused():
    calls = []

    def talk(stream):
        calls.append(stream)
        time.sleep(0.5)
        stream.sendall(answer())

    peer = Peer(talk)
    process = SCENE.start(TLS_CALL, ROOT, f"unix:{peer.path}", HOST, NOW, 4000, 3)
    SCENE.wait_for("the first exchange", lambda: calls, process)
    os.kill(descendants(process.pid)[1], signal.SIGKILL)
    assert process.wait(8) == 1
    lines = process.log.read_text().splitlines()
    assert len(lines) == 3 and all("the process that speaks TLS failed" in line for line in lines[1:]), lines


def rule_14_exchanges_leave_no_process_and_no_descriptor():
    peer = Peer(says(answer()))
    process = SCENE.start(TLS_CALL, ROOT, f"unix:{peer.path}", HOST, NOW, 3000, 50)
    most = [0, 0]
    while process.poll() is None:
        try:
            found = descendants(process.pid)
            files = len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        most = [max(most[0], len(found)), max(most[1], files)]
    assert process.log.read_text().count("answer: ") == 50
    # One that is ending may still be seen beside the next ones on a busy machine; what were left over would be 50.
    assert most[0] <= 20 and most[1] <= 8, most


def rule_14_roots_that_are_none():
    whole = ROOT.read_text()
    for name, text in (("empty", ""), ("prose", "Amazon Root CA 1\n"), ("cut", whole[:300]),
                       ("damaged", whole.replace("M", "N", 1)), ("second-damaged", whole + whole[:300]),
                       ("key", ROOT.with_suffix(".key").read_text())):
        (line,), _ = Peer(says(answer())).call(roots=SCENE.write(f"roots-{name}", text))
        assert line == "input: the trust roots are not PEM certificates", (name, line)


with SCENE:
    cases([value for name, value in list(globals().items()) if name.startswith("rule_14_")])
