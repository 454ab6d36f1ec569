"""Orders of many kinds (regions of every kind of host, key ids, contexts, lengths) given to ensignd: what it then asks of
KMS says just what was ordered, and is signed as botocore signs it. The KMS here only listens, and refuses; with one that
answers, see botocore_verifies_our_sigv4.py."""

import base64
import datetime
import json
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BUILD = pathlib.Path(os.environ.get("ENSIGN_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")
HOSTS = {
    "us-east-2": "kms.us-east-2.amazonaws.com",
    "ap-southeast-3": "kms.ap-southeast-3.amazonaws.com",
    "us-gov-east-1": "kms.us-gov-east-1.amazonaws.com",
    "cn-northwest-1": "kms.cn-northwest-1.amazonaws.com.cn",
    "eusc-de-east-1": "kms.eusc-de-east-1.amazonaws.eu",
}
REFUSAL = b'{"__type":"AccessDeniedException","Message":"for this test"}'
CASES = 24
random.seed(20)


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    (folder / "names").write_text("subjectAltName=" + ",".join("DNS:" + host for host in HOSTS.values()) + "\n"
                                  "extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
    openssl(folder, "req", "-x509", *new_key, "-keyout", "root.key", "-out", "root.pem", "-days", "2", "-subj", "/CN=root")
    openssl(folder, "req", *new_key, "-keyout", "kms.key", "-out", "kms.csr", "-subj", "/CN=kms")
    openssl(folder, "x509", "-req", "-in", "kms.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days",
            "2", "-extfile", "names", "-out", "kms.pem")


class Kms(threading.Thread):
    """Takes one request after the other, keeps it, and refuses."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "kms.pem", folder / "kms.key")
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names, self.requests = [], []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "kms.sock"))
        self.listener.listen(4)
        self.start()

    def run(self):
        while True:
            with self.context.wrap_socket(self.listener.accept()[0], server_side=True) as stream:
                got = b""
                while not self.whole(got):
                    got += stream.recv(65536)
                self.requests.append(got)
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(REFUSAL) + REFUSAL)

    @staticmethod
    def whole(got):
        head, end, body = got.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        return bool(end) and len(body) >= int(lengths[0])


def ask(path, method, params):
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(30)
        stream.connect(path)
        request = json.dumps({"method": method, "params": params}).encode()
        stream.sendall(struct.pack(">I", len(request)) + request)
        answer = stream.makefile("rb")
        return json.loads(answer.read(struct.unpack(">I", answer.read(4))[0]))


def text(length, alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"):
    return "".join(random.choice(alphabet) for _ in range(length))


def make_case(number):
    """What is asked of ensignd, and what KMS must then be asked for, without its Recipient."""
    region = random.choice(list(HOSTS))
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov", "eusc": "aws-eusc"}.get(
        next((start for start in ("cn", "us-gov", "eusc") if region.startswith(start + "-")), ""), "aws")
    key_id = random.choice([f"arn:{partition}:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                            "alias/signer", "1234abcd-12ab-34cd-56ef-1234567890ab"])
    params = {"region": region, "aws_access_key_id": "ASIA" + text(16).upper(), "key_id": key_id,
              "aws_secret_access_key": text(40, "abcXYZ019+/"), "aws_session_token": text(random.randrange(16, 2000)) + "+/=="}
    body = {"KeyId": key_id}
    context = {text(random.randrange(1, 20)): random.choice(["", "plain", "\u00e4\u20ac\U0001f600", 'quote " and \\', text(300)])
               for _ in range(random.randrange(4))}
    if context:
        params["encryption_context"] = body["EncryptionContext"] = context
    if number % 3 == 0:
        return "generate", params, {**body, "KeySpec": "AES_256"}
    blob = base64.b64encode(random.randbytes(random.randrange(1, 6145))).decode()
    if number % 3 == 1:
        del params["key_id"], body["KeyId"]
    return ("provision", {**params, "ciphertext_b64": blob},
            {**body, "CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})


def check(method, params, body, request):
    head, _, sent = request.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    host, date = HOSTS[params["region"]], headers["X-Amz-Date"]
    operation = "GenerateDataKey" if method == "generate" else "Decrypt"
    assert start == "POST / HTTP/1.1" and len(headers) == len(lines), head
    assert headers["Host"] == host and headers["X-Amz-Target"] == "TrentService." + operation, head

    moment = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs((now - moment).total_seconds()) < 60, date
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    ours = AWSRequest("POST", f"https://{host}/", data=sent,
                      headers={name: headers[name] for name in ("Content-Type", "X-Amz-Target", "Host")})
    credentials = Credentials(params["aws_access_key_id"], params["aws_secret_access_key"], params["aws_session_token"])
    botocore.auth.SigV4Auth(credentials, "kms", params["region"]).add_auth(ours)
    assert ours.headers["X-Amz-Date"] == date
    assert ours.headers["X-Amz-Security-Token"] == headers["X-Amz-Security-Token"]
    assert ours.headers["Authorization"] == headers["Authorization"], (ours.headers["Authorization"], headers)

    said = json.loads(sent)
    recipient = said.pop("Recipient")
    assert said == body, (said, body)
    assert recipient["KeyEncryptionAlgorithm"] == "RSAES_OAEP_SHA_256"
    assert base64.b64decode(recipient["AttestationDocument"]).startswith(bytes.fromhex("8444a1013822a059"))


def wait_for(path, process):
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, f"{path} did not come to be"
        time.sleep(0.02)


def main():
    with tempfile.TemporaryDirectory(prefix="ensign-") as name:
        folder, processes = pathlib.Path(name), []
        make_certificates(folder)
        kms = Kms(folder)
        (folder / "settings.json").write_text(json.dumps({"mode": "open", "kms_trust_roots": (folder / "root.pem").read_text()}))
        try:
            for what, program in (
                    ("nsm.sock", ["ensign-sim", "nsm", "--listen", f"unix:{name}/nsm.sock", "--pki", f"{name}/pki"]),
                    ("signer.sock", ["ensignd", "--settings", f"{name}/settings.json", "--nsm", f"unix:{name}/nsm.sock",
                                     "--kms-stream", f"unix:{name}/kms.sock", "--listen", f"unix:{name}/signer.sock"])):
                processes.append(subprocess.Popen([BUILD / program[0], *program[1:]], env={}, stdin=subprocess.DEVNULL,
                                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                wait_for(folder / what, processes[-1])
            for number in range(CASES):
                method, params, body = make_case(number)
                answer = ask(f"{name}/signer.sock", method, params)
                tool = "genkey" if method == "generate" else "decrypt"
                prefix = f"kmstool {tool} failed (exit 255): AccessDeniedException: "
                assert answer["error"]["message"].startswith(prefix), answer
                assert len(kms.requests) == number + 1 and kms.names[-1] == HOSTS[params["region"]]
                check(method, params, body, kms.requests[-1])
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(10)
    print(f"{CASES} requests of ensignd are signed as botocore signs them")


main()
