"""What happens to the processes themselves: the one that speaks TLS is killed at each stage of an exchange; descriptors
and memory run out; the machine's clock and the attested one jump; SIGTERM comes under load. Signing goes on beside all but the last, and that one ends with every
answer whole."""

import json
import os
import resource
import secrets
import signal
import socket
import struct
import threading
import time

import ethereum as eth
from expect import claim, done
from played import Play, later
from scene import SANITIZED, Client, descendants, request

KEY = secrets.token_bytes(32)
ADDRESS = eth.address_of_key(KEY)
SIGN = request("sign_ticket", ticket=eth.ticket(ADDRESS))
LATE = 15 if SANITIZED else 5


def provisioned(play, what):
    play.kms.talk, play.kms.raw, play.kms.plaintext = type(play.kms).honest, None, KEY
    answer = play.provision()
    return claim(what, answer.get("result", {}).get("address") == ADDRESS, answer)


def killed_at(play, stage):
    """A provisioning whose exchange is killed at that stage."""
    waiting = set(descendants(play.signer.pid))

    def kill(*_):
        play.wait_for("the exchange's process", lambda: set(descendants(play.signer.pid)) - waiting, play.signer)
        exchange, = set(descendants(play.signer.pid)) - waiting
        os.kill(exchange, signal.SIGKILL)
        time.sleep(0.2)

    def kill_before_tls(stream):
        kill()
        return True

    def kill_in_tls(stream):
        stream.recv(100)
        kill()
        return True

    def kill_before_the_answer(kms, asked):
        kill()
        return kms.honest(asked)

    def kill_in_the_answer(kms, asked):
        whole = kms.honest(asked)
        return [whole[:200], 0.1, kill, whole[200:]]

    play.kms.raw = {"as it begins": kill_before_tls, "in the handshake": kill_in_tls}.get(stage)
    play.kms.talk = {"before the answer": kill_before_the_answer, "in the answer": kill_in_the_answer}.get(stage, type(play.kms).honest)
    began = time.monotonic()
    answer = play.provision()
    took = time.monotonic() - began
    claim(f"an exchange killed {stage} is refused at once", took < LATE
          and "the process that speaks TLS failed" in answer.get("error", {}).get("message", ""), (took, answer))
    claim(f"an exchange killed {stage}: nothing is left", play.ask("address").get("error", {}).get("message") == "signer not provisioned")


def the_child_dies():
    with Play(settings={"allow_reprovision": True}) as play:
        play.kms.plaintext = KEY
        for stage in ("as it begins", "in the handshake", "before the answer", "in the answer"):
            killed_at(play, stage)
        provisioned(play, "after all of them a key is provisioned")
        os.kill(descendants(play.signer.pid)[1], signal.SIGKILL)
        answer = play.provision()
        claim("without the process that waits for exchanges, provisioning is refused",
              "the process that speaks TLS failed" in answer.get("error", {}).get("message", ""), answer)
        claim("and signing goes on", "result" in play.ask("sign_ticket", ticket=eth.ticket(ADDRESS)))


