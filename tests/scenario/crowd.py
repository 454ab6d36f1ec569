"""Clients of a gateway at once while something behind it dies and comes back: what each was answered, and what must hold of
all of it in the end."""

import threading
import time

import ethereum as eth
from expect import claim
from gateway import Failed


class Crowd:
    """Each client signs and sends by turns; no value and no message is asked for twice. `pay` makes a transaction."""

    def __init__(self, gateway, node, me, pay, clients=8):
        self.gateway, self.node, self.me, self.pay = gateway, node, me, pay
        self.sent, self.signed, self.failed, self.wrong, self.stop = [], [], [], [], threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(n,)) for n in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self, number):
        for turn in range(100000):
            if self.stop.is_set():
                return
            value = number * 1000000 + turn + 1
            try:
                if turn % 2:
                    message = b"%d" % value
                    self.signed.append((message, self.gateway.call("eth_sign", self.me, "0x" + message.hex())))
                else:
                    self.sent.append((value, self.gateway.call("eth_sendTransaction", self.pay(self.me, value))))
            except Failed as failure:
                self.failed.append(failure)
                if failure.code != -32002:
                    self.wrong.append(str(failure))
                time.sleep(0.05)
            except Exception as failure:  # a broken connection or a hang is none of what is promised
                self.wrong.append(repr(failure))

    def is_served(self, count=20):
        deadline, target = time.monotonic() + 20, len(self.sent) + count
        while len(self.sent) < target and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(self.sent) >= target

    def is_told(self):
        """Somebody is told of a failure from now on."""
        deadline, before = time.monotonic() + 20, len(self.failed)
        while len(self.failed) == before and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(self.failed) > before

    def settle(self):
        """Ends the clients, and claims what must hold."""
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        node = self.node
        claim("no client hangs, and no answer was of another kind", not any(t.is_alive() for t in self.threads)
              and not self.wrong, str(self.wrong[:3]))
        hashes = [hash_ for _, hash_ in self.sent]
        claim("each had its own transaction, of its own value", len(set(hashes)) == len(hashes) and all(
            int.from_bytes(eth.rlp_decode(bytes.fromhex(node.pool[h][4:]))[6], "big") == v for v, h in self.sent))
        few = self.signed[::max(1, len(self.signed) // 12)]
        claim("and its own signature", all(eth.recover_message(m, s) == self.me for m, s in few), f"{len(few)} recovered")
        claim("no nonce went to two, none was left out, none was handed over twice",
              node.nonces() == list(range(len(node.pool))) and len(node.handed) == len(set(node.handed)) == len(node.pool),
              f"{len(node.handed)} handed over, {len(self.failed)} failures told")
