"""One connection to a signer: endpoints, frames (4 bytes of big-endian length, then JSON), time-outs."""

import json
import select
import socket
import struct
import time
from urllib.parse import urlsplit

ANSWER_MAX = (1 << 20) + 65536  # bytes; a signer answers with a little more than a frame of 1 MiB at most
GREETING_MAX = 32  # "OK 4294967295\n"


class SignerError(RuntimeError):
    """The signer refused, or was not reached. `code` is the signer's (input, state, policy, remote, limit, internal),
    or None when the signer did not answer."""

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


class ConnectionLost(SignerError):
    """The connection ended before an answer began: the signer, or what leads to it, closed it."""


def _connect_unix(path, timeout):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _connect_vsock(cid, port, timeout):
    if not hasattr(socket, "AF_VSOCK"):
        raise SignerError("this system has no AF_VSOCK; `ensign bridge` leads to the signer by unix: or tcp://")
    made = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        made.connect((cid, port))
    except BaseException:
        made.close()
        raise
    return made


def _connect_guest(path, port, timeout):
    """Through a vhost-user vsock device or Firecracker: "CONNECT PORT\\n", then "OK N\\n"."""
    made = _connect_unix(path, timeout)
    try:
        made.sendall(b"CONNECT %d\n" % port)
        line = b""
        while not line.endswith(b"\n") and len(line) < GREETING_MAX:
            part = made.recv(1)
            if not part:
                break
            line += part
        if not (line.startswith(b"OK ") and line.endswith(b"\n")):
            raise SignerError(f"nobody listens on vsock port {port} behind {path}")
    except BaseException:
        made.close()
        raise
    return made


def connector(endpoint):
    """A function of the time-out in seconds that connects to vsock://CID:PORT, tcp://HOST:PORT, unix:PATH or
    vsock+unix:PATH:PORT. ValueError for anything else."""
    wrong = ValueError(f"{endpoint!r} is no endpoint: vsock://CID:PORT, tcp://HOST:PORT, unix:PATH or "
                       "vsock+unix:PATH:PORT is wanted")
    if endpoint.startswith("unix:") and len(endpoint) > 5:
        return lambda timeout: _connect_unix(endpoint[5:], timeout)
    if endpoint.startswith("vsock+unix:"):
        path, colon, port = endpoint[11:].rpartition(":")
        if not (path and colon and port.isdecimal()):
            raise wrong
        return lambda timeout: _connect_guest(path, int(port), timeout)
    parts = urlsplit(endpoint)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or port is None or parts.path or parts.query or parts.username:
        raise wrong
    if parts.scheme == "tcp":
        return lambda timeout: socket.create_connection((host, port), timeout)
    if parts.scheme == "vsock" and host.isdecimal():
        return lambda timeout: _connect_vsock(int(host), port, timeout)
    raise wrong


class Connection:
    def __init__(self, connect, timeout):
        self._timeout = timeout
        try:
            self._socket = connect(timeout)
            if self._socket.family in (socket.AF_INET, socket.AF_INET6):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise SignerError(f"the signer is not reached: {error}") from error

    def close(self):
        self._socket.close()

    def is_usable(self):
        """Nothing waits to be read: neither the other side's end nor bytes that nobody asked for."""
        try:
            poll = select.poll()
            poll.register(self._socket, select.POLLIN | select.POLLHUP | select.POLLERR)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def call(self, method, params):
        """The result object. SignerError for a refusal; ConnectionLost when no byte of an answer came."""
        body = json.dumps({"method": method, "params": params}, separators=(",", ":"), sort_keys=True).encode()
        deadline = time.monotonic() + self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(struct.pack(">I", len(body)) + body)
        except socket.timeout:
            raise SignerError("the signer does not take the request in time") from None
        except OSError as error:
            raise ConnectionLost(f"the connection to the signer is lost: {error}") from error
        (length,) = struct.unpack(">I", self._exactly(4, deadline, True))
        if length > ANSWER_MAX:
            raise SignerError(f"what answers is no signer: it announces {length} bytes")
        return self._result(self._exactly(length, deadline, False))

    def _exactly(self, count, deadline, is_first):
        got = bytearray()
        while len(got) < count:
            left = deadline - time.monotonic()
            try:
                if left <= 0:
                    raise socket.timeout
                self._socket.settimeout(left)
                part = self._socket.recv(min(65536, count - len(got)))
            except socket.timeout:
                raise SignerError(f"the signer does not answer within {self._timeout} s") from None
            except OSError as error:
                part, reason = b"", str(error)
            else:
                reason = "closed"
            if not part:
                if is_first and not got:
                    raise ConnectionLost(f"the connection to the signer is lost: {reason}")
                raise SignerError(f"the signer's answer ends in the middle: {reason}")
            got += part
        return bytes(got)

    @staticmethod
    def _result(body):
        try:
            answer = json.loads(body.decode("utf-8"))
        except ValueError:
            raise SignerError("what answers is no signer: its answer is no JSON") from None
        if not isinstance(answer, dict):
            raise SignerError("what answers is no signer: its answer is no object")
        if "error" in answer:
            error = answer["error"]
            if not isinstance(error, dict):
                raise SignerError(str(error) or "refused")
            raise SignerError(str(error.get("message") or "refused"), error.get("code"))
        if not isinstance(answer.get("result"), dict):
            raise SignerError("what answers is no signer: it gives no result")
        return answer["result"]
