"""ensignd between two peers that a script plays: the wire to the NSM, and KMS itself. The script knows what no one outside
could: which RSA key was used, the content key, the plaintext. And it can lie in any one way. The NSM behind the wire is
ensign-sim's; this KMS judges nothing."""

import base64
import hashlib
import json
import os
import pathlib
import secrets
import socket
import ssl
import struct
import threading
import time

import certificates
from certificates import HOST
from scene import Client, Scene, exactly

BUILD = pathlib.Path(os.environ.get("ENSIGN_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")
REGION = "us-east-2"
KEY_ARN = f"arn:aws:kms:{REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY_ARN = KEY_ARN[:-1] + "c"
SPKI_OPENING = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100")  # RSA-2048, e in 3 bytes
SPKI_SIZE = 294


def modulus_of(spki):
    return int.from_bytes(spki[len(SPKI_OPENING):len(SPKI_OPENING) + 256], "big")


def spki_in(document):
    """The RSA public key in an attestation document; None when there is none."""
    at = document.find(SPKI_OPENING)
    return document[at:at + SPKI_SIZE] if at >= 0 else None


def later(seconds):
    """A twist of the NSM's answers: the document's time, moved. ensignd has no reason to verify its own NSM."""
    def twist(answer):
        at = answer.index(b"itimestamp\x1b") + len(b"itimestamp\x1b")  # CBOR: a text of 9, an unsigned integer of 8 bytes
        moved = struct.pack(">Q", struct.unpack(">Q", answer[at:at + 8])[0] + 1000 * seconds)
        return struct.pack(">I", len(answer)) + answer[:at] + moved + answer[at + 8:]
    return twist


# -- RFC 8017 section 7.1.1 and RFC 5652 section 6, as KMS uses them

def _mgf1(seed, count):
    blocks = b"".join(hashlib.sha256(seed + struct.pack(">I", i)).digest() for i in range(count // 32 + 1))
    return blocks[:count]


def oaep(spki, message):
    size, hashed = 256, hashlib.sha256(b"").digest()
    data = hashed + bytes(size - len(message) - 66) + b"\1" + message
    seed = secrets.token_bytes(32)
    masked = bytes(a ^ b for a, b in zip(data, _mgf1(seed, len(data))))
    opening = bytes(a ^ b for a, b in zip(seed, _mgf1(masked, 32)))
    number = int.from_bytes(b"\0" + opening + masked, "big")
    return pow(number, 65537, modulus_of(spki)).to_bytes(size, "big")


def der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else (b"\x81" + bytes([size]) if size < 256 else b"\x82" + struct.pack(">H", size))
    return bytes([tag]) + length + content


def envelope(spki, plaintext, content_key):
    """CMS EnvelopedData for that recipient."""
    iv = secrets.token_bytes(16)
    content = certificates.openssl("enc", "-aes-256-cbc", "-K", content_key.hex(), "-iv", iv.hex(), stdin=plaintext)
    sha256 = bytes.fromhex("300d06096086480165030402010500")
    mgf1 = der(0x30, bytes.fromhex("06092a864886f70d010108") + sha256)
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010107") + der(0x30, der(0xA0, sha256) + der(0xA1, mgf1)))
    recipient = der(0x30, b"\2\1\2" + der(0x80, hashlib.sha256(spki).digest()) + algorithm + der(4, oaep(spki, content_key)))
    cipher = der(0x30, bytes.fromhex("060960864801650304012a") + der(4, iv))
    inner = der(0x30, bytes.fromhex("06092a864886f70d010701") + cipher + der(0x80, content))
    data = der(0x30, b"\2\1\2" + der(0x31, recipient) + inner)
    return der(0x30, bytes.fromhex("06092a864886f70d010703") + der(0xA0, data))


class Listener:
    """A unix socket; `serve(stream)` runs in a thread for each that connects."""

    def __init__(self, path, serve):
        self.path, self.serve = path, serve
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                stream, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(stream,), daemon=True).start()

    def _one(self, stream):
        try:
            self.serve(stream)
        except OSError:
            pass
        finally:
            stream.close()


class NsmWire:
    """What passes between ensignd and its NSM. `spkis`: the RSA keys that documents were made around, in order. `twist`,
    when it is set, is given each answer and returns the bytes to send, length and all; None: hang up."""

    def __init__(self, path, device):
        self.device, self.spkis, self.requests, self.twist = device, [], [], None
        self.listener = Listener(path, self._serve)

    def _serve(self, stream):
        head = exactly(stream, 4)
        request = exactly(stream, struct.unpack(">I", head)[0])
        self.requests.append(request)
        with socket.socket(socket.AF_UNIX) as nsm:
            nsm.connect(str(self.device))
            nsm.sendall(head + request)
            size = exactly(nsm, 4)
            answer = exactly(nsm, struct.unpack(">I", size)[0])
        spki = spki_in(answer)
        if spki:
            self.spkis.append(spki)
        answer = self.twist(answer) if self.twist else size + answer
        if answer is not None:
            stream.sendall(answer)


class Request:
    """One request as KMS got it."""

    def __init__(self, raw):
        self.raw = raw
        head, self.body = raw.split(b"\r\n\r\n", 1)
        self.line, *lines = head.split(b"\r\n")
        self.headers = [tuple(line.split(b": ", 1)) for line in lines]
        self.json = json.loads(self.body)
        recipient = self.json.get("Recipient", {}).get("AttestationDocument")
        self.spki = spki_in(base64.b64decode(recipient)) if recipient else None

    def header(self, name):
        value, = [value for key, value in self.headers if key.lower() == name.lower().encode()]
        return value.decode()


class PlayedKms:
    """KMS's host name over TLS on a unix socket. Each request is kept in `requests`, each content key in `content_keys`.
    `plaintext` is what envelopes open to. `talk(kms, request)` returns the whole answer; or its pieces, among them
    numbers for pauses in seconds and functions that do something to the stream. `raw(stream)`, when it is set, has the stream
    before TLS, and keeps it when it says so."""

    def __init__(self, path, certificate):
        self.certificate, self.plaintext = certificate, b""
        self.requests, self.content_keys, self.talk, self.raw = [], [], PlayedKms.honest, None
        self.listener = Listener(path, self._serve)

    def members(self, request, plaintext=None, spki=None, **changes):
        """The members of an honest answer; a change to None leaves one out."""
        self.content_keys.append(secrets.token_bytes(32))
        sealed = envelope(spki or request.spki, self.plaintext if plaintext is None else plaintext, self.content_keys[-1])
        found = {"KeyId": KEY_ARN, "CiphertextForRecipient": base64.b64encode(sealed).decode()}
        if request.header("X-Amz-Target").endswith(".Decrypt"):
            found["EncryptionAlgorithm"] = "SYMMETRIC_DEFAULT"
        else:
            found["CiphertextBlob"] = base64.b64encode(b"a data key that is sealed").decode()
        return {name: value for name, value in {**found, **changes}.items() if value is not None}

    @staticmethod
    def http(body, status=b"200 OK", length=None):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return b"HTTP/1.1 %s\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s" % (
            status, len(body) if length is None else length, body)

    def honest(self, request, **changes):
        return self.http(self.members(request, **changes))

    def _serve(self, stream):
        if self.raw and self.raw(stream):
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        stream = context.wrap_socket(stream, server_side=True)
        try:
            raw = b""
            while b"\r\n\r\n" not in raw or len(raw.split(b"\r\n\r\n", 1)[1]) < self._announced(raw):
                part = stream.recv(65536)
                if not part:
                    return
                raw += part
            request = Request(raw)
            self.requests.append(request)
            answer = self.talk(self, request)
            for piece in [answer] if isinstance(answer, bytes) else answer:
                if isinstance(piece, bytes):
                    stream.sendall(piece)
                elif callable(piece):
                    piece(stream)
                else:
                    time.sleep(piece)
        finally:
            stream.close()

    @staticmethod
    def _announced(raw):
        head = raw.split(b"\r\n\r\n", 1)[0].lower()
        return int(head.split(b"content-length:")[1].split(b"\r\n")[0])


class Play(Scene):
    """A running ensignd between the two. `settings` is added to open mode with this KMS's root; `user` is called in its
    process before it starts; `build` names another build of it."""

    def __init__(self, settings=None, workers=2, user=None, build="ENSIGND"):
        super().__init__()
        self.settings, self.workers, self.user, self.build = settings or {}, workers, user, build

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.__exit__(AssertionError)
            raise
        return self

    def _up(self):
        self.root = certificates.make_root(self.folder, "root")
        self.good = certificates.make_leaf(self.folder, "good", self.root)
        nsm = self.start(BUILD / "ensign-sim", "nsm", "--listen", f"unix:{self.folder}/nsm.sock", "--pki", self.folder, "--pcr",
                         f"0={hashlib.sha384(b'an image').hexdigest()}")
        self.wait_for("the NSM", (self.folder / "nsm.sock").exists, nsm)
        self.nsm = NsmWire(self.folder / "wire.sock", self.folder / "nsm.sock")
        self.kms = PlayedKms(self.folder / "kms.sock", self.good)
        for path in (self.nsm.listener.path, self.kms.listener.path):
            path.chmod(0o777)
        self.signer = self.ensignd("--nsm", f"unix:{self.folder}/wire.sock", "--kms-stream", f"unix:{self.folder}/kms.sock",
                                   "--workers", str(self.workers),
                                   settings={"mode": "open", "kms_trust_roots": self.root.read_text(), **self.settings},
                                   user=self.user, build=self.build)
        self.ready()

    def ask(self, method, timeout=40, **params):
        with Client(self.signer.socket, timeout=timeout) as client:
            return client.ask(method, **params)

    def ready(self):
        """Waits until the RSA key for the next provisioning is made."""
        self.wait_for("an RSA key", lambda: self.ask("status")["result"]["ready_to_provision"], self.signer)

    @staticmethod
    def credentials():
        """Made up, of AWS's lengths and alphabets."""
        return {"aws_access_key_id": "ASIA" + secrets.token_hex(8).upper(),
                "aws_secret_access_key": base64.b64encode(secrets.token_bytes(30)).decode(),
                "aws_session_token": base64.b64encode(secrets.token_bytes(600)).decode()}

    def provision(self, **params):
        """The whole answer."""
        return self.ask("provision", **{"region": REGION, "ciphertext_b64": base64.b64encode(b"sealed").decode(),
                                        **self.credentials(), **params})
