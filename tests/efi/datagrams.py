"""datagrams.py FOLDER: the other end of a machine's network cable, frame by frame in UDP, for
network.bats. FOLDER/ports is what QEMU is to be told. Sends a datagram to each of mDNS's groups
again and again until it is answered, which it writes to stdout; then it sends "heard" there."""

import ipaddress
import select
import socket
import struct
import sys

GUEST, OURS = bytes.fromhex("525400123456"), bytes.fromhex("525500000001")
FOUR, SIX = ipaddress.ip_address("192.168.7.1"), ipaddress.ip_address("fe80::1")
GROUPS = {ipaddress.ip_address("224.0.0.251"): FOUR, ipaddress.ip_address("ff02::fb"): SIX}
SOURCE_PORT, MDNS_PORT = 4545, 5353


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def udp(source, to, payload):
    """An Ethernet frame with a datagram to a group."""
    length = 8 + len(payload)
    pseudo = source.packed + to.packed + struct.pack(">II", length, 17)
    head = struct.pack(">HHH", SOURCE_PORT, MDNS_PORT, length)
    datagram = head + struct.pack(">H", checksum(pseudo + head + b"\0\0" + payload)) + payload
    if to.version == 6:
        ip = struct.pack(">IHBB", 6 << 28, length, 17, 255) + source.packed + to.packed
        return b"\x33\x33" + to.packed[12:] + OURS + b"\x86\xdd" + ip + datagram
    ip = struct.pack(">BBHHHBB", 0x45, 0, 20 + length, 1, 0, 255, 17)
    ip += struct.pack(">H", checksum(ip + b"\0\0" + source.packed + to.packed)) + source.packed + to.packed
    return b"\x01\0\x5e" + bytes([to.packed[1] & 127]) + to.packed[2:] + OURS + b"\x08\0" + ip + datagram


def neighbour(frame):
    """What answers a question for our address, over ARP or neighbour discovery; None: it is none."""
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[20:22] == b"\0\x01" and frame[38:42] == FOUR.packed:
        return frame[6:12] + OURS + frame[12:20] + b"\0\x02" + OURS + FOUR.packed + frame[22:32]
    if kind == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135 and frame[62:78] == SIX.packed:
        to = frame[22:38]
        body = b"\x60\0\0\0" + SIX.packed + b"\x02\x01" + OURS
        pseudo = SIX.packed + to + struct.pack(">II", 4 + len(body), 58)
        icmp = b"\x88\0" + struct.pack(">H", checksum(pseudo + b"\x88\0\0\0" + body)) + body
        ip = struct.pack(">IHBB", 6 << 28, len(icmp), 58, 255) + SIX.packed + to
        return frame[6:12] + OURS + b"\x86\xdd" + ip + icmp
    return None


def answer(frame):
    """The address it went to and what a datagram to our port says; None: it is none."""
    if frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[36:38] == struct.pack(">H", SOURCE_PORT):
        return ipaddress.ip_address(frame[30:34]), frame[42 : 34 + int.from_bytes(frame[38:40], "big")]
    if frame[12:14] == b"\x86\xdd" and frame[20] == 17 and frame[56:58] == struct.pack(">H", SOURCE_PORT):
        return ipaddress.ip_address(frame[38:54]), frame[62 : 54 + int.from_bytes(frame[58:60], "big")]
    return None


def main():
    cable = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    cable.bind(("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        machine = free.getsockname()
    with open(f"{sys.argv[1]}/ports", "w", encoding="ascii") as ports:
        ports.write("dgram,local.type=inet,local.host=127.0.0.1,local.port=%d," % machine[1])
        ports.write("remote.type=inet,remote.host=127.0.0.1,remote.port=%d" % cable.getsockname()[1])
    says = {group: b"datagram to %s" % str(group).encode() for group in GROUPS}
    while True:
        if not select.select([cable], [], [], 0.2)[0]:
            for group, source in GROUPS.items():
                cable.sendto(udp(source, group, says[group]), machine)
            continue
        try:
            frame = cable.recv(2048)
        except ConnectionRefusedError:  # the machine does not run yet
            continue
        reply, heard = neighbour(frame), answer(frame)
        if reply is not None:
            cable.sendto(reply, machine)
        elif heard is not None:
            print(f"answer to {heard[0]}: {heard[1].decode()}", flush=True)
            for group, source in GROUPS.items():
                if source == heard[0]:
                    says[group] = b"heard"


main()
