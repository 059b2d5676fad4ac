#!/usr/bin/env python3
"""A file server that misbehaves in the way that the first segment of the path asks for.

    hostile_server.py [--bind ADDRESS] [--port N] [--log FILE] [--connections FILE] FOLDER

prints its port and serves FOLDER until it is killed. /MODE/PATH is FOLDER/PATH, answered in MODE:
one of the words below, or several joined by '+'. Faults are those of artifacts; manifests and
trees (*.bmt) have words of their own. Each artifact request is noted in the log as a line
"MODE PATH STATUS FIRST-LAST SENT", and each connection in --connections.

  honest            ranges, keep-alive
  no-range          knows no ranges: always 200 and the whole
  200-to-range      the range that was asked for, but as a 200
  other-size-N      a file that is N bytes shorter (-N: longer)
  close-N           announces everything, closes after N bytes
  more-N            announces N bytes more than it sends, then closes
  less-N            announces N bytes less than it sends
  closes            closes behind each answer, trees and manifests too, without a word of it
  garbage-range     Content-Range that is none
  shifted-range     Content-Range and bytes of the range behind the one that was asked for
  no-content-range  206 without Content-Range
  wrong-N           the byte at N is wrong (start, middle, end: those of the file); may be there several times
  stall-N           N bytes, then nothing more, with the connection open
  rate-N            N bytes per second
  status-N          that status instead of an artifact
  redirect          302 to a place that would have it
  chunked           Transfer-Encoding: chunked, no length
  garbage           no HTTP at all
  huge-manifest     1 MiB + 1 of manifest
  html-manifest     a page that says that one has to log in
  slow-manifest     a manifest that never ends
  no-chunks         nothing below /chunks/
  no-tree, bad-tree, short-tree, long-tree, endless-tree, html-tree
"""
import argparse
import http.server
import os
import re
import socketserver
import sys
import threading
import time

