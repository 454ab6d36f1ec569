"""An NSM that fails, is silent, truncates, lies about lengths or says more than it ever does: at the start, for random
numbers; when a key is provisioned; when people ask for a document. Each is refused with its reason, nothing is left behind,
and the next good answer is taken."""

import base64
import secrets
import struct
import time

import ethereum as eth
from expect import claim, done
from played import NsmWire, Play, SPKI_OPENING
from scene import run, program

KEY = secrets.token_bytes(32)
MOST = 12288  # NSM_RESPONSE_MAX
NONE = {"result": {}}  # the original's answer to who asks for a document where none can be had


def framed(answer):
    return struct.pack(">I", len(answer)) + answer


def failing(name):
    """{"Error": name} in CBOR."""
    return lambda answer: framed(b"\xa1\x65Error" + bytes([0x60 + len(name)]) + name.encode() if len(name) < 24 else b"")


def stretched(answer):
    """A document in a byte string that announces more than there is."""
    at = answer.find(b"hdocumentY") + len(b"hdocumentY")
    if at < len(b"hdocumentY"):
        return framed(answer)
    return framed(answer[:at] + struct.pack(">H", 65535) + answer[at + 2:])


def other_key(answer):
    at = answer.find(SPKI_OPENING) + len(SPKI_OPENING) + 100
    if at < len(SPKI_OPENING) + 100:
        return framed(answer)  # not one for KMS
    return framed(answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1:])


def ever_deeper(answer):
    return framed(b"\x81" * MOST)


TWISTS = {
    "hangs up": lambda answer: None,
    "says half a length": lambda answer: b"\0\0",
    "says half an answer": lambda answer: framed(answer)[:len(answer) // 2],
    "says an empty answer": lambda answer: framed(b""),
    "announces 4 GB": lambda answer: b"\xff\xff\xff\xff" + answer,
    "says a byte more than an NSM ever does": lambda answer: framed(bytes(MOST + 1)),
    "says as much as an NSM can, of nothing": lambda answer: framed(bytes(MOST)),
    "nests without end": ever_deeper,
    "says something after its answer": lambda answer: framed(answer + b"\0"),
    "has an InternalError": failing("InternalError"),
    "has an error that nobody knows": failing("Evil\r\nError"),
    "answers another question": lambda answer: framed(b"\xa1\x67LockPCR\xa0"),
}
OF_DOCUMENTS = {
    "answers with random numbers": lambda answer: framed(b"\xa1\x69GetRandom\xa1\x66random\x58\x20" + bytes(32)),
    "announces a document longer than it is": stretched,
    "answers with an empty document": lambda answer: framed(b"\xa1\x6bAttestation\xa1\x68document\x40"),
    "makes the document around another key": other_key,
}


def good(play, when):
    play.nsm.twist = None
    answer = play.ask("attestation", nonce="0x" + "22" * 32)
    claim(f"{when}: the next document is given", base64.b64decode(answer["result"]["document_b64"])[:1] == b"\x84", str(answer)[:200])


# At the start: what it refuses, it says, and leaves with 2.
with Play() as play:
    for number, (name, twist) in enumerate(TWISTS.items()):
        wire = NsmWire(play.folder / f"start-{number}.sock", play.folder / "nsm.sock")
        wire.twist = twist
        code, out, said = run(program("ENSIGND"), "--settings", play.folder / "signer.json", "--listen", f"unix:{play.folder}/s{number}",
                              "--nsm", f"unix:{wire.listener.path}")
        claim(f"an NSM that {name} stops the start", code == 2 and out == "" and "the NSM's random numbers: " in said, (code, said))
    wire.twist = lambda answer: framed(b"\xa1\x69GetRandom\xa1\x66random\x41\x07")
    code, _, said = run(program("ENSIGND"), "--settings", play.folder / "signer.json", "--listen", f"unix:{play.folder}/s",
                        "--nsm", f"unix:{wire.listener.path}")
    claim("an NSM with one random byte stops the start", code == 2 and "1 random byte" in said, said)

with Play() as play:
    play.kms.plaintext = KEY
    for name, twist in {**TWISTS, **OF_DOCUMENTS}.items():
        play.nsm.twist = twist
        asked = len(play.kms.requests)
        answer = play.provision()
        error = answer.get("error", {})
        claim(f"an NSM that {name}: nothing is provisioned", error.get("code") == "remote" and error["message"].isprintable()
              and ("NSM" in error["message"] or "attestation document" in error["message"]) and "Evil" not in error["message"], answer)
        claim(f"an NSM that {name}: KMS is not asked", len(play.kms.requests) == asked)
        if twist is not other_key:
            answer = play.ask("attestation", nonce="0x" + "11" * 32)
            claim(f"an NSM that {name}: no document is given", answer == NONE, answer)
        claim(f"an NSM that {name}: the signer is as it was", play.ask("address") ==
              {"error": {"code": "state", "message": "signer not provisioned"}})
    good(play, "after all of them")
    play.nsm.twist = None
    claim("and a key is provisioned", play.provision().get("result", {}).get("address") == eth.address_of_key(KEY))

    # With a key there, a failing NSM costs documents alone.
    ticket = eth.ticket(eth.address_of_key(KEY))
    for name, twist in TWISTS.items():
        play.nsm.twist = twist
        claim(f"an NSM that {name}: the signer signs", "result" in play.ask("sign_ticket", ticket=ticket)
              and play.ask("attestation", nonce="0x" + "11" * 32) == NONE)
    good(play, "beside a key")

    # Silent, it costs whoever asks it, for as long as an exchange may take.
    play.nsm.twist = lambda answer: time.sleep(12)
    began = time.monotonic()
    answer = play.ask("attestation", nonce="0x" + "11" * 32)
    took = time.monotonic() - began
    claim("a silent NSM is waited for for ten seconds", answer == NONE and 9 < took < 14, (took, answer))
    good(play, "after its silence")
done()
