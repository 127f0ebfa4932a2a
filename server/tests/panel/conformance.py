"""The proxy's conformance server: HTTP by hand, so that every unusual answer is sent exactly as it is written here.

A request's last path segment names the case. One thread per connection; nothing is sent that a case did not ask for.
"""

import base64
import gzip
import hashlib
import json
import os
import socket
import threading
from urllib.parse import parse_qs, urlsplit

# A failing test leaves its app behind; it must not stay for ever.
LIFETIME = int(os.environ.get("LIFETIME", "300"))
RELEASE = threading.Event()
STATE = {"connections": 0, "closed": 0, "uploaded": 0, "downloaded": 0}
TEXT = b"brotli " * 100
BROTLI = base64.b64decode("G7sC+I1Utb8GEZOjk2lsb1FbJPCNfQA=")


class Gone(Exception):
    """The other side ended."""


class Request:
    def __init__(self, connection):
        self.connection = connection
        line, *lines = connection.head().decode("latin-1").split("\r\n")
        self.method, target, self.version = line.split(" ")
        self.target = target
        url = urlsplit(target)
        self.name = url.path.rstrip("/").rsplit("/", 1)[-1] or "root"
        self.query = {key: value[0] for key, value in parse_qs(url.query).items()}
        self.headers = [tuple(part.strip() for part in header.split(":", 1)) for header in lines if header]
        self.trailers = []

    def header(self, name, default=""):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def body(self):
        """The body in pieces."""
        if "chunked" in self.header("transfer-encoding"):
            while size := int(self.connection.line().split(b";")[0], 16):
                yield self.connection.exactly(size)
                self.connection.line()
            while line := self.connection.line():
                self.trailers.append(line.decode("latin-1"))
            return
        left = int(self.header("content-length", "0"))
        while left:
            piece = self.connection.some(min(left, 1 << 20))
            left -= len(piece)
            yield piece


class Connection:
    def __init__(self, socket_):
        self.socket = socket_
        self.rest = b""
        self.open = True

    def some(self, most):
        piece, self.rest = self.rest[:most], self.rest[most:]
        piece = piece or self.socket.recv(most)
        if not piece:
            raise Gone
        return piece

    def until(self, end):
        while end not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                raise Gone
            self.rest += piece
        found, self.rest = self.rest.split(end, 1)
        return found

    def head(self):
        return self.until(b"\r\n\r\n")

    def line(self):
        return self.until(b"\r\n")

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            data += self.some(size - len(data))
        return bytes(data)

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, body, status="200 OK", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)


def echo(connection, request):
    digest = hashlib.sha256()
    size = 0
    for piece in request.body():
        digest.update(piece)
        size += len(piece)
        STATE["uploaded"] = size
    connection.answer({
        "method": request.method,
        "path": request.target,
        "version": request.version,
        "headers": [[name.lower(), value] for name, value in request.headers],
        "bytes": size,
        "sha256": digest.hexdigest(),
        "trailers": request.trailers,
    })


def state(connection, _):
    connection.answer(STATE)


def release(connection, _):
    RELEASE.set()
    connection.answer("released")


def encoded_gzip(connection, _):
    connection.answer(gzip.compress(TEXT), headers=[("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")])


def encoded_brotli(connection, _):
    connection.answer(BROTLI, headers=[("Content-Encoding", "br")])


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def events(connection, _):
    connection.send(EVENTS + chunk(b"data: one\n\n"))
    RELEASE.wait(LIFETIME)
    connection.send(chunk(b"data: two\n\n") + b"0\r\n\r\n")


def ticks(connection, _):
    """An event each second, until the release."""
    connection.send(EVENTS)
    number = 0
    while not RELEASE.wait(1):
        connection.send(chunk(f"data: tick {number}\n\n".encode()))
        number += 1
    connection.send(chunk(f"data: end after {number}\n\n".encode()) + b"0\r\n\r\n")


def late(connection, _):
    """Thinks for long, and then answers."""
    RELEASE.wait(LIFETIME)
    connection.answer(b"at last")


def redirect(connection, request):
    port = os.environ["WEBUI_PORT"]
    connection.answer(b"", "302 Found", [("Location", request.query["to"].replace("PORT", port))])


def cookies(connection, request):
    connection.answer(b"", headers=[("Set-Cookie", cookie) for cookie in request.query["set"].split("|")])


def range_(connection, request):
    first, last = (int(end) for end in request.header("range").removeprefix("bytes=").split("-"))
    part = TEXT[first:last + 1]
    connection.answer(part, "206 Partial Content", [("Content-Range", f"bytes {first}-{last}/{len(TEXT)}")])


