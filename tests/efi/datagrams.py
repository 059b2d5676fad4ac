"""datagrams.py FOLDER: the other end of a machine's network cable, frame by frame in UDP, for
network.bats. FOLDER/ports is what QEMU is to be told. Answers each datagram to the group of mDNS in
capitals, to the port that it came from, and writes to stdout what it said and who said it."""

import ipaddress
import select
import socket
import struct
import sys

OURS = bytes.fromhex("525500000001")
ADDRESS, GROUP = ipaddress.ip_address("192.168.7.1"), ipaddress.ip_address("224.0.0.251")
GROUP_MAC, MDNS_PORT = bytes.fromhex("01005e0000fb"), 5353


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def udp(mac, to, port, payload):
    """An Ethernet frame with a datagram of ours."""
    length = 8 + len(payload)
    pseudo = ADDRESS.packed + to + struct.pack(">HH", 17, length)
    head = struct.pack(">HHH", MDNS_PORT, port, length)
    datagram = head + struct.pack(">H", checksum(pseudo + head + b"\0\0" + payload)) + payload
    ip = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, 1, 0, 255, 17)
    ip += struct.pack(">H", checksum(ip + b"\0\0" + ADDRESS.packed + to)) + ADDRESS.packed + to
    return mac + OURS + b"\x08\0" + ip + datagram


def neighbour(frame):
    """What answers a question for our address over ARP; None: it is none."""
    if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x01" and frame[38:42] == ADDRESS.packed:
        return frame[6:12] + OURS + frame[12:20] + b"\0\x02" + OURS + ADDRESS.packed + frame[22:32]
    return None


def answer(frame):
    """What answers a datagram to the group; None: it is none."""
    if frame[:6] != GROUP_MAC or frame[12:14] != b"\x08\0" or frame[14] != 0x45 or frame[23] != 17:
        return None
    if frame[30:34] != GROUP.packed or frame[36:38] != struct.pack(">H", MDNS_PORT):
        return None
    said = frame[42 : 34 + int.from_bytes(frame[38:40], "big")]
    print(f"{said.decode()} from {ipaddress.ip_address(frame[26:30])}", flush=True)
    return udp(frame[6:12], frame[26:30], int.from_bytes(frame[34:36], "big"), said.upper())


def main():
    cable = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    cable.bind(("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        machine = free.getsockname()
    with open(f"{sys.argv[1]}/ports", "w", encoding="ascii") as ports:
        ports.write("dgram,local.type=inet,local.host=127.0.0.1,local.port=%d," % machine[1])
        ports.write("remote.type=inet,remote.host=127.0.0.1,remote.port=%d" % cable.getsockname()[1])
    while True:
        select.select([cable], [], [])
        try:
            frame = cable.recv(2048)
        except ConnectionRefusedError:  # the machine has ended
            continue
        reply = neighbour(frame) or answer(frame)
        if reply is not None:
            cable.sendto(reply, machine)


main()
