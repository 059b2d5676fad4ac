"""p2p.py OURS GO: the measurements of p2p.sh. RUNS=N and MEBIBYTES=N: how often and how much."""

import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time

RUNS = int(os.environ.get("RUNS", "5"))
BYTES = int(os.environ.get("MEBIBYTES", "200")) << 20
SERVERS = 12
RECORDS = 50
CONNECTIONS = 200
LISTEN = {"TCP": "/ip4/127.0.0.1/tcp/0", "QUIC": "/ip4/127.0.0.1/udp/0/quic-v1"}


class Node:
    """A process that takes a JSON object a line, and answers each with one of the same tag."""

    def __init__(self, kind, seed, transport):
        self.kind, self.tag, self.answers = kind, 0, queue.Queue()
        if kind == "ours":
            command = [sys.argv[1], "-dht", str(seed), LISTEN[transport]]
        else:
            command = [sys.argv[2], "-seed", str(seed), "-listen", LISTEN[transport], "-sec", "noise"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.id, self.address = ready["id"], ready["addrs"][0]
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "tag" in said:
                self.answers.put(said)

    def ask(self, cmd, **members):
        """What it answers; None: that it failed."""
        self.tag += 1
        self.process.stdin.write(json.dumps({"cmd": cmd, "tag": self.tag, **members}) + "\n")
        self.process.stdin.flush()
        answer = self.answers.get(timeout=120)
        return answer if answer["ok"] else None

    def must(self, cmd, **members):
        answer = self.ask(cmd, **members)
        if answer is None:
            sys.exit(f"p2p.py: {self.kind} failed to {cmd}")
        return answer

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.kill()
        self.process.wait()


def figure(name, unit, ours, theirs, ratio):
    rounded = [float(f"{number:.4g}") for number in (ours, theirs, ratio)]
    print(json.dumps(dict(zip(["bench", unit, "peer_" + unit, "ratio"], [name, *rounded]))), flush=True)


def throughput(transport):
    """One stream at a time, from each kind to each kind."""
    pairs = {}
    for client in ("ours", "go"):
        for server in ("ours", "go"):
            ends = Node(client, 1, transport), Node(server, 2, transport)
            ends[0].must("connect", addr=ends[1].address)
            ends[0].must("perf", peer=ends[1].id, up=BYTES // 20, down=BYTES // 20)  # windows grow
            pairs[client, server] = ends
    for way in ("up", "down"):
        rates = {pair: [] for pair in pairs}
        costs = {pair: [] for pair in pairs}
        for _ in range(RUNS):
            for pair, ends in pairs.items():
                before = sum(end.cpu_s() for end in ends)
                said = ends[0].must("perf", peer=ends[1].id, **{"up": 0, "down": 0, way: BYTES})
                rates[pair].append(BYTES / 1e6 / said[way + "_s"])
                costs[pair].append((sum(end.cpu_s() for end in ends) - before) * 1e9 / BYTES)
        theirs = "go", "go"
        for pair in pairs:
            if pair == theirs:
                continue
            name = f"{transport}, {way}, {pair[0]} -> {pair[1]} / go -> go"
            figure(f"stream over {name}", "mb_s", statistics.median(rates[pair]), statistics.median(rates[theirs]),
                   statistics.median(a / b for a, b in zip(rates[pair], rates[theirs])))
            figure(f"CPU of both, stream over {name}", "s_per_gb", statistics.median(costs[pair]),
                   statistics.median(costs[theirs]),
                   statistics.median(b / a for a, b in zip(costs[pair], costs[theirs])))
    for ends in pairs.values():
        for end in ends:
            end.end()


def latency():
    """Records put and got in a network of each kind."""
    networks = {}
    for kind in ("ours", "go"):
        nodes = networks[kind] = [Node(kind, seed + 1, "TCP") for seed in range(SERVERS)]
        for node in nodes[1:]:
            node.must("connect", addr=nodes[0].address)
        for i, node in enumerate(nodes):  # look about, so that tables are full
            while len(node.must("peers")["table"]) < SERVERS - 1:
                for other in nodes[:i] + nodes[i + 1:]:
                    node.ask("find-peer", id=other.id)
    took = {(kind, what): [] for kind in networks for what in ("put", "get")}
    for i in range(RECORDS):
        key = f"/phase/c{i}/x86_64/manifest"
        value = json.dumps({"channel": f"c{i}", "arch": "x86_64", "http_addr": "127.0.0.1:8000",
                            "manifest_url": "http://127.0.0.1:8000/manifest.json", "manifest_version": "0.1.0",
                            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "ttl_secs": 3600})
        for kind, nodes in networks.items():
            took[kind, "put"].append(nodes[i % SERVERS].must("put", key=key, value=value)["ms"])
        for kind, nodes in networks.items():
            said = nodes[(i + SERVERS // 2) % SERVERS].must("get", key=key)
            if value not in [said.get("value")] + [found["value"] for found in said.get("values", [])]:
                sys.exit(f"p2p.py: {kind} did not find what was put")
            took[kind, "get"].append(said["ms"])
    for what in ("put", "get"):
        ours, theirs = (statistics.median(took[kind, what]) for kind in ("ours", "go"))
        figure(f"{what} in a DHT of {SERVERS}, ours / go", "ms", ours, theirs, theirs / ours)
    for nodes in networks.values():
        for node in nodes:
            node.end()


def connections(transport):
    """What a server has when it is idle, and what connections from hosts of go cost it."""
    figures = {}
    for kind in ("ours", "go"):
        server, clients = Node(kind, 1, transport), Node("go", 2, transport)
        time.sleep(2)
        idle, before = server.resident_bytes(), server.cpu_s()
        if clients.must("load", addr=server.address, n=CONNECTIONS)["connected"] != CONNECTIONS:
            sys.exit(f"p2p.py: {kind} has lost connections")
        spent = server.cpu_s() - before
        time.sleep(5)
        figures[kind] = idle, server.resident_bytes(), spent
        server.end()
        clients.end()
    names = ("server, idle, resident", f"server, {CONNECTIONS} connections, resident")
    for i, name in enumerate(names):
        ours, theirs = (figures[kind][i] / (1 << 20) for kind in ("ours", "go"))
        figure(f"{name}, {transport}, ours / go", "mib", ours, theirs, theirs / ours)
    ours, theirs = ((figures[kind][1] - figures[kind][0]) / 1024 / CONNECTIONS for kind in ("ours", "go"))
    figure(f"server, each connection, resident, {transport}, ours / go", "kib", ours, theirs, theirs / ours)
    ours, theirs = (figures[kind][2] * 1e3 / CONNECTIONS for kind in ("ours", "go"))
    figure(f"server, CPU of a connection from dial to identify, {transport}, ours / go", "ms", ours, theirs,
           theirs / ours)


for name in LISTEN:
    throughput(name)
latency()
for name in LISTEN:
    connections(name)