def trailers(connection, _):
    connection.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n"
    )


def both(connection, _):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")


def old(connection, _):
    connection.send(b"HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\nfrom the past")
    connection.open = False


def hints(connection, _):
    connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
    connection.answer(b"after hints")


def many(connection, request):
    connection.answer(b"many", headers=[(f"X-Header-{n}", "x") for n in range(int(request.query["headers"]))])


def huge(connection, request):
    connection.answer(b"huge", headers=[("X-Huge", "x" * int(request.query["bytes"]))])


def early(connection, _):
    """Answers before the body was read, and never reads it."""
    connection.answer(b"too large", "413 Content Too Large", [("Connection", "close")])
    RELEASE.wait(LIFETIME)
    connection.open = False


def once(connection, _):
    """Ends an idle connection without having said so."""
    connection.answer(b"once")
    connection.open = False


def broken(connection, _):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    connection.open = False


def nonsense(connection, _):
    connection.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.open = False


def slow(connection, request):
    """Takes the beginning of a body, and the rest only after the release."""
    pieces = request.body()
    size = len(next(pieces))
    STATE["uploaded"] = size
    RELEASE.wait(LIFETIME)
    connection.answer(size + sum(len(piece) for piece in pieces))


def large(connection, request):
    left = int(request.query["bytes"])
    connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n".encode())
    piece = b"x" * (1 << 20)
    while left:
        connection.send(piece[:left])
        left -= min(left, len(piece))
        STATE["downloaded"] = left


def switch(connection, protocol, headers=()):
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n{head}\r\n".encode()


def raw(connection, _):
    """Another protocol than WebSocket: says hello with the agreement, repeats, and says goodbye after the end."""
    connection.send(switch(connection, "raw") + b"hello ")
    connection.open = False
    try:
        while True:
            connection.send(connection.some(65536))
    except Gone:
        connection.send(b" goodbye")


def bare(connection, request):
    """An answer that has a length and no body."""
    status = {"HEAD": "200 OK", "GET": "304 Not Modified", "DELETE": "204 No Content"}[request.method]
    length = "" if request.method == "DELETE" else "Content-Length: 700\r\n"
    connection.send(f"HTTP/1.1 {status}\r\n{length}ETag: x\r\n\r\n".encode())


def refused(connection, _):
    connection.answer(b"no upgrade", "403 Forbidden")


def ws(connection, request):
    key = request.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    headers = [("Sec-WebSocket-Accept", accept)]
    if offered := request.header("sec-websocket-protocol"):
        headers.append(("Sec-WebSocket-Protocol", offered.split(",")[-1].strip()))
    connection.send(switch(connection, "websocket", headers))
    connection.open = False
    while frame(connection):
        pass


def frame(connection):
    """Sends one frame back as it came; a ping becomes a pong. False after a close."""
    first, second = connection.exactly(2)
    size = second & 127
    if size > 125:
        size = int.from_bytes(connection.exactly(2 if size == 126 else 8))
    mask = connection.exactly(4)
    data = connection.exactly(size)
    whole = (mask * (size // 4 + 1))[:size]
    data = (int.from_bytes(data) ^ int.from_bytes(whole)).to_bytes(size)
    opcode = first & 15
    first = (first & 0xF0) | (10 if opcode == 9 else opcode)
    if size < 126:
        length = bytes([size])
    elif size < 65536:
        length = b"\x7e" + size.to_bytes(2)
    else:
        length = b"\x7f" + size.to_bytes(8)
    connection.send(bytes([first]) + length + data)
    return opcode != 8


CASES = {
    "state": state, "release": release, "gzip": encoded_gzip, "brotli": encoded_brotli, "events": events,
    "ticks": ticks, "late": late,
    "redirect": redirect, "cookies": cookies, "range": range_, "trailers": trailers, "both": both, "old": old,
    "hints": hints, "many": many, "huge": huge, "early": early, "once": once, "broken": broken, "nonsense": nonsense,
    "slow": slow, "large": large, "raw": raw, "bare": bare, "refused": refused, "ws": ws,
}


def serve(socket_):
    STATE["connections"] += 1
    connection = Connection(socket_)
    try:
        while connection.open:
            request = Request(connection)
            CASES.get(request.name, echo)(connection, request)
    except (Gone, OSError):
        pass
    finally:
        socket_.close()
        STATE["closed"] += 1


threading.Timer(LIFETIME, lambda: os._exit(1)).start()
listener = socket.create_server(("127.0.0.1", int(os.environ["WEBUI_PORT"])), backlog=512)
print("the conformance server listens", flush=True)
while True:
    accepted, _ = listener.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=serve, args=[accepted], daemon=True).start()
