"""An Ethereum node as far as the gateway asks one, with faults on demand: it keeps every raw transaction that it was
handed, in order, and its pool by hash."""

import contextlib
import http.server
import json
import socket
import struct
import threading

import ethereum as eth


def nonce_of(raw_hex):
    raw = bytes.fromhex(raw_hex[2:])
    fields = eth.rlp_decode(raw[1:] if raw[0] < 0x80 else raw)
    return int.from_bytes(fields[1 if raw[0] < 0x80 else 0], "big")


class Node:
    """`faults`: what happens to the next transactions handed over, one each: "take and hang up" (it has it, no answer
    comes), "hang up" (nothing was taken, no answer comes), "refuse", "garbage" (it has it, and talks nonsense)."""

    def __init__(self, chain=42161, base_fee=True):
        self.base_fee = base_fee
        self.chain, self.faults, self.handed, self.pool, self.asked = chain, [], [], {}, []
        self.connections = []  # that have been made
        self.lock = threading.Lock()
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version, wbufsize = "HTTP/1.1", -1  # one write an answer: its end waits for no acknowledgement

            def setup(self):
                super().setup()
                node.connections.append(self.connection)

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with node.lock:
                    answer = node.answer(request["method"], request["params"])
                if answer is None:  # a reset, so that the other side sees no end of an answer
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                body = answer if isinstance(answer, bytes) else json.dumps({"jsonrpc": "2.0", "id": request["id"],
                                                                            **answer}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        """Gone, with every connection to it."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def nonces(self):
        return sorted(nonce_of(raw) for raw in self.pool.values())

    def pending(self):
        """The first nonce from 0 that no transaction of the pool has."""
        taken = set(self.nonces())
        return next(n for n in range(len(taken) + 1) if n not in taken)

    def answer(self, method, params):
        self.asked.append(method)
        fixed = {"eth_chainId": hex(self.chain), "eth_estimateGas": "0x5208", "eth_maxPriorityFeePerGas": "0x1",
                 "eth_getBlockByNumber": {"number": "0x1", "baseFeePerGas": "0x5f5e100"}, "eth_blockNumber": "0x10"}
        if not self.base_fee:  # a chain from before EIP-1559
            fixed |= {"eth_getBlockByNumber": {"number": "0x1"}, "eth_gasPrice": "0x3b9aca00"}
        if method in fixed:
            return {"result": fixed[method]}
        if method == "eth_getTransactionCount":
            return {"result": hex(self.pending() if params[1] == "pending" else 0)}
        if method == "eth_getTransactionByHash":
            return {"result": {"hash": params[0]} if params[0] in self.pool else None}
        if method == "eth_sendRawTransaction":
            return self.take(params[0])
        return {"error": {"code": -32601, "message": "no such method", "data": method}}

    def take(self, raw):
        self.handed.append(raw)
        fault = self.faults.pop(0) if self.faults else None
        hash_ = "0x" + eth.keccak(bytes.fromhex(raw[2:])).hex()
        if fault == "refuse":
            return {"error": {"code": -32000, "message": "insufficient funds for gas * price + value"}}
        if fault == "hang up":
            return None
        if hash_ in self.pool:
            return {"error": {"code": -32000, "message": "already known"}}
        if nonce_of(raw) in self.nonces():
            return {"error": {"code": -32000, "message": "nonce too low"}}
        self.pool[hash_] = raw
        return {None: {"result": hash_}, "take and hang up": None, "garbage": b"<html>"}[fault]
