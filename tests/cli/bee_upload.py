#!/usr/bin/env python3
"""The part of a bee node's API that takes uploads, with hashes of its own.

bee_upload.py FOLDER [OPTION...]: prints its port. Chunks and whole files go to FOLDER/ADDRESS, a line for
each request to FOLDER/log: connection, method, path, batch. The options:
busy=N         the first N requests get 503
cut=N          the first N connections are closed without an answer
status=N       that answer to all
lie            the reference of every chunk is another one
reference=HEX  what a whole file is said to have
feed=N         the number of every feed's next update
sick           500 to who asks for it"""
import functools
import http.server
import json
import os
import re
import sys
import threading

RC, R = [], [[0] * 5 for _ in range(5)]


def constants():
    r = 1
    for _ in range(24):
        c = 0
        for j in range(7):
            r = (r << 1) ^ ((r >> 7) * 0x171)
            if r & 2:
                c ^= 1 << ((1 << j) - 1)
        RC.append(c)
    x, y = 1, 0
    for t in range(24):
        R[x][y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5


def permute(a):
    mask = (1 << 64) - 1

    def rol(v, n):
        return ((v << n) | (v >> (64 - n))) & mask if n else v

    for c in RC:
        s = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [s[(x + 4) % 5] ^ rol(s[(x + 1) % 5], 1) for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                b[y][(2 * x + 3 * y) % 5] = rol(a[x][y] ^ d[x], R[x][y])
        a = [[b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        a[0][0] ^= c
    return a


@functools.lru_cache(None)  # most of a short chunk are zeros
def keccak(data):
    data += b"\1" + b"\0" * (-(len(data) + 2) % 136) + b"\x80" if len(data) % 136 != 135 else b"\x81"
    a = [[0] * 5 for _ in range(5)]
    for at in range(0, len(data), 136):
        for i in range(17):
            a[i % 5][i // 5] ^= int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "little")
        a = permute(a)
    return b"".join(a[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def content_address(chunk):
    nodes = [chunk[8:].ljust(4096, b"\0")[i : i + 64] for i in range(0, 4096, 64)]
    while len(nodes) > 1:
        hashes = [keccak(n) for n in nodes]
        nodes = [hashes[i] + hashes[i + 1] for i in range(0, len(hashes), 2)]
    return keccak(chunk[:8] + keccak(nodes[0]))


def file_reference(data):
    parts = [len(data[i : i + 4096]).to_bytes(8, "little") + data[i : i + 4096] for i in range(0, len(data) or 1, 4096)]
    references = [content_address(part) for part in parts]
    if len(references) == 1:
        return references[0]
    assert len(references) <= 128
    return content_address(len(data).to_bytes(8, "little") + b"".join(references))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, **body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass

    def turn(self, name):
        with lock:
            options[name] = int(options.get(name, 0)) - 1
            return options[name] >= 0

    def do_GET(self):
        if re.fullmatch("/api/feeds/[0-9a-f]{40}/[0-9a-f]{64}", self.path) and "feed" in options:
            self.send_response(200)
            self.send_header("swarm-feed-index-next", f"{int(options['feed']):016x}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.answer(500 if "sick" in options else 404, code=404, message="no update found")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        batch = self.headers.get("Swarm-Postage-Batch-Id", "")
        with lock, open(os.path.join(folder, "log"), "a") as log:
            log.write(f"{self.client_address[1]} POST {self.path} {batch}\n")
        if "cut" in options and self.turn("cut"):
            self.close_connection = True
            return
        if "busy" in options and self.turn("busy"):
            self.answer(503, code=503, message="try later")
            return
        if "status" in options:
            self.answer(int(options["status"]), code=int(options["status"]), message="not that one")
            return
        if not re.fullmatch("[0-9a-f]{64}", batch):
            self.answer(400, code=400, message="invalid header params")
            return
        if self.path == "/api/bytes" or self.path == "/api/bzz?name=file":
            wanted = {"Swarm-Deferred-Upload": "false", "Swarm-Redundancy-Level": "0"}
            if any(self.headers.get(name) != value for name, value in wanted.items()):
                self.answer(400, code=400, message="invalid header params")
                return
            address = file_reference(body)
            with open(os.path.join(folder, address.hex()), "wb") as f:
                f.write(body)
            self.answer(201, reference=options.get("reference", address.hex()))
            return
        soc = re.fullmatch(r"/api/soc/([0-9a-f]{40})/([0-9a-f]{64})\?sig=([0-9a-f]{130})", self.path)
        if self.path == "/api/chunks" and 8 <= len(body) <= 4104:
            address = content_address(body)
        elif soc and 8 <= len(body) <= 4104:
            owner, ident, signature = (bytes.fromhex(part) for part in soc.groups())
            address, body = keccak(ident + owner), ident + signature + body
        else:
            self.answer(404, code=404, message="Not Found")
            return
        with open(os.path.join(folder, address.hex()), "wb") as f:
            f.write(body)
        self.answer(201, reference=(bytes(32) if "lie" in options else address).hex())


if __name__ == "__main__":
    constants()
    folder = sys.argv[1]
    options = dict((o + "=").split("=")[:2] for o in sys.argv[2:])
    lock = threading.Lock()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
