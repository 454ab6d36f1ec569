"""`ensign bridge`: which methods pass, that the signer reads what was judged, order, ends and limits; a plain pipe with
--raw; and a real signer behind it."""

import json
import os
import socket
import struct
import threading
import time

import ethereum as eth
from expect import claim, done
from relays import FOLDER, Relay, Service, clean_up, exactly, free_port, run, to_the_end
from stack import Refused, Signer, Stack

near, far = FOLDER / "near.sock", FOLDER / "far.sock"
seen = []


def frame(body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack(">I", len(body)) + body


def read_frame(connection):
    head = exactly(connection, 4)
    return exactly(connection, struct.unpack(">I", head)[0]) if len(head) == 4 else None


class FakeSigner:
    """Answers any number of requests a connection with what it got, or as `how` says."""

    def __init__(self):
        self.how = "echo"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(far))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            while (body := read_frame(connection)) is not None:
                seen.append(body)
                if self.how == "close":
                    return
                if self.how == "half":
                    connection.sendall(struct.pack(">I", 100) + b"only a part")
                    return
                if self.how == "long":
                    connection.sendall(struct.pack(">I", 1 << 30))
                    time.sleep(5)
                    return
                if self.how == "slow":
                    time.sleep(0.3)
                connection.sendall(frame(b'{"result":' + body + b"}"))
                if self.how == "one":
                    return


def ask(connection, body):
    connection.sendall(frame(body))
    answer = read_frame(connection)
    return None if answer is None else json.loads(answer)


