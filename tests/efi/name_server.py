#!/usr/bin/env python3
"""A name server for tests: RFC 1035 over UDP, as little of it as the twin's resolver needs.

    name_server.py [--bind ADDRESS] [--port N] [--silent TYPE] [--refuse] [--alias NAME=NAME]...
                   [--text NAME=TEXT]... NAME=ADDRESS...

prints its port on ADDRESS (127.0.0.1) and answers until it is killed: the addresses given for a name,
also by its aliases, each of its texts, NXDOMAIN for any other name; beside them, in the additional section, an address
that nobody asked for. Questions of type TYPE (A, AAAA, both) are never answered; --refuse: all are
refused.
"""
import argparse
import ipaddress
import socket
import struct
import sys

TYPES = {1: "A", 16: "TXT", 28: "AAAA"}
CNAME = 5


def question_of(query):
    """The name asked for, the question's type, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1:at + 3])[0], at + 5


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"


def record(name, kind, data):
    return wire(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def texts(query, said):
    name, kind, end = question_of(query)
    records = [record(name, kind, bytes([len(text)]) + text) for text in said.get(name, [])]
    flags = 0x8180 if records else 0x8183
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + query[12:end] + b"".join(records)


def answer(query, names, aliases, refuse):
    name, kind, end = question_of(query)
    wanted = {"A": 4, "AAAA": 6}[TYPES[kind]]
    records = []
    while name in aliases and not refuse:
        records.append(record(name, CNAME, wire(aliases[name])))
        name = aliases[name]
    flags = 0x8185 if refuse else 0x8180 if name in names else 0x8183
    if not refuse:
        records += [record(name, kind, a.packed) for a in names.get(name, []) if a.version == wanted]
    other = ipaddress.ip_address("127.0.0.66" if wanted == 4 else "fd00::66")
    head = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 1)
    return head + query[12:end] + b"".join(records) + record("ns." + name, kind, other.packed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--silent", choices=["A", "AAAA", "both"])
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--refuse", action="store_true")
    parser.add_argument("--alias", action="append", default=[])
    parser.add_argument("--text", action="append", default=[])
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    names, aliases = {}, dict(text.split("=") for text in options.alias)
    for text in options.names:
        name, _, address = text.partition("=")
        names.setdefault(name, []).append(ipaddress.ip_address(address))
    said = {}
    for text in options.text:
        name, _, value = text.partition("=")
        said.setdefault(name.lower(), []).append(value.encode("ascii"))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((options.bind, options.port))
    print(server.getsockname()[1], flush=True)
    while True:
        query, client = server.recvfrom(2048)
        kind = TYPES.get(question_of(query)[1])
        if kind == "TXT":
            server.sendto(texts(query, said), client)
        elif kind is not None and options.silent not in (kind, "both"):
            server.sendto(answer(query, names, aliases, options.refuse), client)


if __name__ == "__main__":
    sys.exit(main())
