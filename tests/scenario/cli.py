"""Peers for the tool: a signer that answers from a script, HTTP servers for credentials and KMS, and the tool itself, run
with a clean environment. Standard library only; the tool is found in ENSIGN_BUILD."""

import http.server
import json
import os
import pathlib
import pty
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

from expect import skip

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENSIGN = pathlib.Path(os.environ.get("ENSIGN_BUILD") or ROOT / "build") / "ensign"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="ensign-cli-"))
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
TEMPORARY = {"AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
             "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLETOKEN=="}


def ensign(*arguments, env=None, stdin=None, timeout=30):
    return subprocess.run([ENSIGN, *map(str, arguments)], input=stdin, text=True, capture_output=True,
                          env={**CLEAN, **(env or {})}, timeout=timeout)


def ensign_on_a_terminal(*arguments, env=None):
    """What the command shows when its output is a terminal, and its exit code."""
    try:
        master, slave = pty.openpty()
    except OSError as missing:
        skip(f"no pseudo-terminal here ({missing})")
    process = subprocess.Popen([ENSIGN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env={**CLEAN, **(env or {})})
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    return shown.decode().replace("\r\n", "\n"), process.wait(30)


def write(name, content):
    path = FOLDER / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


class FakeSigner:
    """Answers each connection's one request with what `answer(request)` gives: an object, raw bytes for the whole answer,
    or None to fall silent. Keeps the requests' bytes."""

    def __init__(self, answer):
        self.path = FOLDER / f"signer-{time.monotonic_ns()}.sock"
        self.endpoint = f"unix:{self.path}"
        self.answer, self.requests, self.held = answer, [], []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            try:
                self._one(connection)
            except OSError:
                connection.close()

    def _one(self, connection):
        head = connection.recv(4, socket.MSG_WAITALL)
        if len(head) < 4:
            connection.close()
            return
        body = connection.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
        self.requests.append(body)
        answer = self.answer(json.loads(body))
        if answer is None:
            self.held.append(connection)
            return
        if not isinstance(answer, bytes):
            text = json.dumps(answer, sort_keys=True, separators=(",", ":")).encode()
            answer = struct.pack(">I", len(text)) + text
        connection.sendall(answer)
        connection.close()

    @property
    def last(self):
        return json.loads(self.requests[-1])


class FakeHttp:
    """`handle(method, path, headers, body)` gives (status, bytes). Keeps what was asked."""

    def __init__(self, handle, certificate=None):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append((self.command, self.path, dict(self.headers), body))
                status, answer = handle(self.command, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = _answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # clients may hang up on what they refuse
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def make_certificate():
    """A self-signed certificate for 127.0.0.1 with its key, in one file that is also its own CA bundle."""
    path = FOLDER / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    path, "-out", FOLDER / "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    path.write_text(path.read_text() + (FOLDER / "cert.pem").read_text())
    return path
