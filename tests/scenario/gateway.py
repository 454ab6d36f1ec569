"""`ensign gateway` beside a stack, and HTTP to it as its clients write it: bytes out, status and bytes back."""

import http.client
import json
import socket
import subprocess

from stack import BUILD


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificate(folder, name, ca=None):
    """A key and a certificate in PEM, by itself or by a CA; the paths' stem."""
    stem, signed = folder / name, []
    if ca:
        signed = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{stem}.key",
                    "-out", f"{stem}.pem", *signed], check=True, capture_output=True)
    return stem


class Failed(Exception):
    """A JSON-RPC error: its code, message and data, and the HTTP status it came with."""

    def __init__(self, status, error):
        super().__init__(f"HTTP {status}: {error}")
        self.status, self.code, self.message, self.data = status, error["code"], error["message"], error.get("data")


class Gateway:
    def __init__(self, stack, *flags, endpoints=None, name="gateway", env=None):
        self.port = free_port()
        given = [word for endpoint in endpoints or [stack.signer.endpoint] for word in ("--endpoint", endpoint)]
        self.process = stack.start(name, BUILD / "ensign", "gateway", *given, "--listen", f"127.0.0.1:{self.port}",
                                   *flags, env=env)
        stack.wait_for(name, self._is_up, self.process)

    def _is_up(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def http(self, method, path, body=None, headers=None, timeout=30):
        """Status and body. `headers` None: what a JSON-RPC client sends."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if headers is None else headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post(self, body, **more):
        return self.http("POST", "/", body if isinstance(body, (str, bytes)) else json.dumps(body), **more)

    def call(self, method, *params, **more):
        status, body = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, **more)
        answer = json.loads(body)
        if "error" in answer:
            raise Failed(status, answer["error"])
        return answer["result"]

    def failed(self, method, *params):
        try:
            answer = self.call(method, *params)
        except Failed as failure:
            return failure
        raise AssertionError(f"{method} was not refused: {answer}")
