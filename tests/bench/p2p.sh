#!/bin/bash
# Our libp2p node and DHT against go-libp2p's, on this machine: throughput of streams over TCP and QUIC, latency in a
# DHT of twelve, and what connections cost. One JSON line for each figure; the sides by turns, medians, and ratios so
# that more than 1 is in our favour.
set -euo pipefail
make -s build/test/p2p_node
tests/interop/kadgo/build.sh
exec python3 tests/bench/p2p.py build/test/p2p_node build/interop/kadgo
