"""ensign-sim as its users meet it: the command line, `up` and what it writes, IMDSv2, the KMS's doors, and what a
restart keeps. Who may do what in KMS is the unit tests' matter (tests/unit/dev)."""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from aws import Kms, KmsError  # noqa: E402
from stack import read_env  # noqa: E402

SIM = pathlib.Path(os.environ["ENSIGN_BUILD"]) / "ensign-sim"
ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
ACCOUNT = "arn:aws:iam::111122223333"


def run(*arguments):
    return subprocess.run([SIM, *map(str, arguments)], capture_output=True, text=True, timeout=20)


class Up:
    """`ensign-sim up`, until the block ends."""

    def __init__(self, folder, *arguments):
        self.folder, self.arguments = pathlib.Path(folder), arguments

    def __enter__(self):
        self.log = open(self.folder.parent / "sim.log", "w+")
        self.process = subprocess.Popen([SIM, "up", self.folder, *self.arguments], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 20
        while not (self.folder / "env").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.said())
            time.sleep(0.02)
        self.env = read_env(self.folder / "env")
        self.admin = Kms({**self.env, **read_env(self.folder / "admin-env")})
        imds = urllib.parse.urlparse(self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"])
        self.imds_address = (imds.hostname, imds.port)
        return self

    def said(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0, self.said()
        self.log.close()

    def imds(self, method, path, **headers):
        connection = http.client.HTTPConnection(*self.imds_address, timeout=10)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def token(self, seconds=60):
        status, token = self.imds("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds=str(seconds))
        assert status == 200 and len(token) == 56, (status, token)
        return token

    def instance(self):
        """The instance role's view of KMS, by way of IMDS."""
        token = self.token()
        _, role = self.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token=token)
        status, text = self.imds("GET", ROLE_PATH + role, X_aws_ec2_metadata_token=token)
        given = json.loads(text)
        assert status == 200 and given["Code"] == "Success" and given["Type"] == "AWS-HMAC", text
        return Kms({**self.env, "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"], "AWS_SESSION_TOKEN": given["Token"]})


def refused(call, name):
    try:
        answer = call()
    except KmsError as refusal:
        assert refusal.name == name, refusal
        return refusal
    raise AssertionError(f"not refused with {name}: {answer}")


def the_command_line_teaches(folder):
    shown = run("--help")
    assert shown.returncode == 0 and shown.stderr == ""
    for name in ("up", "nsm", "kms", "imds", "role", "credentials"):
        assert f"\n  {name} " in shown.stdout
        help_text = run(name, "--help")
        assert help_text.returncode == 0 and f"usage: ensign-sim {name}" in help_text.stdout, name
        assert run("help", name).stdout == help_text.stdout
        wrong = run(name, "--nonsense")
        assert wrong.returncode == 2 and "unknown option --nonsense; see ensign-sim" in wrong.stderr, wrong.stderr
    assert run("--version").stdout.startswith("ensign-sim ")
    for arguments, said in (
            ((), "want a subcommand"), (("nothing",), 'there is no subcommand "nothing"'),
            (("up",), "up wants one DIR"), (("up", folder / "x", folder / "y"), "up wants one DIR"),
            (("up", folder / "x", "--pcr0", "00"), "want 96 hex digits"),
            (("up", folder / "x", "--pcr0", "00" * 48, "--measure", "/dev/null"), "want one of the two"),
            (("up", folder / "x", "--pcr", "16=" + "00" * 48), "N of 0 to 15"),
            (("up", folder / "x", "--region", "us_east"), "want a Region's name"),
            (("up", folder / "x", "--cms-form", "c"), "want alternate, a or b"),
            (("nsm", "--listen", "unix:/x"), "--pki DIR"), (("kms",), "--dir DIR"), (("imds",), "--dir DIR"),
            (("kms", "--dir"), "--dir wants a value"),
            (("credentials", "--dir", folder, "--role", "x", "--seconds", "0"), "want 1 to 43200")):
        wrong = run(*arguments)
        assert wrong.returncode == 2 and said in wrong.stderr, (arguments, wrong.stderr)
    wrong = run("up", folder / "with space")
    assert wrong.returncode == 1 and "want a path of" in wrong.stderr, wrong.stderr


def imds_wants_its_token(up):
    token = up.token()
    assert up.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token=token) == (200, "EnsignInstance")
    assert up.imds("GET", ROLE_PATH[:-1], X_aws_ec2_metadata_token=token)[0] == 200
    assert up.imds("GET", ROLE_PATH)[0] == 401
    assert up.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token=token[:20] + chr(ord(token[20]) ^ 1) + token[21:])[0] == 401
    assert up.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token="")[0] == 401
    assert up.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token=token, X_Forwarded_For="10.0.0.1")[0] == 403
    assert up.imds("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds="60", X_Forwarded_For="x")[0] == 403
    for seconds in ("0", "21601", "x", "-1", ""):
        assert up.imds("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds=seconds)[0] == 400, seconds
    assert up.imds("PUT", "/latest/api/token")[0] == 400
    assert up.imds("POST", ROLE_PATH, X_aws_ec2_metadata_token=token)[0] == 405
    assert up.imds("GET", ROLE_PATH + "Another", X_aws_ec2_metadata_token=token)[0] == 404
    assert up.imds("GET", "/latest/user-data", X_aws_ec2_metadata_token=token)[0] == 404
    status, text = up.imds("GET", "/latest/dynamic/instance-identity/document", X_aws_ec2_metadata_token=token)
    assert status == 200 and json.loads(text)["region"] == up.env["AWS_REGION"]
    short = up.token(1)
    time.sleep(1.1)
    assert up.imds("GET", ROLE_PATH, X_aws_ec2_metadata_token=short)[0] == 401
    first = up.imds("GET", ROLE_PATH + "EnsignInstance", X_aws_ec2_metadata_token=token)
    assert first == up.imds("GET", ROLE_PATH + "EnsignInstance", X_aws_ec2_metadata_token=token)  # the same, till late


def the_certificate_is_for_kms(up):
    """By the real host name over the unix socket, which is how ensignd comes; and for no other name."""
    context = ssl.create_default_context(cafile=up.env["AWS_CA_BUNDLE"])
    path = up.env["ENSIGN_SIM_KMS_STREAM"].removeprefix("unix:")
    for name, good in (("kms.us-east-2.amazonaws.com", True), ("kms.cn-north-1.amazonaws.com.cn", True),
                       ("kms-fips.us-gov-west-1.amazonaws.com", True), ("localhost", True),
                       ("s3.us-east-2.amazonaws.com", False)):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(path)
            try:
                with context.wrap_socket(raw, server_hostname=name) as tls:
                    assert good and tls.version() in ("TLSv1.2", "TLSv1.3"), name
            except ssl.SSLCertVerificationError:
                assert not good, name
    strangers = ssl.create_default_context()
    try:
        with socket.create_connection(("127.0.0.1", up.admin.url.port)) as raw:
            strangers.wrap_socket(raw, server_hostname="localhost")
        raise AssertionError("trusted without its CA")
    except ssl.SSLCertVerificationError:
        pass


def rude_peers_cost_nobody_else(up):
    address = ("127.0.0.1", up.admin.url.port)
    idle = [socket.create_connection(address) for _ in range(20)]
    socket.create_connection(address).close()
    plain = socket.create_connection(address)
    plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    context = ssl.create_default_context(cafile=up.env["AWS_CA_BUNDLE"])
    for request, status in ((b"NONSENSE\r\n\r\n", b"400"),
                            (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
                            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"400")):
        with context.wrap_socket(socket.create_connection(address, 10), server_hostname="localhost") as tls:
            tls.sendall(request)
            assert tls.recv(100).startswith(b"HTTP/1.1 " + status), request
    nsm = socket.socket(socket.AF_UNIX)
    nsm.settimeout(10)
    nsm.connect(up.env["ENSIGN_SIM_NSM"].removeprefix("unix:"))
    nsm.sendall(b"\xff\xff\xff\xff")
    assert nsm.recv(100)[4:].endswith(b"InputTooLarge") and nsm.recv(1) == b""
    started = time.monotonic()
    assert up.admin.call("ListKeys")["Truncated"] is False
    assert time.monotonic() - started < 2
    for one in (*idle, plain, nsm):
        one.close()


def nsm_answers_on_its_socket(up):
    with socket.socket(socket.AF_UNIX) as nsm:
        nsm.settimeout(10)
        nsm.connect(up.env["ENSIGN_SIM_NSM"].removeprefix("unix:"))
        for _ in range(2):  # one connection, any number of requests
            request = bytes.fromhex("a16b4465736372696265504352a165696e64657800")
            nsm.sendall(len(request).to_bytes(4, "big") + request)
            length = int.from_bytes(nsm.recv(4), "big")
            assert nsm.recv(length)[-48:].hex() == up.env["ENSIGN_SIM_PCR0"]


def roles_and_credentials_can_be_changed_while_it_runs(up):
    key = up.admin.call("CreateKey")["KeyMetadata"]["Arn"]
    blob = up.admin.call("Encrypt", KeyId=key, Plaintext=base64.b64encode(b"x").decode())["CiphertextBlob"]
    instance = up.instance()
    assert instance.call("Decrypt", CiphertextBlob=blob)["KeyId"] == key
    policy = up.folder.parent / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": key}]}))
    done = run("role", "--dir", up.folder, "--name", "EnsignInstance", "--policy", policy)
    assert done.returncode == 0 and done.stdout == f"{ACCOUNT}:role/EnsignInstance\n"
    refused(lambda: instance.call("Decrypt", CiphertextBlob=blob), "AccessDeniedException")
    assert "the role's identity policy does not allow" in up.said()
    policy.write_text("{}")
    wrong = run("role", "--dir", up.folder, "--name", "EnsignInstance", "--policy", policy)
    assert wrong.returncode == 1 and "policy.json: 0 statements" in wrong.stderr, wrong.stderr
    assert run("role", "--dir", up.folder, "--name", "Auditor", "--no-policy").returncode == 0
    lines = run("credentials", "--dir", up.folder, "--role", "Auditor", "--seconds", "1").stdout
    path = up.folder.parent / "auditor"
    path.write_text(lines)
    auditor = Kms({**up.env, **read_env(path)})
    time.sleep(1.1)
    refused(lambda: auditor.call("ListKeys"), "ExpiredTokenException")
    assert run("credentials", "--dir", up.folder, "--role", "Nobody").returncode == 1


def everything_is_kept_over_a_restart(folder):
    with Up(folder, "--kms-port", str(free_port())) as up:
        key = up.admin.call("CreateKey", Description="kept")["KeyMetadata"]["Arn"]
        blob = up.admin.call("Encrypt", KeyId=key, Plaintext="eA==", EncryptionContext={"a": "1"})["CiphertextBlob"]
        roots = (up.folder / "nsm-root.pem").read_text(), (up.folder / "kms-ca.pem").read_text()
        old = up.admin
    assert not (folder / "env").exists() and not (folder / "nsm.sock").exists() and not (folder / "kms.sock").exists()
    with Up(folder) as up:
        answer = up.admin.call("Decrypt", CiphertextBlob=blob, EncryptionContext={"a": "1"})
        assert answer["KeyId"] == key and answer["Plaintext"] == "eA=="
        assert roots == ((up.folder / "nsm-root.pem").read_text(), (up.folder / "kms-ca.pem").read_text())
        old.url = up.admin.url
        assert old.call("DescribeKey", KeyId=key)["KeyMetadata"]["Description"] == "kept"


def images_and_files_are_measured(folder):
    content = os.urandom(1000)
    (folder.parent / "image").write_bytes(content)
    with Up(folder, "--measure", folder.parent / "image") as up:
        wanted = hashlib.sha384(bytes(48) + hashlib.sha384(content).digest()).hexdigest()
        assert up.env["ENSIGN_SIM_PCR0"] == wanted
    (folder.parent / "image").write_bytes(b".eif and no more")
    wrong = run("up", folder, "--measure", folder.parent / "image")
    assert wrong.returncode == 1 and wrong.stderr.startswith(f"ensign-sim: {folder.parent}/image: "), wrong.stderr


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def one_up_a_folder(up):
    second = run("up", up.folder)
    assert second.returncode == 1 and "another ensign-sim up runs on this folder" in second.stderr, second.stderr
    assert (up.folder / "env").exists() and up.admin.call("ListKeys")["Keys"] is not None


def secrets_are_private(up):
    for name in ("state.json", "admin-env", "nsm-root.key.pem", "kms-ca.key.pem", "kms.key.pem"):
        assert (up.folder / name).stat().st_mode & 0o777 == 0o600, name


def main():
    with tempfile.TemporaryDirectory(prefix="ensign-sim-") as temporary:
        folder = pathlib.Path(temporary)
        the_command_line_teaches(folder)
        with Up(folder / "sim") as up:
            settings = json.loads((up.folder / "settings.json").read_text())
            assert settings == {"kms_trust_roots": (up.folder / "kms-ca.pem").read_text(), "mode": "open"}
            for check in (imds_wants_its_token, the_certificate_is_for_kms, rude_peers_cost_nobody_else,
                          nsm_answers_on_its_socket, roles_and_credentials_can_be_changed_while_it_runs,
                          one_up_a_folder, secrets_are_private):
                check(up)
        everything_is_kept_over_a_restart(folder / "sim")
        images_and_files_are_measured(folder / "sim")


main()