signer = FakeSigner()
with Relay("bridge", "--listen", f"unix:{near}", "--connect", f"unix:{far}", socket_path=near) as relay:
    with relay.connect() as c:
        for method in ("address", "attestation", "journal", "policy", "sealed", "sign_message_defunct", "sign_ticket",
                       "sign_transaction", "sign_typed_data", "status"):
            answer = ask(c, {"method": method, "params": {"a": 1}})
            claim(f"{method} passes", answer == {"result": {"method": method, "params": {"a": 1}}}, str(answer))
        count = len(seen)
        for method in ("provision", "generate", "", "PROVISION", "provision ", "shutdown", None, 7, ["provision"]):
            answer = ask(c, {"method": method, "params": {}})
            claim(f"{method!r} does not", "error" in answer and answer["error"]["code"] in ("input", "policy"),
                  str(answer)[:110])
        claim("and nothing of it reached the signer", len(seen) == count)
        for sentence, body in (("a key given twice", b'{"method":"status","method":"provision","params":{}}'),
                               ("an escaped key given twice", b'{"method":"status","meth\\u006fd":"provision"}'),
                               ("NaN", b'{"method":"status","params":{"a":NaN}}'),
                               ("something left over", b'{"method":"status"}{"method":"provision"}'),
                               ("a byte-order mark", b'\xef\xbb\xbf{"method":"status"}'),
                               ("bad UTF-8", b'{"method":"status","params":{"a":"\xff"}}'),
                               ("no JSON", b"hello"), ("no bytes", b""),
                               ("nesting of 40", b'{"method":"status","params":{"a":' + b"[" * 40 + b"]" * 40 + b"}}")):
            answer = ask(c, body)
            claim(f"refused and told: {sentence}", answer["error"]["code"] == "input", answer["error"]["message"][:80])
        claim("none of that either, and the connection goes on",
              len(seen) == count and "result" in ask(c, {"method": "status"}))

        odd = (b' {"params" : {"b":\t[1, 2.50, -0, 1e5, 123456789012345678901234567890, true, null, {"\\u0061":"\xc3\xa4\\/\\ud83d\\ude00"}],'
               b' "method":"provision"},\r\n "id":9, "m\\u0065thod":"st\\u0061tus" } ')
        answer = ask(c, odd)
        claim("an escaped method is refused", answer.get("error", {}).get("message") == "unknown method", str(answer)[:110])
        plain = odd.replace(b"st\\u0061tus", b"status")
        ask(c, plain)
        claim("what is handed on is written anew: method and params alone, compact, numbers to the digit", seen[-1] ==
              b'{"method":"status","params":{"b":[1,2.50,-0,1e5,123456789012345678901234567890,true,null,{"a":"\\u00e4/\\ud83d\\ude00"}],'
              b'"method":"provision"}}', seen[-1].decode()[:200])
        ask(c, {"method": "status", "params": [1]})
        claim("params that are no object are none", seen[-1] == b'{"method":"status","params":{}}')

    with relay.connect() as c:
        signer.how = "slow"
        c.sendall(frame({"method": "address", "params": {"n": 1}}) + frame({"method": "provision"}) +
                  frame({"method": "address", "params": {"n": 2}}))
        c.shutdown(socket.SHUT_WR)
        answers = [json.loads(read_frame(c)) for _ in range(3)]
        claim("requests sent at once are answered in their order, refusals among them, after the client has ended",
              [a.get("result", {}).get("params", {}).get("n") for a in answers] == [1, None, 2] and "error" in answers[1]
              and c.recv(1) == b"")
        signer.how = "echo"

    with relay.connect() as c:
        big = {"method": "sign_typed_data", "params": {"x": "y" * 1000000}}
        claim("a megabyte goes through and back", ask(c, big)["result"] == big)
        for byte in frame({"method": "address", "params": {}}):
            c.sendall(bytes([byte]))
        claim("so does a request that comes byte by byte", "result" in json.loads(read_frame(c)))
        c.sendall(struct.pack(">I", (1 << 20) + 1))
        answer = json.loads(read_frame(c))
        claim("a frame over a megabyte is refused from its header, and the client closed",
              answer["error"]["code"] == "limit" and c.recv(1) == b"", str(answer))
    with relay.connect() as c:
        answer = ask(c, '{"method":"status","params":{"a":"'.encode() + "ä".encode() * 400000 + b'"}}')
        claim("what would be too long written anew is refused", answer["error"]["code"] == "limit", str(answer)[:120])

    signer.how = "one"
    with relay.connect() as c:
        claim("a signer that closes after one answer", "result" in ask(c, {"method": "status"}) and c.recv(1) == b"")
    for how in ("close", "half", "long"):
        signer.how = how
        with relay.connect(5) as c:
            try:
                answer = ask(c, {"method": "status"})
            except (ConnectionError, json.JSONDecodeError):
                answer = None
            claim(f"a signer that fails while it is asked ({how}) gives no answer and no wait", answer is None)
    signer.how = "echo"

    stopped = []
    for i in range(200):
        stopped.append(relay.connect())
        stopped[-1].sendall(frame({"method": "status"})[:i % 7])
    with relay.connect(5) as c:
        claim("with 200 clients that never finish a request another is served", "result" in ask(c, {"method": "status"}))
    for c in stopped:
        c.close()
    claim("SIGTERM ends it with 0 and removes its socket", relay.end() == 0 and not near.exists())

with Relay("bridge", "--listen", f"unix:{near}", "--connect", f"unix:{far}", "--methods", "address,provision",
           socket_path=near) as relay, relay.connect() as c:
    claim("--methods says which pass, in place of the others", "result" in ask(c, {"method": "provision"}) and
          "error" in ask(c, {"method": "status"}))

payload = os.urandom(1 << 20) * 8


def back(connection):
    connection.sendall(to_the_end(connection))


echo = Service(back)
with Relay("bridge", "--raw", "--listen", f"unix:{near}", "--connect", f"tcp://127.0.0.1:{echo.port}", socket_path=near) as relay:
    with relay.connect() as c:
        c.sendall(payload)
        c.shutdown(socket.SHUT_WR)
        claim("--raw is a plain pipe with half-close", to_the_end(c) == payload)

# Through a vhost-user vsock device's handshake.
greeted = []


