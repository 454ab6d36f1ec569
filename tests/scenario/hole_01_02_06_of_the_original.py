"""FACTS Z 1, 2 and 6: documents whose map has no length and whose bundle is root first, as today's hardware makes them,
are what ensignd works with and what `ensign verify` believes; and a request to KMS is never half-closed, since the
parent's proxy would take that for the end."""

import base64
import select
import socket
import threading

from expect import claim, done
from stack import Stack

events = []


def relay(listener, target):
    """Carries one connection after the other, and notes if the enclave's side ends before KMS has answered."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer, socket.socket(socket.AF_UNIX) as kms:
            kms.connect(str(target))
            other, answered = {peer: kms, kms: peer}, 0
            while True:
                ready = select.select([peer, kms], [], [], 20)[0]
                try:
                    data = ready[0].recv(65536) if ready else b""
                except ConnectionResetError:
                    data = b""
                if not data:
                    events.append(("enclave" if ready and ready[0] is peer else "kms", answered))
                    break
                if ready[0] is kms:
                    answered += len(data)
                try:
                    other[ready[0]].sendall(data)
                except OSError:
                    break


with Stack(mode="strict", policy=Stack.policy()) as stack:
    stack.stop_signer()
    path = stack.folder / "to-kms.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(4)
    threading.Thread(target=relay, args=(listener, stack.folder / "sim/kms.sock"), daemon=True).start()
    stack.env["ENSIGND_ARGS"] = stack.env["ENSIGND_ARGS"].replace(str(stack.folder / "sim/kms.sock"), str(path))
    stack.start_signer(name="between")
    signer = stack.provision()
    stack.wait_for("the end of the exchange", lambda: events, stack.ensignd)
    side, answered = events[0]
    claim("hole 06: nothing is closed before KMS's answer is whole", answered > 1000, f"{side} ended it after {answered} bytes of answer")

    document = base64.b64decode(signer.call("attestation", nonce="0x" + "11" * 32)["document_b64"])
    claim("hole 01: the payload is a map without a length", document[:8] == bytes.fromhex("8444a1013822a059") and document[10] == 0xBF,
          document[:12].hex())
    root = base64.b64decode("".join((stack.folder / "sim/nsm-root.pem").read_text().split("-----")[2].split()))
    bundle = document.index(b"hcabundle") + len(b"hcabundle")
    first = document.index(b"\x59", bundle)
    claim("hole 02: the bundle's first certificate is the root", document[first + 3:first + 3 + len(root)] == root)
    believed = stack.ensign("verify", "--endpoint", signer.endpoint, "--chain-only", "--root", stack.folder / "sim/nsm-root.pem", check=False)
    claim("and `ensign verify` believes the chain", believed.returncode == 0, (believed.stdout + believed.stderr)[-200:])
    listener.close()

done()
