"""The gateway's doors as somebody tries them who is paid for it: requests smuggled, memory and time taken by those who have
no token, answers that never come, and a payment made twice. Each case was a fault once, or would be one."""

import http.client
import json
import signal
import socket
import threading
import time

import ethereum as eth
from expect import claim, done
from gateway import Gateway
from node import Node, nonce_of
from scene import SANITIZED
from stack import Stack

ACCOUNTS = '{"jsonrpc":"2.0","id":1,"method":"eth_accounts"}'
TOKEN = "a-token-of-some-length"
POLICY = Stack.policy(treasury="0x" + "7e" * 20, messages="any", max_gas="unlimited",
                      budget={"window_seconds": 86400, "start": "full", "max_face_value_wei": "unlimited",
                              "max_fund_deposit_wei": "unlimited", "max_fee_wei": "unlimited"})


def pay(me, value, **more):
    return {"from": me, "to": "0x" + "7e" * 20, "value": hex(value), **more}


def connect(gateway, timeout=10):
    return socket.create_connection(("127.0.0.1", gateway.port), timeout)


def until_closed(s):
    got = b""
    try:
        while part := s.recv(65536):
            got += part
    except (ConnectionResetError, socket.timeout):
        pass
    return got


def kib(gateway):
    status = open(f"/proc/{gateway.process.pid}/status").read()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def smuggling(gateway):
    with connect(gateway) as s:
        s.sendall(b"HEAD /upcheck HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  b"GET /upcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        heads = until_closed(s).split(b"\r\n\r\n")
    claim("an answer to HEAD has no body that the next reader would take for an answer", len(heads) == 4 and heads[3] == b"OK" and
          [h.split(b" ")[1] for h in heads[:3]] == [b"200", b"404", b"200"] and b"Content-Length: 2" in heads[0], str(heads)[:300])
    inner = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for sentence, sent in (
            ("two lengths", b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner)),
            ("a list of lengths", b"Content-Length: 0, %d\r\n\r\n" % len(inner)), ("a signed length", b"Content-Length: +%d\r\n\r\n" % len(inner)),
            ("a length and chunks", b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % len(inner)),
            ("another coding", b"Transfer-Encoding: identity\r\n\r\n"), ("a coding within another", b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
            ("a space before the colon", b"Content-Length : %d\r\n\r\n" % len(inner)),
            ("a folded line", b"X: 1\r\n Content-Length: %d\r\n\r\n" % len(inner)), ("a bare line feed", b"X: 1\nContent-Length: 3\r\n\r\n"),
            ("a bare carriage return", b"X: 1\rContent-Length: 3\r\n\r\n"), ("a control character", b"X: \x00\r\n\r\n")):
        with connect(gateway) as s:
            s.sendall(b"GET /upcheck HTTP/1.1\r\nHost: localhost\r\n" + sent + inner)
            got = until_closed(s)
        claim(f"not read two ways: {sentence}", got.startswith(b"HTTP/1.1 400") and got.count(b"Content-Type:") == 1 and
              b"ensign_gateway" not in got, repr(got[:60]))
    for sentence, line, status in (("another server's name in the target", b"GET http://localhost/upcheck HTTP/1.1", b"404"),
                                   ("HTTP/1.0", b"GET /upcheck HTTP/1.0", b"400"), ("two spaces", b"GET  /upcheck HTTP/1.1", b"400")):
        with connect(gateway) as s:
            s.sendall(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = until_closed(s)
        claim(f"{sentence} is {status.decode()}", got.split(b" ")[1:2] == [status], repr(got[:40]))


def names(gateway):
    for sentence, host in (("a name with a dot behind", "localhost."), ("a name that begins like it", "localhost.evil"),
                           ("digits and a colon too many", "localhost:80:80"), ("a name in brackets", "[localhost]"),
                           ("another way to write the address", "127.1"), ("a user before it", "evil@localhost"), ("nothing", "")):
        status, _ = gateway.http("POST", "/", ACCOUNTS, {"Host": host, "Content-Type": "application/json"})
        claim(f"not our Host: {sentence}", status == 403, str(status))
    for origin in ("null", "http://localhost:3000", "file://", "", "http://127.0.0.1"):
        status, _ = gateway.http("POST", "/", ACCOUNTS, {"Origin": origin, "Content-Type": "application/json"})
        claim(f"not an allowed Origin: {origin!r}", status == 403, str(status))


def memory(open_door, gateway):
    """`gateway` asks for a token, and none is brought."""
    before, got = kib(open_door), b""
    with connect(open_door) as s:
        sent = 0
        try:
            s.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            line = b"1;" + b"x" * 250 + b"\r\n \r\n"
            while sent < 96 << 20:
                s.sendall(line * 4096)
                sent += len(line) * 4096
        except OSError:
            pass
        grown = kib(open_door) - before
        got = until_closed(s)
    claim("a body whose chunks are nearly all extension is not taken for ever", got.startswith(b"HTTP/1.1 413") and
          (SANITIZED or grown < 16384), f"{sent >> 20} MiB sent, {grown} KiB kept, {got[:20]}")
    with connect(open_door) as s:
        try:
            s.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            s.sendall(b"1\r\n \r\n" * 20000)
        except OSError:
            pass
        got = until_closed(s)
    claim("nor one of 20,000 chunks, which would be walked anew for each byte that follows", got.startswith(b"HTTP/1.1 413"), repr(got[:20]))
    before, held = kib(gateway), []
    for _ in range(64):
        s = connect(gateway)
        held.append(s)
        s.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n")
    time.sleep(0.3)
    refused = 0
    for s in held:
        try:
            s.sendall(b" " * 1900000)
        except OSError:
            pass
    time.sleep(0.5)
    grown = kib(gateway) - before
    for s in held:
        s.settimeout(2)
        try:
            refused += s.recv(4096).startswith(b"HTTP/1.1 401")
        except OSError:
            pass
        s.close()
    claim("who has no token is told so before a body is taken", refused >= 60, f"{refused} of 64")
    claim("and 64 of them cost less than 16 MiB", SANITIZED or grown < 16384, f"{grown} KiB")


def large_answers(stack, me):
    """Connections that are kept after large requests and answers keep no memory of them."""
    node = Node()
    real = node.answer
    node.answer = lambda method, params: {"result": "0x" + "ab" * 1500000} if method == "eth_call" else real(method, params)
    gateway = Gateway(stack, "--upstream", node.url, name="gateway-large")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"data": "0x" + "cd" * 500000}]})
    before, kept, full = kib(gateway), [], 0
    for _ in range(24):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        full += len(connection.getresponse().read()) > 3000000
        kept.append(connection)
    grown = kib(gateway) - before
    claim("24 connections kept after answers of 3 MB keep less than half a MiB each", full == 24 and (SANITIZED or grown < 12288),
          f"{grown} KiB, {full} answers")


