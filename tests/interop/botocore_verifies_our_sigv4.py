"""Every request that ensignd and ensign make to KMS, signed again by botocore from what stands in it and the secret that
belongs to its access key id: the Authorization header must be the same to the byte. The requests are taken from the wire:
a relay with ensign-sim's own certificate stands before ensign-sim's KMS."""

import datetime
import json
import pathlib
import socket
import ssl
import sys
import threading

import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from stack import Stack  # noqa: E402


def read_message(stream):
    """Head and body, by Content-Length; empty at the end of the stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


class Relay:
    """Ends TLS, keeps each request, and asks ensign-sim's KMS in its turn."""

    def __init__(self, folder):
        self.folder, self.requests = folder, []
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(folder / "kms.pem", folder / "kms.key.pem")
        self.client = ssl.create_default_context(cafile=folder / "kms-ca.pem")
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "relay.sock"))
        self.tcp = socket.create_server(("127.0.0.1", 0))
        for door in (self.unix, self.tcp):
            door.listen()
            threading.Thread(target=self.serve, args=(door,), daemon=True).start()

    def serve(self, door):
        while True:
            with self.server.wrap_socket(door.accept()[0], server_side=True) as peer:
                request = read_message(peer)
                self.requests.append(request)
                with socket.socket(socket.AF_UNIX) as raw:
                    raw.connect(str(self.folder / "kms.sock"))
                    with self.client.wrap_socket(raw, server_hostname="localhost") as kms:
                        kms.sendall(request)
                        peer.sendall(read_message(kms))


def check(request, secrets):
    """botocore's Authorization for this request equals the one that it bears."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    lower = {name.lower(): value for name, value in headers.items()}
    theirs = lower["authorization"]
    fields = dict(part.strip().split("=", 1) for part in theirs.partition(" ")[2].split(","))
    access_key_id, day, region, service, _ = fields["Credential"].split("/")
    assert service == "kms" and lower["x-amz-date"].startswith(day)

    names = fields["SignedHeaders"].split(";")
    assert {"host", "x-amz-date", "x-amz-target"} <= set(names), names
    assert all(name in names for name in lower if name.startswith("x-amz-")), names
    again = AWSRequest(method, f"https://{lower['host']}{path}", {name: lower[name] for name in names}, body)
    again.context["timestamp"] = lower["x-amz-date"]
    # The session token is among the headers already, as it was signed.
    signer = SigV4Auth(Credentials(access_key_id, secrets[access_key_id]), service, region)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert fields["Signature"] == signer.signature(text, again), f"botocore signs otherwise:\n{text}"
    at = datetime.datetime.strptime(lower["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    assert abs((datetime.datetime.now(datetime.timezone.utc) - at).total_seconds()) < 60
    return lower["x-amz-target"], lower["host"]


def main():
    with Stack(mode="open", policy=None) as stack:
        relay = Relay(stack.folder / "sim")
        env = {"AWS_ENDPOINT_URL_KMS": f"https://127.0.0.1:{relay.tcp.getsockname()[1]}"}
        stack.stop_signer()
        stack.env["ENSIGND_ARGS"] = stack.env["ENSIGND_ARGS"].replace("/kms.sock", "/relay.sock")
        stack.start_signer(name="relayed")
        sealed = stack.seal(context={"ünïcode": "a + b / c = é"}, env={**stack.admin_env, **env})
        stack.provision(sealed, "--encryption-context", "ünïcode=a + b / c = é")
        stack.stop_signer()
        stack.start_signer(name="generating")
        stack.ensign("provision", "--endpoint", f"unix:{stack.socket}", "--region", stack.env["AWS_REGION"], "--generate",
                     "--kms-key-id", stack.key_arn)
        state = json.loads((stack.folder / "sim/state.json").read_text())
        secrets = {one["access_key_id"]: one["secret"] for one in state["credentials"]}
        seen = [check(request, secrets) for request in relay.requests]
    wanted = ["TrentService.Encrypt", "TrentService.Decrypt", "TrentService.GenerateDataKey"]
    assert [target for target, _ in seen] == wanted, seen
    assert seen[1][1] == seen[2][1] == "kms.us-east-2.amazonaws.com", seen
    print(f"botocore {botocore.__version__} signs as ensign did: {', '.join(wanted)}")


main()
