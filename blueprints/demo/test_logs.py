"""Prints numbered, timestamped lines for ever and serves a page with the last of them."""

import collections
import html
import http.server
import os
import signal
import sys
import threading
import time

RATE = float(os.environ.get("TEST_LOGS_RATE") or 5)
PROGRESS = (os.environ.get("TEST_LOGS_PROGRESS") or "1") != "0"
LINES = int(os.environ.get("TEST_LOGS_LINES") or 0)
EXIT = int(os.environ.get("TEST_LOGS_EXIT") or 0)
NAME = os.environ.get("INSTANCE_NAME") or "test-logs"

TICK_S = 0.02
BAR_EVERY_S = 15
BAR_STEPS = 20
LEVELS = [("INFO ", "32"), ("INFO ", "32"), ("DEBUG", "36"), ("INFO ", "32"), ("WARN ", "33"), ("INFO ", "32"), ("ERROR", "1;31")]
WORDS = ["loading the scheduler", "<b>not bold</b> & not an entity", "step done in 41 ms", "VRAM 5.2 of 24.0 GiB", "queue is empty",
         "größe, 大きさ, размер 🎨", "reading model.safetensors"]

last: collections.deque[str] = collections.deque(maxlen=40)
stop = threading.Event()


def line(number: int) -> str:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    level, colour = LEVELS[number % len(LEVELS)]
    text = WORDS[number % len(WORDS)]
    last.append(f"{number:08d} {stamp} {level} {text}")
    return f"{number:08d} \x1b[2m{stamp}\x1b[0m \x1b[{colour}m{level}\x1b[0m {text}\n"


def bar() -> None:
    """A progress bar that overwrites itself, as the download bars of real apps do."""
    for done in range(BAR_STEPS + 1):
        filled = "█" * done + "░" * (BAR_STEPS - done)
        sys.stdout.write(f"\rsampling {100 * done // BAR_STEPS:3d}% |{filled}| {done}/{BAR_STEPS}")
        sys.stdout.flush()
        if stop.wait(0.05):
            break
    sys.stdout.write("\n")


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        rows = html.escape("\n".join(last))
        # Only relative addresses: the page may lie below any path.
        body = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
            f"<title>{html.escape(NAME)}</title><style>body{{font:14px system-ui;margin:2rem;background:#14161a;color:#e6e6e6}}"
            f"pre{{background:#000;padding:1rem;overflow:auto}}</style>"
            f"<h1>{html.escape(NAME)}</h1><p>{RATE:g} lines a second. Asked for <code>{html.escape(self.path)}</code>.</p><pre>{rows}</pre></html>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests would disturb the numbering."""


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    address = (os.environ.get("WEBUI_HOST") or "127.0.0.1", int(os.environ["WEBUI_PORT"]))
    http.server.ThreadingHTTPServer.daemon_threads = True
    server = http.server.ThreadingHTTPServer(address, Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"serving on http://{address[0]}:{address[1]}/ at {RATE:g} lines a second", flush=True)

    number = 0
    began = time.monotonic()
    next_bar = began + BAR_EVERY_S
    while not stop.wait(TICK_S):
        now = time.monotonic()
        due = int((now - began) * RATE)
        if LINES:
            due = min(due, LINES)
        sys.stdout.write("".join(line(n) for n in range(number + 1, due + 1)))
        sys.stdout.flush()
        number = max(number, due)
        if LINES and number >= LINES:
            return EXIT
        if PROGRESS and now >= next_bar:
            bar()
            next_bar = time.monotonic() + BAR_EVERY_S
    print(f"stopping after {number} lines", flush=True)
    return 0


sys.exit(main())
