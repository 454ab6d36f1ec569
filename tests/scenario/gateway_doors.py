"""Who gets into the gateway, and what those who misbehave cost: TLS with client certificates, a bearer token, an address
beyond the loopback, connections beyond the limit, halves of requests, and an end in the middle of an answer."""

import http.client
import json
import signal
import socket
import ssl
import threading
import time
import warnings

from expect import claim, done
from gateway import Gateway, certificate
from stack import BUILD, Stack

ACCOUNTS = '{"jsonrpc":"2.0","id":1,"method":"eth_accounts"}'
JSON = {"Content-Type": "application/json"}
TOKEN = "a-token-of-some-length"


def over_tls(port, trusts, shows=None, least=None):
    """The status of eth_accounts over TLS, or the error's name."""
    context = ssl.create_default_context(cafile=f"{trusts}.pem")
    if shows:
        context.load_cert_chain(f"{shows}.pem", f"{shows}.key")
    if least:
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # so that it is not the client that refuses
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = least
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=15)
    try:
        connection.request("POST", "/", ACCOUNTS, JSON)
        return connection.getresponse().status
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected) as error:
        return type(error).__name__
    finally:
        connection.close()


def tls(stack):
    folder = stack.folder
    server, ca, stranger = (certificate(folder, name) for name in ("server", "ca", "stranger"))
    client = certificate(folder, "client", ca)
    flags = ["--tls-certificate", f"{server}.pem", "--tls-key", f"{server}.key"]
    plain = Gateway(stack, *flags, name="gateway-tls")
    claim("HTTPS without client certificates", over_tls(plain.port, server) == 200)
    claim("nothing below TLS 1.2", over_tls(plain.port, server, least=ssl.TLSVersion.TLSv1_1) != 200)
    mutual = Gateway(stack, *flags, "--tls-client-ca", f"{ca}.pem", name="gateway-mtls")
    claim("with a client CA: its certificate gets in", over_tls(mutual.port, server, client) == 200)
    for sentence, shows in (("none does not", None), ("a stranger's does not", stranger)):
        found = over_tls(mutual.port, server, shows)
        claim(sentence, found != 200, str(found))
    with socket.create_connection(("127.0.0.1", mutual.port), 5) as s:
        s.sendall(b"GET /upcheck HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            got = s.recv(4096)
        except ConnectionResetError:
            got = b""
        claim("plain HTTP to the TLS port gets no answer", b"OK" not in got, repr(got))


def token(stack):
    path = stack.folder / "token"
    path.write_text(TOKEN + "\n")
    gateway = Gateway(stack, "--token-file", path, name="gateway-token")

    def status(authorization):
        headers = JSON if authorization is None else {**JSON, "Authorization": authorization}
        return gateway.http("POST", "/", ACCOUNTS, headers)[0]

    claim("the token gets in", status(f"Bearer {TOKEN}") == 200)
    for sentence, sent in (("none", None), ("another", f"Bearer {TOKEN[:-1]}x"), ("a longer one", f"Bearer {TOKEN}x"),
                           ("a shorter one", f"Bearer {TOKEN[:-1]}"), ("another scheme", f"Basic {TOKEN}"), ("nothing", "Bearer ")):
        claim(f"{sentence} does not", status(sent) == 401)
    claim("metrics want it too, upcheck does not", (gateway.http("GET", "/metrics")[0], gateway.http("GET", "/upcheck")[0])
          == (401, 200))
    shown = gateway.process.log.read_text() + open(f"/proc/{gateway.process.pid}/cmdline").read()
    claim("the token stands in no log and no process list", TOKEN not in shown)


def pages(stack):
    gateway = Gateway(stack, "--allow-origin", "https://wallet.example", "--allow-host", "signer.internal", "--token-file",
                      stack.folder / "token", name="gateway-page")
    page = {"Origin": "https://wallet.example"}

    def ask(method, headers):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        connection.request(method, "/", ACCOUNTS if method == "POST" else None, headers)
        answer = connection.getresponse()
        found = answer.status, answer.getheader("Access-Control-Allow-Origin")
        connection.close()
        return found

    claim("an allowed page may ask beforehand, without the token", ask("OPTIONS", page) == (200, "https://wallet.example"))
    with_token = {**JSON, **page, "Authorization": f"Bearer {TOKEN}"}
    claim("and then read the answer", ask("POST", with_token) == (200, "https://wallet.example"))
    claim("but not without the token", ask("POST", {**JSON, **page})[0] == 401)
    claim("another page neither", ask("OPTIONS", {"Origin": "https://wallet.example.evil"}) == (403, None))
    claim("without Origin nothing is said of pages, and OPTIONS wants the token", (
        ask("POST", {**JSON, "Authorization": f"Bearer {TOKEN}"}), ask("OPTIONS", {})) == ((200, None), (401, None)))
    claim("an allowed Host", (ask("POST", {**with_token, "Host": "signer.internal:9000"})[0],
                              ask("POST", {**with_token, "Host": "signer.internal.evil"})[0]) == (200, 403))


def command_line(stack):
    signer = ["--endpoint", stack.signer.endpoint]
    short = stack.folder / "short"
    short.write_text("short\n")
    for sentence, flags, fragment in (
            ("no endpoint", [], "no signer named"), ("an endpoint that is none", ["--endpoint", "http://x"], "endpoint"),
            ("nine endpoints", signer * 9, "more than 8"),
            ("beyond the loopback", [*signer, "--listen", "0.0.0.0:0"], "--allow-remote"),
            ("beyond the loopback without a lock", [*signer, "--listen", "0.0.0.0:0", "--allow-remote"], "--token-file"),
            ("a token too short", [*signer, "--token-file", short], "no token"),
            ("a certificate without key", [*signer, "--tls-certificate", "x"], "go together"),
            ("a certificate that is not there", [*signer, "--tls-certificate", "/x", "--tls-key", "/y"], "/x"),
            ("an upstream that is no URL", [*signer, "--upstream", "ftp://x"], "--upstream"),
            ("an upstream with a password", [*signer, "--upstream", "http://u:secret@x"], "--upstream"),
            ("an address that is none", [*signer, "--address", "0x12"], "--address")):
        run = stack.ensign("gateway", *flags, check=False, timeout=10)
        claim(f"{sentence} is exit 2", run.returncode == 2 and fragment in run.stderr and "secret" not in run.stderr,
              f"{run.returncode} {run.stderr.strip()[:200]}")
    taken = Gateway(stack, name="gateway-taken")
    run = stack.ensign("gateway", *signer, "--listen", f"127.0.0.1:{taken.port}", check=False, timeout=10)
    claim("a port that is taken is exit 4", run.returncode == 4, run.stderr.strip())


def unix_socket(stack, me):
    """The listener for programs that share a folder with it: who may connect is what the folder's mode lets."""
    where = stack.folder / "gateway.sock"
    process = stack.start("gateway-unix", BUILD / "ensign", "gateway", "--endpoint", stack.signer.endpoint, "--listen",
                          f"unix:{where}")
    stack.wait_for("gateway-unix", lambda: "serving HTTP" in process.log.read_text(), process)  # the path is there before

    def ask(host="localhost"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(where))
            s.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
                      f"Content-Length: {len(ACCOUNTS)}\r\n\r\n{ACCOUNTS}".encode())
            return b"".join(iter(lambda: s.recv(65536), b""))

    claim("over a unix socket", me.lower().encode() in ask())
    claim("its Host too must be one that is allowed", ask("attacker.example").startswith(b"HTTP/1.1 403"))
    process.terminate()
    claim("SIGTERM ends it with 0 and removes its socket", process.wait(15) == 0 and not where.exists(), str(where.exists()))


