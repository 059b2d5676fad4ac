#!/usr/bin/env python3
"""The snapshot of a phase-node, from outside.

kad_snapshot.py list FILE: a line for each entry: contact PEER, value KEY LEFT, provider PEER LEFT
kad_snapshot.py older FILE SECONDS: as if it had been written so long ago (negative: it will be)"""
import hashlib
import struct
import sys

MAGIC = b"phase-kad-snapshot\n\x02"
HEAD = len(MAGIC) + 12


def base58(data):
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def peer(data):
    return base58(data[1:1 + data[0]])


def entries(data):
    at = HEAD
    while at < len(data) - 32:
        kind, length = struct.unpack_from(">BI", data, at)
        yield kind, data[at + 5:at + 5 + length]
        at += 5 + length


def show(data):
    for kind, entry in entries(data):
        if kind == 1:
            print("contact", peer(entry))
            continue
        left = struct.unpack_from(">I", entry, 44)[0]
        if kind == 2:
            length = struct.unpack_from(">H", entry, 48)[0]
            print("value", entry[50:50 + length].decode(), left)
        else:
            print("provider", peer(entry[48 + 32:]), left)


def main():
    path = sys.argv[2]
    with open(path, "rb") as file:
        data = file.read()
    assert data.startswith(MAGIC) and hashlib.sha256(data[:-32]).digest() == data[-32:]
    if sys.argv[1] == "list":
        show(data)
        return
    written = struct.unpack_from(">Q", data, len(MAGIC))[0] - int(sys.argv[3])
    data = MAGIC + struct.pack(">Q", written) + data[len(MAGIC) + 8:-32]
    with open(path, "wb") as file:
        file.write(data + hashlib.sha256(data).digest())


main()
