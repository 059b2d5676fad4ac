"""echo.py: prints its port on 127.0.0.1 and sends every datagram back in capitals, until it is killed."""

import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    line.bind(("127.0.0.1", 0))
    print(line.getsockname()[1], flush=True)
    while True:
        said, who = line.recvfrom(2048)
        line.sendto(said.upper(), who)
