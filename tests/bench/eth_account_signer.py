"""A signer as one writes it in Python: eth-account behind the frames of ensign's RPC, one thread a connection.

    eth_account_signer.py SOCKET KEY
"""

import json
import socketserver
import struct
import sys

from eth_account import Account


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.read(4):
            tx = json.loads(self.rfile.read(struct.unpack(">I", head)[0]))["params"]["tx"]
            raw = "0x" + Account.sign_transaction(tx, KEY).raw_transaction.hex().removeprefix("0x")
            body = json.dumps({"result": {"raw_tx": raw}}).encode()
            self.wfile.write(struct.pack(">I", len(body)) + body)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


PATH, KEY = sys.argv[1:]
Server(PATH, Connection).serve_forever()
