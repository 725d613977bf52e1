"""Serves the page, opens it in headless Chromium, scans its QR code, and checks who the page says is logged in.

Arguments: the command `sansgram`, the folder of the page, its WebAssembly.
"""

import http.server
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE = 120  # Seconds for all of it.
SCANNER = "+9996621234"
EXPECTED = re.compile(r"Logged in as Sandbox\S*\. The nearest DC is in [A-Z]{2}\.")


def files(folder, wasm, setup):
    """Path to MIME type and bytes."""
    return {
        "/": ("text/html", (folder / "index.html").read_bytes()),
        "/page.js": ("text/javascript", (folder / "page.js").read_bytes()),
        "/sansgram_browser.wasm": ("application/wasm", wasm.read_bytes()),
        "/setup.txt": ("text/plain", setup.encode()),
    }


def serve(served, reports):
    """Serves these files on a free port of loopback, and queues what the page posts. Returns the server."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = served.get(self.path.partition("?")[0])
            kind, body = found or ("text/plain", b"not found")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(204)
            self.end_headers()
            reports.put((self.path, body))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def log_in(sandbox, reports, until):
    """Scans each code that the page shows, until the page says who is logged in. Returns its words."""
    codes = 0
    while True:
        try:
            path, body = reports.get(timeout=max(0, until - time.monotonic()))
        except queue.Empty:
            sys.exit(f"no login after {DEADLINE} s; the page showed {codes} codes")
        if path == "/code":
            codes += 1
            sandbox.stdin.write(f"{body} {SCANNER}\n")
            sandbox.stdin.flush()
        elif found := EXPECTED.search(body):
            assert codes > 0, "it logged in without a code"
            return found.group()
        else:
            print("the page says:", " ".join(body.split()))


def main():
    until = time.monotonic() + DEADLINE
    binary, folder, wasm = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as place:
        key = pathlib.Path(place, "key.pem")
        command = [binary, "sandbox", "--json", "--public-key", key]
        sandbox = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        chromium = server = None
        # Ends the wait for a sandbox that prints nothing.
        guard = threading.Timer(DEADLINE, sandbox.kill)
        guard.start()
        try:
            line = sandbox.stdout.readline()
            if not line:
                sys.exit("the sandbox did not start")
            dcs = json.loads(line)["dcs"]
            # The rest is drained: a full pipe would block the sandbox.
            threading.Thread(target=sandbox.stdout.read, daemon=True).start()
            setup = "".join(f"{dc['id']} {dc['address']}\n" for dc in dcs) + "\n" + key.read_text()
            reports = queue.Queue()
            server = serve(files(folder, wasm, setup), reports)
            url = f"http://127.0.0.1:{server.server_port}/?report"
            chromium = subprocess.Popen(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--no-first-run", "--disable-background-networking", f"--user-data-dir={place}/profile", url],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            print("Chromium:", log_in(sandbox, reports, until))
        finally:
            if chromium:
                os.killpg(chromium.pid, signal.SIGKILL)
                chromium.wait()
            if server:
                server.shutdown()
            guard.cancel()
            sandbox.kill()
            sandbox.wait()


main()
