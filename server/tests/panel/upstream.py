"""A web app for the proxy's tests: says what it was asked, and answers in unusual ways."""

import base64
import hashlib
import json
import os
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

RELEASE = threading.Event()
UPLOADED = {"bytes": 0}
CONNECTIONS = {"count": 0}


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        CONNECTIONS["count"] += 1

    def log_message(self, *_):
        pass

    def handle_any(self):
        url = urlsplit(self.path)
        name = url.path.rstrip("/").rsplit("/", 1)[-1] or "root"
        answer = getattr(self, "on_" + name, self.on_echo)
        answer({key: value[0] for key, value in parse_qs(url.query).items()})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline().strip(), 16):
                data += self.rfile.read(size)
                UPLOADED["bytes"] = len(data)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(self, value, status=200, headers=()):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, content in headers:
            self.send_header(name, content)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def on_echo(self, _):
        body = self.body()
        self.reply({
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "subfolder": os.environ["SUBFOLDER"],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        })

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def on_stream(self, _):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b"one\n")
        RELEASE.wait(60)
        self.chunk(b"two\n")
        self.chunk(b"")

    def on_release(self, _):
        RELEASE.set()
        self.reply("released")

    def on_uploaded(self, _):
        self.reply(UPLOADED["bytes"])

    def on_connections(self, _):
        self.reply(CONNECTIONS["count"])

    def on_redirect(self, query):
        self.reply("moved", 302, [("Location", query["to"])])

    def on_headers(self, _):
        self.reply("headers", 200, [
            ("Set-Cookie", "own=1; Path=/; HttpOnly"),
            ("Set-Cookie", "aikore_session=stolen; Path=/"),
            ("Service-Worker-Allowed", "/"),
            ("Clear-Site-Data", '"*"'),
            ("Connection", "keep-alive, X-Private"),
            ("X-Private", "1"),
            ("Content-Security-Policy", "default-src *"),
        ])

    def on_many(self, _):
        self.reply("many", 200, [(f"X-Header-{n}", "x") for n in range(150)])

    def on_both(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")

    def on_cut(self, _):
        self.close_connection = True

    def on_large(self, query):
        size = int(query["bytes"])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        piece = b"x" * 65536
        while size > 0:
            self.wfile.write(piece[:size])
            size -= len(piece)

    def on_ws(self, _):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            size = head[1] & 127
            if size == 126:
                size = struct.unpack(">H", self.rfile.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.rfile.read(8))[0]
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(size)))
            length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
            self.wfile.write(head[:1] + length + data)
            if head[0] & 15 == 8:
                return


# A failing test leaves its app behind; it must not stay for ever.
threading.Timer(300, lambda: os._exit(1)).start()
print("upstream listens", flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["WEBUI_PORT"])), App).serve_forever()
