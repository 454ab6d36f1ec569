"""`ensign proxy`: bytes both ways, half-close, back-pressure, time-outs, resets, names that fail and heal, the list of
services, and the name vsock-proxy."""

import hashlib
import os
import socket
import threading
import time

from expect import claim, done
from relays import ENSIGN, FOLDER, Names, Relay, Service, clean_up, exactly, free_port, reset, run, to_the_end

HOST, HOST6 = "kms.test-1.example", "six.test-1.example"
stalled = threading.Event()


def echo_digest(connection):
    """Reads to the end of the client's direction, and only then answers: possible with half-close alone."""
    got = to_the_end(connection)
    connection.sendall(hashlib.sha256(got).hexdigest().encode() + got[:64])


def serve(connection):
    word = exactly(connection, 1)
    if word == b"d":
        echo_digest(connection)
    elif word == b"e":
        while part := connection.recv(65536):
            connection.sendall(part)
    elif word == b"r":
        connection.sendall(b"x" * 1000)
        time.sleep(0.05)
        reset(connection)
    elif word == b"f":  # floods
        for _ in range(1024):
            connection.sendall(b"\0" * 65536)
    elif word == b"c":  # ends its direction first, then listens on
        connection.sendall(b"goodbye")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        heard.append(to_the_end(connection))
    elif word == b"s":
        stalled.wait(20)


heard = []
service = Service(serve)
names = Names({HOST: ["127.0.0.1"]})
config = FOLDER / "list.yaml"
config.write_text(f"allowlist:\n- {{address: {HOST}, port: {service.port}}}\n- {{address: 127.0.0.1, port: {service.port}}}\n"
                  f"- {{address: 127.0.0.1, port: 1}}\n- {{address: localhost, port: {service.port}}}\n")
path = FOLDER / "proxy.sock"


def proxy(*flags, host=HOST, port=None, **more):
    return Relay("proxy", "--config", config, "--resolver", names.at, *flags, f"unix:{path}", host, port or service.port,
                 socket_path=path, **more)


def answers(relay, timeout=10):
    try:
        with relay.connect(timeout) as c:
            c.sendall(b"dhello")
            c.shutdown(socket.SHUT_WR)
            return to_the_end(c)[64:] == b"hello"
    except OSError:
        return False