BLOCK = 1 << 18
HTML = b"<!DOCTYPE html><title>Log in</title><p>Please log in.</p>\n"


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
    folder = log = connections = None
    log_lock = threading.Lock()

    def server_bind(self):
        """Without HTTPServer's question to the DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def get_request(self):
        request, address = super().get_request()
        if self.connections:
            with self.log_lock, open(self.connections, "a", encoding="ascii") as log:
                log.write(f"{address[1]}\n")
        return request, address

    def handle_error(self, request, client_address):
        """Clients that go away are what these tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def numbers(self, word):
        """N of every word-N in the mode; start, middle and end are those of the file."""
        places = {"start": 0, "middle": self.size // 2, "end": self.size - 1}
        texts = [part[len(word) + 1:] for part in self.mode if part.startswith(word + "-")]
        return [places[text] if text in places else int(text) for text in texts]

    def number(self, word, default=None):
        """The first of them."""
        return next(iter(self.numbers(word)), default)

    def head(self, status, headers):
        self.sent_status = status
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def whole(self, status, body):
        self.head(status, [("Content-Length", str(len(body)))])
        self.wfile.write(body)

    def do_GET(self):
        self.size = 0
        mode, _, path = self.path.lstrip("/").partition("/")
        self.mode = mode.split("+")
        self.close_connection |= "closes" in self.mode
        name = os.path.join(self.server.folder, path.partition("?")[0])
        if not os.path.isfile(name) or (path.startswith("chunks/") and "no-chunks" in self.mode):
            return self.whole(404, b"not found\n")
        if path.endswith(".json"):
            return self.manifest(name)
        if path.endswith(".bmt"):
            return self.tree(name)
        self.sent, self.sent_status, self.first, self.last, self.noted = 0, 0, 0, 0, False
        try:
            return self.artifact(name)
        finally:
            self.note()

    def note(self):
        """One line of the log for each request, before the last bytes of the answer go out: whoever has
        them finds the line."""
        if not self.server.log or self.noted:
            return
        self.noted = True
        mode, path = "+".join(self.mode), self.path.lstrip("/").partition("/")[2]
        with self.server.log_lock, open(self.server.log, "a", encoding="ascii") as log:
            log.write(f"{mode} {path} {self.sent_status} {self.first}-{self.last} {self.sent}\n")

    def manifest(self, name):
        with open(name, "rb") as file:
            body = file.read()
        if "huge-manifest" in self.mode:
            body += b" " * ((1 << 20) + 1 - len(body))
        if "html-manifest" in self.mode:
            body = HTML
        if "slow-manifest" in self.mode:
            self.head(200, [("Content-Length", str(len(body)))])
            self.wfile.write(body[:-1])
            self.wfile.flush()
            return time.sleep(60)
        return self.whole(200, body)

    def tree(self, name):
        with open(name, "rb") as file:
            body = bytearray(file.read())
        if "no-tree" in self.mode:
            return self.whole(404, b"not found\n")
        if "html-tree" in self.mode:
            body = HTML
        if "bad-tree" in self.mode:
            body[len(body) // 2] ^= 1
        if "short-tree" in self.mode:
            body = body[:-1]
        if "long-tree" in self.mode:
            body += b" "
        if "endless-tree" in self.mode:
            self.head(200, [("Content-Length", str(len(body)))])
            self.wfile.write(body[:100])
            self.wfile.flush()
            return time.sleep(60)
        return self.whole(200, bytes(body))

    def artifact(self, name):
        real = os.path.getsize(name)
        self.size = real - self.number("other-size", 0)
        status = self.number("status")
        if status is not None:
            return self.whole(status, b"no\n")
        if "redirect" in self.mode:
            return self.head(302, [("Location", self.path.replace("redirect", "honest")), ("Content-Length", "0")])
        if "garbage" in self.mode:
            self.close_connection = True
            return self.wfile.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200)
        return self.body(name, *self.answer_head())

    def answer_head(self):
        """Sends the head; gives the first byte and how many are to be sent, and how many were announced."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        self.first, self.last, status = 0, self.size - 1, 200
        headers = []
        if asked and "no-range" not in self.mode:
            self.first = int(asked[1])
            self.last = min(int(asked[2] or self.last), self.last)
            if self.first > self.last:
                self.whole(416, b"")
                return 0, 0, 0
            status = 206
            if "shifted-range" in self.mode and self.last + 1 < self.size:
                n = self.last - self.first + 1
                self.first, self.last = self.last + 1, min(self.last + n, self.size - 1)
            value = f"bytes {self.first}-{self.last}/{self.size}"
            if "garbage-range" in self.mode:
                value = "bytes 18446744073709551616--1/x\x01"
            if "no-content-range" not in self.mode:
                headers.append(("Content-Range", value))
            if "200-to-range" in self.mode:
                status, headers = 200, []
        n = self.last - self.first + 1
        announced = n + self.number("more", 0) - self.number("less", 0)
        chunked = ("Transfer-Encoding", "chunked")
        self.head(status, headers + [chunked if "chunked" in self.mode else ("Content-Length", str(announced))])
        return self.first, n, announced

    def body(self, name, first, n, announced):
        close, stall, rate = self.number("close"), self.number("stall"), self.number("rate")
        wrong = self.numbers("wrong")
        began = time.monotonic()
        end = first + n
        if close is not None:
            end = min(end, first + close)
        if stall is not None:
            end = min(end, first + stall)
        with open(name, "rb") as file:
            file.seek(first)
            at = first
            while at < end:
                data = file.read(min(BLOCK if rate is None else max(rate // 20, 1), end - at))
                data = bytearray(data) or bytearray(min(BLOCK, end - at))
                for place in wrong:
                    if at <= place < at + len(data):
                        data[place - at] ^= 0x40
                at += len(data)
                if at >= end:
                    self.sent = at - first
                    self.note()
                if "chunked" in self.mode:
                    data = b"%x\r\n%s\r\n" % (len(data), bytes(data))
                self.wfile.write(data)
                self.sent = at - first
                if rate is not None:
                    time.sleep(max(0.0, began + (at - first) / rate - time.monotonic()))
        if "chunked" in self.mode:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        if stall is not None and stall < n:
            time.sleep(60)
        if close is not None or announced != n:
            self.close_connection = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log")
    parser.add_argument("--connections")
    parser.add_argument("folder")
    options = parser.parse_args()
    server = Server((options.bind, options.port), Handler)
    server.folder, server.log, server.connections = options.folder, options.log, options.connections
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