def descriptors_run_out():
    with Play() as play:
        play.kms.plaintext = KEY
        with Client(play.signer.socket) as kept:
            claim("a client is served", "error" in kept.ask("address"))
            used = len(os.listdir(f"/proc/{play.signer.pid}/fd"))
            before = resource.prlimit(play.signer.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(play.signer.pid, resource.RLIMIT_NOFILE, (used, before[1]))
            answer = kept.ask("provision", region="us-east-2", ciphertext_b64="c2VhbGVk", **play.credentials())
            claim("with no descriptor left, provisioning is refused", answer.get("error", {}).get("code") == "remote", answer)
            claim("saying that", "Too many open files" in answer["error"]["message"])
            for number in range(100):
                if "error" not in kept.ask("sign_ticket", ticket=eth.ticket(ADDRESS, number=number)):
                    break
            claim("who is connected is served on", number == 99 and kept.ask("status")["result"]["provisioned"] is False)
            resource.prlimit(play.signer.pid, resource.RLIMIT_NOFILE, (used + 3, before[1]))
            crowd, served = [], 0
            for _ in range(50):  # each takes the place of the one that has waited longest, and that is never who keeps asking
                crowd.append(Client(play.signer.socket))
                served += "error" in kept.ask("address")
            claim("beside newcomers too", served == 50, served)
            resource.prlimit(play.signer.pid, resource.RLIMIT_NOFILE, before)
            for client in crowd:
                client.socket.close()
        provisioned(play, "with descriptors again, clients are taken and a key is provisioned")
        with Client(play.signer.socket) as one:
            claim("and it signs", "result" in one.ask("sign_ticket", ticket=eth.ticket(ADDRESS)))


def memory_runs_out():
    """The kernel gives the signer no further page: provisioning may fail, large requests may be closed, tickets are signed."""
    if SANITIZED:
        print("      skipped: a sanitizer's own memory has no such bounds")
        return
    with Play(settings={"allow_reprovision": True, "limits": {"buffered_bytes": 64 << 20}}) as play:
        provisioned(play, "a key before memory runs out")
        size = next(line for line in open(f"/proc/{play.signer.pid}/status") if line.startswith("VmSize"))
        before = resource.prlimit(play.signer.pid, resource.RLIMIT_AS)
        resource.prlimit(play.signer.pid, resource.RLIMIT_AS, (int(size.split()[1]) * 1024, before[1]))
        crowd = [Client(play.signer.socket) for _ in range(16)]
        for client in crowd:  # a megabyte each, of which the last byte does not come
            try:
                client.send(struct.pack(">I", 1 << 20) + b" " * ((1 << 20) - 1))
            except OSError:
                pass  # closed meanwhile
        answers = [play.provision() for _ in range(3)]
        claim("each provisioning succeeds or is refused", all("result" in one or one["error"]["code"] in ("internal", "remote")
                                                              for one in answers), answers)
        signed = [play.ask("sign_ticket", ticket=eth.ticket(ADDRESS, number=number)) for number in range(50)]
        claim("tickets are signed", all("result" in one for one in signed))
        closed = 0
        for client in crowd:
            client.socket.settimeout(0)
            try:
                closed += client.socket.recv(1) == b""
            except BlockingIOError:
                pass
            except OSError:
                closed += 1
            client.socket.close()
        claim("who sent more than there is room for was closed", closed > 0, f"{closed} of {len(crowd)}")
        resource.prlimit(play.signer.pid, resource.RLIMIT_AS, before)
        provisioned(play, "with memory again a key is provisioned")


def the_machines_clock_jumps():
    """An ensignd whose clock of the day is wrong by years, each time it is asked: nothing goes by it."""
    with Play(settings={"lease_seconds": 3600}, build="ENSIGND_WRONG_CLOCK") as play:
        provisioned(play, "by a wrong clock of the day: KMS's certificate is judged, and its request dated, by the document")
        dated = play.kms.requests[-1].header("X-Amz-Date")
        now = time.strftime("%Y%m%dT%H%M", time.gmtime()), time.strftime("%Y%m%dT%H%M", time.gmtime(time.time() - 60))
        claim("the request's date is the document's", dated[:13] in now, dated)
        for number in range(100):
            play.ask("sign_ticket", ticket=eth.ticket(ADDRESS, number=number))
        status = play.ask("status")["result"]
        claim("no second of the lease is lost or won", 3600 - 60 < status["lease"]["seconds_left"] <= 3600, status["lease"])
        claim("status tells the document's time", abs(status["time_ms"] / 1000 - time.time()) < 60, status["time_ms"])
        entries = play.ask("journal", after=0)["result"]["entries"]
        claim("and so does the journal", len(entries) >= 100 and all(abs(one["time_ms"] / 1000 - time.time()) < 120 for one in entries),
              entries[:1])


def the_attested_clock_jumps():
    with Play(settings={"lease_seconds": 3600}) as play:
        provisioned(play, "a key with a lease of an hour")
        lease = play.ask("status")["result"]["lease"]["seconds_left"]
        for seconds in (-10**9, -3600, -1):
            play.nsm.twist = later(seconds)
            play.ask("attestation", nonce="0x00")
            left = play.ask("status")["result"]["lease"]["seconds_left"]
            claim(f"a document dated {-seconds} s back gives the lease no second", lease - 60 < left <= lease, (lease, left))
        at = play.ask("status")["result"]["time_ms"]
        time.sleep(1.2)
        passed = play.ask("status")["result"]["time_ms"] - at
        claim("nor does its clock stand until that time has come again", passed >= 1000, passed)
        play.nsm.twist = later(1800)
        play.ask("attestation", nonce="0x00")
        left = play.ask("status")["result"]["lease"]["seconds_left"]
        claim("one dated half an hour ahead takes half of it", lease - 1860 < left <= lease - 1800, (lease, left))
        play.nsm.twist = None
        play.ask("attestation", nonce="0x00")
        claim("which none gives back", play.ask("status")["result"]["lease"]["seconds_left"] <= left)
        claim("and it signs", "result" in play.ask("sign_ticket", ticket=eth.ticket(ADDRESS)))
        play.nsm.twist = later(3700)
        play.ask("attestation", nonce="0x00")
        claim("one dated past its end ends it", play.signer.wait(LATE) == 3)


class Pipelined(threading.Thread):
    """Sends without a pause until it is closed, and keeps what comes back."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self.client, self.sent, self.whole, self.rest = Client(where, timeout=60), 0, [], b""

    def run(self):
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        while True:
            try:
                part = self.client.socket.recv(65536)
            except OSError:
                part = b""
            if not part:
                return
            self.rest += part
            while len(self.rest) >= 4 and len(self.rest) >= 4 + struct.unpack(">I", self.rest[:4])[0]:
                size = struct.unpack(">I", self.rest[:4])[0]
                self.whole.append(self.rest[4:4 + size])
                self.rest = self.rest[4 + size:]

    def _send(self):
        try:
            while True:
                self.client.send(SIGN)
                self.sent += 1
        except OSError:
            pass


def told_to_stop_under_load():
    """With pipelined clients, clients of one request, and a provisioning that waits for KMS."""
    with Play(settings={"allow_reprovision": True}) as play:
        provisioned(play, "a key for the load")
        asked = threading.Event()

        def slowly(kms, request):
            asked.set()
            time.sleep(2)
            return kms.honest(request)

        play.kms.talk, slow = slowly, {}
        waiting = threading.Thread(target=lambda: slow.update(play.provision()))
        waiting.start()
        asked.wait(20)
        wanted = play.ask("sign_ticket", ticket=eth.ticket(ADDRESS))
        crowd = [Pipelined(play.signer.socket) for _ in range(8)]
        for one in crowd:
            one.start()
        singles = []
        for _ in range(8):
            one = Client(play.signer.socket)
            one.send(SIGN)
            singles.append(one)
        time.sleep(1)
        began = time.monotonic()
        play.signer.send_signal(signal.SIGTERM)
        code = play.signer.wait(30)
        took = time.monotonic() - began
        for one in crowd:
            one.join(20)
        waiting.join(20)
        claim("told to stop, it leaves with 0, once KMS has answered", code == 0 and took < 10, (code, took))
        body = json.dumps(wanted, sort_keys=True, separators=(",", ":")).encode()
        answers = sum(len(one.whole) for one in crowd)
        claim("every frame that anybody got is whole, and the right answer", answers > 100
              and all(one.rest == b"" and set(one.whole) <= {body} for one in crowd), [(one.rest[:40], len(one.whole)) for one in crowd])
        claim("clients of one request have their answer", all(one.receive() == body for one in singles))
        claim("and the provisioning that was under way has its own", slow.get("result", {}).get("address") == ADDRESS, slow)
        print(f"      {answers} answers to {sum(one.sent for one in crowd)} requests")


for part in (the_child_dies, descriptors_run_out, memory_runs_out, the_machines_clock_jumps, the_attested_clock_jumps, told_to_stop_under_load):
    part()
done()
