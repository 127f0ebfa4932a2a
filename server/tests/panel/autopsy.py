"""Small web apps for the autopsy's tests: each behaves well or badly in one way, named by the argument."""

import os
import socketserver
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KIND = sys.argv[1]
PREFIX = os.environ.get("SUBFOLDER", "").rstrip("/")
PORT = int(os.environ["WEBUI_PORT"])

# Relative addresses, as apps write them that can live anywhere.
AWARE = """<!doctype html><title>Aware</title><link rel=stylesheet href=a.css><link rel=icon href=gone.ico>
<script src="app.js?v=1"></script><script type=module>import { x } from "./one.js"; new EventSource("events");
new WebSocket("ws");</script><img src=pic.png><img src="https://elsewhere.example/x.png"><img src="data:,x">"""

# As of an app that believes to be alone on its host: 12 of 14 assets lie at the root.
ROOT = "<!doctype html><title>Root</title>" + "".join(
    f"<script src=/static/{n}.js></script>" for n in range(12)
) + "<script src=near.js></script><img src=near.png>"

FRAME = "<!doctype html><title>Frame</title><script src=app.js></script>"

INNER = f"<!doctype html><title>Inner</title><script src=http://127.0.0.1:{PORT}/app.js></script>"


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, text, kind="text/html", status=200, headers=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith(PREFIX):
            path = path[len(PREFIX):] or "/"
        if path == "/health":
            self.reply("ok", "text/plain")
        elif path == "/":
            getattr(self, "page_" + KIND)()
        elif path == "/gone.js":
            self.reply("nothing", "text/plain", 404)
        elif path == "/lazy.js":
            self.reply('const a = () => import("./near.js"); const b = () => import(`/gone.js`);', "text/javascript")
        elif path == "/near.js" and KIND == "lazy":
            self.reply('import "./with.js"; export const deep = () => import("/chunks/deep.js");', "text/javascript")
        elif path.endswith("/one.js"):
            self.reply('import "./two.js"; export const x = 1;', "text/javascript")
        elif path.endswith(".js"):
            self.reply("0;", "text/javascript")
        elif path.endswith(".css"):
            self.reply("body { background: url(back.png) }", "text/css")
        elif path.endswith(".png"):
            self.reply("png", "image/png")
        elif path == "/events":
            self.events()
        elif path == "/ws" and self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.close_connection = True
        else:
            self.reply("nothing", "text/plain", 404)

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"9\r\ndata: x\n\n\r\n")
            self.wfile.flush()
            time.sleep(0.2)

    def page_aware(self):
        saw = ",".join(sorted(name for name in ("Cookie", "Authorization") if name in self.headers))
        self.reply(AWARE, headers=[("Set-Cookie", "own=1; Path=/; HttpOnly"), ("X-Saw", saw)])

    page_kept = page_aware

    def page_root(self):
        self.reply(ROOT)

    def page_redirect(self):
        if self.path == "/":
            self.reply("<title>Root</title>")
        else:
            self.reply("", status=302, headers=[("Location", "/")])

    def page_frame(self):
        self.reply(FRAME, headers=[("X-Frame-Options", "DENY"), ("Set-Cookie", "far=1; Domain=far.example")])

    def page_many(self):
        self.reply("<title>Many</title>" + "".join(f"<img src={n}.png>" for n in range(70)))

    def page_lazy(self):
        self.reply("<!doctype html><title>Lazy</title><script type=module src=lazy.js></script>")

    def page_told(self):
        """Tells its script where it believes to be: at the root of the name it was asked under."""
        root = "http://" + self.headers.get("X-Forwarded-Host", self.headers["Host"])
        self.reply('<title>Told</title><script>window.config = {"root": "%s"}</script>' % root.replace("/", "\\/"))

    def page_inner(self):
        self.reply(INNER)

    def page_stream(self):
        self.events()

    def page_silent(self):
        time.sleep(60)

    def page_spy(self):
        """Tells, in its answer's status, whether it was given anything of the panel's."""
        given = str(self.headers)
        self.reply("<title>Spy</title>", status=500 if "aik" in given.lower().replace("aikore autopsy", "") else 200)

    def page_thief(self):
        """Sends its visitors to the panel's own addresses."""
        self.reply("", status=302, headers=[("Location", "http://localhost:9000/api/tokens/")])


# A failing test leaves its app behind; it must not stay for ever.
threading.Timer(300, lambda: os._exit(1)).start()
socketserver.TCPServer.request_queue_size = 64
ThreadingHTTPServer(("127.0.0.1", PORT), App).serve_forever()
