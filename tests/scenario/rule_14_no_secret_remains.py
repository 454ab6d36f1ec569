"""Rule 14 by search: what provisioning, signing, failing and the end of a lease leave in the readable memory of ensignd and
its TLS process, and in /proc. Searched for, whole and in pieces of 16 bytes, as bytes, limbs and text: the private key,
nonces of signatures, the private numbers of RSA keys that were used, CMS content keys, the AWS secret access key and
session token, and the keys that SigV4 derives. Outside the key's page there are none."""

import base64
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time

import ethereum as eth
import memory
from expect import claim, done, skip
from played import REGION, Play, envelope, later, modulus_of
from scene import SANITIZED, Client, descendants, request

if os.getuid() != 0:
    skip("only root may read the memory of a process that is not dumpable")
if SANITIZED:
    skip("a sanitizer keeps freed memory as it was")

LEASE_SECONDS, SIGNATURES = 3600, 20
NOBODY = 65534


class Search:
    """The secrets that have been used so far, and where they may be."""

    def __init__(self, play):
        self.play, self.needles, self.controls, self.held = play, {}, {}, []
        self.pids = descendants(play.signer.pid)
        self.known = {pid: memory.unwritable(memory.regions(pid)) for pid in self.pids}
        self.count, self.latest = 0, {}

    def learn(self, shapes):
        self.latest.update(shapes)
        self.needles.update({f"{name} ({self.count})": needle for name, needle in shapes.items()})

    def before(self):
        """The memory in which the RSA key lies that the next provisioning will use."""
        self.latest = {}
        self.play.ready()
        self.held = memory.regions(self.pids[0], self.known[self.pids[0]])

    def add_rsa(self):
        """The RSA key of the last provisioning, found in the memory from before it: so the search finds what is there."""
        modulus = modulus_of(self.play.nsm.spkis[-1])
        prime = memory.prime_of(self.held, modulus)
        if claim("the RSA key was in memory before it was used", prime is not None):
            shapes = memory.rsa_shapes(prime, modulus)
            found = {name.split(",")[0] for name, _, _ in memory.places(self.held, shapes)}
            claim("with the numbers that it decrypts by", {"RSA p", "RSA q", "RSA d mod p-1", "RSA d mod q-1"} <= found, sorted(found))
            self.learn(shapes)

    def add_credentials(self, credentials):
        self.count += 1
        self.learn(memory.pieces("the session token", credentials["aws_session_token"].encode()))
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        for asked in self.play.kms.requests[-1:]:
            date = asked.header("X-Amz-Date")
        self.learn(memory.sigv4_shapes(credentials["aws_secret_access_key"], date, REGION))

    def add_content_keys(self):
        for key in self.play.kms.content_keys:
            self.learn(memory.pieces("a content key", key))
        self.play.kms.content_keys.clear()

    def nothing(self, when, key=None, latest=False):
        """None of what was used (of the last provisioning alone, when so asked) is anywhere, but for `key`, which is in its
        page alone."""
        mine = memory.key_shapes("the private key", key or KEY)
        wanted = {**(self.latest if latest else self.needles), **mine}
        for pid in self.pids[:1] if latest else self.pids:
            held = memory.regions(pid, self.known[pid])
            found = memory.places(held, wanted)
            outside = sorted({f"{name} in {where}" for name, region, where in found
                              if not (region.is_the_keys_page and name in mine)})
            claim(f"{when}: process {pid} holds none of {len(wanted)} pieces outside the key's page", not outside,
                  "\n".join(outside[:20]))
            inside = {name for name, region, _ in found if region.is_the_keys_page}
            if key and pid == self.pids[0]:
                claim(f"{when}: the key is in its page", any("big endian" in name for name in inside))
            else:
                claim(f"{when}: process {pid} has no key page with a key in it", not inside)
            said = b"\n".join(memory.shown_by_proc(pid).values())
            claim(f"{when}: /proc shows none of it for {pid}", not list(memory.Needles(wanted).within(said)))