def device(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            line = b""
            while not line.endswith(b"\n"):
                line += connection.recv(1)
            greeted.append(line)
            if line == b"CONNECT 5000\n":
                connection.sendall(b"OK 1073741824\nhello")
                connection.sendall(to_the_end(connection))


vm = FOLDER / "vm.sock"
listener = socket.socket(socket.AF_UNIX)
listener.bind(str(vm))
listener.listen(8)
threading.Thread(target=device, args=(listener,), daemon=True).start()
port = free_port()
with Relay("bridge", "--raw", "--listen", f"tcp://127.0.0.1:{port}", "--connect", f"vsock+unix:{vm}:5000"):
    with socket.create_connection(("127.0.0.1", port), 5) as c:
        c.sendall(b"abc")
        c.shutdown(socket.SHUT_WR)
        claim("vsock+unix: is greeted, and what comes with the greeting is not lost",
              to_the_end(c) == b"helloabc" and greeted == [b"CONNECT 5000\n"], str(greeted))
with Relay("bridge", "--raw", "--listen", f"tcp://127.0.0.1:{port}", "--connect", f"vsock+unix:{vm}:5001") as relay:
    with socket.create_connection(("127.0.0.1", port), 5) as c:
        try:
            ended = c.recv(1) == b""
        except ConnectionResetError:
            ended = True
    claim("where nobody listens on that vsock port the client is closed, and it is said", ended and
          relay.said("is not reached"))

for sentence, arguments, fragment in (
        ("all addresses", ["--listen", "tcp://0.0.0.0:0", "--connect", f"unix:{far}"], "--allow-remote"),
        ("another address", ["--listen", "tcp://192.0.2.1:0", "--connect", f"unix:{far}"], "--allow-remote"),
        ("all IPv6 addresses", ["--listen", "tcp://[::]:0", "--connect", f"unix:{far}"], "--allow-remote"),
        ("vsock", ["--listen", "vsock://any:5000", "--connect", f"unix:{far}"], "--allow-remote"),
        ("no far side", ["--listen", f"unix:{near}"], "--connect is missing"),
        ("a far side of any CID", ["--listen", f"unix:{near}", "--connect", "vsock://any:1"], "not connected to"),
        ("methods and raw", ["--raw", "--methods", "status", "--listen", f"unix:{near}", "--connect", f"unix:{far}"], "--raw"),
        ("an empty method", ["--methods", "status,", "--listen", f"unix:{near}", "--connect", f"unix:{far}"], "--methods")):
    ended = run("bridge", *arguments)
    claim(f"refused: {sentence}", ended.returncode == 2 and fragment in ended.stderr, ended.stderr.strip()[:120])
with Relay("bridge", "--allow-remote", "--listen", f"tcp://0.0.0.0:{free_port()}", "--connect", f"unix:{far}") as relay:
    claim("with --allow-remote it does", relay.process.poll() is None)

with Stack(mode="open") as stack:
    stack.provision(None, "--chain-id", "42161", "--ticket-broker", eth.BROKER.lower(), "--messages", "tickets")
    with Relay("bridge", "--listen", f"unix:{near}", "--connect", f"unix:{stack.socket}", socket_path=near) as relay:
        through = Signer(near, stack.signer.address)
        ticket = eth.ticket(through.address)
        claim("a real signer signs through it", through.call("sign_ticket", ticket=ticket)["ticket_hash"] ==
              "0x" + eth.ticket_hash(ticket).hex())
        try:
            refused = through.call("provision", **stack.role_params())
        except Refused as refusal:
            refused = refusal.message
        claim("and is not provisioned through it", "does not pass this bridge" in str(refused), str(refused)[:90])
        stack.stop_signer()
        with relay.connect(5) as c:
            try:
                gone = ask(c, {"method": "status"}) is None
            except ConnectionError:
                gone = True
        claim("when the signer has gone a client is closed, not kept", gone)
        stack.start_signer()
        claim("and when it is back the next is served, without a restart", through.call("status")["provisioned"] is False and
              relay.said("is reached again"))

clean_up()
done()