def flood(gateway, me):
    """Somebody opens connections as fast as can be and says nothing, while another is served."""
    stop, opened = threading.Event(), []

    def open_them():
        mine = []
        while not stop.is_set():
            try:
                mine.append(connect(gateway, 1))
                opened.append(1)
            except OSError:
                pass
            if len(mine) > 150:
                mine.pop(0).close()

    threads = [threading.Thread(target=open_them) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    slow, failed = [], []
    for _ in range(20):
        start = time.monotonic()
        try:
            gateway.call("eth_accounts", headers={"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"})
        except OSError as error:
            failed.append(repr(error))
        slow.append(time.monotonic() - start)
    stop.set()
    for thread in threads:
        thread.join(10)
    claim("beside a flood of silent connections a client is served, each time within 2 s", not failed and
          max(slow) < (10 if SANITIZED else 2),
          f"{len(opened)} connections; longest {max(slow):.2f} s; {failed[:1]}")


def long_errors(stack, me):
    node = Node()
    real = node.answer
    node.answer = lambda method, params: {"error": {"code": 3, "message": "reverted", "data": "0x" + "ab" * 100000}} \
        if method == "eth_call" else real(method, params)
    gateway = Gateway(stack, "--upstream", node.url, name="gateway-errors")
    batch = [{"jsonrpc": "2.0", "id": i, "method": "eth_call", "params": [{}]} for i in range(127)]
    batch.append({"jsonrpc": "2.0", "id": 127, "method": "eth_sendTransaction", "params": [pay(me, 5)]})
    try:
        status, body = gateway.post(batch)
    except OSError as error:
        status, body = repr(error), "[]"
    answers = json.loads(body)
    claim("errors of a node that are too long together do not cost the answer to what was sent", status == 200 and
          len(answers) == 128 and answers[127].get("result") in node.pool and answers[0]["error"]["code"] == 3 and
          "too long" in answers[126]["error"]["message"], f"{status}, {len(body)} bytes")


def stalled(stack, me):
    """A signer that says nothing: a batch has an end all the same, each of its requests answered."""
    gateway = Gateway(stack, "--timeout", "1", name="gateway-stalled")
    batch = [{"jsonrpc": "2.0", "id": i, "method": "eth_sign", "params": [me, "0x00"]} for i in range(128)]
    gateway.call("eth_accounts")
    stack.ensignd.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    status, body = gateway.post(batch, timeout=90)
    spent = time.monotonic() - start
    stack.ensignd.send_signal(signal.SIGCONT)
    answers = json.loads(body)
    claim("a batch to a signer that says nothing ends, each of its requests answered", status == 200 and len(answers) == 128 and
          all(a["error"]["code"] == -32002 for a in answers) and "not begun" in answers[127]["error"]["message"] and spent < 12,
          f"{spent:.0f} s")
    claim("and the next is served", "result" in gateway.post(json.dumps(batch[0]))[1])


def asked_again(stack, me):
    """A client that waits less than the node takes, and asks again in the same words: it pays once."""
    node = Node()
    slow = threading.Event()
    slow.set()
    real = node.take

    def take(raw):
        if slow.is_set():
            time.sleep(1.2)
        return real(raw)

    node.take = take
    gateway = Gateway(stack, "--upstream", node.url, name="gateway-again")
    results = []

    def give_up():
        try:
            gateway.call("eth_sendTransaction", pay(me, 77), timeout=0.5)
        except (TimeoutError, socket.timeout):
            results.append("gave up")

    give_up()
    hash_ = gateway.call("eth_sendTransaction", pay(me, 77))
    claim("a client that gave up and asks again gets the first one's hash", results == ["gave up"] and list(node.pool) == [hash_],
          f"{len(node.pool)} transactions")
    slow.clear()
    claim("and when it has had it, the same words are another", gateway.call("eth_sendTransaction", pay(me, 77)) != hash_
          and len(node.pool) == 2)
    slow.set()
    first = threading.Thread(target=lambda: results.append(gateway.call("eth_sendTransaction", pay(me, 1))))
    first.start()
    time.sleep(0.3)
    give_up()  # while the other holds the turn: nothing of it has been signed
    first.join()
    time.sleep(1.7)
    claim("one that gave up before its turn has nothing sent", len(node.pool) == 3, f"{len(node.pool)} transactions")
    both, start = [], time.monotonic()
    threads = [threading.Thread(target=lambda value=value: both.append((gateway.call("eth_sendTransaction", pay(me, value)),
                                                                        time.monotonic() - start))) for value in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claim("whose turn is over is answered, while the other's goes on", both[0][1] < both[1][1] - 0.9, str([t for _, t in both]))
    slow.clear()
    both = []
    threads = [threading.Thread(target=lambda: both.append(gateway.call("eth_sendTransaction", pay(me, 9)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claim("two clients who are there and ask the same have two", len(set(both)) == 2 and len(node.pool) == 7)


def replaced(stack, me):
    """A nonce of the caller's own choosing over one that was sent already."""
    node = Node()
    gateway = Gateway(stack, "--upstream", node.url, name="gateway-replaced")
    node.faults = ["hang up"] * 5
    gateway.failed("eth_sendTransaction", pay(me, 5))  # lost: its caller is told to ask again
    lost = node.handed[-1]
    refused = gateway.failed("eth_sendTransaction", pay(me, 6, nonce="0x0"))
    claim("over one of which nobody knows yet whether it was sent: refused", refused.code == -32002 and "not known" in
          refused.message and lost == node.handed[-1], str(refused))
    again = gateway.call("eth_sendTransaction", pay(me, 5))
    claim("its caller still gets its hash, and no second payment", node.pool[again] == lost and len(node.pool) == 1)
    node.faults = ["refuse"]
    refused = gateway.failed("eth_sendTransaction", pay(me, 7, nonce="0x0"))
    claim("a replacement that the node refuses", "insufficient" in refused.message, str(refused))
    forgotten = node.pool.pop(again)
    later = gateway.call("eth_sendTransaction", pay(me, 8))
    claim("leaves the first where it was: sent again when the node forgets it, its nonce given to no other",
          node.pool.get(again) == forgotten and nonce_of(node.pool[later]) == 1, str(node.nonces()))


with Stack(policy=POLICY) as stack:
    me = stack.provision().address
    open_door = Gateway(stack, name="gateway-open")
    smuggling(open_door)
    names(open_door)
    (stack.folder / "token").write_text(TOKEN + "\n")
    locked = Gateway(stack, "--token-file", stack.folder / "token", name="gateway-locked")
    memory(open_door, locked)
    flood(locked, me)
    large_answers(stack, me)
    long_errors(stack, me)
    asked_again(stack, me)
    replaced(stack, me)
    stalled(stack, me)
done()