def provision(play, search, when, says=None, **params):
    """One provisioning with new credentials; what it used is searched for from now on."""
    credentials = play.credentials()
    search.before()
    keys = len(play.nsm.spkis)
    answer = play.provision(**credentials, **params)
    if says is None:
        claim(f"{when}: provisioned", "result" in answer, answer)
    else:
        claim(f"{when}: refused", says in answer.get("error", {}).get("message", ""), answer)
    search.add_credentials(credentials)
    search.add_content_keys()
    if len(play.nsm.spkis) > keys:
        search.add_rsa()
    return answer


def ended(play):
    """True once nobody is served any more: the program is ending."""
    try:
        play.ask("address", timeout=2)
        return False
    except (OSError, TypeError):
        return True


def hang_up(stream):
    return True


def hang_up_after_the_request(kms, request):
    return b""


KEY = secrets.token_bytes(32)
TEXT = b"0x" + KEY.hex().encode()
tickets, nonces = [eth.ticket(eth.address_of_key(KEY), number=number) for number in range(SIGNATURES)], {}
for number, ticket in enumerate(tickets):
    nonce = memory.nonce_of(KEY, eth.eip191(eth.ticket_hash(ticket)))
    nonces.update(memory.number_shapes(f"nonce {number}", nonce, 32))
    nonces.update(memory.number_shapes(f"1/nonce {number}", pow(nonce, -1, eth.N), 32))

with Play(settings={"lease_seconds": LEASE_SECONDS}) as play:
    kms, search = play.kms, Search(play)
    kms.plaintext = TEXT
    search.nothing("at the start")

    denied = kms.http({"__type": "AccessDeniedException", "Message": "no"}, b"400 Bad Request")
    stranger = secrets.token_bytes(256)
    refusals = [
        ("KMS denies it", "AccessDeniedException", lambda k, r: denied, {}),
        ("an envelope for another key", "for another key", lambda k, r: k.honest(r, spki=play.nsm.spkis[0]), {}),
        ("a content key that does not open", "does not open", lambda k, r: k.http({**k.members(r), "CiphertextForRecipient": damaged(k, r)}), {}),
        ("a key of 31 bytes", "not a valid ethereum private key", lambda k, r: k.honest(r, plaintext=KEY[:31]), {}),
        ("a key with white space in it", "Non-hexadecimal", lambda k, r: k.honest(r, plaintext=TEXT[:40] + b" " + TEXT[41:]), {}),
        ("another address than expected", "address mismatch", lambda k, r: k.honest(r), {"expected_address": "0x" + "11" * 20}),
        ("the right key and a Plaintext beside it", "plaintext", lambda k, r: k.honest(r, Plaintext="AQID"), {}),
        ("KMS hangs up after the request", "ended before the answer was whole", hang_up_after_the_request, {}),
    ]

    def damaged(k, r):
        """The content key is the one that was drawn, the content is another's."""
        sealed = bytearray(envelope(r.spki, TEXT, k.content_keys[-1]))
        sealed[-1] ^= 1
        return base64.b64encode(sealed).decode()

    for when, says, talk, params in refusals:
        kms.talk = talk
        provision(play, search, when, says, **params)
        search.nothing(when, latest=True)
    kms.raw = hang_up
    provision(play, search, "KMS hangs up before TLS", "did not complete")
    kms.raw = None
    play.nsm.twist = lambda answer: None
    search.before()
    provision(play, search, "the NSM hangs up", "peer closed")
    play.nsm.twist = None
    search.nothing("the peers hang up")

    # While KMS takes its time: the exchange's process has the request, and nothing else.
    entered, go_on = threading.Event(), threading.Event()

    def slowly(k, r):
        entered.set()
        go_on.wait(20)
        return k.honest(r)

    kms.talk = slowly
    credentials = play.credentials()
    search.before()
    began = time.monotonic()
    asking = threading.Thread(target=lambda: play.provision(**credentials))
    asking.start()
    claim("KMS is asked", entered.wait(20))
    exchange, = [pid for pid in descendants(play.signer.pid) if pid not in search.pids]
    search.add_rsa()
    search.add_credentials(credentials)
    token = {name for name in search.needles if name.startswith("the session token")}
    held = memory.places(memory.regions(exchange), search.needles)
    claim("the exchange's process holds the session token, which is in its request", any(name in token for name, _, _ in held))
    others = sorted({name for name, _, _ in held if name not in token})
    claim("and no other secret", not others, others)
    go_on.set()
    asking.join()
    search.add_content_keys()
    kms.talk = type(kms).honest
    search.nothing("provisioned", KEY)

    for ticket in tickets:
        made = play.ask("sign_ticket", ticket=ticket)["result"]["signature"]
    claim("the nonces searched for are the ones used", int(made[2:66], 16) == eth._times(nonce, eth.G)[0] % eth.N)
    search.needles.update(nonces)
    search.nothing("after signing", KEY)

    provision(play, search, "the lease is renewed")
    search.nothing("renewed", KEY)
    provision(play, search, "a renewal is refused", "already provisioned", ciphertext_b64="b3RoZXI=")
    search.nothing("a renewal refused", KEY)

    # A client that takes no answers keeps the program from ending for a while after its key has.
    with Client(play.signer.socket) as idle:
        idle.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        idle.send(request("journal", after=0, limit=4096) * 50)
        play.nsm.twist = later(LEASE_SECONDS + 1)
        play.ask("attestation", nonce="0x" + "11" * 32)
        play.wait_for("the end of the lease", lambda: ended(play), play.signer)
        search.nothing("the lease has ended")
    code = play.signer.wait(30)
    claim("and the program ends with 3", code == 3, code)


