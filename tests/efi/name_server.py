#!/usr/bin/env python3
"""A name server for tests: RFC 1035 over UDP, as little of it as the twin's resolver needs.

    name_server.py [--silent TYPE] NAME=ADDRESS...

prints its port on 127.0.0.1 and answers until it is killed: the addresses given for a name, NXDOMAIN
for any other name. Questions of type TYPE (A, AAAA, both) are never answered.
"""
import argparse
import ipaddress
import socket
import struct
import sys

TYPES = {1: "A", 28: "AAAA"}


def question_of(query):
    """The name asked for, the question's type, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1:at + 3])[0], at + 5


def answer(query, names):
    name, kind, end = question_of(query)
    wanted = {"A": 4, "AAAA": 6}[TYPES[kind]]
    found = [a.packed for a in names.get(name, []) if a.version == wanted]
    flags = 0x8180 if name in names else 0x8183
    head = query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0)
    records = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(ip)) + ip for ip in found]
    return head + query[12:end] + b"".join(records)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--silent", choices=["A", "AAAA", "both"])
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names = {}
    for text in options.names:
        name, _, address = text.partition("=")
        names.setdefault(name, []).append(ipaddress.ip_address(address))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        query, client = server.recvfrom(2048)
        kind = TYPES.get(question_of(query)[1])
        if kind is not None and options.silent not in (kind, "both"):
            server.sendto(answer(query, names), client)


if __name__ == "__main__":
    sys.exit(main())
