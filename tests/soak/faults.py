"""What goes wrong beside the honest clients: KMS and the NSM, each behind a relay that spoils some exchanges, and clients that
stall, vanish or flood. All of it from one seed."""

import itertools
import os
import random
import socket
import struct
import threading
import time

RESET = struct.pack("ii", 1, 0)
NSM_ERROR = bytes.fromhex("a1654572726f726d496e7465726e616c4572726f72")  # {"Error": "InternalError"}


def listen(path, serve):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(16)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=quietly, args=(serve, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def quietly(serve, connection):
    try:
        with connection:
            serve(connection)
    except OSError:
        pass


class Kms:
    """Between ensignd and KMS. A connection in turn: passed on, closed at once, cut off while it answers, silent for a while."""

    TURNS = ("pass", "cut", "pass", "close", "pass", "stall")

    def __init__(self, path, upstream):
        self.upstream, self.spoiling, self.spoiled = upstream, False, 0
        self.turns, self.lock = itertools.cycle(self.TURNS), threading.Lock()
        listen(path, self.serve)

    def serve(self, client):
        with self.lock:
            turn = next(self.turns) if self.spoiling else "pass"
            self.spoiled += turn != "pass"
        if turn == "close":
            return
        if turn == "stall":
            time.sleep(0.3)
            return
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self.upstream)
            back = threading.Thread(target=self.pump, args=(server, client, 700 if turn == "cut" else None), daemon=True)
            back.start()
            self.pump(client, server, None)
            back.join()

    @staticmethod
    def pump(source, target, most):
        try:
            while part := source.recv(65536 if most is None else most):
                target.sendall(part)
                if most is not None:
                    most -= len(part)
                    if most <= 0:
                        source.shutdown(socket.SHUT_RDWR)
                        target.shutdown(socket.SHUT_RDWR)
                        return
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Nsm:
    """Between ensignd and its security module: of the documents asked for, one in `every` is an error."""

    def __init__(self, path, upstream, every=7):
        self.upstream, self.every, self.asked, self.spoiling, self.spoiled = upstream, every, 0, False, 0
        self.lock = threading.Lock()
        listen(path, self.serve)

    def serve(self, client):
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self.upstream)
            while (request := self.message(client)) is not None:
                client.sendall(self.answer(server, request))

    def answer(self, server, request):
        with self.lock:
            if b"Attestation" in request[:20]:
                self.asked += 1
                if self.spoiling and self.asked % self.every == 0:
                    self.spoiled += 1
                    return struct.pack(">I", len(NSM_ERROR)) + NSM_ERROR
        server.sendall(request)
        return self.message(server)

    @staticmethod
    def message(connection):
        got = b""
        while len(got) < 4 or len(got) < 4 + struct.unpack(">I", got[:4])[0]:
            part = connection.recv(65536)
            if not part:
                return None
            got += part
        return got


# -- clients -----------------------------------------------------------------------------------------------------------


def connect(path):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(5)
    made.connect(str(path))
    return made


def frame(size):
    return struct.pack(">I", size)


def vanish(path, chance, frames):
    """In the middle of a frame, or with answers on their way."""
    with connect(path) as client:
        whole = chance.choice(frames)
        client.sendall(whole[:chance.randrange(1, len(whole))] if chance.random() < 0.5 else whole * 8)


def noise(path, chance, frames):
    with connect(path) as client:
        body = chance.randbytes(chance.randrange(400))
        client.sendall(frame(len(body)) + body)
        client.recv(4096)


def boast(path, chance, frames):
    """Announces four gigabytes."""
    with connect(path) as client:
        client.sendall(b"\xff\xff\xff\xff")
        client.recv(4096)


def flood(path, chance, frames):
    """Two hundred connections at once, each with a request of which the answer is never read."""
    crowd = [connect(path) for _ in range(200)]
    for client in crowd:
        client.sendall(chance.choice(frames))
    for client in crowd:
        client.close()


def greedy(path, chance, frames):
    """Asks for far more than its socket takes, and reads nothing."""
    with connect(path) as client:
        client.settimeout(0.2)
        for _ in range(2000):
            client.sendall(frames[0])


def large(path, chance, frames):
    """A request of a mebibyte that is nothing."""
    with connect(path) as client:
        client.sendall(frame(1 << 20) + b"[" * (1 << 20))
        client.recv(4096)


def hostile(place, count):
    """All of the above in turn; beside them clients that say half a frame, or nothing, until they are closed. Nothing
    while memory is measured: a mebibyte that is being refused is no leak."""
    chance, waiting = random.Random(os.getpid()), []
    frames = [ask.frame for ask in place.work.signed]
    ways = itertools.cycle((vanish, noise, boast, vanish, greedy, large, noise, vanish, flood))
    while not place.stopping():
        if place.calm.is_set():
            while waiting:
                waiting.pop().close()
            time.sleep(0.02)
            continue
        way = next(ways)
        try:
            way(place.socket, chance, frames)
        except OSError:
            pass
        count(None, True, f"hostile: {way.__name__}")
        while len(waiting) < 30:
            waiting.append(connect(place.socket))
            waiting[-1].sendall(chance.choice((b"", b"\0", b"\0\0\0\x40{\"method\":")) or b"")
            count(None, True, "hostile: stall")
        for client in waiting[:2]:
            client.setblocking(False)
            try:
                while client.recv(4096):
                    pass
            except BlockingIOError:
                continue
            except OSError:
                pass
            waiting.remove(client)
            client.close()
        time.sleep(0.02)
    for client in waiting:
        client.close()
