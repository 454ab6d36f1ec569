"""Rule 13, with a key in the signer: requests as large and as costly as a frame allows cost only who sends them. None ends
the signer, and none makes an honest client wait."""

import json
import statistics
import threading
import time

from expect import claim, done
from stack import Stack

FRAME = 1 << 20
SOON = 0.05  # seconds in which an honest call is answered


def filled(head, item, tail, most=FRAME):
    """head, as many items as fit, tail."""
    return head + b",".join([item] * ((most - len(head) - len(tail) + 1) // (len(item) + 1))) + tail


def stretched(head, unit, tail, less=0):
    return head + unit * ((FRAME - less - len(head) - len(tail)) // len(unit)) + tail


TX = b'{"method":"sign_transaction","params":{"tx":{"nonce":0,"gasPrice":1,"gas":21000,"chainId":1,'
LIST = TX + b'"type":1,"accessList":['
TYPED = (b'{"method":"sign_typed_data","params":{"typed_data":{"primaryType":"A","domain":{},"types":{"A":[{"name":"a",'
         b'"type":"%s[]"}]%s},"message":{"a":[')
COSTLY = TYPED % (b"B", b',"B":[]') + b",".join([b"{}"] * 65000) + b"]}}}}"
LARGEST = {
    **{f"a transaction whose data leaves {less} bytes of the frame": stretched(TX + b'"data":"0x', b"ab", b'"}}}', less)
       for less in (0, 128, 256, 1024, 65536)},
    "an access list of addresses": filled(LIST, b'{"address":"0x' + b"a1" * 20 + b'","storageKeys":[]}', b"]}}}"),
    "an access list of keys": filled(LIST + b'{"address":"0x' + b"a1" * 20 + b'","storageKeys":[', b"1", b"]}]}}}"),
    "a number of a million digits": stretched(TX + b'"value":', b"9", b"}}}"),
    "a blind message": stretched(b'{"method":"sign_message_defunct","params":{"message_hash":"0x', b"ab", b'"}}'),
    "typed data of many structs": COSTLY,
    "typed data of too many values": filled(TYPED % (b"uint8", b""), b"1", b"]}}}}"),
}

with Stack(mode="open") as stack:
    signer = stack.provision()

    def honest():
        start = time.monotonic()
        assert signer.call("address")["address"] == signer.address
        return time.monotonic() - start

    for name, body in LARGEST.items():
        assert len(body) <= FRAME, name
        answer = json.loads(signer.exchange(body))
        told = answer.get("error", {}).get("code", "signed")
        claim(f"{name}: {told}", told in ("signed", "limit", "input"), str(answer)[:200])
        claim("and the signer is there", honest() < 1 and stack.ensignd.poll() is None)

    def beside(what, body, clients):
        stop = threading.Event()

        def pour():
            while not stop.is_set():
                try:
                    signer.exchange(body)
                except (OSError, EOFError):
                    pass

        threads = [threading.Thread(target=pour) for _ in range(clients)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        took = [honest() for _ in range(40)]
        stop.set()
        for thread in threads:
            thread.join()
        claim(f"beside {clients} clients who send {what} without a pause an honest call takes "
              f"{statistics.median(took) * 1000:.1f} ms, at worst {max(took) * 1000:.1f}", statistics.median(took) < SOON)

    beside("costly typed data", COSTLY, 32)
    beside("requests for attestation", b'{"method":"attestation","params":{"nonce":"0x00"}}', 128)
done()