with proxy() as relay:
    payload = os.urandom(1 << 20) * 16
    with relay.connect() as c:
        c.sendall(b"d" + payload)
        c.shutdown(socket.SHUT_WR)
        answer = to_the_end(c)
    claim("16 MiB go through unchanged, and the client's end is told without ending the answer",
          answer[:64].decode() == hashlib.sha256(payload).hexdigest() and answer[64:] == payload[:64])
    with relay.connect() as c:
        c.sendall(b"c")
        got = to_the_end(c)
        c.sendall(b"and this still arrives")
        c.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
    claim("the far side's end is told without ending the client's direction",
          got == b"goodbye" and heard == [b"and this still arrives"], str(heard))

    def both_ways(c, results):
        sender = threading.Thread(target=lambda: (c.sendall(b"e" + payload), c.shutdown(socket.SHUT_WR)))
        sender.start()
        results.append(to_the_end(c) == payload)
        sender.join()

    results, threads = [], []
    for _ in range(4):
        threads.append(threading.Thread(target=both_ways, args=(relay.connect(30), results)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    claim("4 connections send 16 MiB and read it back at the same time", results == [True] * 4, str(results))

    before = relay.kib()
    slow = [relay.connect() for _ in range(8)]
    for c in slow:
        c.sendall(b"f")
    time.sleep(1)
    grown = relay.kib() - before
    # A sanitizer keeps books of its own beside every byte.
    claim("8 clients that take nothing of 64 MiB each cost less than 4 MiB together",
          grown < (65536 if os.environ.get("ENSIGN_SANITIZED") == "true" else 4096), f"{grown} KiB")
    claim("and others are served meanwhile", answers(relay))
    for c in slow:
        c.close()

    before = service.accepted
    half_open = []
    for i in range(200):
        half_open.append(relay.connect())
        if i % 2:
            half_open[-1].sendall(b"s")
    claim("with 200 half-open clients another is served", answers(relay, 5))
    for c in half_open:
        c.close()
    stalled.set()
    deadline = time.monotonic() + 10
    while relay.descriptors() > 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    claim("and none of them leaves a descriptor behind", relay.descriptors() <= 20, str(relay.descriptors()))

    outcomes = []
    for _ in range(20):
        with relay.connect(5) as c:
            c.sendall(b"r")
            try:
                outcomes.append(to_the_end(c))
            except ConnectionError:
                outcomes.append(b"reset")
    claim("a far side that resets in the middle ends its connection at once, 20 times, with nothing made up",
          len(outcomes) == 20 and all(o == b"reset" or b"x" * 1000 == o or o == b"" for o in outcomes), str(set(outcomes))[:80])
    claim("and the next connection is served", answers(relay))
    claim("SIGTERM ends it with 0 and removes its socket", relay.end() == 0 and not path.exists())

# Resets over TCP are seen as resets: a part is not taken for a whole.
port = free_port()
with Relay("proxy", "--config", config, "--resolver", names.at, f"tcp://127.0.0.1:{port}", HOST, service.port):
    with socket.create_connection(("127.0.0.1", port), 5) as c:
        c.sendall(b"r")
        try:
            to_the_end(c)
            seen = "an end"
        except ConnectionResetError:
            seen = "a reset"
    claim("over TCP a reset arrives as a reset", seen == "a reset", seen)

# Names: failing from the start, healing, expiring, and failing again while an address is known.
names.mode = "servfail"
with proxy() as relay:
    claim("it starts although the name is not found, and says so", relay.said("is not found"))
    claim("a client is refused, not kept", not answers(relay, 5))
    names.mode = "answer"
    time.sleep(1.1)
    claim("when names heal the next client is served, without a restart", answers(relay) and relay.said("is found again"))
    asked = len(names.asked)
    time.sleep(1.1)
    claim("when the TTL is over the name is asked again", answers(relay) and len(names.asked) > asked)
    names.mode = "nxdomain"
    time.sleep(1.1)
    claim("when names fail later, the address known from before serves", answers(relay))
    names.mode = "silent"
    time.sleep(1.1)
    claim("and when the name server keeps silent, it does after its time-out", answers(relay, 9))
    names.mode = "answer"
    names.table[HOST] = ["127.0.0.2"]
    time.sleep(1.2)
    claim("an address where nobody listens is tried and refused", not answers(relay, 5) and relay.said("is not reached"))
    names.table[HOST] = ["127.0.0.2", "127.0.0.1"]
    time.sleep(1.2)
    claim("of two addresses the second serves when the first does not", answers(relay) and relay.said("is reached again"))

names.ttl = 300
with proxy() as relay:
    claim("a name with a long TTL", answers(relay))
    asked = len(names.asked)
    time.sleep(1.2)
    claim("is not asked for again while it lasts", answers(relay) and len(names.asked) == asked)
with proxy("-4") as relay:
    claim("-4 asks for IPv4 alone", answers(relay) and {kind for _, kind in names.asked[asked:]} == {1})

# A far side that does not answer, and clients that say nothing.
full = socket.socket()
full.bind(("127.0.0.3", 0))
full.listen(0)
fillers = []
for _ in range(4):
    filler = socket.socket()
    filler.setblocking(False)
    filler.connect_ex(full.getsockname())
    fillers.append(filler)
config.write_text(config.read_text() + f"- {{address: 127.0.0.3, port: {full.getsockname()[1]}}}\n")
with proxy("--connect-timeout", 1, host="127.0.0.3", port=full.getsockname()[1]) as relay:
    start = time.monotonic()
    with relay.connect(5) as c:
        ended = c.recv(1) == b""
    spent = time.monotonic() - start
    claim("a connection that is not made in its time is given up", ended and 0.8 < spent < 3, f"{spent:.2f} s")
with proxy("--idle-timeout", 1, host="localhost") as relay:
    claim("a name of /etc/hosts needs no name server", answers(relay))
    with relay.connect(5) as c:
        start = time.monotonic()
        ended = c.recv(1) == b""
        spent = time.monotonic() - start
    claim("a pair that is silent is closed after the idle time", ended and 0.8 < spent < 3, f"{spent:.2f} s")
with proxy("--connections", 4) as relay:
    first = [relay.connect(5) for _ in range(8)]
    time.sleep(0.3)
    claim("at the limit the longest silent make room", [c.recv(1) for c in first[:3]] == [b""] * 3 and answers(relay))

with proxy(descriptors=64) as relay:
    crowd = [relay.connect() for _ in range(100)]
    ticks = relay.cpu_ticks()
    time.sleep(1)
    claim("out of descriptors it waits, and does not spin", relay.cpu_ticks() - ticks < 20, f"{relay.cpu_ticks() - ticks} ticks")
    for c in crowd:
        c.close()
    deadline = time.monotonic() + 10
    while relay.descriptors() > 20 and time.monotonic() < deadline:
        time.sleep(0.05)
    claim("and serves again when there are some", answers(relay))

# What is refused before it listens.
for sentence, arguments, code, fragment in (
        ("a service that is not in the list", ["--config", config, "8000", HOST, "444"], 1, "not allowed"),
        ("a list that is not there", ["--config", FOLDER / "none", "8000", HOST, "443"], 4, "none"),
        ("a port of 0", ["8000", HOST, "0"], 2, "from 1 to 65535"),
        ("a port over 65535", ["8000", HOST, "65536"], 2, "from 1 to 65535"),
        ("no workers", ["-w", "0", "8000", HOST, "443"], 2, "--num_workers"),
        ("both families", ["-4", "-6", "8000", HOST, "443"], 2, "--ipv6"),
        ("an unknown letter", ["-x", "8000", HOST, "443"], 2, "no flag -x"),
        ("an address of the other family", ["-6", "--config", config, f"unix:{path}", "127.0.0.1", "1"], 2, "other family"),
        ("tcp beyond loopback", ["--config", config, "tcp://0.0.0.0:0", HOST, service.port], 2, "--allow-remote"),
        ("two operands", ["8000", HOST], 2, "LOCAL_PORT HOST PORT")):
    ended = run("proxy", *arguments)
    claim(f"refused: {sentence}", ended.returncode == code and fragment in ended.stderr, ended.stderr.strip()[:160])
if not os.path.exists("/etc/nitro_enclaves/vsock-proxy.yaml"):
    ended = run("proxy", "tcp://127.0.0.1:0", "example.com", "443")
    claim("without a list only KMS is allowed", ended.returncode == 1 and "only KMS" in ended.stderr, ended.stderr.strip()[:120])

# Over IPv6 from end to end: an address, and a name of which the resolver has nothing else.
try:
    six = Service(serve, "::1", family=socket.AF_INET6)
except OSError as error:
    six = None
    print(f"skipped: IPv6's loopback is not here ({error})")
if six:
    config.write_text(config.read_text() + f'- {{address: "::1", port: {six.port}}}\n- {{address: {HOST6}, port: {six.port}}}\n')
    names.table6[HOST6] = ["::1"]
    for sentence, flags, host in (("an IPv6 address", [], "::1"), ("the same with -6", ["-6"], "::1"),
                                  ("a name that has an IPv6 address alone", [], HOST6), ("the same with -6", ["-6"], HOST6)):
        asked = len(names.asked)
        with Relay("proxy", "--config", config, "--resolver", names.at, *flags, f"tcp://[::1]:{port}", host, six.port):
            with socket.create_connection(("::1", port), 5) as c:
                c.sendall(b"dover IPv6")
                c.shutdown(socket.SHUT_WR)
                got = to_the_end(c)
            claim(f"{sentence}, from [::1]", got[64:] == b"over IPv6", repr(got))
            if "-6" in flags and host == HOST6:
                claim("-6 asks for IPv6 alone", {kind for _, kind in names.asked[asked:]} == {28})
    with Relay("proxy", "--config", config, "--resolver", names.at, "-4", f"tcp://127.0.0.1:{port}", HOST6, six.port):
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as c:
                ended = c.recv(1) == b""
        except ConnectionResetError:
            ended = True
        claim("and with -4 it is not reached", ended)

# By AWS's name, with AWS's command line.
program = FOLDER / "vsock-proxy"
program.symlink_to(ENSIGN)
ended = run("8000", "example.com", "443", "--config", config, program=program)
claim("vsock-proxy refuses in AWS's words", ended.returncode == 1 and
      "The given address and port are not allowed" in ended.stderr, ended.stderr.strip()[:120])
with Relay("-w8", "--config", config, "--resolver", names.at, f"unix:{path}", HOST, service.port, program=program,
           socket_path=path) as relay:
    claim("vsock-proxy is the proxy, -w8 and all", answers(relay))
try:
    with Relay("--config", config, "vsock://1:18443", "127.0.0.1", service.port, program=program) as relay:
        with socket.socket(socket.AF_VSOCK) as c:
            c.settimeout(5)
            c.connect((1, 18443))
            c.sendall(b"dover vsock")
            c.shutdown(socket.SHUT_WR)
            claim("over vsock (this kernel's loopback)", to_the_end(c)[64:] == b"over vsock")
except (AssertionError, OSError) as error:
    print(f"skipped: vsock's loopback is not here ({str(error).splitlines()[-1]})")

clean_up()
done()