def dumped(process):
    """Whether the kernel dumps it when it is ended as by a fault, its limit lifted if the kernel lets us."""
    try:
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except PermissionError:
        print("      the limit stays: lifting another's needs CAP_SYS_RESOURCE")
    process.send_signal(signal.SIGSEGV)
    status = os.waitpid(process.pid, 0)[1]
    process.returncode = -os.WTERMSIG(status)
    return os.WCOREDUMP(status)


def other_user(play):
    """How much of ensignd's part of /proc is given to another process of its user."""
    given, pid = 0, os.fork()
    if pid == 0:
        as_nobody()
        for name in ("mem", "environ", "maps", "fd", "auxv", "syscall"):
            try:
                path = f"/proc/{play.signer.pid}/{name}"
                os.listdir(path) if name == "fd" else open(path, "rb").read(1)
                given += 1
            except PermissionError:
                pass
        os._exit(given)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def gcore(pid, folder):
    """Whether gcore of that user makes a dump of the process."""
    if shutil.which("gcore") is None:
        return False
    subprocess.run(["gcore", "-o", folder / "gcore", str(pid)], preexec_fn=as_nobody, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    return (folder / f"gcore.{pid}").exists()


def as_nobody():
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


with Play(workers=1, user=as_nobody) as play:
    play.kms.plaintext = TEXT
    claim("provisioned, as nobody", "result" in play.provision())
    claim("a process of the same user is given nothing of its memory, environment or descriptors", other_user(play) == 0)
    ordinary = subprocess.Popen(["sleep", "60"], cwd=play.folder, preexec_fn=as_nobody)
    if gcore(ordinary.pid, play.folder):
        claim("gcore, which dumps other processes of that user, dumps neither of ensignd's",
              not [pid for pid in descendants(play.signer.pid) if gcore(pid, play.folder)])
    else:
        print("skipped: whether gcore dumps ensignd, since it is not here or dumps nothing")
    if dumped(ordinary):
        claim("a fault, which makes the kernel dump others, makes no dump of ensignd", not dumped(play.signer))
    else:
        print("skipped: whether a fault makes a dump, since this machine makes none of any program")
done()
