#!/usr/bin/env python3
"""hostile_gateway.py UPSTREAM: a Swarm gateway in front of an honest one, with faults by the first part
of the path: http://127.0.0.1:PORT/MODE is a gateway whose fault is MODE. Prints its port.

  good       what the honest one says
  wrong      a chunk with one byte changed, a range with one byte changed
  wrongrange only ranges are wrong
  other      always the same chunk, whatever was asked for
  html       an error page with status 200
  absent     404 for everything
  broken     500 for everything
  silent     no answer at all
  hides      no answer at all about what the honest one has not
  drip       right, a byte a second
  endless    a chunk that does not end
  norange    ignores Range
  cut        answers end in the middle
  redirect   sends elsewhere, to a place that has it
  lacks      404 for /bytes, and for the chunks whose addresses stand in the file of --lacks
  flaky      every other request fails with 503
With --log FILE, the mode and path of every request are written there, one a line."""
import argparse
import http.server
import threading
import time
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--log")
parser.add_argument("--lacks")
parser.add_argument("upstream")
options = parser.parse_args()
lock = threading.Lock()
count = {"flaky": 0}
first = {}


def ask(path, headers):
    request = urllib.request.Request(options.upstream + path)
    if "Range" in headers:
        request.add_header("Range", headers["Range"])
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {}, error.read()


def lacking():
    with open(options.lacks, encoding="ascii") as f:
        return f.read().split()


def flip(data):
    return data[:-1] + bytes([data[-1] ^ 1])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body, length=None):
        self.send_response(status)
        for name in ("Content-Range", "Content-Type", "ETag"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, status, head, body):
        self.answer(status, head, b"", len(body))
        try:
            for i in range(len(body)):
                self.wfile.write(body[i : i + 1])
                time.sleep(1)
        except OSError:
            self.close_connection = True

    def do_GET(self):
        mode, _, path = self.path[1:].partition("/")
        path = "/" + path
        if options.log:
            with lock, open(options.log, "a") as log:
                log.write(f"{mode} {path} {self.headers.get('Range', '')}\n")
        is_range = "Range" in self.headers
        if mode == "silent":
            time.sleep(60)
            self.close_connection = True
        elif mode == "html":
            self.answer(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
        elif mode == "absent":
            self.answer(404, {}, b'{"code":404,"message":"not found"}')
        elif mode == "lacks" and (path.startswith("/bytes/") or path.split("/")[-1] in lacking()):
            self.answer(404, {}, b'{"code":404,"message":"not found"}')
        elif mode == "broken":
            self.answer(500, {}, b'{"code":500,"message":"joiner failed"}')
        elif mode == "redirect":
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/good{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif mode == "endless":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                pass
        else:
            self.changed(mode, path, is_range)

    def changed(self, mode, path, is_range):
        headers = {} if mode == "norange" else self.headers
        status, head, body = ask(path, headers)
        if mode == "hides" and status != 200:
            time.sleep(60)
            self.close_connection = True
            return
        if mode == "flaky":
            with lock:
                count["flaky"] += 1
                fails = count["flaky"] % 2 == 0
            if fails:
                self.answer(503, {}, b"busy")
                return
        if mode == "other" and not is_range and status == 200:
            with lock:
                body = first.setdefault("chunk", body)
        if status in (200, 206) and body and (mode == "wrong" or (mode == "wrongrange" and is_range)):
            body = flip(body)
        if mode == "drip":
            self.drip(status, head, body)
            return
        if mode == "cut":
            self.answer(status, head, body[: len(body) // 2], len(body))
            self.close_connection = True
            return
        self.answer(status, head, body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