def misbehaviour(stack, me):
    gateway = Gateway(stack, name="gateway-crowd")
    idle = [socket.create_connection(("127.0.0.1", gateway.port), 5) for _ in range(300)]
    for s in idle[:50]:
        s.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Le")
    start = time.monotonic()
    claim("300 who say nothing or half of something cost nobody else", gateway.call("eth_accounts") == [me.lower()]
          and time.monotonic() - start < 5, f"{time.monotonic() - start:.2f} s")
    for s in idle:
        s.close()
    for sentence, sent in (("no HTTP", b"\x16\x03\x01 what\r\n\r\n"), ("two framings", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                           ("two hosts", b"GET /upcheck HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"),
                           ("no host", b"GET /upcheck HTTP/1.1\r\n\r\n"), ("too long a body", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n")):
        with socket.create_connection(("127.0.0.1", gateway.port), 5) as s:
            s.sendall(sent)
            first = s.recv(4096).split(b"\r\n")[0]
            claim(f"{sentence} is an error of HTTP", first.split(b" ")[1] in (b"400", b"403", b"413"), first.decode())
    deep = "[" * 20000
    claim("nesting without end is no JSON", gateway.post(deep)[0] == 400)
    status, body = gateway.post("[" + ",".join([ACCOUNTS] * 129) + "]")
    claim("a batch of 129 is refused whole", status == 400 and json.loads(body)["error"]["code"] == -32600)
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as s:
        request = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(ACCOUNTS)}\r\n\r\n{ACCOUNTS}"
        s.sendall(request.encode() * 3)
        got = b""
        while got.count(b'"result"') < 3:
            part = s.recv(65536)
            if not part:
                break
            got += part
        claim("three requests sent at once on one connection are answered in order", got.count(b"200 OK") == 3)


def the_end(stack, me):
    gateway = Gateway(stack, name="gateway-end")
    batch = json.dumps([{"jsonrpc": "2.0", "id": i, "method": "eth_sign", "params": [me, "0x%02x" % i]} for i in range(128)])
    answers, sent = [], threading.Event()

    def client():
        sent.set()
        answers.append(gateway.post(batch))

    thread = threading.Thread(target=client)
    stack.ensignd.send_signal(signal.SIGSTOP)  # so that the answer is surely not there yet
    thread.start()
    sent.wait(5)
    time.sleep(0.3)
    gateway.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    stack.ensignd.send_signal(signal.SIGCONT)
    thread.join(20)
    claim("told to end, it finishes what it is answering", answers and answers[0][0] == 200
          and all("result" in one for one in json.loads(answers[0][1])), str(answers)[:200])
    claim("and ends well", gateway.process.wait(15) == 0)


with Stack(policy=Stack.policy(messages="any")) as stack:
    me = stack.provision().address
    tls(stack)
    token(stack)
    pages(stack)
    command_line(stack)
    unix_socket(stack, me)
    misbehaviour(stack, me)
    the_end(stack, me)
done()
